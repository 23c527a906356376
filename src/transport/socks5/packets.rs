//! UDP through a SOCKS5 proxy (RFC 1928 §7). The association lives as long as its TCP connection: that is kept with
//! it, and its end is the association's end.

use super::{Socks5Streams, about, silent};
use crate::model::{Cause, Destination, Failure, Host, Stage, Whose};
use crate::net::{Deadline, Io, PacketIo, Packets, Stream, step_back, with_lent};
use crate::transport::build::Login;
use crate::transport::tagged::at_server;
use crate::transport::{PacketDialer, StreamDialer};
use crate::wire::socks::{self, Command, Method, Parsed, Reply};
use futures_util::future::BoxFuture;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::time::Instant;

/// The longest answer of the handshake: a reply with a name of 255 bytes.
const LONGEST_ANSWER: usize = 262;
/// Foreign or malformed packets skipped in one turn.
const SKIPPED: usize = 64;

/// Packets through a proxy.
pub(crate) struct Socks5Packets {
    server: Destination,
    login: Option<Login>,
    bare: bool,
    control: Arc<dyn StreamDialer>,
    carrier: Arc<dyn PacketDialer>,
}

impl Socks5Packets {
    /// Packets by the proxy of `streams`. `bare` says that the proxy is reached over the person's own line.
    pub(crate) fn new(streams: &Socks5Streams, carrier: Arc<dyn PacketDialer>, bare: bool) -> Self {
        let (server, login) = (streams.server.clone(), streams.login.clone());
        Self { server, login, bare, control: streams.inner.clone(), carrier }
    }

    /// Asks for an association; the answer is where its packets go.
    async fn negotiate(&self, control: &mut Stream) -> Result<Destination, Failure> {
        let methods: &[Method] =
            if self.login.is_some() { &[Method::NoAuth, Method::Login] } else { &[Method::NoAuth] };
        send(control, &socks::encode_greeting(methods)).await?;
        match (answer(control, socks::parse_choice).await?, &self.login) {
            (Method::NoAuth, _) => {}
            (Method::Login, Some(Login { user, password })) => {
                let login = socks::encode_login(user.as_bytes(), password.expose().as_bytes());
                send(control, &login.map_err(|_| near(Cause::NotSupported, Whose::Local))?).await?;
                if !answer(control, socks::parse_login_answer).await? {
                    return Err(near(Cause::AuthenticationFailed, Whose::Peer));
                }
            }
            _ => return Err(near(Cause::AuthenticationFailed, Whose::Peer)),
        }
        // Where our packets will come from is not known yet, and RFC 1928 §7 has zeros for that.
        let unknown = Destination::new(Host::Ip(Ipv4Addr::UNSPECIFIED.into()), 0);
        let request = socks::encode_request(Command::UdpAssociate, &unknown);
        send(control, &request.map_err(|_| near(Cause::NotSupported, Whose::Local))?).await?;
        let (reply, bound) = answer(control, socks::parse_reply).await?;
        match reply {
            Reply::Succeeded => self.relay(bound, control),
            Reply::CommandNotSupported | Reply::AddressTypeNotSupported => Err(near(Cause::NotSupported, Whose::Peer)),
            _ => Err(near(Cause::RefusedByProxy, Whose::Peer)),
        }
    }

    /// A relay at "any address" is at the proxy's own.
    fn relay(&self, bound: Destination, control: &Stream) -> Result<Destination, Failure> {
        if bound.port == 0 {
            return Err(near(Cause::InvalidAnswer, Whose::Peer));
        }
        Ok(match bound.host.ip() {
            Some(ip) if ip.is_unspecified() => {
                let reached = match control.endpoint() {
                    Some(at) if self.bare => Host::Ip(at.ip()),
                    // Through another way the endpoint is that way's server.
                    _ => self.server.host.clone(),
                };
                Destination::new(reached, bound.port)
            }
            _ => bound,
        })
    }
}

