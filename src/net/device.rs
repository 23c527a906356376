//! The network as one device of the machine's sees it: sockets that are bound to it (SO_BINDTODEVICE on Linux,
//! IP_BOUND_IF on macOS), and the resolvers that are asked through it. What the routes of the machine say is not heeded.

use super::bulk::BulkSocket;
use super::io::{Datagrams, Stream};
use super::mark::marked;
use super::network::{Deadline, Network};
use super::resolve::ask_plain;
use super::runs::in_runs;
use super::stream::OsStream;
use futures_util::future::BoxFuture;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpSocket, UdpSocket};

/// How long the device's resolvers may take together.
const LOOKUP: Duration = Duration::from_secs(4);

/// The network through one device.
#[derive(Clone, Debug)]
pub struct DeviceNetwork {
    device: String,
    resolvers: Vec<SocketAddr>,
}

/// Whether a device can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// It is there.
    Present,
    /// There is no such device.
    Absent,
    /// It is there and switched off.
    Down,
    /// byway cannot bind to devices on this system.
    Unsupported,
}

impl DeviceNetwork {
    /// The network through `device`; `resolvers` are asked through it too.
    pub fn new(device: &str, resolvers: &[IpAddr]) -> Self {
        let resolvers = resolvers.iter().map(|ip| SocketAddr::new(*ip, 53)).collect();
        Self { device: device.to_owned(), resolvers }
    }

    /// Whether it can be used now.
    #[cfg(unix)]
    pub fn state(&self) -> DeviceState {
        if cfg!(not(any(target_os = "linux", target_os = "android", target_os = "macos", target_os = "ios"))) {
            return DeviceState::Unsupported;
        }
        if nix::net::if_::if_nametoindex(self.device.as_str()).is_err() {
            return DeviceState::Absent;
        }
        // IFF_UP of netdevice(7). Elsewhere a device that is off shows when it is used.
        let flags = std::fs::read_to_string(format!("/sys/class/net/{}/flags", self.device)).ok();
        let flags = flags.and_then(|text| u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok());
        if flags.is_some_and(|flags| flags & 1 == 0) { DeviceState::Down } else { DeviceState::Present }
    }

    /// Whether it can be used now: never, here.
    #[cfg(not(unix))]
    pub fn state(&self) -> DeviceState {
        DeviceState::Unsupported
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn bind(&self, socket: &socket2::SockRef<'_>, _: SocketAddr) -> io::Result<()> {
        socket.bind_device(Some(self.device.as_bytes()))
    }

    #[cfg(any(target_os = "macos", target_os = "ios"))]
    fn bind(&self, socket: &socket2::SockRef<'_>, to: SocketAddr) -> io::Result<()> {
        let index = std::num::NonZeroU32::new(nix::net::if_::if_nametoindex(self.device.as_str())?);
        if to.is_ipv4() { socket.bind_device_by_index_v4(index) } else { socket.bind_device_by_index_v6(index) }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos", target_os = "ios")))]
    fn bind(&self, _: &socket2::SockRef<'_>, _: SocketAddr) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn udp(&self, like: SocketAddr) -> io::Result<UdpSocket> {
        let any = if like.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
        marked(&(&socket).into());
        self.bind(&(&socket).into(), like)?;
        Ok(socket)
    }
}

impl Network for DeviceNetwork {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>> {
        Box::pin(async move {
            let socket = if to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            marked(&(&socket).into());
            self.bind(&(&socket).into(), to)?;
            OsStream::connected(socket, to).await
        })
    }

    fn bind_udp(&self, like: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>> {
        Box::pin(async move { Ok(in_runs(self.udp(like).await?)) })
    }

    fn bind_bulk_udp(&self, like: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>> {
        Box::pin(async move {
            let socket: Box<dyn Datagrams> = Box::new(BulkSocket::new(self.udp(like).await?)?);
            Ok(socket)
        })
    }

    fn system_lookup<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(ask_plain(self, &self.resolvers, name, Deadline::after(LOOKUP)))
    }

    fn system_resolvers(&self) -> Vec<SocketAddr> {
        self.resolvers.clone()
    }
}
