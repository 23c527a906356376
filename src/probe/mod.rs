//! The continuous prober: the loop, the controls, one file per probe kind. Every host, port, key and root of a
//! probe is data. It asks the board what is due and tells it what was found; it holds no belief of its own.

mod ask;
mod calls;
mod checks;
mod checkup;
mod clock;
mod closer;
mod controls;
mod date;
mod examine;
mod exchange;
mod family;
mod goodput;
mod https;
mod long;
mod matrix;
mod names;
mod noise;
mod packets;
mod pair;
mod prober;
mod quic;
mod round;
mod settings;
mod size;
mod sources;
mod spec;
mod stun;
mod tap;
mod telegram;
mod time;
mod tls;
mod trickle;
mod turns;
mod udp;
mod vouch;
mod websocket;

pub use crate::judge::link::Clock;
pub use ask::Answer;
pub use checkup::{ByFamily, Carried, FamilyFacts, LineFacts, NameFacts, PacketFacts};
pub use matrix::MatrixRow;
pub use prober::{Prober, Setup};
pub use settings::Settings;
pub use sources::{Chance, Sources};
pub use spec::{Anchors, CaptiveCheck, Https, Kind, Method, Roots, Spec, Talk};

#[cfg(test)]
mod tests;
