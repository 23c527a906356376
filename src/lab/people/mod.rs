//! People who use messengers through byway's listener, as their apps do: they speak the app's own protocol,
//! notice when an answer is late or a connection dies, and reconnect. What they count as a failure is what a
//! person would see.

mod crowd;
mod packets;
mod session;
mod stamp;
#[cfg(test)]
mod tests;

pub use crowd::Tally;
pub use packets::Call;
pub use session::Session;

use super::Country;
use crate::model::{Destination, Host};
use crate::net::Stream;
use futures_util::future::BoxFuture;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use stamp::Stamped;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_socks::tcp::Socks5Stream;

/// Opens a connection to byway's listener.
pub type Door = Arc<dyn Fn() -> BoxFuture<'static, io::Result<Stream>> + Send + Sync>;

/// What a person uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum App {
    /// Telegram: a data centre by address, MTProto.
    Telegram,
    /// WhatsApp: a chat server by name, Noise.
    WhatsApp,
    /// Signal: a server by name, TLS with Signal's root.
    Signal,
    /// A browser at a site of the lab.
    Web(String),
}

impl App {
    /// The app of a service by its id; a site for everything else.
    pub fn of(service: &str) -> Self {
        match service {
            "telegram" => Self::Telegram,
            "whatsapp" => Self::WhatsApp,
            "signal" => Self::Signal,
            site => Self::Web(site.to_owned()),
        }
    }

    /// Where it connects.
    fn server(&self) -> Result<Destination, Mishap> {
        let authority = match self {
            Self::Telegram => "149.154.167.51:443".to_owned(),
            Self::WhatsApp => "g.whatsapp.net:5222".to_owned(),
            Self::Signal => "chat.signal.org:443".to_owned(),
            Self::Web(name) => format!("{name}:443"),
        };
        Destination::parse(&authority).map_err(|_| Mishap::Refused)
    }
}

/// What went wrong, as a person would see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mishap {
    /// The proxy said no.
    #[error("refused")]
    Refused,
    /// The connection died.
    #[error("connection lost")]
    Died,
    /// Nothing came for longer than the app waits.
    #[error("no answer")]
    Silent,
    /// Somebody else answered.
    #[error("wrong answer")]
    Wrong,
}

impl Mishap {
    fn of(why: &io::Error) -> Self {
        match why.kind() {
            ErrorKind::TimedOut => Self::Silent,
            ErrorKind::InvalidData => Self::Wrong,
            _ => Self::Died,
        }
    }
}

/// A cached routing hint: `ED`, a version, the length in three bytes, and what the server once gave.
const ROUTING_HINT: &[u8] = b"ED\0\x01\0\0\x04\x08\x02\x08\x0d";

/// A person at the door of byway.
#[derive(Clone)]
pub struct Person {
    door: Door,
    datagrams: Country,
    web: TlsConnector,
    signal: TlsConnector,
    noise_root: [u8; 32],
    patience: Duration,
    hint: &'static [u8],
    rng: Arc<Mutex<fastrand::Rng>>,
}

impl Person {
    /// A person who lives in `country` and reaches byway through `door`. Apps wait 15 s for an answer.
    pub fn new(country: &Country, door: Door, seed: u64) -> Result<Self, super::BadWorld> {
        Ok(Self {
            door,
            datagrams: country.clone(),
            web: trusting(&country.web_roots())?,
            signal: trusting(&country.signal_roots())?,
            noise_root: country.noise_root(),
            patience: Duration::from_secs(15),
            hint: &[],
            rng: Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))),
        })
    }

    /// The same person with apps that wait so long.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The same person with a WhatsApp that knows from before where it is served, and says so ahead of its hello.
    #[must_use]
    pub const fn with_routing_hint(mut self) -> Self {
        self.hint = ROUTING_HINT;
        self
    }

    /// Opens an app: connects, greets, and checks that the right server answers.
    pub async fn open(&self, app: &App) -> Result<Session, Mishap> {
        let began = Instant::now();
        let greeted = tokio::time::timeout(self.patience, self.greet(app, began)).await;
        greeted.unwrap_or(Err(Mishap::Silent))
    }

    /// Opens an app and fetches `size` bytes, connecting again as apps do when the connection dies, at most
    /// `again` times. Says how long it all took and how often it connected anew.
    pub async fn fetch(&self, app: &App, size: u32, again: u32) -> Result<(Duration, u32), Mishap> {
        let began = Instant::now();
        let mut anew = 0;
        loop {
            let outcome = match self.open(app).await {
                Ok(mut session) => session.download(size).await,
                Err(mishap) => Err(mishap),
            };
            match outcome {
                Ok(()) => return Ok((began.elapsed(), anew)),
                Err(mishap) if anew == again => return Err(mishap),
                Err(_) => anew += 1,
            }
        }
    }

    async fn greet(&self, app: &App, began: Instant) -> Result<Session, Mishap> {
        let stream = self.connect(&app.server()?).await?;
        let stream = Stamped::new(stream, began);
        match app {
            App::Telegram => session::telegram(stream, &self.random()).await,
            App::WhatsApp => session::whatsapp(stream, &self.random(), &self.noise_root, self.hint).await,
            App::Signal => session::web(stream, &self.signal, server_name("chat.signal.org")?, true).await,
            App::Web(name) => session::web(stream, &self.web, server_name(name)?, false).await,
        }
        .map_err(|why| Mishap::of(&why))
        .map(|session| session.patience(self.patience))
    }

    /// Asks byway for a connection, as SOCKS5.
    async fn connect(&self, to: &Destination) -> Result<Stream, Mishap> {
        let socket = (self.door)().await.map_err(|_| Mishap::Refused)?;
        let opened = match &to.host {
            Host::Name(name) => Socks5Stream::connect_with_socket(socket, (&**name, to.port)).await,
            Host::Ip(ip) => Socks5Stream::connect_with_socket(socket, (*ip, to.port)).await,
        };
        opened.map(Socks5Stream::into_inner).map_err(|_| Mishap::Refused)
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        std::array::from_fn(|_| rng.u8(..))
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, Mishap> {
    ServerName::try_from(name.to_owned()).map_err(|_| Mishap::Refused)
}

/// A TLS client that trusts only these roots.
fn trusting(pem: &str) -> Result<TlsConnector, super::BadWorld> {
    let mut roots = RootCertStore::empty();
    for der in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(der.map_err(|_| rustls::Error::General("the roots are no pem".into()))?)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config).into())
}
