//! Discriminating pairs: the neutral half that tells whether a name (C4) or a protocol (C6) is the trigger. Same
//! address and port, no user data, no certificate believed. The neutral half goes first: a censor's punishment for
//! the real one would fall on it too (T19).

use super::ask::{Asker, Spoken};
use super::exchange::{Exchange, Listen};
use super::spec::{Https, Kind, Roots, Spec};
use super::tap::Tap;
use super::tls;
use crate::model::{Cause, Destination, Failure, Grade, Host, Sign, Technique};
use crate::net::{Deadline, Stream};
use crate::transport::Transport;
use std::net::SocketAddr;

/// What the neutral half leaves out.
#[derive(Clone, Debug)]
pub(super) enum Neutral {
    /// C4: the same TLS hello under another name.
    Name(Https),
    /// C6: as many random bytes.
    Noise(usize),
    /// C6: a plain HTTP request.
    Http,
}

impl Neutral {
    /// The neutral half for `spec`, under `name` where one can be shown.
    pub(super) fn of(spec: &Spec, name: Option<&Host>) -> Option<Self> {
        match &spec.kind {
            Kind::Https(https) | Kind::Tls(https) | Kind::WebSocket { https, .. } => {
                let name = name.and_then(Host::name)?.to_owned();
                let roots = Roots::Any;
                Some(Self::Name(Https { name: Some(name), roots, body_bytes: 0, ..https.clone() }))
            }
            // As long as the hello of its apps: 43 bytes (detection rules §2.1).
            Kind::Noise { .. } => Some(Self::Noise(43)),
            // Its real start is random bytes, so random bytes are no control; its servers know HTTP.
            Kind::Telegram { .. } => Some(Self::Http),
            Kind::Stun | Kind::Quic(_) => None,
        }
    }

    /// What is proven when the neutral half passed and the real one failed so, twice.
    pub(super) fn proves(&self, sign: Sign) -> Option<Technique> {
        match (self, sign) {
            (Self::Name(_), Sign::ResetAfterHello | Sign::EofAfterHello) => Some(Technique::SniRst),
            (Self::Name(_), Sign::HelloDropped) => Some(Technique::SniDropHello),
            // Without the kernel's facts the observation is the same: the answer does not come.
            (Self::Name(_), Sign::HelloMuted | Sign::Silence) => Some(Technique::SniDropAnswer),
            (Self::Noise(_) | Self::Http, Sign::HelloDropped | Sign::HelloMuted | Sign::Silence) => {
                Some(Technique::ProtoBlock)
            }
            _ => None,
        }
    }

    /// Whether the neutral half passes at `address`: something came back that only the server sends.
    pub(super) async fn passes(&self, asker: &Asker, way: &Transport, address: SocketAddr) -> bool {
        let _slot = asker.slot().await;
        let target = Destination::from(address);
        let deadline = Deadline::after(asker.settings.probe_timeout);
        let Ok(stream) = asker.dial(way, &target, deadline).await else { return false };
        match self.converse(asker, stream, &target, deadline).await {
            Ok(spoken) => {
                asker.linger(spoken.farewell);
                true
            }
            // An alert is the server's word; an end is one too where only silence is in question.
            Err(failure) => match self {
                Self::Name(_) => failure.received > 0,
                Self::Noise(_) | Self::Http => {
                    failure.received > 0 || matches!(failure.cause, Cause::EofError | Cause::ConnectionReset)
                }
            },
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
        Kind::Https(https) | Kind::Tls(https) | Kind::Quic(https) | Kind::WebSocket { https, .. } => name_it(https),
        Kind::Telegram { .. } | Kind::Noise { .. } | Kind::Stun => {}
    }
    spec
}