impl PacketDialer for Socks5Packets {
    fn associate(&self, deadline: Deadline) -> BoxFuture<'_, Result<Packets, Failure>> {
        Box::pin(async move {
            let start = Instant::now();
            let mut control = self.control.dial(&self.server, deadline).await.map_err(at_server)?;
            let outcome = deadline.run(self.negotiate(&mut control)).await;
            let relay = match outcome.unwrap_or_else(|| Err(silent())) {
                Ok(relay) => relay,
                Err(failure) => return Err(about(&control, failure, start)),
            };
            let carrier = self.carrier.associate(deadline).await.map_err(at_server)?;
            Ok(Box::new(SocksPackets { carrier, relay, control: Mutex::new(control) }) as Packets)
        })
    }
}

const fn near(cause: Cause, whose: Whose) -> Failure {
    Failure::new(Stage::Handshake, cause, whose).near()
}

async fn send(control: &mut Stream, bytes: &[u8]) -> Result<(), Failure> {
    let sent = async {
        control.write_all(bytes).await?;
        control.flush().await
    };
    sent.await.map_err(|error| Failure::from_io(Stage::Handshake, &error).near())
}

/// Reads until one answer is whole. The server sends nothing unasked, so nothing after it is lost.
async fn answer<T>(control: &mut Stream, parse: impl Fn(&[u8]) -> Parsed<T>) -> Result<T, Failure> {
    let mut bytes = Vec::new();
    loop {
        match parse(&bytes) {
            Ok(Some((value, _))) => return Ok(value),
            Ok(None) if bytes.len() < LONGEST_ANSWER => {}
            _ => return Err(near(Cause::InvalidAnswer, Whose::Peer)),
        }
        match control.read_buf(&mut bytes).await {
            Ok(0) => return Err(near(Cause::EofError, Whose::Network)),
            Ok(_) => {}
            Err(error) => return Err(Failure::from_io(Stage::Handshake, &error).near()),
        }
    }
}

struct SocksPackets {
    carrier: Packets,
    relay: Destination,
    control: Mutex<Stream>,
}

impl SocksPackets {
    /// The end of the control connection ends the association.
    fn poll_control(&self, cx: &mut Context<'_>) -> io::Result<()> {
        let Ok(mut control) = self.control.lock() else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        let mut ignored = [0; 64];
        loop {
            let mut space = ReadBuf::new(&mut ignored);
            match Pin::new(&mut *control).poll_read(cx, &mut space) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(())) if space.filled().is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
                Poll::Ready(outcome) => outcome?,
            }
        }
    }

    /// Whether a packet can be of the relay: where addresses are known they must agree.
    fn is_of_relay(&self, from: &Destination) -> bool {
        match (from.host.ip().map(canonical), self.relay.host.ip().map(canonical)) {
            (Some(from_ip), Some(relay_ip)) => from_ip == relay_ip && from.port == self.relay.port,
            _ => true,
        }
    }
}

const fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

impl PacketIo for SocksPackets {
    fn poll_send(&self, cx: &mut Context<'_>, packet: &[u8], to: &Destination) -> Poll<io::Result<()>> {
        let Ok(mut datagram) = socks::encode_udp_header(to) else {
            return Poll::Ready(Err(io::ErrorKind::InvalidInput.into()));
        };
        datagram.extend_from_slice(packet);
        self.carrier.poll_send(cx, &datagram, &self.relay)
    }

    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        self.poll_control(cx)?;
        with_lent(|lent| {
            for _ in 0..SKIPPED {
                let mut whole = ReadBuf::new(lent);
                let from = ready!(self.carrier.poll_recv(cx, &mut whole))?;
                if !self.is_of_relay(&from) {
                    continue;
                }
                if let Ok((origin, at)) = socks::udp_header(whole.filled()) {
                    let payload = whole.filled().get(at..).unwrap_or_default();
                    buf.put_slice(&payload[..payload.len().min(buf.remaining())]);
                    return Poll::Ready(Ok(origin));
                }
            }
            step_back(cx);
            Poll::Pending
        })
    }
}
