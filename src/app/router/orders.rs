//! What `byway firewall` does, for which no byway has to run; and what `byway run` says of the LAN.

use super::{RouterDoors, rules, to_clear};
use crate::app::Byway;
use crate::app::source::Source;
use crate::cli::{Exit, Failed, Firewall, Launch, Terminal};
use crate::config::Settings;
use crate::platform::firewall::{self, FirewallError, Rules, Unheld};

/// The rules of the configuration that `launch` names.
fn configured(launch: &Launch) -> Result<Rules, Failed> {
    let settings = Source::of(launch).read().map_err(|faults| Failed::new(Exit::Config, faults.join("\n")))?;
    let none = "the configuration has no table [firewall]: name the LAN's interfaces there, as in lan = [\"br-lan\"]";
    rules(&settings).ok_or_else(|| Failed::new(Exit::Config, none))
}

pub(in crate::app) fn show(launch: &Launch) -> Result<Firewall, Failed> {
    let rules = configured(launch)?;
    Ok(Firewall {
        nft: firewall::ruleset(&rules),
        routing: firewall::routing(&rules),
        dnsmasq: firewall::dnsmasq(&rules),
    })
}

pub(in crate::app) async fn apply(launch: &Launch) -> Result<(), Failed> {
    firewall::apply(&configured(launch)?).await.map_err(|error| failed(&error))
}

/// A configuration that is wrong, or gone, must not keep anybody from having the LAN back.
pub(in crate::app) async fn clear(launch: &Launch) -> Result<(), Failed> {
    let settings = Source::of(launch).read().ok();
    firewall::clear(&to_clear(settings.as_ref())).await.map_err(|error| failed(&error))
}

/// What a failure is to the shell.
pub(in crate::app) fn failed(error: &FirewallError) -> Failed {
    let exit = if matches!(error, FirewallError::NotPermitted) { Exit::Permission } else { Exit::Failed };
    Failed::new(exit, format!("firewall: {error}"))
}

/// The mark of byway's own packets, where there are rules that could bring them back here.
pub(in crate::app) fn own_mark(settings: &Settings) -> Option<u32> {
    let usual = || Some(to_clear(None).mark).filter(|_| settings.transparent.is_some());
    settings.firewall.as_ref().map(|firewall| firewall.mark).or_else(usual)
}

/// Says what is there for the LAN, for the person at the terminal.
pub(in crate::app) fn greet(byway: &Byway, doors: &RouterDoors, unheld: Option<Unheld>, terminal: &mut Terminal) {
    let settings = &byway.generation.load_full().settings;
    for address in &doors.caught {
        terminal.note(&terminal.say("run-caught", &[("address", address.to_string().into())]));
    }
    for address in &doors.names {
        terminal.note(&terminal.say("run-names", &[("address", address.to_string().into())]));
    }
    let Some(firewall) = settings.firewall.as_ref().filter(|firewall| firewall.apply) else { return };
    let lan = firewall.lan.join(", ");
    terminal.note(&terminal.say("run-firewall", &[("lan", lan.into())]));
    match unheld {
        None => {}
        Some(Unheld::Dnsmasq) => terminal.note(&terminal.say("run-firewall-dnsmasq", &[])),
        Some(Unheld::NoOwner) => terminal.note(&terminal.say("run-firewall-unowned", &[])),
    }
}
