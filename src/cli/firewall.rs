//! `byway firewall`: the rules that bring the LAN's connections to byway, shown, put in force, taken away. Needs no running
//! byway: what a dead one left behind is taken away by the same order.

use super::actions::{Actions, Firewall, Launch};
use super::args::FirewallOrder;
use super::exit::{Exit, Failed};
use super::out::Terminal;
use crate::control::Schemed;

pub(super) fn firewall(
    launch: &Launch,
    order: FirewallOrder,
    actions: &impl Actions,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    match order {
        FirewallOrder::Print { dnsmasq, json } => print(&actions.firewall(launch)?, dnsmasq, json, terminal)?,
        FirewallOrder::Apply => {
            actions.apply_firewall(launch)?;
            terminal.note(&terminal.say("firewall-applied", &[]));
        }
        FirewallOrder::Clear => {
            actions.clear_firewall(launch)?;
            terminal.note(&terminal.say("firewall-cleared", &[]));
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
