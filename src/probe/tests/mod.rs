//! Each kind of probe against a server that speaks its protocol, and against the ways of being stopped.

mod budget;
mod closer;
mod controls;
mod kinds;
mod messengers;
pub(super) mod origin;
mod packets;
mod rounds;

use super::ask::Asker;
use super::{Chance, Settings, Sources};
use std::sync::Arc;

/// 2026-08-01.
pub(super) const NOW: u64 = 1_785_542_400;

pub(super) fn sources() -> Sources {
    Sources {
        chance: Arc::new(Chance::seeded(7)),
        unix_now: Arc::new(|| NOW),
        true_time: Arc::default(),
        has_default_route: Arc::new(|| true),
    }
}

pub(super) fn asker() -> Asker {
    Asker::new(Settings::default(), sources())
}
