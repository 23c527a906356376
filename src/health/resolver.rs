//! Whether the network's resolver is dead, or only a name goes unanswered (detection rules T3). What is silent for two
//! services at a time is the resolver's own trouble: it counts nothing, and is told of the line.

use super::state::State;
use crate::model::{Evidence, Ground, Moment, Record, ServiceId};
use std::collections::VecDeque;
use std::time::Duration;

/// Silences this close are of one cause.
const TOGETHER: Duration = Duration::from_secs(120);
/// Silences remembered.
const MOST: usize = 64;

/// The look-ups that lately went unanswered.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Resolver(VecDeque<(Moment, ServiceId)>);

impl Resolver {
    /// A look-up stayed unanswered: whether those of another service did too.
    fn note(&mut self, at: Moment, service: &ServiceId) -> bool {
        while self.0.len() >= MOST || self.0.front().is_some_and(|(t, _)| at.since(*t) > TOGETHER) {
            self.0.pop_front();
        }
        self.0.push_back((at, service.clone()));
        self.0.iter().any(|(_, other)| other != service)
    }
}

impl State {
    /// Whether a look-up that stayed unanswered is one of many.
    pub(super) fn resolver_is_dead(&mut self, evidence: &Evidence) -> bool {
        let dead = self.resolver.note(evidence.at, &evidence.route.service);
        if dead && self.link.is_online() && self.link.ground != Ground::ResolverSilent {
            self.link.ground = Ground::ResolverSilent;
            let (network, state) = (self.network, self.link.state);
            self.told.push(Record::Link { network, from: state, to: state, ground: Ground::ResolverSilent });
            self.change();
        }
        dead
    }
}
