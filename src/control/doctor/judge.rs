//! From facts to findings: one function for each check. Nothing here asks anybody anything.

use super::{Check, Finding, Reason};
use crate::control::report::Up;
use crate::model::{Cause, Ground, LinkState, Sign, TransportId};
use crate::probe::{ByFamily, Carried, Clock, FamilyFacts, LineFacts, NameFacts, PacketFacts};
use std::net::SocketAddr;

/// Ports on which apps are known to look for a proxy, to tell their owners what is behind it.
const SCANNED: [u16; 12] = [80, 443, 1080, 3127, 3128, 5555, 8000, 8080, 8081, 8888, 9000, 16_000];
/// The last of a row that begins with the last of those.
const SCANNED_TO: u16 = 16_100;

/// What the configuration is.
#[derive(Clone, Debug, Default)]
pub struct ConfigurationFacts {
    /// Its file; `None` for what is built in.
    pub file: Option<String>,
    /// What is wrong with it.
    pub faults: Vec<String>,
    /// The transports that nothing takes.
    pub idle: Vec<TransportId>,
    /// How many ways in it are tunnels.
    pub tunnels: usize,
}

/// A file or folder that should be its owner's alone.
#[derive(Clone, Debug)]
pub struct FileFacts {
    /// Where.
    pub path: String,
    /// What guards it.
    pub guarded: Guarded,
}

/// What guards a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarded {
    /// Nobody else can read it.
    Well,
    /// Others can.
    Open {
        /// Its mode.
        mode: u32,
    },
    /// It cannot be read by this user.
    Unreadable,
    /// It cannot be written by this user.
    Unwritable,
    /// This system has no modes.
    Unknown,
}

/// What is at the control place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlFacts {
    /// A byway.
    Answers {
        /// Its process.
        pid: u32,
    },
    /// Nothing.
    Nothing,
    /// What a dead one left.
    Stale {
        /// Where.
        place: String,
    },
    /// A byway of another user.
    Forbidden {
        /// Where.
        place: String,
    },
    /// Something that does not answer as a byway.
    Silent {
        /// Where.
        place: String,
    },
}

/// A door, as it is or would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// Where.
    pub address: SocketAddr,
    /// Whether whoever comes in must show a password.
    pub guarded: bool,
    /// What is there.
    pub state: DoorState,
}

/// What is at a door's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoorState {
    /// byway.
    Open,
    /// Nobody, and byway may.
    Free,
    /// Another program.
    Taken,
    /// Nobody, and this user may not.
    Forbidden,
    /// Not this machine.
    NotOurs,
}

/// What byway changed of the system and may have left so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftBehind {
    /// Nothing of byway's is in force.
    Nothing,
    /// It is in force, and a byway runs that will take it back.
    InForce,
    /// It is in force, and nobody will take it back.
    Orphaned,
}

/// A service as it is known already.
#[derive(Clone, Debug)]
pub struct ServiceFacts {
    /// Its name for people.
    pub title: String,
    /// Its id.
    pub id: String,
    /// Each facet.
    pub facets: Vec<Up>,
}

/// The configuration.
pub fn configuration(facts: &ConfigurationFacts) -> Vec<Finding> {
    let found = |reason| Finding::new(Check::Configuration, reason);
    if let Some(first) = facts.faults.first() {
        let fault = found(Reason::ConfigurationFaulty).counting("count", facts.faults.len()).with("fault", first);
        return vec![fault];
    }
    let mut all = vec![match &facts.file {
        Some(file) => found(Reason::ConfigurationGood).with("file", file),
        None => found(Reason::ConfigurationBuiltIn),
    }];
    all.extend(facts.idle.iter().map(|id| found(Reason::ConfigurationIdle).of(id.as_str())));
    if facts.tunnels == 0 {
        all.push(found(Reason::NoTunnel));
    }
    all
}

/// Who can read and write byway's files.
pub fn files(facts: &[FileFacts]) -> Vec<Finding> {
    let found = |reason| Finding::new(Check::Files, reason);
    let bad = facts.iter().filter_map(|file| {
        let reason = match file.guarded {
            Guarded::Open { mode } => {
                return Some(found(Reason::FileOpen).with("path", &file.path).with("mode", format!("{mode:03o}")));
            }
            Guarded::Unreadable => Reason::FileUnreadable,
            Guarded::Unwritable => Reason::FileUnwritable,
            Guarded::Well | Guarded::Unknown => return None,
        };
        Some(found(reason).with("path", &file.path))
    });
    let bad: Vec<_> = bad.collect();
    let told = facts.iter().any(|file| file.guarded != Guarded::Unknown) || facts.is_empty();
    match bad.is_empty() {
        true if told => vec![found(Reason::FilesPrivate)],
        true => vec![found(Reason::FilesUnguarded)],
        false => bad,
    }
}

