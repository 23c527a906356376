//! `byway top`: what the status page shows, in a terminal. It asks the running byway every two seconds, takes orders by
//! key, and leaves the terminal as it found it, however it ends.

mod draw;
mod feed;
mod screen;

#[cfg(test)]
mod tests;

use super::ask::Asker;
use super::exit::{Exit, Failed};
use super::out::Terminal;
use crate::control::Wording;
use crate::lang::Tongue;
use feed::{News, Order};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use screen::{Deed, Key, Screen};
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::sync::mpsc;
use std::time::Duration;

/// The longest that a key or news wait to be seen.
const LOOK: Duration = Duration::from_millis(100);

pub(super) fn top(
    asker: Asker,
    env: impl Fn(&str) -> Option<OsString>,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    if !(terminal.out.live() && io::stdin().is_terminal()) {
        let words = "byway top needs a terminal to draw on; byway status --watch tells the same line by line";
        return Err(Failed::new(Exit::Usage, words));
    }
    let words = Wording::of(tongue(env));
    // Whether one is running at all is said before the screen is taken.
    if !asker.finds_one()? {
        asker.once(&crate::control::Ask::Ping)?;
    }
    let (orders, news) = feed::start(asker);
    let mut drawn = ratatui::try_init()?;
    let _restored = Restored;
    watch(&mut drawn, &mut Screen::new(words), &orders, &news)
}

/// Gives the terminal back.
struct Restored;

impl Drop for Restored {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

fn watch(
    drawn: &mut DefaultTerminal,
    screen: &mut Screen,
    orders: &tokio::sync::mpsc::UnboundedSender<Order>,
    news: &mpsc::Receiver<News>,
) -> Result<Exit, Failed> {
    loop {
        while let Ok(told) = news.try_recv() {
            match told {
                News::Stop => return Ok(Exit::Interrupted),
                other => screen.hear(other),
            }
        }
        drawn.draw(|frame| draw::draw(screen, frame))?;
        if !event::poll(LOOK)? {
            continue;
        }
        let Event::Key(key) = event::read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
            return Ok(Exit::Interrupted);
        }
        match screen.press(meant(key)) {
            Deed::Nothing => {}
            Deed::Quit => return Ok(Exit::Ok),
            // The feed ends only with us.
            Deed::Order(order) => drop(orders.send(order)),
        }
    }
}

fn meant(key: KeyEvent) -> Key {
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => Key::Up,
        KeyCode::Down | KeyCode::Char('j') => Key::Down,
        KeyCode::Char('q') | KeyCode::Esc => Key::Quit,
        KeyCode::Char('t') => Key::Test,
        KeyCode::Char('p') => Key::Pause,
        KeyCode::Char('?' | 'h') => Key::Help,
        KeyCode::Char(digit) => digit.to_digit(10).map_or(Key::Other, Key::Way),
        _ => Key::Other,
    }
}

/// POSIX: `LC_ALL` goes before `LC_MESSAGES`, and that before `LANG`.
fn tongue(env: impl Fn(&str) -> Option<OsString>) -> Tongue {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(env).find(|value| !value.is_empty());
    set.and_then(|locale| Tongue::from_locale(locale.to_str()?)).unwrap_or_default()
}
