//! `byway firewall`: the rules that bring the LAN's connections to byway, shown, put in force, taken away. Needs no running
//! byway: what a dead one left behind is taken away by the same order.

use super::actions::{Actions, Firewall, Launch};
use super::args::FirewallOrder;
use super::exit::{Exit, Failed};
use super::out::Terminal;
use crate::control::Schemed;
use crate::lang::{Tongue, Words};
use std::ffi::OsString;

pub(super) fn firewall(
    launch: &Launch,
    order: FirewallOrder,
    actions: &impl Actions,
    terminal: &mut Terminal,
    env: impl Fn(&str) -> Option<OsString>,
) -> Result<Exit, Failed> {
    let words = Words::of(tongue(env));
    match order {
        FirewallOrder::Print { dnsmasq, json } => print(&actions.firewall(launch)?, dnsmasq, json, terminal)?,
        FirewallOrder::Apply => {
            actions.apply_firewall(launch)?;
            terminal.note(&words.say("firewall-applied"));
        }
        FirewallOrder::Clear => {
            actions.clear_firewall(launch)?;
            terminal.note(&words.say("firewall-cleared"));
        }
    }
    Ok(Exit::Ok)
}

/// What `nft -f -` reads; what else is needed stands in it as remarks.
fn print(firewall: &Firewall, dnsmasq: bool, json: bool, terminal: &mut Terminal) -> Result<(), Failed> {
    if json {
        terminal.out.json(&Schemed::new(firewall))?;
        return Ok(());
    }
    if dnsmasq {
        for line in &firewall.dnsmasq {
            terminal.out.line(line)?;
        }
        return Ok(());
    }
    for line in &firewall.routing {
        terminal.out.line(&format!("# {line}"))?;
    }
    terminal.out.raw(firewall.nft.as_bytes())?;
    Ok(())
}

/// The person's language, as the system has it (POSIX, "Environment Variables" §8.2).
fn tongue(env: impl Fn(&str) -> Option<OsString>) -> Tongue {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(env).find(|value| !value.is_empty());
    set.and_then(|value| Tongue::from_locale(value.to_str()?)).unwrap_or_default()
}
