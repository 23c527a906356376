//! What a trouble consists of, from its first bad sign until it is over: kinds, endpoints, twins. It answers whether
//! there is enough for a verdict, and which one. Refuses to weigh.

use super::params::Params;
use super::weigh::Weight;
use crate::model::{Confidence, EndpointTag, Evidence, Moment, Sign, SignCount, Technique, Twin};
use std::time::Duration;

/// The most endpoints told apart; more make no verdict surer.
const MOST_ENDS: usize = 16;

/// What fails at one endpoint at one moment is one try, however many connections it takes with it: a hiccup of the line
/// takes them all.
const AT_ONCE: Duration = Duration::from_secs(1);

/// When the SYNs of one connect go out (Linux, RFC 6298 §5: one second, doubled each time), in milliseconds.
const SYNS: [u64; 5] = [0, 1_000, 3_000, 7_000, 15_000];
/// A SYN sent later than this before the end had no time to be answered.
const ANSWERED_WITHIN: Duration = Duration::from_millis(500);

/// One trouble of one route.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    span: Option<(Moment, Moment)>,
    signs: Vec<(&'static str, u32)>,
    ends: Vec<End>,
    techniques: Vec<(Technique, f64)>,
    proven: Option<Technique>,
    /// Whether nothing harmless is left to explain it: a pair alone leaves what every way may share.
    sure: bool,
    timed_out: Vec<Option<EndpointTag>>,
    /// SYNs of connects that timed out.
    unanswered: u32,
    /// Tries that failed while another way reached the very same place.
    same_place: u32,
    /// Tries that failed while another way of the service answered.
    elsewhere: u32,
    /// Connects that came through after others had timed out, to no avail.
    through: u32,
}

#[derive(Clone, Debug, PartialEq)]
struct End {
    tag: Option<EndpointTag>,
    tries: u32,
    last: Moment,
}

/// So many connects time out at most for each that comes through, where packets are lost by chance.
const MOST_LOST: u32 = 8;

/// Whether a connection was made, and nothing came of its first message.
const fn is_silent(sign: Sign) -> bool {
    matches!(sign, Sign::HelloDropped | Sign::HelloMuted | Sign::Silence)
}

impl Tally {
    /// Notes a bad sign and what it weighed.
    pub(super) fn note(&mut self, evidence: &Evidence, weight: &Weight) {
        let first = self.span.map_or(evidence.at, |(first, _)| first.min(evidence.at));
        let last = self.span.map_or(evidence.at, |(_, last)| last.max(evidence.at));
        self.span = Some((first, last));
        self.note_through(evidence);
        self.count(evidence.sign);
        match self.techniques.iter_mut().find(|(how, _)| *how == weight.technique) {
            Some((_, points)) => *points += weight.points,
            None => self.techniques.push((weight.technique, weight.points)),
        }
        self.proven = self.proven.or(weight.proves);
        self.sure |= weight.proves.is_some() && (weight.twin || evidence.pair != Some(Technique::ProtoBlock));
        if evidence.sign == Sign::ConnectTimeout
            && self.timed_out.len() < MOST_ENDS
            && !self.timed_out.contains(&evidence.endpoint)
        {
            self.timed_out.push(evidence.endpoint);
        }
        if evidence.sign == Sign::ConnectTimeout {
            self.unanswered = self.unanswered.saturating_add(syns_in(evidence.at.since(evidence.began)));
        }
        if !weight.tried {
            return;
        }
        self.elsewhere += u32::from(weight.twin);
        if let Some(end) = self.ends.iter_mut().find(|end| end.tag == evidence.endpoint) {
            if evidence.at.since(end.last) < AT_ONCE && evidence.at >= end.last {
                return;
            }
            (end.tries, end.last) = (end.tries + 1, end.last.max(evidence.at));
        } else if self.ends.len() < MOST_ENDS {
            self.ends.push(End { tag: evidence.endpoint, tries: 1, last: evidence.at });
        }
        self.same_place += u32::from(evidence.twin == Twin::Answered);
    }

