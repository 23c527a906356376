//! The 47 scenarios of the detection rules (§5), as a table.

mod line;
mod names;
mod packets;
mod played;
mod protocols;
mod random;
mod slow;
mod time;
mod udp;

use crate::scene::Scene;

/// All of them, in order.
pub(crate) const SCENES: [Scene; 47] = [
    line::CLEAN,
    line::CABLE_OUT,
    line::GATEWAY_ONLY,
    line::CAPTIVE,
    names::NX_ONE,
    names::INJECT,
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
    packets::FREEZE_25,
    slow::POLICED,
    slow::CRAWLING,
    random::RANDOM_60,
    random::RANDOM_95,
    random::CONGESTED,
    played::MITM,
    played::MITM_ALL,
    played::BLOCK_PAGE,
    udp::QUIC,
    udp::UDP_OFF,
    udp::STUN,
    protocols::NOISE,
    time::LATE_BLOCK,
    line::WHITELIST,
    line::BURST,
    random::FLAKY,
    played::SERVICE_DOWN,
    played::STALE_PROBE,
    line::SIX,
    line::MTU,
    line::CLOCK,
    time::SLEEP,
    time::SWITCH,
    time::UNBLOCK,
    time::PAUSE,
    time::TUNNEL_DIES,
    protocols::ALL_BUT_WEB,
    time::SLOW_ACCEPT,
    time::SOAK,
];

/// The scenario of this number.
pub(crate) fn scene(number: u8) -> &'static Scene {
    static ALL: [Scene; 47] = SCENES;
    ALL.iter().find(|scene| scene.number == number).unwrap()
}
