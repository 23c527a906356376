//! How belief in a route changes: score, states, hold-down, cadence, budget (detection rules §3). Pure: events in,
//! effects out, and time is an argument. It refuses to classify what happened (`judge` does) and to choose a way
//! (`policy` does).
//!
//! | file | question |
//! |---|---|
//! | `weigh` | how much does one sign count? |
//! | `score` | how do points add up and fade? |
//! | `tally` | is there enough for a verdict, and which? |
//! | `phase` | which state follows? |
//! | `recover` | when is a blocked route trusted again? |
//! | `ends` | which of its addresses answer? |
//! | `hostile` | what does somebody who plays a service mean for its other ways? |
//! | `aside` | what is told and moves no connection? |
//! | `freeze` | what does a first freeze ask for, and whose is it in a tunnel? |
//! | `packets` | what do packets on one way say of another? |
//! | `throttle` | is a slow window anybody's doing? |
//! | `resolver` | is the whole resolver dead, or only a name? |
//! | `taint` | is the censor still punishing? |
//! | `link` | is the link fit to learn from? |
//! | `unsure` | what counted before anybody had vouched for it? |
//! | `networks` | what does another network mean, or a sleep? |
//! | `cadence`, `dice` | when is a route probed next? |
//! | `families` | when is the other version of IP asked after? |
//! | `schedule`, `flights`, `budget` | may the probe begin, and can it be afforded? |
//! | `belief`, `state` | what is remembered of a route, of everything? |
//! | `publish`, `standing` | what is shown of it? |
//!
//! A transport's own server is judged with the same score, in a part of its own: [`Sign::TransportDown`] speaks of
//! every route over that transport, makes them suspect at once, never "blocked" (nobody is accused of what may be a
//! server that is switched off), and is forgiven by any answer through it.
//!
//! [`Sign::TransportDown`]: crate::model::Sign::TransportDown

mod aside;
mod belief;
mod budget;
mod cadence;
mod chance;
mod dice;
mod ends;
mod families;
mod flights;
mod freeze;
mod hostile;
mod link;
mod networks;
mod outcomes;
mod packets;
mod params;
mod people;
mod phase;
mod publish;
mod recover;
mod resolver;
mod schedule;
mod score;
mod standing;
mod state;
mod taint;
mod tally;
#[cfg(test)]
mod tests;
mod throttle;
mod twins;
mod unsure;
mod weigh;

pub use budget::{FAMILY_PRICE, GOODPUT_PRICE};
pub use params::{BlockGate, Budget, Hold, Idle, Keep, Line, Mode, Params, Recover, Suspect, TaintTimes};
pub use state::State;
pub use throttle::Goodput;

use crate::model::{
    Evidence, Family, Forced, Ground, LinkState, Moment, NetworkId, Record, Route, ServiceId, Snapshot,
};

/// What the neutral anchors said (controls C0–C3, C11), as judged: the link's state and when.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkReport {
    /// What it means.
    pub state: LinkState,
    /// Why.
    pub ground: Ground,
    /// When the controls began.
    pub began: Moment,
    /// When they ended.
    pub at: Moment,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A fact about a route.
    Evidence(Evidence),
    /// The controls were run.
    Link(LinkReport),
    /// A person's connection took this route just now: it is in use, traffic will tell.
    Used(Route),
    /// A timer that `step` asked for came due.
    Due,
    /// A probe of this route was begun and costs about this many bytes.
    ProbeStarted(Route, u32),
    /// A probe of this route cost so many bytes less than it was booked at: it failed before they were sent.
    ProbeSpared(Route, u32),
    /// All that belongs to the probe of this route is over, whether it told something or not.
    ProbeEnded(Route),
    /// The device joined another network.
    NetworkChanged(NetworkId),
    /// The clock jumped by this many milliseconds: the device slept.
    Resumed(u64),
    /// A neutral place's goodput was measured, as [`Effect::GoodputAt`] asked.
    Goodput(Goodput),
    /// The operator forced a way, or gave the choice back.
    Force(ServiceId, Option<Forced>),
}

/// What follows.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The snapshot changed.
    Publish(Snapshot),
    /// Probe this route at this moment (replaces an earlier wish for the same route). `step` asks for a probe only
    /// when it may begin: the budget is reserved, the link is online, no other probe of the service is under way.
    ProbeAt(Route, Moment),
    /// Run the link's controls at this moment (replaces an earlier wish).
    ControlsAt(Moment),
    /// Measure a neutral place's goodput at this moment (replaces an earlier wish). Its price is booked already.
    GoodputAt(Moment),
    /// Connect to an address of this route of that version of IP, and tell if it does not answer. Its price is booked
    /// already.
    FamilyAt(Route, Family),
    /// Step again with [`Event::Due`] at this moment (replaces an earlier wish).
    WakeAt(Moment),
    /// Tell people and the journal.
    Announce(Record),
}

/// What `event` makes of `state`, and what follows.
pub fn step(mut state: State, event: Event, now: Moment, params: &Params) -> (State, Vec<Effect>) {
    let effects = state.advance([event], now, params);
    (state, effects)
}

impl State {
    /// As [`step`], in place and for several events at one moment, with one snapshot at the end: what a busy keeper
    /// does.
    pub fn advance(&mut self, events: impl IntoIterator<Item = Event>, now: Moment, params: &Params) -> Vec<Effect> {
        for event in events {
            self.take(event, now, params);
        }
        self.tick(now, params);
        let mut effects = self.schedule(now, params);
        effects.extend(self.tell(now).into_iter().map(Effect::Announce));
        if self.is_changed() {
            effects.push(Effect::Publish(self.snapshot(params)));
        }
        effects
    }
}
