//! The routing that TPROXY needs: a packet with the delivery mark is delivered to this machine, whatever its address.

use super::holder::run;
use super::{FirewallError, Mode, Rules};

/// The commands that make the routes.
pub(super) fn commands(rules: &Rules) -> Vec<Vec<String>> {
    if rules.mode == Mode::Redirect {
        return Vec::new();
    }
    let families: &[(&str, &str)] =
        if rules.ipv6 { &[("-4", "0.0.0.0/0"), ("-6", "::/0")] } else { &[("-4", "0.0.0.0/0")] };
    let (mark, table) = (rules.delivery().to_string(), rules.table.to_string());
    let both = |(family, all): &(&str, &str)| {
        [
            words(&[family, "route", "replace", "local", all, "dev", "lo", "table", &table]),
            words(&[family, "rule", "add", "fwmark", &mark, "lookup", &table, "priority", &table]),
        ]
    };
    families.iter().flat_map(both).collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// Runs them.
pub(super) async fn add(rules: &Rules) -> Result<(), FirewallError> {
    for command in commands(rules) {
        run("ip", "iproute2", &command, "").await?;
    }
    Ok(())
}

/// Takes away what [`add`] made, and what an earlier one left behind. That there is nothing is no fault.
pub(super) async fn remove(rules: &Rules) {
    let (mark, table) = (rules.delivery().to_string(), rules.table.to_string());
    for family in ["-4", "-6"] {
        let rule = words(&[family, "rule", "del", "fwmark", &mark, "lookup", &table, "priority", &table]);
        // There may be several of the same; never more than a careless evening's.
        for _ in 0..16 {
            if run("ip", "iproute2", &rule, "").await.is_err() {
                break;
            }
        }
        let _nothing_there = run("ip", "iproute2", &words(&[family, "route", "flush", "table", &table]), "").await;
    }
}
