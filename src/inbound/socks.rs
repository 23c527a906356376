//! The SOCKS door: version 5 (RFC 1928, RFC 1929), 4 and 4a. Nothing is granted before a way is up; what a client
//! sends ahead of the reply is kept for it. BIND is refused.

use super::door::{Door, Hearing, Visitor};
use super::error::Error;
use super::login::{Login, admits};
use super::udp::Relay;
use super::{Answer, Association, Protocol, Refusal, Request, Want};
use crate::net::{BindError, DatagramListener, Datagrams, Stream};
use crate::wire::Error as Fault;
use crate::wire::socks::{self, Command, Method, Reply};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;

/// What a reply says of our own end: nothing (RFC 1928 §6 asks for the address towards the destination, which would
/// tell a local app by which way it goes).
const UNTOLD: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);

/// Hears a version 5 client out, up to its request.
pub(super) async fn negotiate5(mut hearing: Hearing, door: &Door, visitor: Visitor) -> Result<Request, Error> {
    let (malformed, login) = (Error::Malformed(Protocol::Socks5), door.login.as_ref());
    let Ok(offered) = hearing.take(socks::greeting).await? else { return Err(malformed) };
    let method = if login.is_some() { Method::Login } else { Method::NoAuth };
    if !offered.contains(&method) {
        return Err(hearing.turn_away(&socks::choice(Method::NoneAcceptable), Error::Login).await);
    }
    hearing.say(&socks::choice(method)).await?;
    if let Some(wanted) = login {
        hearing = log_in(hearing, wanted).await?;
    }
    let request = match hearing.take(socks::request).await? {
        Ok(request) => request,
        Err(fault) => {
            let why = if matches!(fault, Fault::UnknownCommand(_)) { Error::Unsupported } else { malformed };
            return Err(hearing.turn_away(&no5(Reply::to_error(&fault)), why).await);
        }
    };
    let peer = visitor.peer;
    let (want, answer): (_, Box<dyn Answer>) = match request.command {
        Command::Connect => (Want::Stream(request.to), Box::new(StreamAnswer { hearing, speaks: Protocol::Socks5 })),
        Command::UdpAssociate => {
            let (datagrams, announced_port) = (Arc::clone(&door.datagrams), request.to.port);
            let mut local = hearing.reached_at(&visitor);
            local.set_port(0);
            (Want::Packets, Box::new(PacketsAnswer { hearing, visitor, local, announced_port, datagrams }))
        }
        Command::Bind => {
            return Err(hearing.turn_away(&no5(Reply::CommandNotSupported), Error::Unsupported).await);
        }
    };
    Ok(Request::new(want, peer, Protocol::Socks5, answer))
}

/// RFC 1929.
async fn log_in(mut hearing: Hearing, wanted: &Login) -> Result<Hearing, Error> {
    let Ok(given) = hearing.take(socks::login).await? else { return Err(Error::Malformed(Protocol::Socks5)) };
    if !admits(wanted, &given.user, given.password.expose()) {
        return Err(hearing.turn_away(&socks::login_answer(false), Error::Login).await);
    }
    hearing.say(&socks::login_answer(true)).await?;
    Ok(hearing)
}

/// Hears a version 4 or 4a client out. Its user id proves nothing and is not looked at; where a login is needed,
/// nobody comes in this way.
pub(super) async fn negotiate4(
    mut hearing: Hearing,
    login: Option<&Login>,
    visitor: Visitor,
) -> Result<Request, Error> {
    let malformed = Error::Malformed(Protocol::Socks4);
    let error = match hearing.take(socks::request4).await? {
        Ok(_) if login.is_some() => Error::Login,
        Ok(request) => match request.command {
            Command::Connect => {
                let answer = StreamAnswer { hearing, speaks: Protocol::Socks4 };
                let want = Want::Stream(request.to);
                return Ok(Request::new(want, visitor.peer, Protocol::Socks4, Box::new(answer)));
            }
            Command::Bind | Command::UdpAssociate => Error::Unsupported,
        },
        Err(Fault::UnknownCommand(_)) => Error::Unsupported,
        Err(_) => malformed,
    };
    Err(hearing.turn_away(&socks::reply4(false, UNTOLD), error).await)
}

fn no5(reply: Reply) -> Vec<u8> {
    socks::reply(reply, UNTOLD.into())
}

/// A refusal in the words of RFC 1928 §6.
const fn reply_for(why: Refusal) -> Reply {
    match why {
        Refusal::NoWayLeft => Reply::NotAllowed,
        Refusal::TimedOut | Refusal::HostUnreachable | Refusal::NoSuchName => Reply::HostUnreachable,
        Refusal::Refused => Reply::ConnectionRefused,
        Refusal::NetworkUnreachable => Reply::NetworkUnreachable,
        Refusal::NotSupported => Reply::CommandNotSupported,
        Refusal::Local => Reply::GeneralFailure,
    }
}

