//! The acts: which trouble falls on which service, and what ought to come of it.

use crate::lab::people::App;
use crate::lab::{Action, Country, Rule, Target};
use crate::model::Technique;
use std::net::{IpAddr, Ipv4Addr};

/// One act.
#[derive(Clone, Copy, Debug)]
pub struct Act {
    /// What is done, in a few words.
    pub title: &'static str,
    /// The service by its id.
    pub service: &'static str,
    /// The trouble.
    pub trouble: Trouble,
    /// How people use the service meanwhile.
    pub using: Use,
    /// What ought to come of it.
    pub expected: Expected,
}

/// A trouble.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// A rule of the censor.
    Rule(fn(&Country) -> Rule),
    /// The service itself is down, everywhere.
    Down,
}

/// How people use a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// They open the app.
    Open,
    /// They fetch so many bytes; the app connects again by itself when a connection dies.
    Fetch(u32),
}

/// What ought to come of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Everybody is carried on over another way, the technique is named, and the first way comes back afterwards.
    Blocked(Technique),
    /// Everybody is carried on, over whichever way, and the technique is named.
    Named(Technique),
    /// Nobody can be carried on and nobody is blamed; the way stays, and works as soon as the trouble is over.
    Unblamed,
}

impl Expected {
    /// The technique to be named.
    pub const fn technique(self) -> Option<Technique> {
        match self {
            Self::Blocked(technique) | Self::Named(technique) => Some(technique),
            Self::Unblamed => None,
        }
    }
}

impl Act {
    /// The app people use in it.
    pub fn app(&self) -> App {
        App::of(self.service)
    }
}

/// An address where nobody is.
const BOGON: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 10, 34, 36));

/// The acts of the demo, in order.
pub fn acts() -> Vec<Act> {
    use Expected::{Blocked, Named, Unblamed};
    let act = |title, service, rule: fn(&Country) -> Rule, expected| Act {
        title,
        service,
        trouble: Trouble::Rule(rule),
        using: Use::Open,
        expected,
    };
    vec![
        // First, while nobody has asked for the name yet.
        act(
            "name forged",
            "whatsapp",
            |_| Rule::new(Target::name("whatsapp.net"), Action::ForgeAddress(BOGON)),
            Named(Technique::DnsTamper),
        ),
        act(
            "addresses vanish",
            "telegram",
            |c| Rule::new(c.target("telegram"), Action::Drop),
            Blocked(Technique::IpDrop),
        ),
        act(
            "connections refused",
            "telegram",
            |c| Rule::new(c.target("telegram"), Action::RejectSyn),
            Blocked(Technique::TcpReject),
        ),
        act("reset on the name", "signal", |_| named(Action::ResetHello), Blocked(Technique::SniRst)),
        act("hello swallowed", "signal", |_| named(Action::DropHello), Blocked(Technique::SniDropHello)),
        act("answer swallowed", "signal", |_| named(Action::MuteAnswer), Blocked(Technique::SniDropAnswer)),
        Act {
            using: Use::Fetch(200_000),
            ..act("frozen after 16 kB", "signal", |_| named(Action::FreezeBytes(16_000)), Blocked(Technique::Freeze))
        },
        Act { trouble: Trouble::Down, ..act("service down", "telegram", |_| named(Action::Drop), Unblamed) },
        act("cable out", "signal", |_| Rule::new(Target::everything(), Action::LinkDown), Unblamed),
    ]
}

fn named(action: Action) -> Rule {
    Rule::new(Target::name("signal.org"), action)
}
