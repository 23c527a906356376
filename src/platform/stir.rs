//! Word that something about addresses, links or routes changed, and nothing more: what it is, is read afterwards.
//! On Linux from the kernel (rtnetlink(7) multicast), where a cable that is pulled or a route that goes tells no
//! address; elsewhere from the addresses (`if-watch`).

pub(super) use system::Stirs;

#[cfg(target_os = "linux")]
mod system {
    use bytes::BytesMut;
    use netlink_sys::protocols::NETLINK_ROUTE;
    use netlink_sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket};
    use std::io;

    /// Links, addresses and routes of both IP versions: the groups 1, 5, 7, 9 and 11 of `linux/rtnetlink.h` as bits.
    const GROUPS: u32 = 1 | 1 << 4 | 1 << 6 | 1 << 8 | 1 << 10;
    /// One message at least fits; what is in it does not matter.
    const ROOM: usize = 8 << 10;
    /// `ENOBUFS`: messages were lost, so something changed.
    const LOST: i32 = 105;

    /// The kernel's word.
    pub(in crate::platform) struct Stirs {
        socket: TokioSocket,
        buf: BytesMut,
    }

    impl Stirs {
        /// Listens from now on.
        pub(in crate::platform) fn listen() -> io::Result<Self> {
            let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
            socket.socket_mut().bind(&SocketAddr::new(0, GROUPS))?;
            Ok(Self { socket, buf: BytesMut::with_capacity(ROOM) })
        }

        /// Waits for the next change; `None` when the word broke off. Cancel-safe.
        pub(in crate::platform) async fn next(&mut self) -> Option<()> {
            self.buf.clear();
            match self.socket.recv(&mut self.buf).await {
                Ok(()) => Some(()),
                Err(error) if error.raw_os_error() == Some(LOST) => Some(()),
                Err(_) => None,
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use futures_util::StreamExt;
    use if_watch::tokio::IfWatcher;
    use std::io;

    /// Addresses that come and go.
    pub(in crate::platform) struct Stirs(IfWatcher);

    impl Stirs {
        /// Listens from now on.
        pub(in crate::platform) fn listen() -> io::Result<Self> {
            IfWatcher::new().map(Self)
        }

        /// Waits for the next change; `None` when the word broke off. Cancel-safe.
        pub(in crate::platform) async fn next(&mut self) -> Option<()> {
            self.0.next().await.and_then(Result::ok).map(drop)
        }
    }
}