    /// A connect may have come through, on this way or on another one to the same addresses.
    pub(super) fn note_through(&mut self, evidence: &Evidence) {
        let stopped =
            matches!(evidence.sign, Sign::Frozen { .. }) && self.first().is_some_and(|at| evidence.began > at);
        self.through += u32::from((is_silent(evidence.sign) || stopped) && self.lost() > 0);
    }

    /// One silence that was noted turns out to be more: its points go over to what it is. False when none was noted.
    pub(super) fn sharpen(&mut self, evidence: &Evidence) -> bool {
        let Some(how) = evidence.sign.technique().filter(|_| self.count_of(Sign::Silence) > 0) else { return false };
        let points = self.take_back();
        self.count(evidence.sign);
        match self.techniques.iter_mut().find(|(known, _)| *known == how) {
            Some((_, sum)) => *sum += points,
            None => self.techniques.push((how, points)),
        }
        true
    }

    /// One silence that was noted was no sign against the route: what it had weighed.
    pub(super) fn take_back(&mut self) -> f64 {
        let silence = Sign::Silence.name();
        let Some((_, silences)) = self.signs.iter_mut().find(|(sign, count)| *sign == silence && *count > 0) else {
            return 0.0;
        };
        let share = 1.0 / f64::from(*silences);
        *silences -= 1;
        self.signs.retain(|(_, count)| *count > 0);
        let blurred = self.techniques.iter_mut().find(|(how, _)| *how == Technique::Unidentified);
        blurred.map_or(0.0, |(_, points)| {
            let taken = *points * share;
            *points -= taken;
            taken
        })
    }

    /// Notes a sign that weighs nothing but is worth telling.
    pub(super) fn count(&mut self, sign: Sign) {
        let name = sign.name();
        match self.signs.iter_mut().find(|(n, _)| *n == name) {
            Some((_, count)) => *count += 1,
            None => self.signs.push((name, 1)),
        }
    }

    /// A way answered after the failure was noted.
    pub(super) fn late_twin(&mut self) {
        self.elsewhere += 1;
    }

    /// Whether a connect timed out at another endpoint than `endpoint`.
    pub(super) fn other_timeout(&self, endpoint: Option<EndpointTag>) -> bool {
        endpoint.is_some() && self.timed_out.iter().any(|seen| seen.is_some() && *seen != endpoint)
    }

    /// When the trouble began.
    pub(super) fn first(&self) -> Option<Moment> {
        self.span.map(|(first, _)| first)
    }

