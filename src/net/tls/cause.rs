//! What a TLS error is called in records (OONI df-007).

use super::Dates;
use crate::model::{Cause, Failure, Stage, Whose};
use rustls::{CertificateError, Error, PeerIncompatible};
use std::io;

/// Sorts a handshake's error; the second value is the peer's alert, when it sent one.
pub(super) fn sort(stage: Stage, error: &io::Error) -> (Failure, Option<String>) {
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return (Failure::from_io(stage, error), None);
    };
    let (cause, whose) = match tls {
        Error::InvalidCertificate(why) => (certificate(why), Whose::Network),
        Error::AlertReceived(alert) => {
            let failure = Failure::new(stage, Cause::SslFailedHandshake, Whose::Peer);
            return (failure, Some(format!("{alert:?}")));
        }
        Error::PeerIncompatible(PeerIncompatible::ServerRejectedEncryptedClientHello(_)) => {
            (Cause::EchRejected, Whose::Peer)
        }
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::NoCertificatesPresented
        | Error::DecryptError
        | Error::PeerIncompatible(_)
        | Error::PeerMisbehaved(_)
        | Error::PeerSentOversizedRecord
        | Error::NoApplicationProtocol => (Cause::SslFailedHandshake, Whose::Network),
        _ => (Cause::UnknownFailure, Whose::Network),
    };
    (Failure::new(stage, cause, whose), None)
}

/// What is wrong with a certificate's dates, when it is they that are wrong.
pub(super) fn dates(error: &io::Error) -> Option<Dates> {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>())?;
    let Error::InvalidCertificate(why) = tls else { return None };
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Some(Dates::Past),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Some(Dates::Future),
        _ => None,
    }
}

fn certificate(why: &CertificateError) -> Cause {
    match why {
        CertificateError::UnknownIssuer => Cause::SslUnknownAuthority,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Cause::SslInvalidHostname
        }
        // The platform verifiers of Apple and Windows wrap their own words; on those a private root is reported
        // as an unknown issuer by name.
        CertificateError::Other(other) if other.to_string().contains("not trusted") => Cause::SslUnknownAuthority,
        _ => Cause::SslInvalidCertificate,
    }
}
