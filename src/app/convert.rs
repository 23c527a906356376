//! From the numbers of `[detect]` to what connections and probes want to know of them. Values only.

use crate::health::Params;
use crate::{probe, session};

/// The patience of connections.
pub(super) fn session(detect: &Params) -> session::Settings {
    let usual = session::Settings::default();
    session::Settings {
        race_connect_min: usual.race_connect_min.min(detect.race_connect),
        race_connect_max: detect.race_connect,
        race_first_byte_min: usual.race_first_byte_min.min(detect.race_first_byte),
        race_first_byte_max: detect.race_first_byte,
        connect_timeout: detect.connect_timeout,
        first_byte_timeout: detect.first_byte_timeout,
        ..usual
    }
}

/// The patience of probes.
pub(super) fn probe(detect: &Params) -> probe::Settings {
    probe::Settings {
        connect_timeout: detect.connect_timeout,
        dns_timeout: detect.dns_timeout,
        first_byte_timeout: detect.first_byte_timeout,
        stall_timeout: detect.stall_timeout,
        pair_gap: detect.taint.longest(),
        ..probe::Settings::default()
    }
}
