//! Doors: binds listening sockets with errors a person can act on, and accepts without ever spinning when the
//! machine runs out of descriptors. Speaks no protocol.

use super::io::{Datagrams, Stream};
use super::runs::in_runs;
use super::stream::OsStream;
use futures_util::future::BoxFuture;
use socket2::SockRef;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, UdpSocket};

/// The first wait after a failed accept.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait between accepts.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Connections the kernel may hold before they are accepted.
const BACKLOG: i32 = 1024;
/// On Linux an accepted socket has the options of the one that it came in by, so that they are set once and not for each.
const INHERITS: bool = cfg!(target_os = "linux");

/// Why an address could not be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody listens there already.
    #[error("{address} is in use by another program: stop it, or choose another port")]
    InUse {
        /// The address asked for.
        address: SocketAddr,
    },
    /// A port below 1024, or a policy.
    #[error("no permission to listen on {address}: choose a port above 1023, or grant the right to bind it")]
    NotPermitted {
        /// The address asked for.
        address: SocketAddr,
    },
    /// This machine has no such address.
    #[error("{address} is not an address of this machine")]
    NotOurs {
        /// The address asked for.
        address: SocketAddr,
    },
    /// Anything else.
    #[error("cannot listen on {address}: {error}")]
    Other {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
}

impl BindError {
    /// What the error of a bind to `address` means.
    pub fn new(address: SocketAddr, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { address },
            io::ErrorKind::PermissionDenied => Self::NotPermitted { address },
            io::ErrorKind::AddrNotAvailable => Self::NotOurs { address },
            _ => Self::Other { address, error },
        }
    }
}

/// A listening TCP socket.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    /// What it accepts has `TCP_NODELAY` already.
    inherited: bool,
}

impl Listener {
    /// Listens on `address`. An IPv6 listener takes IPv6 only (RFC 3493 §5.3), so that `[::]` and `0.0.0.0` can
    /// stand side by side. Must be called inside a runtime.
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        Self::bind_with(address, |_| Ok(()))
    }

    /// The same with a socket that `prepare` has set up.
    pub(super) fn bind_with(
        address: SocketAddr,
        prepare: impl FnOnce(&socket2::Socket) -> io::Result<()>,
    ) -> Result<Self, BindError> {
        let socket = Self::listening(address, prepare).map_err(|error| BindError::new(address, error))?;
        let bound = socket.local_addr().map_err(|error| BindError::new(address, error))?;
        Ok(Self { tcp: socket, address: bound, inherited: INHERITS })
    }

    /// Listens with a socket that stands already and is not blocking; it stays open when this is dropped.
    pub(super) fn standing(socket: &std::net::TcpListener) -> io::Result<Self> {
        let tcp = TcpListener::from_std(socket.try_clone()?)?;
        let address = tcp.local_addr()?;
        unpaced(&SockRef::from(&tcp), address);
        // Clients may be waiting in it that came before anything could be set on it.
        Ok(Self { address, tcp, inherited: false })
    }

    fn listening(
        address: SocketAddr,
        prepare: impl FnOnce(&socket2::Socket) -> io::Result<()>,
    ) -> io::Result<TcpListener> {
        use socket2::{Domain, Protocol, Socket, Type};
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // On Windows the option of this name lets two programs share a port.
        #[cfg(not(windows))]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        if INHERITS {
            socket.set_tcp_nodelay(true)?;
        }
        unpaced(&socket, address);
        prepare(&socket)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        TcpListener::from_std(socket.into())
    }

    /// Where it listens; the real port when 0 was asked for.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The next client and its address. Errors of one connection are skipped; when the machine is out of
    /// descriptors or memory it waits, 100 ms doubling to 1 s, and says so once. Cancel-safe.
    pub async fn accept(&self) -> (Stream, SocketAddr) {
        let next = || async {
            let (tcp, from) = self.tcp.accept().await?;
            if !self.inherited {
                tcp.set_nodelay(true)?;
            }
            Ok((Box::new(OsStream::between(tcp, from)) as Stream, from))
        };
        patiently(self.address, next).await
    }
}

/// Lets what is sent to clients of this machine go as fast as they take it. There is no line between, whose rate one would
/// have to find out; but where the system's congestion control is BBR, it looks for one and has the sender wait in between.
/// Accepted sockets inherit it. Reno is in every kernel, and anybody may ask for it.
#[cfg(target_os = "linux")]
fn unpaced(socket: &socket2::Socket, address: SocketAddr) {
    if address.ip().is_loopback()
        && let Err(error) = socket.set_tcp_congestion(b"reno")
    {
        tracing::debug!(%address, %error, "the system's congestion control is kept");
    }
}

/// Elsewhere the system's own is kept.
#[cfg(not(target_os = "linux"))]
fn unpaced(_: &socket2::Socket, _: SocketAddr) {}

