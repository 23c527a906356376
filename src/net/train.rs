//! Packets that came together, each with where it goes or where it came from; and a run of those that go to one place.
//! Lent by the thread for one poll, so that an idle association holds none. Sends nothing by itself but what it is told
//! to, and decides nothing.

use super::bulk::Batch;
use super::copy::{LENT, with_lent};
use super::io::Datagrams;
use crate::model::Destination;
use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;

/// Messages taken with one call: what the system call costs is then next to nothing.
const ROOMS: usize = 32;
/// The most bytes of a run (linux/udp.h: all of it must fit one datagram's length).
const LONGEST_RUN: usize = 60_000;

/// Packets in the order they came.
pub struct Train {
    batch: Batch,
    ends: Vec<Destination>,
    packets: Vec<Packet>,
}

/// Where one packet's bytes are, and which of the ends it belongs to.
#[derive(Clone, Debug)]
struct Packet {
    bytes: Range<usize>,
    end: usize,
}

/// Packets of one end, in the order they came.
#[derive(Clone, Copy)]
pub struct Run<'t> {
    space: &'t [u8],
    packets: &'t [Packet],
}

/// A run that outlives its train.
#[derive(Debug)]
pub(crate) struct Kept {
    space: Vec<u8>,
    packets: Vec<Packet>,
}

impl Train {
    fn new() -> Self {
        Self { batch: Batch::of(ROOMS), ends: Vec::new(), packets: Vec::new() }
    }

    fn clear(&mut self) {
        self.batch.clear();
        self.ends.clear();
        self.packets.clear();
    }

    /// Receives what has come by `socket`. `read` finds in a datagram where the packet begins and whose it is, or drops it.
    pub fn receive(
        &mut self,
        cx: &mut Context<'_>,
        socket: &dyn Datagrams,
        mut read: impl FnMut(&[u8], SocketAddr) -> Option<(usize, Destination)>,
    ) -> Poll<io::Result<()>> {
        self.clear();
        ready!(socket.poll_recv_batch(cx, &mut self.batch))?;
        let Self { batch, ends, packets } = self;
        for (place, from) in batch.places() {
            let found = from.and_then(|from| read(&batch.space()[place.clone()], from));
            let Some((start, end)) = found else { continue };
            push(packets, ends, place.start.saturating_add(start).min(place.end)..place.end, end);
        }
        Poll::Ready(Ok(()))
    }

