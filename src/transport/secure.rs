//! TLS to our own server or its CDN's edge: which of its failures is which, for whoever has to mend them.

use super::tunnels::ServerTls;
use crate::model::{Cause, Failure};
use crate::net::tls::{Dates, Names, TlsClient, TlsError, TlsStream};
use crate::net::{Deadline, Stream};

/// A client for one server.
pub(super) struct Secure {
    client: TlsClient,
    names: Names,
}

impl Secure {
    pub(super) fn new(spec: &ServerTls, alpn: &[&str]) -> Result<Self, TlsError> {
        let names = Names { shown: spec.shown.clone(), checked: spec.checked.clone() };
        Ok(Self { client: TlsClient::new(&spec.trust, alpn)?, names })
    }

    /// Shakes hands. A failure is of the near leg.
    pub(super) async fn shake_hands(&self, stream: Stream, deadline: Deadline) -> Result<TlsStream, Failure> {
        self.client.connect(stream, &self.names, deadline).await.map_err(|error| {
            let cause = match error.dates {
                Some(Dates::Past) => Cause::CertificateExpired,
                Some(Dates::Future) => Cause::CertificateNotYetValid,
                None => error.failure.cause,
            };
            Failure { cause, ..error.failure.near() }
        })
    }
}
