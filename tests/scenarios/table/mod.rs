//! The 47 scenarios of the detection rules (§5), as a table.

mod line;
mod names;
mod packets;

use crate::scene::Scene;

/// All of them, in order.
pub(crate) const SCENES: &[Scene] = &[
    line::CLEAN,
    line::CABLE_OUT,
    line::GATEWAY_ONLY,
    line::CAPTIVE,
    names::NX_ONE,
    names::DEAD,
    packets::IP_DROP_ALL,
    packets::IP_DROP_ONE,
    packets::SYN_RST,
    packets::ICMP_ADMIN,
    packets::SNI_RST,
    packets::SNI_FIN,
    packets::HELLO_DROP,
    packets::HELLO_MUTE,
    packets::RESIDUAL,
    packets::FREEZE,
];

/// The scenario of this number.
pub(crate) fn scene(number: u8) -> &'static Scene {
    SCENES.iter().find(|scene| scene.number == number).unwrap()
}
