//! A check-up with fixed contents.

use crate::control::doctor::{self, Check, ConfigurationFacts, ControlFacts, Door, DoorState, Finding, Step};
use crate::model::{Cause, Ground, LinkState, TransportId};
use crate::probe::{ByFamily, Carried, Clock, FamilyFacts, LineFacts, NameFacts, PacketFacts};
use std::time::Duration;

/// A line that is well.
pub(crate) const WELL: LineFacts =
    LineFacts { state: LinkState::Online, ground: Ground::AnchorsAnswer, clock: Clock::Right, asks_canaries: true };

/// Everything that a check-up of a byway with three ways finds, one of which stops: as findings.
pub(crate) fn fixed_findings() -> Vec<Finding> {
    let file = Some("/home/mina/.config/byway/config.toml".to_owned());
    let facts = ConfigurationFacts { file, tunnels: 2, ..ConfigurationFacts::default() };
    let way = |name: &str, carried| doctor::way(&TransportId::from(name), Ok(carried));
    let door = Door { address: ([127, 0, 0, 1], 1080).into(), guarded: false, state: DoorState::Open };
    [
        doctor::configuration(&facts),
        doctor::files(&[]),
        vec![doctor::control(&ControlFacts::Answers { pid: 77 })],
        doctor::doors(&[door]),
        doctor::leftovers(&[]),
        vec![doctor::system_proxy(None), doctor::firewall(None), doctor::route(true)],
        vec![doctor::portal(&WELL), doctor::clock(&WELL), doctor::internet(&WELL), doctor::mtu(&WELL)],
        vec![doctor::names(&NameFacts { asked: 3, secure: 3, lie: None, system_answers: true })],
        vec![doctor::families(&FamilyFacts { v4: ByFamily::Works, v6: ByFamily::Absent })],
        vec![doctor::packets(&PacketFacts { stun: Some(false), other: Some(true) })],
        vec![
            way("direct", Carried::Whole(Duration::from_millis(80))),
            way("tokyo", Carried::Stopped(Cause::StalledAfterBytes, 17 * 1024)),
        ],
        doctor::ways_left_out(3).into_iter().collect(),
    ]
    .concat()
}

/// The same as the steps that tell it.
pub(crate) fn fixed_check_up() -> Vec<Step> {
    let mut steps = vec![Step::Planned(u32::try_from(Check::ALL.len()).unwrap())];
    let findings = fixed_findings();
    for check in Check::ALL.into_iter().filter(|check| *check != Check::Version) {
        steps.push(Step::Looks(check));
        steps.extend(findings.iter().filter(|found| found.check == check).cloned().map(Step::Found));
        steps.push(Step::Looked(check));
    }
    steps.push(Step::Done);
    steps
}
