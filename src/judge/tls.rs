//! T11: somebody else's certificate or key answers. Before anybody is accused, the clock (C11) and the anchors' own
//! certificates must be right ([`super::link`]): a wrong date, a company's or an antivirus' root and a captive portal
//! look the same.

use crate::model::{Cause, Sign};

/// What a certificate error alone is a sign of. `health` lets it count only when the anchors were good.
pub(super) const fn sign(cause: Cause) -> Option<Sign> {
    match cause {
        Cause::SslUnknownAuthority | Cause::SslInvalidHostname => Some(Sign::ForeignKey),
        // Expired or not yet valid: a clock or a careless server, far more often than an attacker.
        Cause::SslInvalidCertificate => Some(Sign::WrongAnswer),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_key_is_told_from_a_wrong_date() {
        assert_eq!(sign(Cause::SslUnknownAuthority), Some(Sign::ForeignKey));
        assert_eq!(sign(Cause::SslInvalidHostname), Some(Sign::ForeignKey));
        assert_eq!(sign(Cause::SslInvalidCertificate), Some(Sign::WrongAnswer));
        assert_eq!(sign(Cause::SslFailedHandshake), None);
    }
}
