//! T11: somebody else's certificate or key answers. Before anybody is accused, the clock (C11) and the anchors' own
//! certificates must be right: a wrong date, a company's or an antivirus' root and a captive portal look the same.

use crate::model::{Cause, Sign};

/// What is known when a certificate does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateControls {
    /// The local clock agrees with the anchors' `Date` within a day.
    pub clock_is_right: bool,
    /// The anchors' own certificates were valid.
    pub anchors_are_valid: bool,
}

/// What a certificate error means with these controls: nothing unless both are right.
pub fn judged(cause: Cause, controls: CertificateControls) -> Option<Sign> {
    sign(cause).filter(|_| controls.clock_is_right && controls.anchors_are_valid)
}

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
    fn nobody_is_accused_while_the_clock_or_the_anchors_are_wrong() {
        for (clock_is_right, anchors_are_valid, sign) in
            [(true, true, Some(Sign::ForeignKey)), (false, true, None), (true, false, None), (false, false, None)]
        {
            let controls = CertificateControls { clock_is_right, anchors_are_valid };
            assert_eq!(judged(Cause::SslUnknownAuthority, controls), sign);
        }
    }
}