/// Whether a byway runs and lets itself be asked.
pub fn control(facts: &ControlFacts) -> Finding {
    let found = |reason| Finding::new(Check::Control, reason);
    match facts {
        ControlFacts::Answers { pid } => found(Reason::ControlAnswers).with("pid", pid.to_string()),
        ControlFacts::Nothing => found(Reason::ControlNone),
        ControlFacts::Stale { place } => found(Reason::ControlStale).with("place", place),
        ControlFacts::Forbidden { place } => found(Reason::ControlForbidden).with("place", place),
        ControlFacts::Silent { place } => found(Reason::ControlSilent).with("place", place),
    }
}

/// Whether the running byway is the command's version.
pub fn version(command: &str, running: Option<&str>) -> Finding {
    let reason = match running {
        Some(running) if running == command => Reason::VersionSame,
        Some(_) => Reason::VersionOther,
        None => Reason::VersionUnknown,
    };
    let found = Finding::new(Check::Version, reason).with("command", command);
    running.map_or_else(|| found.clone(), |running| found.clone().with("running", running))
}

/// Where apps come in.
pub fn doors(doors: &[Door]) -> Vec<Finding> {
    let found = |reason| Finding::new(Check::Listener, reason);
    if doors.is_empty() {
        return vec![found(Reason::ListenerNone)];
    }
    let mut all = Vec::new();
    for door in doors {
        let reason = match door.state {
            DoorState::Open => Reason::ListenerOpen,
            DoorState::Free => Reason::ListenerFree,
            DoorState::Taken => Reason::PortTaken,
            DoorState::Forbidden => Reason::PortForbidden,
            DoorState::NotOurs => Reason::AddressNotOurs,
        };
        all.push(found(reason).with("address", door.address.to_string()));
        let port = door.address.port();
        let is_scanned = SCANNED.contains(&port) || (SCANNED[SCANNED.len() - 1]..=SCANNED_TO).contains(&port);
        if is_scanned && !door.guarded {
            all.push(found(Reason::PortScanned).with("port", port.to_string()));
        }
    }
    all
}

/// What an earlier byway left half-done.
pub fn leftovers(paths: &[String]) -> Vec<Finding> {
    let found = |reason| Finding::new(Check::Leftovers, reason);
    if paths.is_empty() {
        return vec![found(Reason::LeftoversNone)];
    }
    paths.iter().map(|path| found(Reason::LeftoverFile).with("path", path)).collect()
}

/// The system's proxy settings; `None` where they cannot be told.
pub fn system_proxy(facts: Option<LeftBehind>) -> Finding {
    Finding::new(
        Check::SystemProxy,
        match facts {
            Some(LeftBehind::Nothing) => Reason::ProxyUntouched,
            Some(LeftBehind::InForce) => Reason::ProxyInForce,
            Some(LeftBehind::Orphaned) => Reason::ProxyLeft,
            None => Reason::ProxyUnknown,
        },
    )
}

/// The firewall's rules; `None` where they cannot be told.
pub fn firewall(facts: Option<LeftBehind>) -> Finding {
    Finding::new(
        Check::Firewall,
        match facts {
            Some(LeftBehind::Nothing) => Reason::FirewallUntouched,
            Some(LeftBehind::InForce) => Reason::FirewallInForce,
            Some(LeftBehind::Orphaned) => Reason::FirewallLeft,
            None => Reason::FirewallUnknown,
        },
    )
}

/// A way out of this machine.
pub fn route(has_default: bool) -> Finding {
    Finding::new(Check::Route, if has_default { Reason::RouteThere } else { Reason::RouteNone })
}

/// A captive portal.
pub fn portal(line: &LineFacts) -> Finding {
    let reason = match line.ground {
        Ground::Portal => Reason::PortalThere,
        Ground::Unplugged | Ground::NothingAnswers | Ground::NotAsked => Reason::PortalUnknown,
        _ if !line.asks_canaries => Reason::PortalUnknown,
        _ => Reason::PortalNone,
    };
    Finding::new(Check::Portal, reason)
}

/// This machine's clock.
pub fn clock(line: &LineFacts) -> Finding {
    let reason = match line.clock {
        Clock::Right => Reason::ClockRight,
        Clock::Wrong => Reason::ClockWrong,
        Clock::Unknown => Reason::ClockUnknown,
    };
    Finding::new(Check::Clock, reason)
}

/// Whether the internet answers.
pub fn internet(line: &LineFacts) -> Finding {
    let reason = match line.ground {
        Ground::AnchorsAnswer | Ground::ResolverSilent => Reason::InternetAnswers,
        Ground::NothingAnswers => Reason::InternetSilent,
        Ground::OnlyDomestic | Ground::OnlyDomesticOnce => Reason::InternetDomestic,
        Ground::Interception => Reason::InternetIntercepted,
        Ground::Lossy => Reason::InternetLossy,
        Ground::TooFew => Reason::InternetPatchy,
        // What is wrong there has a check of its own.
        Ground::Unplugged | Ground::Portal | Ground::Clock | Ground::PathMtu | Ground::NotAsked => {
            Reason::InternetUnknown
        }
    };
    Finding::new(Check::Internet, reason)
}

