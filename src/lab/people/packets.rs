//! What apps send beside streams, through an association with byway (RFC 1928 §7): the set-up of a call and its consent
//! checks (STUN, RFC 8489, RFC 7675), and a browser's first QUIC packet with the name of a site (RFC 9000). What they
//! count as a failure is what a person would see: a call that is not connected, or that goes dead.

use super::{Mishap, Person};
use crate::model::{Destination, Host};
use crate::net::tls::quic_hello;
use crate::net::{DatagramListener, Datagrams, Stream};
use crate::wire::quic::{self, CONNECTION_REFUSED, Client, Ids};
use crate::wire::socks::{self, Command, Method, Parsed, Reply};
use crate::wire::stun;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};

/// A relay is asked again after this (RFC 8445 §14.3: no sooner).
const CHECKS: Duration = Duration::from_millis(500);
/// An app gives up on a call that is not connected by then.
const CONNECTED_WITHIN: Duration = Duration::from_secs(15);
/// RFC 7675 §5.1: consent is asked for every 5 s …
const CONSENT: Duration = Duration::from_secs(5);
/// … and is gone after 30 s.
const CONSENT_LASTS: Duration = Duration::from_secs(30);
/// RFC 9002 §6.2.2: the first repetition of an Initial, then after twice as long each time …
const INITIAL_AGAIN: Duration = Duration::from_secs(1);
/// … for as long as browsers wait for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// An open association.
struct Association {
    /// It lasts as long as the connection that it was asked for on.
    control: Stream,
    socket: Box<dyn Datagrams>,
    relay: SocketAddr,
}

/// A connected call.
pub struct Call {
    association: Association,
    relay: Destination,
    person: Person,
    connected: Duration,
}

impl Person {
    /// Calls somebody: asks these relays until one answers.
    pub async fn call(&self, relays: &[Destination]) -> Result<Call, Mishap> {
        let began = Instant::now();
        let mut association = self.associate().await?;
        let calling = async {
            loop {
                let transaction = self.random();
                for relay in relays {
                    association.send(&stun::binding_request(transaction), relay).await?;
                }
                if let Ok(answered) = timeout(CHECKS, association.answer(&transaction)).await {
                    return answered;
                }
            }
        };
        let relay = timeout(CONNECTED_WITHIN, calling).await.unwrap_or(Err(Mishap::Silent))?;
        Ok(Call { association, relay, person: self.clone(), connected: began.elapsed() })
    }

    /// Asks a site for QUIC: a v1 Initial that shows its name. How long the answer took.
    pub async fn ask_quic(&self, site: &str) -> Result<Duration, Mishap> {
        let began = Instant::now();
        let host = Host::parse(site).map_err(|_| Mishap::Refused)?;
        let to = Destination::new(host.clone(), 443);
        let ids = Ids { to: self.random(), from: self.random() };
        let hello = quic_hello(&host, &["h3"], quic::transport_parameters(ids)).map_err(|_| Mishap::Refused)?;
        let mut client = Client::new(ids, hello).map_err(|_| Mishap::Refused)?;
        let mut association = self.associate().await?;
        let asking = async {
            let mut wait = INITIAL_AGAIN;
            loop {
                let initial = client.initial().map_err(|_| Mishap::Refused)?;
                association.send(&initial, &to).await?;
                if let Ok(said) = timeout(wait, association.quic(&client)).await {
                    return said;
                }
                wait *= 2;
            }
        };
        timeout(HANDSHAKE, asking).await.unwrap_or(Err(Mishap::Silent)).map(|()| began.elapsed())
    }

