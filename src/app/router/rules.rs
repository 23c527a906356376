//! The configuration as rules of the firewall.

use crate::config::{Firewall, ServiceSpec, Settings};
use crate::model::{Destination, DirectRule, Host};
use crate::net::transparent::Capture;
use crate::platform::firewall::{Claims, Mode, Rules, set_name};
use crate::policy::Matcher;
use ipnet::IpNet;
use std::ops::RangeInclusive;

/// The rules that these settings ask for; `None` where they have no firewall.
pub(super) fn rules(settings: &Settings) -> Option<Rules> {
    let (firewall, taken) = (settings.firewall.as_ref()?, settings.transparent.as_ref()?);
    let mode = match taken.capture {
        Capture::Redirect => Mode::Redirect,
        Capture::Tproxy => Mode::Tproxy,
    };
    Some(Rules {
        mode,
        port: taken.port,
        ipv6: taken.ipv6,
        services: settings.services.iter().filter_map(claims).collect(),
        ..bare(firewall)
    })
}

/// What has to be known to take rules away: those of the settings, if they can be read, or the usual ones.
pub(super) fn to_clear(settings: Option<&Settings>) -> Rules {
    bare(&settings.and_then(|settings| settings.firewall.clone()).unwrap_or_default())
}

fn bare(firewall: &Firewall) -> Rules {
    Rules {
        mode: Mode::Tproxy,
        port: 0,
        ipv6: true,
        lan: firewall.lan.clone(),
        mark: firewall.mark,
        table: firewall.table,
        dnsmasq: firewall.dnsmasq,
        services: Vec::new(),
    }
}

/// What is caught for a service; nothing of one that always goes straight out, for byway would change nothing.
fn claims(spec: &ServiceSpec) -> Option<Claims> {
    if spec.service.id.is_other() || spec.service.direct == DirectRule::Always {
        return None;
    }
    let mut claims = Claims {
        name: set_name(spec.service.id.as_str()),
        names: Vec::new(),
        prefixes: Vec::new(),
        narrow: Vec::new(),
        never_direct: spec.service.direct == DirectRule::Never,
    };
    for rule in &spec.rules {
        claims.names.extend(rule.names.iter().cloned());
        if rule.prefixes.is_empty() {
            continue;
        }
        if rule.ports.is_empty() {
            claims.prefixes.extend(&rule.prefixes);
        } else {
            let narrow: (Vec<RangeInclusive<u16>>, Vec<IpNet>) = (rule.ports.clone(), rule.prefixes.clone());
            claims.narrow.push(narrow);
        }
    }
    claims.names.sort();
    claims.names.dedup();
    let any = !claims.names.is_empty() || !claims.prefixes.is_empty() || !claims.narrow.is_empty();
    any.then_some(claims)
}

/// The set of the service that a name belongs to.
pub(super) fn set_of(matcher: &Matcher, name: &str) -> Option<String> {
    let (service, _) = matcher.classify(&Destination::new(Host::parse(name).ok()?, 443));
    (!service.is_other()).then(|| set_name(service.as_str()))
}
