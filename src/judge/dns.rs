//! T1–T3: the resolver lies, or stays silent for one name only. A lie never moves a connection by itself: the secure
//! answer is used and the next layer tried. Kept per name, never per service. Addresses that merely differ prove
//! nothing, for content networks answer everybody differently.

use super::On;
use crate::model::{Cause, Sign};

/// What the system's resolver said of a name whose addresses the secure resolvers know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Only addresses that the secure resolvers did not give.
    OtherAddresses,
    /// An address that no public name has.
    Bogon,
    /// The name does not exist, or has no address.
    NoAddress,
    /// It cannot answer.
    Refused,
    /// Nothing came for this name, three times, and another name was answered.
    Silence,
    /// Two answers that cannot both be the resolver's.
    Forged,
}

/// What a disagreement is a sign of.
pub const fn disagreement(heard: Heard) -> Option<Sign> {
    match heard {
        Heard::NoAddress | Heard::Bogon => Some(Sign::DnsLie),
        Heard::Silence => Some(Sign::DnsSilent),
        Heard::Forged => Some(Sign::DnsInjected),
        // Content networks answer everybody differently, and a resolver that refuses is broken.
        Heard::OtherAddresses | Heard::Refused => None,
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

    #[test]
    fn a_removed_name_is_a_lie_and_a_strange_address_is_none() {
        for (heard, sign) in [
            (Heard::NoAddress, Some(Sign::DnsLie)),
            (Heard::Bogon, Some(Sign::DnsLie)),
            (Heard::Silence, Some(Sign::DnsSilent)),
            (Heard::Forged, Some(Sign::DnsInjected)),
            (Heard::OtherAddresses, None),
            (Heard::Refused, None),
        ] {
            assert_eq!(disagreement(heard), sign, "{heard:?}");
        }
    }

    #[test]
    fn a_name_that_nobody_knows_may_not_exist() {
        assert_eq!(sign(Cause::DnsNxdomainError, On::Bare), None);
        assert_eq!(sign(Cause::DnsNoAnswer, On::Bare), Some(Sign::DnsSilent));
        assert_eq!(sign(Cause::DnsNoAnswer, On::Tunnel), None);
        assert_eq!(sign(Cause::GenericTimeoutError, On::Tunnel), Some(Sign::Silence));
    }
}
