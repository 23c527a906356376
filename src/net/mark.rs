//! The mark (SO_MARK) that tells the machine's firewall which packets are byway's own, so that what byway sends is never
//! sent to byway. One number for the process, as there is one firewall on the machine. Sockets that the C library opens
//! for a look-up, and those of programs that byway runs, do not have it: the rules that byway itself makes catch nothing
//! that begins on this machine, so that they do not need it either.

use std::sync::atomic::{AtomicU32, Ordering};

/// Zero is no mark: that is what a packet has that nobody marked.
static MARK: AtomicU32 = AtomicU32::new(0);

/// Marks every socket that is opened from now on; with 0 none.
pub fn mark_sockets(mark: u32) {
    MARK.store(mark, Ordering::Relaxed);
}

/// Marks a socket before it sends anything. Without the right to do so it stays as it is, and the log says so once.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn marked(socket: &socket2::SockRef<'_>) {
    static TOLD: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
    let mark = MARK.load(Ordering::Relaxed);
    if mark == 0 {
        return;
    }
    if let Err(error) = socket.set_mark(mark)
        && !TOLD.swap(true, Ordering::Relaxed)
    {
        tracing::warn!(%error, "byway's own packets cannot be marked: CAP_NET_ADMIN is needed");
    }
}

/// Elsewhere there are no marks.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn marked(_: &socket2::SockRef<'_>) {}
