//! The censor's hand in DNS: what the operator's own resolver is told to say, and what a box on the line does with
//! questions to any resolver.

use super::Censor;
use super::rule::{Action, Lie};
use std::net::{IpAddr, SocketAddr};

/// What the system's resolver says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Resolver {
    Truth,
    NoSuchName,
    Forged(IpAddr),
    Silent,
    NoNetwork,
}

/// What becomes of a question over UDP on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum OnPath {
    /// It passes.
    Passes,
    /// It passes, but an answer is forged first.
    Raced(Lie),
    /// It does not pass, and an answer is forged.
    Replaced(Lie),
    /// It does not pass.
    Swallowed,
}

impl Censor {
    /// What the system's resolver says to a question for `name`.
    pub(in crate::lab) fn resolver(&self, name: &str) -> Resolver {
        let book = self.lock();
        book.rules
            .iter()
            .map(|(_, rule)| rule)
            .find_map(|rule| {
                let everything = rule.target.prefixes_are_open();
                Some(match rule.action {
                    Action::LinkDown => Resolver::NoNetwork,
                    Action::Drop if everything && !rule.target.needs_payload() => Resolver::Silent,
                    Action::NoSuchName if rule.target.fits_name(name) => Resolver::NoSuchName,
                    Action::ForgeAddress(address) if rule.target.fits_name(name) => Resolver::Forged(address),
                    Action::SilentResolver if rule.target.fits_name(name) => Resolver::Silent,
                    _ => return None,
                })
            })
            .unwrap_or(Resolver::Truth)
    }

    /// What becomes of a question for `name` over UDP to whatever is at `resolver`.
    pub(in crate::lab) fn question(&self, resolver: SocketAddr, name: &str) -> OnPath {
        let book = self.lock();
        let fitting = book.rules.iter().map(|(_, rule)| rule);
        let fitting = fitting.filter(|rule| rule.target.fits_address(resolver) && rule.target.fits_name(name));
        fitting
            .filter_map(|rule| {
                Some(match rule.action {
                    Action::InjectDns(lie) => OnPath::Raced(lie),
                    Action::ReplaceDns(lie) => OnPath::Replaced(lie),
                    Action::SwallowDns => OnPath::Swallowed,
                    _ => return None,
                })
            })
            .next()
            .unwrap_or(OnPath::Passes)
    }
}
