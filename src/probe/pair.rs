//! Discriminating pairs: the neutral half that tells whether a name (C4) or a protocol (C6) is the trigger. Same
//! address and port, no user data, no certificate believed. The neutral half goes first: a censor's punishment for
//! the real one would fall on it too (T19).

use super::ask::{Asker, Spoken};
use super::exchange::{Exchange, Listen};
use super::spec::{Https, Kind, Roots, Spec};
use super::tap::Tap;
use super::tls;
use crate::judge::{On, sign_of};
use crate::model::{Cause, Destination, Failure, Grade, Host, Sign, Stage, Technique};
use crate::net::{Deadline, Stream};
use crate::transport::Transport;
use std::net::SocketAddr;

/// What the neutral half leaves out, or changes.
#[derive(Clone, Debug)]
pub(super) enum Neutral {
    /// C4: the same TLS hello under another name.
    Name(Https),
    /// C6: as many random bytes.
    Noise(usize),
    /// C6: a plain HTTP request.
    Http,
    /// C10: the same name in a hello that fits one packet.
    Small(Https),
}

/// How one half went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    /// Something came back that only the server sends.
    Passed,
    /// Nothing did; what that is a sign of.
    Failed(Sign),
    /// It says nothing: a fault of this machine.
    Nothing,
}

impl Neutral {
    /// The neutral half for `spec`, under `name` where one can be shown.
    pub(super) fn of(spec: &Spec, name: Option<&Host>) -> Option<Self> {
        match &spec.kind {
            Kind::Https(https) | Kind::Often(https) | Kind::Tls(https) | Kind::WebSocket { https, .. } => {
                Some(Self::Name(named(https, name.and_then(Host::name)?)))
            }
            // As long as the hello of its apps: 43 bytes (detection rules §2.1).
            Kind::Noise { .. } => Some(Self::Noise(43)),
            // Its real start is random bytes, so random bytes are no control; its servers know HTTP.
            Kind::Telegram { .. } => Some(Self::Http),
            Kind::Stun | Kind::Quic(_) => None,
        }
    }

    /// C5: the name that `spec` shows at `target`, to be shown elsewhere.
    pub(super) fn name_of(spec: &Spec, target: &Destination) -> Option<Self> {
        let https = https_of(spec)?;
        let name = https.name.as_deref().or(target.host.name())?;
        Some(Self::Name(named(https, name)))
    }

    /// C10: the name that `spec` shows at `target`, in a small hello.
    pub(super) fn small_of(spec: &Spec, target: &Destination) -> Option<Self> {
        let https = https_of(spec)?;
        let name = https.name.as_deref().or(target.host.name());
        Some(Self::Small(Https { name: name.map(str::to_owned), roots: Roots::Any, body_bytes: 0, ..https.clone() }))
    }

    /// What is proven when the neutral half passed and the real one failed so, each time.
    pub(super) fn proves(&self, sign: Sign) -> Option<Technique> {
        match (self, sign) {
            (Self::Name(_), Sign::ResetAfterHello | Sign::EofAfterHello) => Some(Technique::SniRst),
            (Self::Name(_), Sign::HelloDropped) => Some(Technique::SniDropHello),
            // Without the kernel's facts the observation is the same: the answer does not come.
            (Self::Name(_), Sign::HelloMuted | Sign::Silence) => Some(Technique::SniDropAnswer),
            (Self::Noise(_) | Self::Http, Sign::HelloDropped | Sign::HelloMuted | Sign::Silence) => {
                Some(Technique::ProtoBlock)
            }
            (Self::Small(_), Sign::HelloDropped | Sign::HelloMuted | Sign::Silence) => Some(Technique::HelloSize),
            _ => None,
        }
    }

    /// How often the real half must fail: a protocol takes three (T15), a name two (T6, T7).
    pub(super) const fn failures(&self) -> u32 {
        match self {
            Self::Name(_) | Self::Small(_) => 2,
            Self::Noise(_) | Self::Http => 3,
        }
    }

    /// What it costs, both ways.
    pub(super) const fn price(&self) -> u32 {
        match self {
            Self::Name(_) | Self::Small(_) => 6_000,
            Self::Noise(_) | Self::Http => 800,
        }
    }

    /// Puts this half to `target`, and says which address that was.
    pub(super) async fn ask(&self, asker: &Asker, way: &Transport, target: &Destination) -> (Half, Option<SocketAddr>) {
        let (outcome, address) = self.put(asker, way, target).await;
        let half = match outcome {
            Ok(()) => Half::Passed,
            Err(failure) => self.meaning(&failure, way),
        };
        (half, address)
    }

