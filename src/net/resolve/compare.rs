//! What a disagreement between the system's resolver and the secure ones is called. A fact, never a verdict:
//! large services answer differently from place to place.

use super::is_bogon;
use crate::model::{Cause, Failure, Stage, Whose};
use serde::Serialize;
use std::net::IpAddr;

/// What the system's resolver said, seen beside the secure answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemSaid {
    /// Addresses, while the secure resolvers could not be asked.
    Answered,
    /// Only addresses that the secure resolvers do not know.
    Differs,
    /// An address that no public name has.
    Bogon,
    /// That the name does not exist.
    Nxdomain,
    /// That it has no address.
    Empty,
    /// Nothing in time.
    Timeout,
    /// That it cannot answer.
    Failed,
}

/// What the secure resolvers said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecureSaid {
    /// Addresses.
    Answered,
    /// That the name does not exist or has no address.
    No,
    /// Nothing usable: none could be reached, or all failed.
    Failed,
}

/// A disagreement about one listed name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Finding {
    /// The system's side.
    pub system: SystemSaid,
    /// The secure resolvers' side.
    pub secure: SecureSaid,
    /// What asking the system's resolver closely brought, where that was possible.
    pub raw: Option<Raw>,
}

/// What the system's resolver turned out to be when it was asked closely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Raw {
    /// Two answers that contradict each other came to one question: one of them is forged.
    TwoAnswers,
    /// The same resolver gives an address over TCP, and none over UDP: what came over UDP is forged.
    OtherOverTcp,
    /// It says the same however it is asked, and treats other names rightly.
    Consistent,
    /// It answers every name alike, even one that does not exist: a portal, or a filter of everything.
    AllNamesAlike,
    /// This name's questions stay unanswered three times, another name's do not.
    OnlyThisName,
    /// Another name's questions stay unanswered too: it is dead.
    DeadForAll,
    /// It answered, asked again.
    AnswersAgain,
}

/// How the system's resolver failed to give an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAddress {
    Nxdomain,
    Empty,
    Timeout,
    Failed,
}

impl NoAddress {
    pub(super) fn failure(self) -> Failure {
        let (cause, whose) = match self {
            Self::Nxdomain => (Cause::DnsNxdomainError, Whose::Peer),
            Self::Empty => (Cause::DnsNoAnswer, Whose::Peer),
            Self::Timeout => (Cause::GenericTimeoutError, Whose::Network),
            Self::Failed => (Cause::DnsServfailError, Whose::Network),
        };
        Failure::new(Stage::Resolve, cause, whose)
    }
}

/// Compares; `None` when they agree, or when both failed and nothing is known.
pub(super) fn compare(secure: Result<&[IpAddr], &Failure>, system: &Result<Vec<IpAddr>, NoAddress>) -> Option<Finding> {
    let secure_said = match secure {
        Ok(_) => SecureSaid::Answered,
        Err(failure) if matches!(failure.cause, Cause::DnsNxdomainError | Cause::DnsNoAnswer) => SecureSaid::No,
        Err(_) => SecureSaid::Failed,
    };
    let system_said = match (system, secure) {
        (Ok(addrs), Ok(known)) if addrs.iter().any(|addr| known.contains(addr)) => return None,
        (Ok(addrs), _) if addrs.iter().any(|addr| is_bogon(*addr)) => SystemSaid::Bogon,
        (Ok(_), Ok(_)) => SystemSaid::Differs,
        (Ok(_), Err(_)) => SystemSaid::Answered,
        (Err(_), Err(_)) => return None,
        (Err(NoAddress::Nxdomain), Ok(_)) => SystemSaid::Nxdomain,
        (Err(NoAddress::Empty), Ok(_)) => SystemSaid::Empty,
        (Err(NoAddress::Timeout), Ok(_)) => SystemSaid::Timeout,
        (Err(NoAddress::Failed), Ok(_)) => SystemSaid::Failed,
    };
    Some(Finding { system: system_said, secure: secure_said, raw: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_disagreement_has_its_name() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let known = [ip("149.154.167.51"), ip("149.154.167.91")];
        let failed = Failure::new(Stage::Resolve, Cause::GenericTimeoutError, Whose::Network);
        let no = Failure::new(Stage::Resolve, Cause::DnsNxdomainError, Whose::Peer);
        let finding = |system, secure| Some(Finding { system, secure, raw: None });
        use SecureSaid as Secure;
        for (secure, system, want) in [
            (Ok(&known[..]), Ok(vec![ip("149.154.167.91")]), None),
            (Ok(&known), Ok(vec![ip("10.10.34.35")]), finding(SystemSaid::Bogon, Secure::Answered)),
            (Ok(&known), Ok(vec![ip("8.7.198.46")]), finding(SystemSaid::Differs, Secure::Answered)),
            (Ok(&known), Err(NoAddress::Nxdomain), finding(SystemSaid::Nxdomain, Secure::Answered)),
            (Ok(&known), Err(NoAddress::Empty), finding(SystemSaid::Empty, Secure::Answered)),
            (Ok(&known), Err(NoAddress::Timeout), finding(SystemSaid::Timeout, Secure::Answered)),
            (Err(&failed), Ok(vec![ip("8.7.198.46")]), finding(SystemSaid::Answered, Secure::Failed)),
            (Err(&no), Ok(vec![ip("8.7.198.46")]), finding(SystemSaid::Answered, Secure::No)),
            (Err(&failed), Err(NoAddress::Timeout), None),
            (Err(&no), Err(NoAddress::Nxdomain), None),
        ] {
            assert_eq!(compare(secure, &system), want, "{system:?}");
        }
    }
}
