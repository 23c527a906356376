//! The censor's eye on one TCP connection: recognises it by its first bytes, counts what passes, and applies
//! the rules that are in force at that moment. Connections that were up before a rule about hellos are left alone.

use super::rule::{Action, Rule};
use super::sight::{Sight, sight};
use super::{Book, Censor, Memory, RuleId, departure};
use crate::lab::tcp::{Gate, HEADERS, Passage, SEGMENT, Side};
use crate::model::L4;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

/// More first bytes than this are not looked at.
const LOOK: usize = 16 * 1024;
/// What a shaper lets pass at once before it slows down.
const BURST: f64 = 4096.0;

/// What was done to this connection by a rule about hellos, for as long as that rule is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hit {
    /// Nothing passes either way.
    Dropped,
    /// No payload comes back.
    Muted,
}

/// What one counting or shaping rule has seen of this connection since it was put in force.
struct Tally {
    down_bytes: usize,
    /// Twice the packets: every second segment that comes down sends an acknowledgement up.
    half_packets: u32,
    /// When the shaper's line is free again, up and down.
    free: [Option<Instant>; 2],
}

impl Tally {
    /// The three packets of the handshake have passed.
    const NEW: Self = Self { down_bytes: 0, half_packets: 6, free: [None; 2] };
}

/// The eye on one connection.
pub(in crate::lab) struct Watch {
    censor: Censor,
    to: SocketAddr,
    first: Vec<u8>,
    sight: Option<Sight>,
    hit: Option<(RuleId, Hit)>,
    tallies: Vec<(RuleId, Tally)>,
}

impl Watch {
    /// Watches a connection from the client to `to`.
    pub(in crate::lab) const fn new(censor: Censor, to: SocketAddr) -> Self {
        Self { censor, to, first: Vec::new(), sight: None, hit: None, tallies: Vec::new() }
    }

    /// Looks at a client's payload; says whether this is the hello by which the flow is known.
    fn recognise(&mut self, payload: &[u8], reassembles: bool) -> Hello {
        if self.sight.is_some() || payload.is_empty() {
            return Hello::None;
        }
        let begins = self.first.is_empty();
        let room = LOOK.saturating_sub(self.first.len()).min(payload.len());
        self.first.extend_from_slice(&payload[..room]);
        self.sight = if reassembles {
            sight(&self.first)
        } else {
            sight(payload).or(Some(Sight { name: None, protocol: super::Protocol::Other }))
        };
        match (&self.sight, begins) {
            (Some(_), true) => Hello::Whole,
            (Some(_), false) => Hello::Completed,
            (None, true) => Hello::Begun,
            (None, false) => Hello::None,
        }
    }

    /// Applies one rule to a burst.
    fn apply(&mut self, (id, rule): (RuleId, &Rule), seen: &Seen<'_>, memory: &mut Memory) -> Passage {
        if !rule.target.fits(self.to, self.sight.as_ref()) {
            return Passage::Through;
        }
        let here = seen.up
            && seen.hello.triggers(rule.target.needs_payload())
            && (rule.chance >= 100 || memory.picks(rule.chance));
        match &rule.action {
            Action::Drop if rule.target.needs_payload() => {
                if here {
                    self.strike(id, Hit::Dropped, Passage::Lost)
                } else {
                    Passage::Through
                }
            }
            Action::Drop | Action::LinkDown => Passage::Lost,
            Action::DropPayload(direction) if direction.covers(seen.up) => Passage::Lost,
            Action::DropLater { .. } if here => {
                memory.list(id, self.to, seen.now);
                Passage::Through
            }
            Action::ResetHello if here => Passage::Reset,
            Action::Captive(_) if seen.up && self.to.port() != 80 => Passage::Reset,
            Action::EndHello if here => self.strike(id, Hit::Dropped, Passage::End),
            Action::DropHello if here => self.strike(id, Hit::Dropped, Passage::Lost),
            Action::MuteAnswer if here => self.strike(id, Hit::Muted, Passage::Through),
            Action::FreezeBytes(limit) => self.count(id, seen, |tally| tally.down_bytes <= *limit),
            Action::FreezePackets(limit) => self.count(id, seen, |tally| tally.half_packets / 2 <= *limit),
            Action::Lose { percent, direction } if direction.covers(seen.up) => {
                seen.until_segment(|_| memory.picks(*percent))
            }
            Action::DropLarger(most) => seen.until_segment(|size| size > *most),
            Action::PoliceBurst { hellos, within, freeze } => {
                let Some(name) = self.sight.as_ref().and_then(|sight| sight.name.as_deref()) else {
                    return Passage::Through;
                };
                if seen.up && seen.hello.triggers(true) {
                    memory.greeted(name, *hellos, *within, *freeze, seen.now);
                }
                if memory.is_frozen(name, seen.now) { Passage::Lost } else { Passage::Through }
            }
            _ => Passage::Through,
        }
    }

