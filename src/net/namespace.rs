//! A network of this process's own (network_namespaces(7)): one TUN device, everything routed to it, and sockets of the
//! kernel's that know nothing else. The machine's own network is not touched, and all of it is gone with the last socket.
//! Needs CAP_SYS_ADMIN; without it this fails and changes nothing.
//!
//! The one thread that enters the namespace stays in it and does nothing but open sockets there.

use crate::wire::offload::{self, Undone};
use crate::wire::rtnetlink;
use netlink_sys::{Socket as Netlink, SocketAddr as NetlinkAddr, protocols::NETLINK_ROUTE};
use nix::sched::{CloneFlags, unshare};
use socket2::{Domain, Protocol, Socket, Type};
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Read, Write};
use std::iter;
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::mpsc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;

const DEVICE: &str = "byway0";

/// A socket to be opened, and whom to hand it to.
type Wish = (Domain, Type, oneshot::Sender<io::Result<Socket>>);

/// A private network: packets at one end, sockets at the other.
pub(crate) struct Namespace {
    device: AsyncFd<File>,
    wishes: mpsc::Sender<Wish>,
}

impl Namespace {
    /// What a packet that is not cut takes at most, and the header before it.
    pub(crate) const ROOM: usize = 65_535 + offload::LENGTH;

    /// Makes one whose device has these addresses.
    pub(crate) async fn open(addresses: Vec<IpAddr>, mtu: u16) -> io::Result<Self> {
        let (opened, made) = oneshot::channel();
        let (wishes, wished) = mpsc::channel();
        let resident = move || match enter(&addresses, mtu) {
            Ok(device) => {
                let _nobody_waits = opened.send(Ok(device));
                serve(&wished);
            }
            Err(error) => {
                let _nobody_waits = opened.send(Err(error));
            }
        };
        std::thread::Builder::new().name("namespace".to_owned()).spawn(resident)?;
        let device = made.await.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))??;
        #[expect(unsafe_code, reason = "the safe constructor is deprecated for descriptors that may change")]
        // SAFETY: a `File` owns its descriptor, gives the same one every time, and closes it only when it is dropped.
        let device = unsafe { AsyncFd::register(device) }?;
        Ok(Self { device, wishes })
    }

    /// A socket in there, not blocking.
    pub(crate) async fn socket(&self, four: bool, kind: Type) -> io::Result<Socket> {
        let (answer, socket) = oneshot::channel();
        let domain = if four { Domain::IPV4 } else { Domain::IPV6 };
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        self.wishes.send((domain, kind, answer)).map_err(|_| gone())?;
        socket.await.map_err(|_| gone())?
    }

    /// Waits for a packet. Cancel-safe.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.device.readable().await.map(|mut ready| ready.retain_ready())
    }

    /// The next packet that a socket in there sends, and what the kernel has left undone about it. `room` is for
    /// [`Self::ROOM`] bytes.
    pub(crate) fn try_read<'a>(&self, room: &'a mut [u8]) -> io::Result<(&'a mut [u8], Undone)> {
        let length = self.device.try_io(Interest::READABLE, |mut device| device.read(room))?;
        let (header, packet) = room
            .get_mut(..length)
            .and_then(|read| read.split_at_mut_checked(offload::LENGTH))
            .ok_or(io::ErrorKind::InvalidData)?;
        let undone = offload::read(header).ok_or(io::ErrorKind::InvalidData)?;
        Ok((packet, undone))
    }

    /// A packet for the sockets in there, in parts, with what is left to the kernel; what the device does not take now is
    /// lost, as on any network.
    pub(crate) fn write(&self, undone: Undone, parts: &[&[u8]]) {
        let header = offload::write(&undone);
        let slices: Vec<IoSlice<'_>> = iter::once(&header[..]).chain(parts.iter().copied()).map(IoSlice::new).collect();
        if let Err(error) = self.device.get_ref().write_vectored(&slices) {
            tracing::trace!(%error, "a packet was not taken");
        }
    }
}

/// Opens what is wished for, until nobody can wish any more.
fn serve(wished: &mpsc::Receiver<Wish>) {
    while let Ok((domain, kind, answer)) = wished.recv() {
        let protocol = if kind == Type::STREAM { Protocol::TCP } else { Protocol::UDP };
        let opened = Socket::new(domain, kind, Some(protocol)).and_then(|socket| {
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        let _nobody_waits = answer.send(opened);
    }
}

/// Leaves the machine's network for a new one, for good, and puts a device there.
fn enter(addresses: &[IpAddr], mtu: u16) -> io::Result<File> {
    unshare(CloneFlags::CLONE_NEWNET)?;
    let device = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open("/dev/net/tun")?;
    attach(&device)?;
    let index = nix::net::if_::if_nametoindex(DEVICE)?;
    let mut kernel = Netlink::new(NETLINK_ROUTE)?;
    kernel.bind_auto()?;
    kernel.connect(&NetlinkAddr::new(0, 0))?;
    let ask = |request: Vec<u8>| {
        kernel.send(&request, 0)?;
        let (answer, _) = kernel.recv_from_full()?;
        match rtnetlink::verdict(&answer) {
            Some(Ok(())) => Ok(()),
            Some(Err(number)) => Err(io::Error::from_raw_os_error(number)),
            None => Err(io::Error::from(io::ErrorKind::InvalidData)),
        }
    };
    ask(rtnetlink::switch_on(index, mtu.into()))?;
    for address in addresses {
        ask(rtnetlink::add_address(index, *address))?;
        ask(rtnetlink::route_everything(index, *address))?;
    }
    Ok(device)
}

/// `struct ifreq` of netdevice(7), as TUNSETIFF reads it.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; 16],
    flags: i16,
    rest: [u8; 22],
}

nix::ioctl_write_ptr_bad!(
    /// Makes an open `/dev/net/tun` the end of a device (the kernel's networking/tuntap).
    tun_set_interface,
    nix::request_code_write!(b'T', 202, size_of::<libc::c_int>()),
    InterfaceRequest
);

nix::ioctl_write_int_bad!(
    /// Says what the other end of the device does itself (the kernel's networking/tuntap).
    tun_set_offload,
    nix::request_code_write!(b'T', 208, size_of::<libc::c_uint>())
);

fn attach(device: &File) -> io::Result<()> {
    /// IFF_TUN, IFF_NO_PI and IFF_VNET_HDR: IP packets behind a header that says what is undone.
    const TUN: i16 = 0x0001 | 0x1000 | 0x4000;
    /// TUN_F_CSUM, TUN_F_TSO4 and TUN_F_TSO6.
    const OURS: libc::c_int = 0x01 | 0x02 | 0x04;
    let mut request = InterfaceRequest { name: [0; 16], flags: TUN, rest: [0; 22] };
    request.name[..DEVICE.len()].copy_from_slice(DEVICE.as_bytes());
    #[expect(unsafe_code, reason = "TUNSETIFF has no safe wrapper")]
    // SAFETY: the descriptor is open while `device` is borrowed, and the kernel reads one `struct ifreq` of 40 bytes,
    // which `request` is.
    unsafe { tun_set_interface(device.as_raw_fd(), &raw const request) }?;
    #[expect(unsafe_code, reason = "TUNSETOFFLOAD has no safe wrapper")]
    // SAFETY: the descriptor is open while `device` is borrowed; the argument is a number and no address.
    let asked = unsafe { tun_set_offload(device.as_raw_fd(), OURS) };
    if let Err(error) = asked {
        tracing::debug!(%error, "the kernel cuts its packets itself");
    }
    Ok(())
}
