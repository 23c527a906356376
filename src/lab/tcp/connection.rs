//! One simulated TCP connection as a machine of events: what is on the way, what was lost, what each kernel
//! knows (RFC 9293; timers of RFC 6298 as Linux sets them). Knows no clock: `now` comes in. It does not know why
//! a segment is lost; a [`Gate`] tells.

use super::end::{Chunk, End, first_rto};
use super::gate::{Gate, HEADERS, Passage, SEGMENT, Side};
use crate::model::TcpFacts;
use bytes::{Bytes, BytesMut};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::ErrorKind;
use std::task::Waker;
use std::time::Duration;
use tokio::time::Instant;

const LONGEST_RTO: Duration = Duration::from_secs(120);
/// Linux `tcp_retries2`: after so many resends without an answer the kernel gives up.
const RETRIES: u32 = 15;

/// What happens at a moment; `Side` is where.
#[derive(Debug)]
enum Happening {
    Data(Bytes),
    Fin,
    Reset,
    Acked { bytes: usize, segments: u32 },
    Credit(usize),
    Resend,
}

#[derive(Debug)]
struct Event {
    at: Instant,
    turn: u64,
    side: Side,
    what: Happening,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.turn) == (other.at, other.turn)
    }
}
impl Eq for Event {}
impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Event {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.turn).cmp(&(other.at, other.turn))
    }
}

/// What reading gave.
pub(super) enum Read {
    Bytes(Bytes),
    End,
    Failed(ErrorKind),
    Nothing,
}

/// What writing gave.
pub(super) enum Written {
    Bytes(usize),
    Failed(ErrorKind),
    Full,
}

/// The connection.
pub(super) struct Connection {
    rtt: Duration,
    /// When the last step of the handshake reaches the far end: it cannot speak before.
    opened: Instant,
    near: End,
    far: End,
    events: BinaryHeap<Reverse<Event>>,
    turns: u64,
    gate: Box<dyn Gate>,
}

impl Connection {
    /// An established connection.
    pub(super) fn new(rtt: Duration, gate: Box<dyn Gate>, now: Instant) -> Self {
        let (near, far) = (End::new(rtt, now), End::new(rtt, now));
        Self { rtt, opened: now + rtt / 2, near, far, events: BinaryHeap::new(), turns: 0, gate }
    }

    const fn end(&mut self, side: Side) -> &mut End {
        match side {
            Side::Near => &mut self.near,
            Side::Far => &mut self.far,
        }
    }