    fn strike(&mut self, id: RuleId, hit: Hit, passage: Passage) -> Passage {
        self.hit = Some((id, hit));
        passage
    }

    fn tally(&mut self, id: RuleId) -> &mut Tally {
        let index = self.tallies.iter().position(|(other, _)| *other == id).unwrap_or_else(|| {
            self.tallies.push((id, Tally::NEW));
            self.tallies.len() - 1
        });
        &mut self.tallies[index].1
    }

    /// Lets segments pass while `within` holds with each of them counted.
    fn count(&mut self, id: RuleId, seen: &Seen<'_>, within: impl Fn(&Tally) -> bool) -> Passage {
        let tally = self.tally(id);
        let mut passed = 0;
        for segment in seen.segments() {
            tally.half_packets = tally.half_packets.saturating_add(if seen.up { 2 } else { 3 });
            if !seen.up {
                tally.down_bytes = tally.down_bytes.saturating_add(segment + HEADERS);
            }
            if !within(tally) {
                return if passed == 0 { Passage::Lost } else { Passage::Prefix(passed) };
            }
            passed += segment;
        }
        Passage::Through
    }
}

/// Whether a burst is the hello by which a flow is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hello {
    /// The first bytes, and they tell all.
    Whole,
    /// The first bytes, not enough to tell.
    Begun,
    /// Later bytes that tell at last.
    Completed,
    /// No first bytes.
    None,
}

impl Hello {
    /// Whether a rule about hellos acts now: one that reads them when they are read, another at the first byte.
    const fn triggers(self, reads: bool) -> bool {
        match self {
            Self::Whole => true,
            Self::Begun => !reads,
            Self::Completed => reads,
            Self::None => false,
        }
    }
}

/// A burst and what is known of it.
struct Seen<'a> {
    up: bool,
    payload: &'a [u8],
    hello: Hello,
    now: Instant,
}

impl Seen<'_> {
    /// The payload sizes of its segments; an end of stream is one empty segment.
    fn segments(&self) -> impl Iterator<Item = usize> {
        let whole = self.payload.len();
        (0..whole.div_ceil(SEGMENT).max(1)).map(move |index| (whole - index * SEGMENT).min(SEGMENT))
    }

    /// What passes when the first segment for which `lost` holds does not, and so none behind it.
    fn until_segment(&self, lost: impl FnMut(usize) -> bool) -> Passage {
        match self.segments().position(lost) {
            None => Passage::Through,
            Some(0) => Passage::Lost,
            Some(first) => Passage::Prefix(first * SEGMENT),
        }
    }
}

impl Gate for Watch {
    fn burst(&mut self, from: Side, payload: &[u8], now: Instant) -> Passage {
        let up = from == Side::Near;
        let censor = self.censor.clone();
        let mut book = censor.lock();
        let hello = if up { self.recognise(payload, book.reassembles) } else { Hello::None };
        if book.is_residual(L4::Tcp, self.to, now) {
            return Passage::Lost;
        }
        self.hit.take_if(|(id, _)| !book.rules.iter().any(|(other, _)| other == id));
        match self.hit {
            Some((_, Hit::Dropped)) => return Passage::Lost,
            Some((_, Hit::Muted)) if !up => return Passage::Lost,
            _ => {}
        }
        let seen = Seen { up, payload, hello, now };
        let Book { rules, memory, .. } = &mut *book;
        for (id, rule) in rules.iter() {
            let struck = self.hit.is_some();
            let passage = self.apply((*id, rule), &seen, memory);
            if passage != Passage::Through || (self.hit.is_some() && !struck) {
                let residual = if hello == Hello::None { Duration::ZERO } else { rule.residual };
                book.punish(L4::Tcp, self.to, residual, now);
                return passage;
            }
        }
        Passage::Through
    }

    fn reset(&mut self, _: Side) -> bool {
        let book = self.censor.lock();
        !matches!(self.hit, Some((_, Hit::Dropped)))
            && !book.rules.iter().any(|(_, rule)| {
                matches!(rule.action, Action::Drop | Action::LinkDown)
                    && !rule.target.needs_payload()
                    && rule.target.fits_address(self.to)
            })
    }

    fn leaves(&mut self, from: Side, bytes: usize, now: Instant) -> Instant {
        let censor = self.censor.clone();
        let mut book = censor.lock();
        let direction = usize::from(from == Side::Far);
        let mut leaves = now;
        if let Some(line) = &mut book.line {
            leaves = departure(&mut line.free[direction], bytes, line.bytes_per_second, 0.0, now);
        }
        for (id, rule) in &book.rules {
            let Action::Throttle { bytes_per_second } = rule.action else { continue };
            if rule.target.fits(self.to, self.sight.as_ref()) {
                let free = &mut self.tally(*id).free[direction];
                leaves = leaves.max(departure(free, bytes, bytes_per_second, BURST, now));
            }
        }
        leaves
    }
}