    async fn associate(&self) -> Result<Association, Mishap> {
        let mut control = (self.door)().await.map_err(|_| Mishap::Refused)?;
        let negotiation = async {
            say(&mut control, &socks::encode_greeting(&[Method::NoAuth])).await?;
            if hear(&mut control, socks::parse_choice).await? != Method::NoAuth {
                return Err(Mishap::Refused);
            }
            let unknown = Destination::new(Host::Ip(Ipv4Addr::UNSPECIFIED.into()), 0);
            let request = socks::encode_request(Command::UdpAssociate, &unknown).map_err(|_| Mishap::Refused)?;
            say(&mut control, &request).await?;
            hear(&mut control, socks::parse_reply).await
        };
        let relay = match timeout(self.patience, negotiation).await.unwrap_or(Err(Mishap::Silent))? {
            (Reply::Succeeded, Destination { host: Host::Ip(ip), port }) => SocketAddr::new(ip, port),
            _ => return Err(Mishap::Refused),
        };
        let here = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        let socket = DatagramListener::bind(&self.datagrams, here).await.map_err(|_| Mishap::Refused)?;
        Ok(Association { control, socket, relay })
    }
}

impl Call {
    /// From the wish to the first answer of a relay.
    pub const fn connected(&self) -> Duration {
        self.connected
    }

    /// Talks for so long, unless the call goes dead.
    pub async fn talk(mut self, span: Duration) -> Result<(), Mishap> {
        let (began, mut heard) = (Instant::now(), Instant::now());
        while began.elapsed() < span {
            let transaction = self.person.random();
            self.association.send(&stun::binding_request(transaction), &self.relay).await?;
            let asked = Instant::now();
            match timeout(CONSENT, self.association.answer(&transaction)).await {
                Ok(answered) => _ = answered?,
                Err(_) if heard.elapsed() >= CONSENT_LASTS => return Err(Mishap::Silent),
                Err(_) => continue,
            }
            heard = Instant::now();
            sleep(CONSENT.saturating_sub(asked.elapsed())).await;
        }
        Ok(())
    }
}

impl Association {
    async fn send(&mut self, packet: &[u8], to: &Destination) -> Result<(), Mishap> {
        let header = socks::encode_udp_header(to).map_err(|_| Mishap::Refused)?;
        self.socket.send_to(&[&header, packet].concat(), self.relay).await.map_err(|_| Mishap::Died)?;
        Ok(())
    }

    /// The next datagram. An association that byway ends is a refusal.
    async fn receive(&mut self) -> Result<(Vec<u8>, Destination), Mishap> {
        let mut buf = vec![0; 2048];
        loop {
            let size = tokio::select! {
                // Both arms are cancel-safe: nothing is taken before they end.
                came = self.socket.recv_from(&mut buf) => came.map_err(|_| Mishap::Died)?.0,
                _ = self.control.read_u8() => return Err(Mishap::Refused),
            };
            if let Ok((from, start)) = socks::udp_header(&buf[..size]) {
                return Ok((buf[start..size].to_vec(), from));
            }
        }
    }

    /// Which relay answers this transaction.
    async fn answer(&mut self, transaction: &[u8; 12]) -> Result<Destination, Mishap> {
        loop {
            let (packet, from) = self.receive().await?;
            if stun::mapped_address(&packet, transaction).is_ok() {
                return Ok(from);
            }
        }
    }

    /// What a server says to an Initial.
    async fn quic(&mut self, client: &Client) -> Result<(), Mishap> {
        loop {
            match client.answer(&self.receive().await?.0) {
                Ok(quic::Answer::Initial(_) | quic::Answer::Retry) => return Ok(()),
                Ok(quic::Answer::Closed(CONNECTION_REFUSED)) => return Err(Mishap::Refused),
                Ok(quic::Answer::Closed(_) | quic::Answer::Versions(_)) => return Err(Mishap::Died),
                Err(_) => {}
            }
        }
    }
}

async fn say(control: &mut Stream, bytes: &[u8]) -> Result<(), Mishap> {
    control.write_all(bytes).await.map_err(|_| Mishap::Died)
}

async fn hear<T>(control: &mut Stream, parse: impl Fn(&[u8]) -> Parsed<T>) -> Result<T, Mishap> {
    let mut heard = Vec::new();
    loop {
        if let Some((value, _)) = parse(&heard).map_err(|_| Mishap::Refused)? {
            return Ok(value);
        }
        match control.read_u8().await {
            Ok(byte) => heard.push(byte),
            Err(_) => return Err(Mishap::Refused),
        }
    }
}