/// Answers a CONNECT of either version.
struct StreamAnswer {
    hearing: Hearing,
    speaks: Protocol,
}

impl StreamAnswer {
    fn words(&self, reply: Reply) -> Vec<u8> {
        match self.speaks {
            Protocol::Socks4 => socks::reply4(reply == Reply::Succeeded, UNTOLD).to_vec(),
            _ => no5(reply),
        }
    }
}

impl Answer for StreamAnswer {
    fn accept_stream(mut self: Box<Self>) -> BoxFuture<'static, io::Result<Stream>> {
        async move {
            let yes = self.words(Reply::Succeeded);
            self.hearing.say(&yes).await?;
            Ok(self.hearing.into_stream())
        }
        .boxed()
    }

    fn accept_packets(self: Box<Self>) -> BoxFuture<'static, io::Result<Association>> {
        not_what_was_asked(self)
    }

    fn refuse(self: Box<Self>, why: Refusal, _words: String) -> BoxFuture<'static, io::Result<()>> {
        let no = self.words(reply_for(why));
        self.hearing.dismiss_later(no)
    }

    fn abandon(self: Box<Self>) {
        let no = self.words(Reply::GeneralFailure);
        self.hearing.part(&no);
    }
}

/// Answers a UDP ASSOCIATE.
struct PacketsAnswer {
    hearing: Hearing,
    visitor: Visitor,
    /// The address it reached us at, with port 0.
    local: SocketAddr,
    announced_port: u16,
    datagrams: Arc<dyn DatagramListener>,
}

impl Answer for PacketsAnswer {
    fn accept_stream(self: Box<Self>) -> BoxFuture<'static, io::Result<Stream>> {
        not_what_was_asked(self)
    }

    fn accept_packets(mut self: Box<Self>) -> BoxFuture<'static, io::Result<Association>> {
        async move {
            // Where the client reached us and nowhere else: a relay on every address would be a door without a lock.
            let (socket, at) = match bind_at(&*self.datagrams, self.local).await {
                Ok(bound) => bound,
                Err(e) => {
                    self.hearing.dismiss(&no5(Reply::GeneralFailure)).await?;
                    return Err(e);
                }
            };
            self.hearing.say(&socks::reply(Reply::Succeeded, at)).await?;
            let control = self.hearing.into_rewound();
            let relay = Relay::new(socket, control, self.visitor.peer.ip(), self.announced_port);
            Ok(Association { packets: Box::new(relay), naming: None })
        }
        .boxed()
    }

    fn refuse(self: Box<Self>, why: Refusal, _words: String) -> BoxFuture<'static, io::Result<()>> {
        self.hearing.dismiss_later(no5(reply_for(why)))
    }

    fn abandon(self: Box<Self>) {
        self.hearing.part(&no5(Reply::GeneralFailure));
    }
}

async fn bind_at(datagrams: &dyn DatagramListener, local: SocketAddr) -> io::Result<(Box<dyn Datagrams>, SocketAddr)> {
    let socket = datagrams.bind(local).await.map_err(|error| match error {
        BindError::InUse { .. } => io::ErrorKind::AddrInUse.into(),
        BindError::NotPermitted { .. } => io::ErrorKind::PermissionDenied.into(),
        BindError::NotOurs { .. } => io::ErrorKind::AddrNotAvailable.into(),
        BindError::Other { error, .. } => error,
    })?;
    let at = socket.local_addr()?;
    Ok((socket, at))
}

/// A request answered with what it did not ask for is refused: the client must not be left waiting.
fn not_what_was_asked<T: Send + 'static>(answer: Box<dyn Answer>) -> BoxFuture<'static, io::Result<T>> {
    async move {
        answer.refuse(Refusal::NotSupported, String::new()).await?;
        Err(io::ErrorKind::Unsupported.into())
    }
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Deadline, OsDatagrams};
    use std::time::Duration;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn an_association_without_a_socket_is_refused() {
        let (mut client, near) = tokio::io::duplex(64);
        let visitor =
            Visitor { peer: "127.0.0.1:50000".parse().unwrap(), deadline: Deadline::after(Duration::from_secs(10)) };
        let (hearing, datagrams) = (Hearing::new(Box::new(near)), Arc::new(OsDatagrams));
        let local = "192.0.2.1:0".parse().unwrap(); // RFC 5737: an address no machine has
        let answer = PacketsAnswer { hearing, visitor, local, announced_port: 0, datagrams };
        let client_side = async move {
            let mut reply = [0; 10];
            client.read_exact(&mut reply).await.unwrap();
            reply
        };
        let (association, reply) = tokio::join!(Box::new(answer).accept_packets(), client_side);
        assert_eq!(association.err().map(|e| e.kind()), Some(io::ErrorKind::AddrNotAvailable));
        assert_eq!(reply, *b"\x05\x01\x00\x01\x00\x00\x00\x00\x00\x00");
    }
}
