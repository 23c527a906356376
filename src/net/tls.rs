//! TLS as a client, over any stream. Which roots are trusted, which name is shown and which is checked are three
//! separate choices. Says of a failure what OONI would call it, and who issued the certificate that was refused.

use super::dial::endpoint_tag;
use super::io::{Io, Stream};
use super::network::Deadline;
use crate::model::{Cause, Failure, Host, Stage, TcpFacts, Whose};
use rustls::client::{EchConfig, EchMode};
use rustls::pki_types::{CertificateDer, EchConfigListBytes, ServerName};
use rustls::{ClientConfig, NamedGroup, crypto::CryptoProvider};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

mod ahead;
mod cause;
mod quic;
mod server;
mod verify;
mod watched;

use ahead::poll_read_all;
pub use quic::quic_hello;
pub use server::TlsServer;
use verify::{Presented, Watching};
use watched::{Seen, Watched};

/// Which certificates are believed.
#[derive(Clone, Debug)]
pub enum Trust {
    /// The platform's store (`SSL_CERT_FILE` is honoured); Mozilla's list when the platform has none.
    Platform,
    /// The platform's store and these besides (DER).
    PlatformAnd(Arc<[Vec<u8>]>),
    /// These and no others (DER).
    Only(Arc<[Vec<u8>]>),
    /// Any: for probes that ask only whether a TLS answer comes. A person's bytes go there only where that person wrote
    /// so by hand.
    Any,
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A root that is no certificate.
    #[error("root certificate number {number} cannot be read: {error}")]
    BadRoot {
        /// Which one, from 1.
        number: usize,
        /// Why.
        error: rustls::Error,
    },
    /// No root at all.
    #[error("no root certificate was given")]
    NoRoots,
    /// No certificate of ours where one was promised.
    #[error("the certificate file holds no certificate; expected PEM, the server's own first")]
    NoCertificate,
    /// No key where one was promised.
    #[error("the key file holds no private key; expected PEM")]
    NoKey,
    /// The library refused the settings.
    #[error("TLS cannot be set up: {0}")]
    Library(#[from] rustls::Error),
}

/// The names of one handshake.
#[derive(Clone, Debug)]
pub struct Names {
    /// The name in the ClientHello (RFC 6066 §3); none is sent for an address or `None`.
    pub shown: Option<Host>,
    /// The name or address that the certificate must hold.
    pub checked: Host,
}

impl Names {
    /// One name for both.
    pub fn same(host: Host) -> Self {
        Self { shown: Some(host.clone()), checked: host }
    }
}

/// A failed handshake.
#[derive(Debug, thiserror::Error)]
#[error("{failure}")]
pub struct TlsFailure {
    /// What happened.
    pub failure: Failure,
    /// The issuer of the certificate that was presented and refused: it tells who sits in between.
    pub issuer: Option<String>,
    /// The alert, by its name in RFC 8446 §6, when the peer sent one.
    pub alert: Option<String>,
    /// What is wrong with the certificate's dates, when it was refused for them.
    pub dates: Option<Dates>,
}

/// When a certificate is valid, as this machine's clock has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dates {
    /// No longer.
    Past,
    /// Not yet.
    Future,
}

/// Tells the date by which certificates are judged, in seconds since 1970.
pub type Calendar = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Opens TLS sessions with one set of roots and protocols. Cheap to clone. No session is ever resumed, so that
/// two handshakes cannot be linked and every one of them proves the key anew.
#[derive(Clone)]
pub struct TlsClient {
    config: Arc<ClientConfig>,
    trust: Arc<dyn rustls::client::danger::ServerCertVerifier>,
}

impl TlsClient {
    /// A client that believes `trust` and offers `alpn` (RFC 7301) in this order.
    pub fn new(trust: &Trust, alpn: &[&str]) -> Result<Self, TlsError> {
        Self::with(rustls::crypto::aws_lc_rs::default_provider(), trust, alpn, None)
    }

    /// The same, with a ClientHello of less than 600 bytes: it offers no post-quantum key share, so that it fits one
    /// packet on any path. For telling a large hello's fate from its name's.
    pub fn small(trust: &Trust, alpn: &[&str]) -> Result<Self, TlsError> {
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        provider.kx_groups.retain(|group| !is_large(group.name()));
        Self::with(provider, trust, alpn, None)
    }

    /// A client whose hello shows the public name of `configs` (an ECHConfigList, RFC 9849 §4) and hides the one it
    /// means. Speaks TLS 1.3 only; a server that does not know the key is refused, never told the name.
    pub fn hiding(trust: &Trust, alpn: &[&str], configs: &[u8]) -> Result<Self, TlsError> {
        let suites = rustls::crypto::aws_lc_rs::hpke::ALL_SUPPORTED_SUITES;
        let ech = EchConfig::new(EchConfigListBytes::from(configs), suites)?;
        Self::with(rustls::crypto::aws_lc_rs::default_provider(), trust, alpn, Some(ech))
    }