/// Whether large packets pass.
pub fn mtu(line: &LineFacts) -> Finding {
    let reason = match (line.ground, line.state) {
        (Ground::PathMtu, _) => Reason::MtuHole,
        // A neutral place's hello of full size was answered.
        (Ground::AnchorsAnswer | Ground::TooFew | Ground::Lossy, _) => Reason::MtuGood,
        (_, LinkState::Online) if line.ground == Ground::ResolverSilent => Reason::MtuGood,
        _ => Reason::MtuUnknown,
    };
    Finding::new(Check::Mtu, reason)
}

/// Whether the resolvers tell the truth.
pub fn names(facts: &NameFacts) -> Finding {
    let reason = match (facts.asked, facts.secure, facts.lie) {
        (0, ..) => Reason::NamesUnknown,
        (_, 0, _) if facts.system_answers => Reason::NamesInsecure,
        (_, 0, _) => Reason::NamesUnknown,
        (_, _, Some(Sign::DnsSilent)) if facts.system_answers => Reason::NamesSilent,
        (_, _, Some(Sign::DnsSilent)) => Reason::NamesDead,
        (_, _, Some(_)) => Reason::NamesForged,
        (_, _, None) => Reason::NamesAgree,
    };
    Finding::new(Check::Names, reason)
}

/// IPv4 and IPv6.
pub fn families(facts: &FamilyFacts) -> Finding {
    use ByFamily::{Absent, Silent, Untried, Works};
    let reason = match (facts.v4, facts.v6) {
        (Works, Works) => Reason::BothFamilies,
        (Works, Silent) => Reason::V6Silent,
        (Silent, Works) => Reason::V4Silent,
        (Works, Absent) => Reason::OnlyV4,
        (Absent, Works) => Reason::OnlyV6,
        (Works | Silent | Absent | Untried, _) => Reason::FamiliesUnknown,
    };
    Finding::new(Check::Families, reason)
}

/// UDP, and STUN in it.
pub fn packets(facts: &PacketFacts) -> Finding {
    let reason = match (facts.stun, facts.other) {
        (Some(true), _) => Reason::UdpWorks,
        (Some(false), Some(true)) => Reason::UdpNoStun,
        (Some(false), _) | (None, Some(false)) => Reason::UdpNone,
        (None, _) => Reason::UdpUnknown,
    };
    Finding::new(Check::Udp, reason)
}

/// One way: `Err` with what is wrong where it could not even be set up.
pub fn way(id: &TransportId, carried: Result<Carried, &str>) -> Finding {
    let found = |reason| Finding::new(Check::Way, reason).of(id.as_str());
    let millis = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    match carried {
        Err(problem) => found(Reason::WayBroken).with("problem", problem),
        Ok(Carried::Whole(took)) => found(Reason::WayCarries).counting("ms", millis(took)),
        Ok(Carried::Answered(took)) => found(Reason::WayAnswers).counting("ms", millis(took)),
        Ok(Carried::NotIn(cause)) => found(not_in(cause)).with("failure", cause.name()),
        Ok(Carried::NotThrough(cause)) => found(Reason::WayNotThrough).with("failure", cause.name()),
        Ok(Carried::Stopped(cause, bytes)) => {
            found(Reason::WayStops).with("failure", cause.name()).counting("kilobytes", bytes / 1024)
        }
        Ok(Carried::NothingToAsk) => found(Reason::WayUntested),
    }
}

const fn not_in(cause: Cause) -> Reason {
    match cause {
        Cause::AuthenticationFailed => Reason::WayWrongKey,
        Cause::CertificateExpired
        | Cause::CertificateNotYetValid
        | Cause::SslInvalidHostname
        | Cause::SslUnknownAuthority
        | Cause::SslInvalidCertificate => Reason::WayCertificate,
        Cause::ConnectionRefused => Reason::WayRefused,
        Cause::GenericTimeoutError => Reason::WaySilent,
        _ => Reason::WayNotIn,
    }
}

/// So many ways were not tested.
pub fn ways_left_out(count: usize) -> Option<Finding> {
    (count > 0).then(|| Finding::new(Check::Way, Reason::WaysLeftOut).counting("count", count))
}

/// What is known of the services already.
pub fn services(facts: &[ServiceFacts]) -> Vec<Finding> {
    let of = |service: &ServiceFacts| {
        let count = |up| service.facets.iter().filter(|facet| **facet == up).count();
        let reason = match (count(Up::Yes), count(Up::No)) {
            (0, 0) => Reason::ServiceUnsure,
            (_, 0) => Reason::ServiceWorks,
            (0, _) => Reason::ServiceDown,
            _ => Reason::ServicePartly,
        };
        Finding::new(Check::Service, reason).of(&service.id).with("service", &service.title)
    };
    facts.iter().map(of).collect()
}
