//! How belief in a route changes: score, states, hold-down, cadence, budget. Pure: events in, effects out,
//! and time is an argument.

use crate::model::{Evidence, Forced, LinkState, Moment, NetworkId, Record, Route, ServiceId, Snapshot};

/// What the neutral anchors said (controls C0–C3, C11), as judged: the link's state and when.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkReport {
    /// What it means.
    pub state: LinkState,
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
    /// The device joined another network.
    NetworkChanged(NetworkId),
    /// The clock jumped by this many milliseconds: the device slept.
    Resumed(u64),
    /// The operator forced a way, or gave the choice back.
    Force(ServiceId, Option<Forced>),
}

/// What follows.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The snapshot changed.
    Publish(Snapshot),
    /// Probe this route at this moment (replaces an earlier wish for the same route).
    ProbeAt(Route, Moment),
    /// Run the link's controls at this moment.
    ControlsAt(Moment),
    /// Step again with [`Event::Due`] at this moment.
    WakeAt(Moment),
    /// Tell people and the journal.
    Announce(Record),
}

/// The numbers of detection rules §3.9; each default with its reason there.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    /// Filled in by the helper of this room: one field per key of `[detect]`, defaults as `Default`.
    pub switch_at: f64,
}

impl Default for Params {
    fn default() -> Self {
        Self { switch_at: 2.0 }
    }
}
