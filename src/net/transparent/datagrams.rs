//! Datagrams by TPROXY: each comes with the address that its sender meant (IP_RECVORIGDSTADDR, IPV6_RECVORIGDSTADDR), and
//! is answered from a socket that has that address (IP_TRANSPARENT), so that the client sees an answer from whom it asked.

use super::set_transparent;
use crate::net::listen::BindError;
use crate::net::mark::marked;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// A socket for datagrams that mean somebody else.
#[derive(Debug)]
pub struct CaughtDatagrams {
    socket: UdpSocket,
    address: SocketAddr,
}

/// A datagram's length, who sent it, and whom it means.
pub(super) type Caught = (usize, SocketAddr, SocketAddr);

impl CaughtDatagrams {
    /// Binds to `address`, which the firewall hands datagrams to. Must be called inside a runtime.
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let bound = Self::open(address).and_then(|socket| {
            let address = socket.local_addr()?;
            Ok(Self { socket, address })
        });
        bound.map_err(|error| BindError::new(address, error))
    }

    fn open(address: SocketAddr) -> io::Result<UdpSocket> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv4() {
            setsockopt(&socket, sockopt::Ipv4OrigDstAddr, &true)?;
        } else {
            socket.set_only_v6(true)?;
            setsockopt(&socket, sockopt::Ipv6OrigDstAddr, &true)?;
        }
        set_transparent(&SockRef::from(&socket), address)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        UdpSocket::from_std(socket.into())
    }

    /// Where it is bound.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The next datagram into `buf`. One that means this socket itself, or does not say whom, is dropped. Cancel-safe.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<Caught> {
        loop {
            let caught = self.socket.async_io(Interest::READABLE, || receive(self.socket.as_raw_fd(), buf)).await?;
            let (length, from, meant) = caught;
            if let (Some(from), Some(meant)) = (from, meant)
                && meant != self.address
                && meant.port() != 0
            {
                return Ok((length, from, meant));
            }
        }
    }
}

fn receive(socket: i32, buf: &mut [u8]) -> io::Result<(usize, Option<SocketAddr>, Option<SocketAddr>)> {
    let mut room = nix::cmsg_space!(libc::sockaddr_in6);
    let mut into = [IoSliceMut::new(buf)];
    let said = recvmsg::<SockaddrStorage>(socket, &mut into, Some(&mut room), MsgFlags::empty())?;
    let meant = said.cmsgs()?.find_map(|message| match message {
        ControlMessageOwned::Ipv4OrigDstAddr(at) => {
            Some(SocketAddrV4::from(nix::sys::socket::SockaddrIn::from(at)).into())
        }
        ControlMessageOwned::Ipv6OrigDstAddr(at) => {
            Some(SocketAddrV6::from(nix::sys::socket::SockaddrIn6::from(at)).into())
        }
        _ => None,
    });
    let from = said.address.and_then(|at| {
        let four = at.as_sockaddr_in().map(|at| SocketAddr::from(SocketAddrV4::from(*at)));
        four.or_else(|| at.as_sockaddr_in6().map(|at| SocketAddrV6::from(*at).into()))
    });
    Ok((said.bytes, from, meant))
}

/// A socket that speaks as `whom`, which is somebody else's address. Must be called inside a runtime.
pub fn speaking_as(whom: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(whom), Type::DGRAM, Some(Protocol::UDP))?;
    // Every client that speaks with the same place has such a socket of its own.
    socket.set_reuse_address(true)?;
    set_transparent(&SockRef::from(&socket), whom)?;
    marked(&SockRef::from(&socket));
    socket.set_nonblocking(true)?;
    socket.bind(&whom.into())?;
    UdpSocket::from_std(socket.into())
}