    fn with(provider: CryptoProvider, trust: &Trust, alpn: &[&str], ech: Option<EchConfig>) -> Result<Self, TlsError> {
        let provider = Arc::new(provider);
        let trust = verify::verifier(trust, &provider)?;
        let mut config = base_config(provider, trust.clone(), ech)?;
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Self { config: Arc::new(config), trust })
    }

    /// The same client, judging certificates by this calendar instead of the system's.
    #[must_use]
    pub fn dated(mut self, calendar: Calendar) -> Self {
        Arc::make_mut(&mut self.config).time_provider = Arc::new(verify::Dated(calendar));
        self
    }

    /// Shakes hands over `stream` by `deadline`. When it fails, the stage is `FirstFlight` if no byte came back
    /// and `Handshake` otherwise, and the kernel's facts of that moment are in the failure.
    pub async fn connect(&self, stream: Stream, names: &Names, deadline: Deadline) -> Result<TlsStream, TlsFailure> {
        let start = Instant::now();
        let invalid = |_| unreachable_name(start);
        let checked = server_name(&names.checked).map_err(invalid)?;
        let shown = names.shown.as_ref().map(server_name).transpose().map_err(invalid)?;

        let presented = Arc::new(Presented::default());
        let mut config = (*self.config).clone();
        config.enable_sni = shown.is_some();
        let watching = Watching::new(self.trust.clone(), checked.clone(), presented.clone());
        config.dangerous().set_certificate_verifier(Arc::new(watching));

        let endpoint = stream.endpoint().map(endpoint_tag);
        let seen = Arc::new(Seen::default());
        let watched = Watched::new(stream, seen.clone());
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let handshake = connector.connect(shown.unwrap_or(checked), watched);
        let error = match deadline.run(handshake).await {
            Some(Ok(tls)) => return Ok(TlsStream { tls, broken: None }),
            Some(Err(error)) => Some(error),
            None => None,
        };
        let received = seen.received();
        let stage = if received == 0 { Stage::FirstFlight } else { Stage::Handshake };
        let dates = error.as_ref().and_then(cause::dates);
        let (failure, alert) = match error {
            None => (Failure::new(stage, Cause::GenericTimeoutError, Whose::Network), None),
            Some(error) => cause::sort(stage, &error),
        };
        let failure = Failure { received, tcp: seen.last_facts(), endpoint, ..failure.after(start.elapsed()) };
        Err(TlsFailure { failure, issuer: presented.issuer(), alert, dates })
    }
}

/// Whether a share of this group takes more than a kilobyte.
const fn is_large(group: NamedGroup) -> bool {
    use NamedGroup::{MLKEM512, MLKEM768, MLKEM1024, X25519MLKEM768, secp256r1MLKEM768};
    matches!(group, MLKEM512 | MLKEM768 | MLKEM1024 | X25519MLKEM768 | secp256r1MLKEM768)
}

/// Neither a DNS name nor an address: no handshake can be tried with it.
fn unreachable_name(start: Instant) -> TlsFailure {
    let failure = Failure::new(Stage::Handshake, Cause::SslInvalidHostname, Whose::Local).after(start.elapsed());
    TlsFailure { failure, issuer: None, alert: None, dates: None }
}

fn server_name(host: &Host) -> Result<ServerName<'static>, rustls::pki_types::InvalidDnsNameError> {
    match host {
        Host::Name(name) => ServerName::try_from(name.to_string()),
        Host::Ip(ip) => Ok(ServerName::from(*ip)),
    }
}

fn base_config(
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn rustls::client::danger::ServerCertVerifier>,
    ech: Option<EchConfig>,
) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = match ech {
        None => builder.with_safe_default_protocol_versions()?,
        Some(ech) => builder.with_ech(EchMode::Enable(ech))?,
    };
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// An open TLS session; a [`Stream`] like any other.
pub struct TlsStream {
    tls: tokio_rustls::client::TlsStream<Watched>,
    broken: Option<io::Error>,
}

impl TlsStream {
    /// The protocol the server chose (RFC 7301), when it chose one.
    pub fn alpn(&self) -> Option<&[u8]> {
        self.tls.get_ref().1.alpn_protocol()
    }

    /// The certificate chain the server presented, leaf first.
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        self.tls.get_ref().1.peer_certificates().unwrap_or_default()
    }
}

impl Io for TlsStream {
    fn tcp_facts(&self) -> Option<TcpFacts> {
        self.tls.get_ref().0.stream().tcp_facts()
    }
    fn endpoint(&self) -> Option<SocketAddr> {
        self.tls.get_ref().0.stream().endpoint()
    }
    fn abort_on_drop(&mut self) {
        self.tls.get_mut().0.stream_mut().abort_on_drop();
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        poll_read_all(&mut this.tls, cx, buf, &mut this.broken, |tls| tls.get_ref().0.holds())
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