/// Accepts until a client comes, waiting longer and longer while the machine is short of something.
async fn patiently<T, F>(listener: SocketAddr, accept: impl Fn() -> F) -> T
where
    F: Future<Output = io::Result<T>>,
{
    let mut wait = FIRST_WAIT;
    loop {
        match accept().await {
            Ok(client) => return client,
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if wait == FIRST_WAIT {
                    tracing::warn!(%listener, %error, "cannot accept, waiting for resources");
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}

/// Whether an accept error speaks of a client that went away, not of this machine (accept(2), "Error handling").
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(
        error.kind(),
        K::ConnectionAborted
            | K::ConnectionReset
            | K::ConnectionRefused
            | K::NotConnected
            | K::InvalidInput
            | K::HostUnreachable
            | K::NetworkUnreachable
            | K::NetworkDown
            | K::Interrupted
    )
}

/// Where clients' datagrams come in: beside the streams that they came by.
pub trait DatagramListener: Send + Sync + 'static {
    /// Binds a UDP socket to exactly `address` (port 0: any free one), for the client's side of an association.
    fn bind(&self, address: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Datagrams>, BindError>>;
}

/// The kernel's own sockets.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsDatagrams;

impl DatagramListener for OsDatagrams {
    fn bind(&self, address: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Datagrams>, BindError>> {
        Box::pin(bind_datagrams(address))
    }
}

/// Binds a UDP socket to exactly `address` (port 0: any free one), for the client's side of an association.
pub async fn bind_datagrams(address: SocketAddr) -> Result<Box<dyn Datagrams>, BindError> {
    let socket = UdpSocket::bind(address).await.map_err(|error| BindError::new(address, error))?;
    Ok(in_runs(socket))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_port_in_use_is_named_and_says_what_to_do() {
        let first = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let error = Listener::bind(first.local_addr()).unwrap_err();
        assert!(matches!(error, BindError::InUse { address } if address == first.local_addr()));
        assert!(error.to_string().contains("choose another port"));
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_told_apart() {
        let error = Listener::bind("192.0.2.1:0".parse().unwrap()).unwrap_err();
        assert!(matches!(error, BindError::NotOurs { .. }), "{error}");
    }

    #[tokio::test]
    async fn both_families_can_share_a_port() {
        let Ok(six) = Listener::bind("[::]:0".parse().unwrap()) else { return };
        let four = Listener::bind(SocketAddr::new("0.0.0.0".parse().unwrap(), six.local_addr().port()));
        assert!(four.is_ok());
    }

    #[tokio::test]
    async fn an_accepted_client_can_talk() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut client = tokio::net::TcpStream::connect(listener.local_addr()).await.unwrap();
        let (mut stream, from) = tokio::spawn(async move { listener.accept().await }).await.unwrap();
        assert_eq!(from, client.local_addr().unwrap());
        assert_eq!(stream.endpoint(), Some(from));
        assert!(stream.as_tcp().unwrap().nodelay().unwrap(), "a keystroke must not wait for the next one");
        client.write_all(b"hi").await.unwrap();
        let mut got = [0; 2];
        stream.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"hi");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_goes_to_this_machines_own_programs_is_not_paced() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let _client = tokio::net::TcpStream::connect(listener.local_addr()).await.unwrap();
        let (accepted, _) = listener.accept().await;
        let control = |socket: SockRef<'_>| String::from_utf8(socket.tcp_congestion().unwrap()).unwrap();
        assert_eq!(control(accepted.as_tcp().unwrap().into()).trim_end_matches('\0'), "reno");

        // What may come over a line keeps what the system's owner has chosen.
        let wide = Listener::bind("0.0.0.0:0".parse().unwrap()).unwrap();
        let usual = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_congestion_control").unwrap();
        assert_eq!(control(SockRef::from(&wide.tcp)).trim_end_matches('\0'), usual.trim());
    }

    #[tokio::test(start_paused = true)]
    async fn out_of_descriptors_it_waits_longer_and_longer_and_never_gives_up() {
        const EMFILE: i32 = 24;
        let (start, tries) = (tokio::time::Instant::now(), std::cell::RefCell::new(Vec::new()));
        let accept = || {
            tries.borrow_mut().push(start.elapsed().as_millis());
            std::future::ready(match tries.borrow().len() {
                1 => Err(io::ErrorKind::ConnectionAborted.into()),
                2..8 => Err(io::Error::from_raw_os_error(EMFILE)),
                _ => Ok("client"),
            })
        };
        assert_eq!(patiently("127.0.0.1:1".parse().unwrap(), accept).await, "client");
        assert_eq!(*tries.borrow(), [0, 0, 100, 300, 700, 1500, 2500, 3500]);
    }
}
