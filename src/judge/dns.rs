//! T1–T3: the resolver lies, or stays silent for one name only. A lie never moves a connection by itself: the secure
//! answer is used and the next layer tried. Kept per name, never per service. Addresses that merely differ prove
//! nothing, for content networks answer everybody differently.

use super::On;
use crate::model::{Cause, Sign};
use std::net::IpAddr;

/// One answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Addresses.
    Addresses(Vec<IpAddr>),
    /// The name does not exist, or has no address.
    NoSuchName,
    /// The resolver refused or failed.
    Refused,
    /// Nothing came in time.
    Silence,
}

impl Heard {
    fn addresses(&self) -> &[IpAddr] {
        match self {
            Self::Addresses(all) => all,
            Self::NoSuchName | Self::Refused | Self::Silence => &[],
        }
    }

    /// The same answer in another order is the same answer.
    fn differs(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Addresses(a), Self::Addresses(b)) => {
                a.iter().any(|ip| !b.contains(ip)) || b.iter().any(|ip| !a.contains(ip))
            }
            _ => self != other,
        }
    }
}

/// Two looks at one name.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'a> {
    /// All answers of the system's resolver to one query, late ones included.
    pub system: &'a [Heard],
    /// The answer of the secure resolver.
    pub secure: &'a Heard,
    /// Whether the system's resolver answers for other names: if not, it is broken, not lying.
    pub resolver_answers: bool,
}

/// What two looks at one name are a sign of. `of_service` knows the service's own prefixes, where they are published.
pub fn compare(look: Comparison<'_>, of_service: impl Fn(IpAddr) -> bool) -> Option<Sign> {
    let mut spoken = look.system.iter().filter(|heard| **heard != Heard::Silence);
    let first = spoken.next();
    if let Some(first) = first
        && spoken.any(|later| later.differs(first))
    {
        return Some(Sign::DnsInjected);
    }
    let truth = look.secure.addresses();
    if truth.is_empty() {
        return None;
    }
    match first {
        None | Some(Heard::Refused | Heard::Silence) => look.resolver_answers.then_some(Sign::DnsSilent),
        Some(Heard::NoSuchName) => Some(Sign::DnsLie),
        Some(Heard::Addresses(told)) => {
            let shared = told.iter().any(|ip| truth.contains(ip));
            let bogus = told.iter().all(|ip| is_bogon(*ip)) && !truth.iter().any(|ip| is_bogon(*ip));
            let elsewhere = truth.iter().all(|ip| of_service(*ip)) && !told.iter().any(|ip| of_service(*ip));
            (!shared && (bogus || elsewhere)).then_some(Sign::DnsLie)
        }
    }
}

/// An address that no public service has (RFC 6890).
pub fn is_bogon(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 198 && (b == 18 || b == 19))
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_bogon(IpAddr::V4(v4)),
            None => {
                v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_multicast()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local()
                    || v6.segments()[..2] == [0x2001, 0xdb8]
            }
        },
    }
}

/// What a look-up that failed altogether is a sign of. A name that neither resolver knows may not exist.
pub(super) const fn sign(cause: Cause, on: On) -> Option<Sign> {
    match (cause, on) {
        (Cause::GenericTimeoutError | Cause::DnsNoAnswer, On::Bare) => Some(Sign::DnsSilent),
        (Cause::DnsBogonError, On::Bare) => Some(Sign::DnsLie),
        (Cause::GenericTimeoutError, On::Tunnel) => Some(Sign::Silence),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(all: &[&str]) -> Heard {
        Heard::Addresses(all.iter().map(|ip| ip.parse().unwrap()).collect())
    }

    fn in_telegram(ip: IpAddr) -> bool {
        matches!(ip, IpAddr::V4(v4) if v4.octets()[..2] == [149, 154])
    }

    #[test]
    fn lies_injections_and_silences_are_told_apart() {
        let truth = told(&["149.154.167.99"]);
        for (what, system, resolver_answers, sign) in [
            ("removed", vec![Heard::NoSuchName], true, Some(Sign::DnsLie)),
            ("forged, then the truth", vec![Heard::NoSuchName, truth.clone()], true, Some(Sign::DnsInjected)),
            ("two addresses", vec![told(&["10.1.1.1"]), truth.clone()], true, Some(Sign::DnsInjected)),
            ("a bogon", vec![told(&["10.1.1.1"])], true, Some(Sign::DnsLie)),
            ("a stub", vec![told(&["195.208.1.1"])], true, Some(Sign::DnsLie)),
            ("another of the service's", vec![told(&["149.154.1.1"])], true, None),
            ("the truth", vec![truth.clone()], true, None),
            ("the truth, twice, reordered", vec![truth.clone(), truth.clone()], true, None),
            ("only this name is silent", vec![Heard::Silence], true, Some(Sign::DnsSilent)),
            ("only this name is refused", vec![Heard::Refused], true, Some(Sign::DnsSilent)),
            ("the resolver is dead", vec![Heard::Silence], false, None),
            ("nothing was heard", vec![], false, None),
        ] {
            let look = Comparison { system: &system, secure: &truth, resolver_answers };
            assert_eq!(compare(look, in_telegram), sign, "{what}");
        }
    }

    #[test]
    fn without_the_truth_nobody_lies() {
        for secure in [Heard::Silence, Heard::NoSuchName, Heard::Refused] {
            let system = [Heard::NoSuchName];
            let look = Comparison { system: &system, secure: &secure, resolver_answers: true };
            assert_eq!(compare(look, in_telegram), None);
        }
    }

    #[test]
    fn content_networks_may_answer_everybody_differently() {
        let (system, secure) = ([told(&["23.1.1.1"])], told(&["104.2.2.2"]));
        let look = Comparison { system: &system, secure: &secure, resolver_answers: true };
        assert_eq!(compare(look, |_| false), None);
    }

    #[test]
    fn a_site_that_publishes_a_bogon_itself_is_left_alone() {
        let (system, secure) = ([told(&["10.0.0.1"])], told(&["10.0.0.2"]));
        let look = Comparison { system: &system, secure: &secure, resolver_answers: true };
        assert_eq!(compare(look, |_| false), None);
    }

    #[test]
    fn bogons_are_those_of_the_registry() {
        for ip in ["10.0.0.1", "100.64.0.1", "127.0.0.1", "198.18.0.1", "0.0.0.0", "::1", "fd00::1", "::ffff:10.0.0.1"]
        {
            assert!(is_bogon(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["149.154.167.51", "100.128.0.1", "2001:67c:4e8::1"] {
            assert!(!is_bogon(ip.parse().unwrap()), "{ip}");
        }
    }
}