    /// Receives one packet after another until none is there or the train is full.
    pub(super) fn load(
        &mut self,
        mut receive: impl FnMut(&mut ReadBuf<'_>) -> Poll<io::Result<Destination>>,
    ) -> Poll<io::Result<()>> {
        self.clear();
        loop {
            match self.batch.add(&mut receive, |_| None) {
                Poll::Ready(Ok(end)) => {
                    let last = self.batch.places().last().map(|(place, _)| place);
                    last.into_iter().for_each(|place| push(&mut self.packets, &mut self.ends, place, end.clone()));
                }
                _ if !self.packets.is_empty() => return Poll::Ready(Ok(())),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Whether nothing is in it.
    pub const fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Its packets, those together that follow each other and belong to one end.
    pub fn runs(&self) -> impl Iterator<Item = (&Destination, Run<'_>)> {
        let runs = self.packets.chunk_by(|one, other| one.end == other.end);
        runs.filter_map(|packets| {
            Some((self.ends.get(packets.first()?.end)?, Run { space: self.batch.space(), packets }))
        })
    }
}

/// Puts a packet behind the others.
fn push(packets: &mut Vec<Packet>, ends: &mut Vec<Destination>, bytes: Range<usize>, end: Destination) {
    if ends.last() != Some(&end) {
        ends.push(end);
    }
    packets.push(Packet { bytes, end: ends.len().saturating_sub(1) });
}

impl<'t> Run<'t> {
    /// Its packets.
    pub fn packets(&self) -> impl DoubleEndedIterator<Item = &'t [u8]> + ExactSizeIterator + use<'t> {
        let space = self.space;
        self.packets.iter().map(move |packet| &space[packet.bytes.clone()])
    }

    /// The next one.
    pub fn first(&self) -> Option<&'t [u8]> {
        self.packets().next()
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.packets.len()
    }

    /// Whether none is left.
    pub const fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Takes the first ones off.
    pub fn skip(&mut self, count: usize) {
        self.packets = self.packets.get(count..).unwrap_or_default();
    }

    /// A copy of what is left.
    pub(crate) fn keep(&self) -> Kept {
        let mut kept = Kept { space: Vec::new(), packets: Vec::with_capacity(self.len()) };
        for packet in self.packets() {
            let start = kept.space.len();
            kept.space.extend_from_slice(packet);
            kept.packets.push(Packet { bytes: start..kept.space.len(), end: 0 });
        }
        kept
    }

    /// How many of the first ones one call can send: all of a length, but for a shorter last one (udp(7), UDP_SEGMENT).
    fn alike(&self, head: usize, most: usize) -> usize {
        let size = self.first().map_or(0, <[u8]>::len) + head;
        if size == head {
            return 1;
        }
        let most = most.min(LONGEST_RUN / size).max(1);
        let same = self.packets().take(most).take_while(|packet| packet.len() + head == size).count();
        let shorter =
            self.packets().take(most).nth(same).is_some_and(|next| next.len() + head < size && !next.is_empty());
        same + usize::from(shorter)
    }
}

impl Kept {
    /// One packet.
    pub(crate) fn one(packet: Vec<u8>) -> Self {
        Self { packets: vec![Packet { bytes: 0..packet.len(), end: 0 }], space: packet }
    }

    /// It again.
    pub(crate) fn run(&self) -> Run<'_> {
        Run { space: &self.space, packets: &self.packets }
    }

    /// Leaves only the last ones.
    pub(crate) fn leave(&mut self, last: usize) {
        self.packets.drain(..self.packets.len().saturating_sub(last));
    }
}

/// Sends the packets of a run by `socket`, `head` in front of each, as many at once as the system takes. Ready when none is
/// left; what the network refuses is lost.
pub(crate) fn poll_send_headed(
    cx: &mut Context<'_>,
    socket: &dyn Datagrams,
    head: &[u8],
    run: &mut Run<'_>,
    to: SocketAddr,
) -> Poll<()> {
    // Datagrams that the system would not take together.
    let mut alone = 0;
    while let Some(packet) = run.first() {
        let size = head.len() + packet.len();
        let count = if alone > 0 { 1 } else { run.alike(head.len(), socket.longest_run()) };
        let sent = if head.is_empty() && count == 1 {
            socket.poll_send_to(cx, packet, to).map_ok(|_| ())
        } else {
            with_lent(|lent| match gather(lent, head, run.packets().take(count)) {
                Some(all) if count > 1 => socket.poll_send_run(cx, all, size, to),
                Some(all) => socket.poll_send_to(cx, all, to).map_ok(|_| ()),
                None => Poll::Ready(Err(io::ErrorKind::InvalidInput.into())),
            })
        };
        match ready!(sent) {
            Err(_) if count > 1 => alone = count,
            // A datagram may be lost at any time; the sender's protocol repeats it.
            Ok(()) | Err(_) => {
                run.skip(count);
                alone = alone.saturating_sub(1);
            }
        }
    }
    Poll::Ready(())
}

/// The packets one behind the other, each with `head` in front.
fn gather<'a, 'p>(space: &'a mut [u8], head: &[u8], packets: impl Iterator<Item = &'p [u8]>) -> Option<&'a [u8]> {
    let mut at = 0;
    for packet in packets {
        for piece in [head, packet] {
            let end = at + piece.len();
            space.get_mut(at..end)?.copy_from_slice(piece);
            at = end;
        }
    }
    space.get(..at)
}

const _: () = assert!(LENT >= LONGEST_RUN, "a run fits what is lent");

/// Lends an empty train of this thread's to `work`, for one poll; within that, the next one.
pub(crate) fn with_train<T>(work: impl FnOnce(&mut Train) -> T) -> T {
    thread_local! {
        static TRAINS: Cell<Vec<Train>> = const { Cell::new(Vec::new()) };
    }
    let mut trains = TRAINS.take();
    let mut train = trains.pop().unwrap_or_else(Train::new);
    TRAINS.set(trains);
    train.clear();
    let result = work(&mut train);
    let mut trains = TRAINS.take();
    trains.push(train);
    TRAINS.set(trains);
    result
}

#[cfg(test)]
mod tests;