    /// When something happens next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.events.peek().map(|Reverse(event)| event.at)
    }

    /// Whether both ends are gone.
    pub(super) const fn is_over(&self) -> bool {
        self.near.closed && self.far.closed
    }

    /// What the kernel at `side` would say.
    pub(super) fn facts(&mut self, side: Side, now: Instant) -> TcpFacts {
        self.advance(now);
        let rtt = self.rtt;
        let end = self.end(side);
        TcpFacts {
            bytes_acked: end.acked,
            unacked: end.unacked,
            retransmits: end.retransmits,
            bytes_received: end.received,
            rtt,
            last_data_received: now.saturating_duration_since(end.last_data),
        }
    }

    /// Lets everything happen that is due.
    pub(super) fn advance(&mut self, now: Instant) {
        while self.next().is_some_and(|at| at <= now) {
            if let Some(Reverse(event)) = self.events.pop() {
                self.happen(event);
            }
        }
    }

    /// Takes up to `most` bytes that have come in.
    pub(super) fn read(&mut self, side: Side, most: usize, now: Instant, waker: &Waker) -> Read {
        self.advance(now);
        let end = self.end(side);
        if let Some(mut bytes) = end.inbox.pop_front() {
            if bytes.len() > most {
                end.inbox.push_front(bytes.split_off(most));
            }
            let after = self.rtt / 2;
            self.schedule(now + after, side.other(), Happening::Credit(bytes.len()));
            return Read::Bytes(bytes);
        }
        if let Some(why) = end.error {
            return Read::Failed(why);
        }
        if end.ended {
            return Read::End;
        }
        end.reader = Some(waker.clone());
        Read::Nothing
    }

    /// Sends as much of `bytes` as the window has room for.
    pub(super) fn write(&mut self, side: Side, bytes: &[u8], now: Instant, waker: &Waker) -> Written {
        self.advance(now);
        let end = self.end(side);
        if let Some(why) = end.error {
            return Written::Failed(why);
        }
        if end.shut {
            return Written::Failed(ErrorKind::BrokenPipe);
        }
        let size = bytes.len().min(end.room);
        if size == 0 && !bytes.is_empty() {
            end.writer = Some(waker.clone());
            return Written::Full;
        }
        if size > 0 {
            end.room -= size;
            self.send(side, Chunk::Data(Bytes::copy_from_slice(&bytes[..size])), now);
        }
        Written::Bytes(size)
    }

    /// Ends the stream from `side` in an orderly way; the other direction goes on.
    pub(super) fn shut(&mut self, side: Side, now: Instant) {
        self.advance(now);
        let end = self.end(side);
        if !end.shut && end.error.is_none() {
            end.shut = true;
            self.send(side, Chunk::Fin, now);
        }
    }

    /// The app let go of `side`: unread bytes or `abort` make it a reset, as in a kernel.
    pub(super) fn close(&mut self, side: Side, abort: bool, now: Instant) {
        self.advance(now);
        let end = self.end(side);
        let unread = !end.inbox.is_empty();
        if (abort || unread) && end.error.is_none() {
            end.fail(ErrorKind::ConnectionReset);
            self.send_reset(side, now);
        } else {
            self.shut(side, now);
        }
        self.end(side).closed = true;
    }

    fn schedule(&mut self, at: Instant, side: Side, what: Happening) {
        self.turns += 1;
        self.events.push(Reverse(Event { at, turn: self.turns, side, what }));
    }

    fn send(&mut self, from: Side, chunk: Chunk, now: Instant) {
        let end = self.end(from);
        end.unacked = end.unacked.saturating_add(chunk.segments());
        if end.held.is_empty() {
            self.launch(from, chunk, now);
        } else {
            end.held.push_back(chunk);
        }
    }

    /// Puts a chunk on the line. What is lost is held for the next resend; says whether all went through.
    fn launch(&mut self, from: Side, chunk: Chunk, now: Instant) -> bool {
        let passage = self.gate.burst(from, chunk.payload(), now);
        let lost = match (passage, chunk) {
            (Passage::Through, chunk) => {
                self.deliver(from, chunk, now);
                return true;
            }
            (Passage::Prefix(size), Chunk::Data(mut bytes)) if size > 0 && size < bytes.len() => {
                let rest = bytes.split_off(size);
                self.deliver(from, Chunk::Data(bytes), now);
                self.progressed(from);
                Chunk::Data(rest)
            }
            (Passage::Prefix(_) | Passage::Lost, chunk) => chunk,
            (Passage::Reset, _) => {
                let soon = now + self.rtt / 2;
                self.schedule(soon, Side::Near, Happening::Reset);
                self.schedule(soon, Side::Far, Happening::Reset);
                return false;
            }
            (Passage::End, chunk) => {
                self.schedule(now + self.rtt / 2, Side::Near, Happening::Fin);
                chunk
            }
        };
        let end = self.end(from);
        end.held.push_front(lost);
        if !end.timer {
            end.timer = true;
            let at = now + end.rto;
            self.schedule(at, from, Happening::Resend);
        }
        false
    }

    /// Something that was sent will be acknowledged: the next wait is a short one again.
    fn progressed(&mut self, from: Side) {
        let rto = first_rto(self.rtt);
        let end = self.end(from);
        (end.rto, end.tries) = (rto, 0);
    }

    fn deliver(&mut self, from: Side, chunk: Chunk, now: Instant) {
        let now = if from == Side::Far { now.max(self.opened) } else { now };
        let Chunk::Data(mut bytes) = chunk else {
            let at = self.arrival(from, HEADERS, now);
            return self.schedule(at, from.other(), Happening::Fin);
        };
        let mut together = BytesMut::new();
        let mut at = None;
        while !bytes.is_empty() {
            let segment = bytes.split_to(bytes.len().min(SEGMENT));
            let arrives = self.arrival(from, segment.len() + HEADERS, now);
            if let Some(before) = at.replace(arrives)
                && before != arrives
            {
                self.schedule(before, from.other(), Happening::Data(together.split().freeze()));
            }
            together.extend_from_slice(&segment);
        }
        if let Some(at) = at {
            self.schedule(at, from.other(), Happening::Data(together.freeze()));
        }
    }

    /// When a segment that is sent now arrives.
    fn arrival(&mut self, from: Side, bytes: usize, now: Instant) -> Instant {
        let at = self.gate.leaves(from, bytes, now) + self.rtt / 2;
        let end = self.end(from);
        end.next_arrival = end.next_arrival.max(at);
        end.next_arrival
    }

    fn send_reset(&mut self, from: Side, now: Instant) {
        if self.gate.reset(from) {
            let at = now + self.rtt / 2;
            self.schedule(at, from.other(), Happening::Reset);
        }
    }

    fn happen(&mut self, event: Event) {
        let Event { at, side, what, .. } = event;
        let half = self.rtt / 2;
        let end = self.end(side);
        match what {
            Happening::Data(_) if end.closed || end.error.is_some() => self.send_reset(side, at),
            Happening::Data(bytes) => {
                end.received += bytes.len() as u64;
                end.last_data = at;
                let acked = Happening::Acked { bytes: bytes.len(), segments: Chunk::Data(bytes.clone()).segments() };
                end.inbox.push_back(bytes);
                end.wake();
                self.schedule(at + half, side.other(), acked);
            }
            Happening::Fin => {
                end.ended = true;
                end.wake();
                self.schedule(at + half, side.other(), Happening::Acked { bytes: 0, segments: 1 });
            }
            Happening::Reset => end.fail(ErrorKind::ConnectionReset),
            Happening::Acked { bytes, segments } => {
                end.acked += bytes as u64;
                end.unacked = end.unacked.saturating_sub(segments);
            }
            Happening::Credit(bytes) => {
                end.room += bytes;
                end.wake();
            }
            Happening::Resend => self.resend(side, at),
        }
    }

    fn resend(&mut self, side: Side, now: Instant) {
        let end = self.end(side);
        end.timer = false;
        let Some(head) = end.held.pop_front() else { return };
        end.retransmits += 1;
        end.tries += 1;
        if end.tries > RETRIES {
            return end.fail(ErrorKind::TimedOut);
        }
        end.rto = (end.rto * 2).min(LONGEST_RTO);
        if !self.launch(side, head, now) {
            return;
        }
        self.progressed(side);
        while let Some(next) = self.end(side).held.pop_front() {
            if !self.launch(side, next, now) {
                return;
            }
        }
    }
}
