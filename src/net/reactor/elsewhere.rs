//! Where there is no epoll(7): relays stay in the runtime.

use super::io::Io;
use std::convert::Infallible;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::task::Poll;
use tokio::runtime::Handle;

/// What a reactor could run.
pub trait Work: Future<Output = ()> + Send {
    /// The two streams.
    fn ends(&mut self) -> [&mut dyn Io; 2];
}

/// A reactor that nobody can have.
pub struct Reactor(Infallible);

/// A seat that nobody can have.
pub struct Seat(Infallible);

/// A socket that nobody watches.
pub(super) struct Watched(Infallible);

impl Reactor {
    /// There is none.
    pub const fn new(_: Handle) -> Option<Self> {
        None
    }

    /// Takes nothing over.
    pub fn adopt(&self, _: impl Work + 'static, _: Box<dyn Send>) -> io::Result<()> {
        match self.0 {}
    }
}

impl Seat {
    pub(super) fn watch(self: &Arc<Self>, _: &TcpStream, _: u8) -> io::Result<Watched> {
        match self.0 {}
    }
}

impl Watched {
    pub(super) fn read<T>(&self, _: impl FnMut() -> io::Result<T>, _: impl FnOnce(&T) -> bool) -> Poll<io::Result<T>> {
        match self.0 {}
    }

    pub(super) fn write<T>(&self, _: impl FnMut() -> io::Result<T>, _: impl FnOnce(&T) -> bool) -> Poll<io::Result<T>> {
        match self.0 {}
    }
}