    /// What it looks like: what was proven, else what most points stand for.
    pub(super) fn technique(&self) -> Technique {
        // Where connects time out as well, what was open stopped for the same reason; and what crawled before it stopped
        // was not stopped by a count of packets.
        let dropped = self.count_of(Sign::ConnectTimeout) >= self.count_of(Sign::Frozen { kilobytes: 0 }).max(1);
        let crawled = self.count_of(Sign::Throttled) > 0;
        let fit = self.techniques.iter().filter(|(how, _)| *how != Technique::Freeze || !(dropped || crawled));
        let heaviest = fit.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(how, _)| *how);
        self.proven.or(heaviest).unwrap_or(Technique::Unidentified)
    }

    /// How sure that is.
    pub(super) const fn confidence(&self) -> Confidence {
        match self.proven {
            Some(_) if self.sure => Confidence::Confirmed,
            _ => Confidence::Anomaly,
        }
    }

    /// Whether there is enough, beside the score, to say "blocked":
    /// one proof; or several endpoints tried several times over a while, with a twin that answered.
    ///
    /// A person with one pinned endpoint never shows a second one. The second is asked for because a lone
    /// address may be dead; so for a lone one the same number of tries counts if another way reached *that very
    /// place* each time, and without such twins only if the trouble lasts as long as the score's half-life.
    ///
    /// A freeze has taken its time already: two fresh connections that stop alike are enough (T9).
    pub(super) fn suffices(&self, params: &Params) -> bool {
        if self.proven.is_some() {
            return true;
        }
        let gate = &params.block;
        let Some((first, last)) = self.span else { return false };
        if self.froze() >= gate.tries && self.elsewhere > 0 {
            return true;
        }
        let lasted = last.since(first);
        if lasted < gate.span || self.elsewhere == 0 {
            return false;
        }
        let often = |end: &&End| end.tries >= gate.tries;
        let many = self.ends.iter().filter(often).count();
        let wanted = gate.endpoints.saturating_mul(gate.tries);
        let tries: u32 = self.ends.iter().map(|end| end.tries).sum();
        let several = u32::try_from(many).unwrap_or(u32::MAX) >= gate.endpoints;
        // One address more makes up for tries: no more of them is dead by itself.
        let wide = self.endpoints() > gate.endpoints && tries >= wanted && self.same_place > gate.endpoints;
        let pinned = self.same_place >= wanted || (tries >= wanted && lasted >= params.score_half_life);
        several || wide || pinned
    }

    /// Whether at least a third of what failed did so at connect time: lost packets, not chosen ones.
    pub(super) fn is_of_loss(&self) -> bool {
        let (lost, tries) = (self.lost(), self.all() - self.count_of(Sign::Throttled));
        lost > 0 && lost.saturating_mul(3) >= tries
    }

    /// How many connects timed out.
    pub(super) fn lost(&self) -> u32 {
        self.count_of(Sign::ConnectTimeout)
    }

    /// How many SYNs the connects that timed out sent.
    pub(super) const fn unanswered(&self) -> u32 {
        self.unanswered
    }

    /// What was proven.
    pub(super) const fn proof(&self) -> Option<Technique> {
        self.proven
    }

    /// Whether connects now time out and now succeed, and are then silent; not for long enough yet to call it a block.
    pub(super) fn is_mixed(&self) -> bool {
        let silent = [Sign::HelloDropped, Sign::HelloMuted, Sign::Silence].into_iter().map(|sign| self.count_of(sign));
        let (lost, silent) = (self.count_of(Sign::ConnectTimeout), silent.sum::<u32>());
        let all = self.all();
        self.is_of_loss() && lost >= 2 && silent >= 1 && (lost + silent) * 3 >= all * 2 && (4..8).contains(&all)
    }

    /// Whether packets are lost at every stage: transfers stall, and connects time out in part and are silent in part. A
    /// box that chooses acts at one of them.
    pub(super) fn is_patchy(&self) -> bool {
        let stalled = self.count_of(Sign::Frozen { kilobytes: 0 }) + self.count_of(Sign::Throttled);
        stalled > 0 && self.through.saturating_mul(MOST_LOST) > self.lost()
    }

    fn count_of(&self, sign: Sign) -> u32 {
        self.signs.iter().find(|(name, _)| *name == sign.name()).map_or(0, |(_, count)| *count)
    }

    fn all(&self) -> u32 {
        self.signs.iter().map(|(_, count)| count).sum()
    }

    /// How many connections stopped in the middle, when that is what the trouble consists of.
    pub(super) fn froze(&self) -> u32 {
        if self.technique() == Technique::Freeze { self.count_of(Sign::Frozen { kilobytes: 0 }) } else { 0 }
    }

    /// How many endpoints were involved.
    pub(super) fn endpoints(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    /// The kinds of signs, for the record.
    pub(super) fn why(&self) -> Vec<SignCount> {
        self.signs.iter().map(|(sign, count)| SignCount { sign: (*sign).to_owned(), count: *count }).collect()
    }

    /// From the first bad sign until `now`.
    pub(super) fn took(&self, now: Moment) -> Duration {
        self.first().map_or(Duration::ZERO, |first| now.since(first))
    }
}

/// How many SYNs a connect that took so long to time out has sent in time to be answered.
fn syns_in(took: Duration) -> u32 {
    let last = u64::try_from(took.saturating_sub(ANSWERED_WITHIN).as_millis()).unwrap_or(u64::MAX);
    SYNS.iter().map(|sent| u32::from(*sent <= last)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connect_has_sent_as_many_syns_as_its_patience_allows() {
        for (millis, syns) in [(0, 1), (1_000, 1), (4_000, 3), (7_200, 3), (8_000, 4), (60_000, 5)] {
            assert_eq!(syns_in(Duration::from_millis(millis)), syns, "{millis} ms");
        }
    }
}
