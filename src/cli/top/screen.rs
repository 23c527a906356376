//! What is on the screen, and what a key means there. Pure: the terminal and the socket are elsewhere.

use super::feed::{News, Order};
use crate::control::report::{ServiceLine, Status};
use crate::control::{Entry, Wording};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// The service above.
    Up,
    /// The service below.
    Down,
    /// The way of this number; 0 is the automatic choice.
    Way(u32),
    /// Test now.
    Test,
    /// Hold the picture.
    Pause,
    /// Show or hide the help.
    Help,
    /// Leave.
    Quit,
    /// Nothing.
    Other,
}

/// What comes of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Nothing beyond the screen.
    Nothing,
    /// It ends.
    Quit,
    /// byway is to do something.
    Order(Order),
}

/// The screen.
pub(super) struct Screen {
    pub(super) words: &'static Wording,
    pub(super) seen: Option<(Status, Vec<Entry>)>,
    /// The service that keys are about.
    pub(super) chosen: usize,
    pub(super) paused: bool,
    pub(super) help: bool,
    /// The last thing said.
    pub(super) said: String,
}

impl Screen {
    pub(super) fn new(words: &'static Wording) -> Self {
        Self { words, seen: None, chosen: 0, paused: false, help: false, said: String::new() }
    }

    /// Takes news in. A picture that is held stays; what came of orders is told all the same.
    pub(super) fn hear(&mut self, news: News) {
        match news {
            News::Seen(status, past) => {
                if !self.paused {
                    self.chosen = self.chosen.min(status.services.len().saturating_sub(1));
                    self.seen = Some((*status, past));
                }
            }
            News::Used(used) => {
                let title = self.title(used.service.as_str());
                self.said = match &used.transport {
                    None => self.words.with("page-chosen-auto", &[("service", &title)]),
                    Some(way) => self.words.with("page-chosen-hour", &[("service", &title), ("way", way.as_str())]),
                };
            }
            News::Tested(_, 0) => self.said = self.words.say("page-tested-none"),
            News::Tested(well, all) => {
                let args = [("well", well.to_string()), ("all", all.to_string())];
                let args: Vec<_> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
                self.said = self.words.with("page-tested", &args);
            }
            News::Trouble(why) => self.said = self.words.with("top-gone", &[("why", &why)]),
            News::Stop => {}
        }
    }

    /// Does what a key asks for.
    pub(super) fn press(&mut self, key: Key) -> Deed {
        match key {
            Key::Quit if self.help => self.help = false,
            Key::Quit => return Deed::Quit,
            Key::Help => self.help = !self.help,
            Key::Pause => self.paused = !self.paused,
            Key::Up => self.chosen = self.chosen.saturating_sub(1),
            Key::Down => self.chosen = (self.chosen + 1).min(self.services().len().saturating_sub(1)),
            Key::Way(number) => return self.force(number),
            Key::Test => {
                let Some((id, title)) = self.service().map(|service| (service.id.clone(), service.title.clone()))
                else {
                    return Deed::Nothing;
                };
                self.said = self.words.with("top-testing", &[("service", &title)]);
                return Deed::Order(Order::Test(id));
            }
            Key::Other => {}
        }
        Deed::Nothing
    }

    fn force(&self, number: u32) -> Deed {
        let Some(service) = self.service() else { return Deed::Nothing };
        let way = match number.checked_sub(1) {
            None => None,
            Some(place) => {
                let ways = self.seen.iter().flat_map(|(status, _)| &status.transports);
                let Some(way) = usize::try_from(place).ok().and_then(|place| ways.into_iter().nth(place)) else {
                    return Deed::Nothing;
                };
                Some(way.id.clone())
            }
        };
        Deed::Order(Order::Use(service.id.clone(), way))
    }

    fn services(&self) -> &[ServiceLine] {
        self.seen.as_ref().map_or(&[], |(status, _)| &status.services)
    }

    fn service(&self) -> Option<&ServiceLine> {
        self.services().get(self.chosen)
    }

    fn title(&self, id: &str) -> String {
        let known = self.services().iter().find(|service| service.id.as_str() == id);
        known.map_or_else(|| id.to_owned(), |service| service.title.clone())
    }
}