    /// Whether this half arrives at `target`: something comes back, or the kernel knows that all was acknowledged. (An
    /// answer of many certificates is large again.)
    pub(super) async fn arrives(&self, asker: &Asker, way: &Transport, target: &Destination) -> bool {
        match self.put(asker, way, target).await.0 {
            Ok(()) => true,
            Err(failure) => {
                failure.received > 0 || failure.tcp.is_some_and(|tcp| tcp.bytes_acked > 1 && tcp.unacked == 0)
            }
        }
    }

    /// Whether this half fares better than a real one that failed so.
    pub(super) async fn fares_better(&self, asker: &Asker, way: &Transport, target: &Destination, real: Sign) -> bool {
        match real {
            Sign::HelloDropped => self.arrives(asker, way, target).await,
            _ => self.ask(asker, way, target).await.0 == Half::Passed,
        }
    }

    async fn put(
        &self,
        asker: &Asker,
        way: &Transport,
        target: &Destination,
    ) -> (Result<(), Failure>, Option<SocketAddr>) {
        let _slot = asker.slot().await;
        let deadline = Deadline::after(asker.settings.probe_timeout);
        let mut address = target.host.ip().map(|ip| SocketAddr::new(ip, target.port));
        let stream = match asker.dial(way, target, deadline).await {
            Ok(stream) => stream,
            Err(failure) => return (Err(failure), address),
        };
        address = if way.bare { stream.endpoint().or(address) } else { address };
        let spoken = self.converse(asker, stream, target, deadline).await;
        (spoken.map(|spoken| asker.linger(spoken.farewell)), address)
    }

    /// What a half that failed shows.
    fn meaning(&self, failure: &Failure, way: &Transport) -> Half {
        // An alert is the server's word; an end is one too where only silence is in question.
        let ended = failure.stage == Stage::FirstFlight
            && matches!(failure.cause, Cause::EofError | Cause::ConnectionReset)
            && matches!(self, Self::Noise(_) | Self::Http);
        if failure.received > 0 || ended {
            return Half::Passed;
        }
        match sign_of(failure, if way.bare { On::Bare } else { On::Tunnel }) {
            Some(sign) if sign.is_good() => Half::Passed,
            Some(sign) => Half::Failed(sign),
            None => Half::Nothing,
        }
    }

    async fn converse(
        &self,
        asker: &Asker,
        stream: Stream,
        target: &Destination,
        deadline: Deadline,
    ) -> Result<Spoken, Failure> {
        let (tap, stream) = Tap::on(stream);
        let listen: Listen = Box::new(|_| Ok(Some(Grade::B)));
        match self {
            Self::Name(https) => asker.watch(&tap, deadline, tls::ask(stream, https, target, asker, &tap)).await,
            Self::Small(https) => asker.watch(&tap, deadline, tls::ask_small(stream, https, target, asker, &tap)).await,
            Self::Noise(length) => {
                let random: [u8; 64] = asker.sources.chance.bytes()?;
                let hello = random.iter().copied().cycle().take(*length).collect();
                asker.watch(&tap, deadline, Exchange { hello, listen }.over_stream(stream, &tap)).await
            }
            Self::Http => {
                let hello = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", target.authority()).into_bytes();
                asker.watch(&tap, deadline, Exchange { hello, listen }.over_stream(stream, &tap)).await
            }
        }
    }
}

/// The same hello under `name`, whoever answers.
fn named(https: &Https, name: &str) -> Https {
    Https { name: Some(name.to_owned()), roots: Roots::Any, body_bytes: 0, ..https.clone() }
}

/// The TLS part of a question, when it has one.
pub(super) const fn https_of(spec: &Spec) -> Option<&Https> {
    match &spec.kind {
        Kind::Https(https) | Kind::Often(https) | Kind::Tls(https) | Kind::WebSocket { https, .. } => Some(https),
        Kind::Telegram { .. } | Kind::Noise { .. } | Kind::Stun | Kind::Quic(_) => None,
    }
}

/// The same question, put to one address: what a name was looked up to stays out of the comparison.
pub(super) fn pinned(spec: &Spec, target: &Destination, address: SocketAddr) -> Spec {
    let name_it = |https: &mut Https| {
        if https.name.is_none() {
            https.name = target.host.name().map(str::to_owned);
        }
        https.body_bytes = 0;
    };
    let mut spec = Spec { targets: vec![Destination::from(address)], ..spec.clone() };
    match &mut spec.kind {
        Kind::Https(https)
        | Kind::Often(https)
        | Kind::Tls(https)
        | Kind::Quic(https)
        | Kind::WebSocket { https, .. } => name_it(https),
        Kind::Telegram { .. } | Kind::Noise { .. } | Kind::Stun => {}
    }
    spec
}
