//! Many datagrams with one system call: segmentation offload (UDP_SEGMENT, UDP_GRO) and recvmmsg where the system has
//! them, one datagram at a time where it has not. For a tunnel's own socket, whose every packet passes here.

use super::io::Datagrams;
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::ops::Range;
use std::task::{Context, Poll, ready};
use tokio::io::{Interest, ReadBuf};
use tokio::net::UdpSocket;

/// Messages that a tunnel takes with one call.
const SLOTS: usize = 8;
/// The room of one message: the largest there is, for the kernel may join many datagrams in one.
const ROOM: usize = 1 << 16;
/// From one room to the next. Not a power of two: the first lines of all rooms would share one set of the processor's
/// cache.
const STRIDE: usize = ROOM + 1088;
/// What is asked of the kernel for each direction; it gives what it may.
const BUFFER: usize = 4 << 20;

/// Room for what one receive call brings, and where in it the datagrams are.
pub struct Batch {
    space: Vec<u8>,
    held: Vec<Message>,
}

/// What stands in one room: datagrams of `stride` bytes each, of which the last may be shorter.
struct Message {
    length: usize,
    stride: usize,
    from: Option<SocketAddr>,
}

impl Default for Batch {
    fn default() -> Self {
        Self::of(SLOTS)
    }
}

impl Batch {
    /// Room for so many messages.
    pub(super) fn of(rooms: usize) -> Self {
        Self { space: vec![0; rooms * STRIDE], held: Vec::with_capacity(rooms) }
    }

    /// All the bytes there are.
    pub(super) fn space(&self) -> &[u8] {
        &self.space
    }

    /// The rooms, each for one message.
    pub(super) fn rooms(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.space.chunks_exact_mut(STRIDE).map(|room| &mut room[..ROOM])
    }

    /// Empties the rooms.
    pub(super) fn clear(&mut self) {
        self.held.clear();
    }

    /// Says what the next room holds: length, stride, and who sent it, where that is known.
    pub(super) fn holds(&mut self, length: usize, stride: usize, from: Option<SocketAddr>) {
        self.held.push(Message { length: length.min(ROOM), stride: stride.max(1), from });
    }

    /// Says what the rooms hold, as a call has told it.
    pub(super) fn received(&mut self, metas: &[RecvMeta]) {
        self.clear();
        metas.iter().for_each(|meta| self.holds(meta.len, meta.stride, Some(meta.addr)));
    }

    /// Receives one datagram into the next room; whether there was one.
    pub(super) fn add<T>(
        &mut self,
        receive: impl FnOnce(&mut ReadBuf<'_>) -> Poll<io::Result<T>>,
        sender: impl FnOnce(&T) -> Option<SocketAddr>,
    ) -> Poll<io::Result<T>> {
        let next = self.held.len();
        let Some(room) = self.rooms().nth(next) else { return Poll::Pending };
        let mut room = ReadBuf::new(room);
        let said = ready!(receive(&mut room))?;
        let length = room.filled().len();
        self.holds(length, length, sender(&said));
        Poll::Ready(Ok(said))
    }

    /// One datagram that came by other means than a socket.
    pub fn fill(&mut self, receive: impl FnOnce(&mut ReadBuf<'_>) -> Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        self.clear();
        self.add(receive, |()| None)
    }

    /// Where the datagrams are in all the bytes there are, and who sent them, in the order they came.
    pub(super) fn places(&self) -> impl Iterator<Item = (Range<usize>, Option<SocketAddr>)> {
        self.held.iter().enumerate().flat_map(|(room, message)| {
            let (start, length, stride) = (room * STRIDE, message.length, message.stride);
            let ends = move |at: usize| start + at..start + (at + stride).min(length);
            // One without any bytes is a datagram too.
            let starts = (0..length.max(1)).step_by(stride);
            starts.map(move |at| (ends(at), message.from))
        })
    }

    /// The datagrams, in the order they came.
    pub fn datagrams(&self) -> impl Iterator<Item = &[u8]> {
        self.places().map(|(place, _)| &self.space[place])
    }
}

/// A UDP socket of the kernel's with everything it can do at once.
pub(super) struct BulkSocket {
    socket: UdpSocket,
    state: UdpSocketState,
}

impl BulkSocket {
    /// Takes a bound socket.
    pub(super) fn new(socket: UdpSocket) -> io::Result<Self> {
        let state = UdpSocketState::new((&socket).into())?;
        super::sys::allow_fragments(&socket);
        // A system that gives less serves as well, only not as fast.
        let _ = state.set_send_buffer_size((&socket).into(), BUFFER);
        let _ = state.set_recv_buffer_size((&socket).into(), BUFFER);
        Ok(Self { socket, state })
    }
}

impl Datagrams for BulkSocket {
    fn poll_send_to(&self, cx: &mut Context<'_>, packet: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        self.poll_send_run(cx, packet, packet.len(), to).map_ok(|()| packet.len())
    }

    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>> {
        self.socket.poll_recv_from(cx, buf)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn longest_run(&self) -> usize {
        self.state.max_gso_segments()
    }

    fn poll_send_run(&self, cx: &mut Context<'_>, run: &[u8], size: usize, to: SocketAddr) -> Poll<io::Result<()>> {
        let segment_size = (run.len() > size).then_some(size);
        let transmit = Transmit { destination: to, ecn: None, contents: run, segment_size, src_ip: None };
        loop {
            ready!(self.socket.poll_send_ready(cx))?;
            let send = || self.state.try_send((&self.socket).into(), &transmit);
            match self.socket.try_io(Interest::WRITABLE, send) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => return Poll::Ready(sent),
            }
        }
    }

    fn poll_recv_batch(&self, cx: &mut Context<'_>, batch: &mut Batch) -> Poll<io::Result<()>> {
        let mut metas = [RecvMeta::default(); SLOTS];
        loop {
            ready!(self.socket.poll_recv_ready(cx))?;
            let received = {
                let mut rooms = batch.rooms().map(IoSliceMut::new);
                let mut rooms: [IoSliceMut<'_>; SLOTS] =
                    std::array::from_fn(|_| rooms.next().unwrap_or_else(|| IoSliceMut::new(&mut [])));
                let receive = || self.state.recv((&self.socket).into(), &mut rooms, &mut metas);
                self.socket.try_io(Interest::READABLE, receive)
            };
            match received {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(count) => {
                    batch.received(&metas[..count]);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    #[tokio::test]
    async fn a_run_arrives_as_the_datagrams_it_is_made_of() {
        let bind = || async { BulkSocket::new(UdpSocket::bind("127.0.0.1:0").await.unwrap()).unwrap() };
        let (here, there) = (bind().await, bind().await);
        let to = there.local_addr().unwrap();
        let run: Vec<u8> = (0..100_u8).collect();
        let size = if here.longest_run() >= 4 { 30 } else { 100 };
        poll_fn(|cx| here.poll_send_run(cx, &run, size, to)).await.unwrap();
        let (mut batch, mut came) = (Batch::default(), Vec::<Vec<u8>>::new());
        while came.iter().map(Vec::len).sum::<usize>() < run.len() {
            poll_fn(|cx| there.poll_recv_batch(cx, &mut batch)).await.unwrap();
            came.extend(batch.datagrams().map(<[u8]>::to_vec));
        }
        let sent: Vec<Vec<u8>> = run.chunks(size).map(<[u8]>::to_vec).collect();
        assert_eq!(came, sent);
    }
}
