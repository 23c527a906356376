//! Which service a destination belongs to, and which ways are tried for it, in which order, and why not the others.

use crate::model::{Facet, Moment, Need, Plan, Service, Snapshot, Way};

/// Everything `plan` weighs.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// For whom.
    pub service: &'a Service,
    /// Which facet.
    pub facet: Facet,
    /// Streams or packets.
    pub need: Need,
    /// The ways that exist.
    pub ways: &'a [Way],
    /// What is believed.
    pub snapshot: &'a Snapshot,
    /// Now.
    pub now: Moment,
    /// A random number in [0, 1): decides who is a canary.
    pub dice: f64,
}

/// The ordered ways for one connection, and those passed over with their reasons. Empty means refuse.
pub fn plan(question: &Question<'_>) -> Plan {
    let _ = question;
    let _ = Facet::Text;
    todo!()
}
