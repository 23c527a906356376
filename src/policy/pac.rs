//! A proxy auto-configuration script: the names of services go to the proxy, everything else goes straight out.
//!
//! ECMAScript 5 with nothing but what every implementation has: no `dnsResolve`, no `isInNet`, which would ask the
//! system's resolver about every name before the proxy is asked. Names are matched as [`super::Matcher`] does it, label
//! by label, the longest suffix first; ports are not looked at, for the proxy sorts that out. Addresses are not
//! matched. A script holds only while it can be fetched: who cannot get it goes straight out.

use super::Rule;
use crate::model::{DirectRule, Service, TransportId};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;

/// What a script is made of.
#[derive(Clone, Copy, Debug)]
pub struct Script<'a> {
    /// Every service, `other` among them, with what it claims.
    pub services: &'a [(&'a Service, &'a [Rule])],
    /// Where the proxy is, as whoever runs the script reaches it.
    pub at: SocketAddr,
    /// Whether the proxy asks for a login: that can be given over HTTP only.
    pub login: bool,
}

/// Where a name goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Goes {
    /// Straight out.
    Direct,
    /// To the proxy; straight out when there is none.
    ProxyFirst,
    /// To the proxy or nowhere.
    ProxyOnly,
}

/// What a service's configuration says of its names. One whose only way is the bare line gains nothing by the proxy.
fn goes(service: &Service) -> Goes {
    let bare_alone = service.order.iter().all(|way| *way == TransportId::from("direct"));
    match service.direct {
        DirectRule::Never => Goes::ProxyOnly,
        _ if bare_alone => Goes::Direct,
        DirectRule::Always | DirectRule::UntilBlocked => Goes::ProxyFirst,
    }
}

impl Script<'_> {
    /// The text.
    pub fn text(&self) -> String {
        let mut names: BTreeMap<String, Goes> = BTreeMap::new();
        let mut others = Goes::Direct;
        for (service, rules) in self.services {
            if service.id.is_other() {
                others = goes(service);
            }
            for name in rules.iter().flat_map(|rule| &rule.names) {
                let name = name.trim_matches('.').to_ascii_lowercase();
                // Of two services that claim one name, the stricter holds: a script must not let out what one of them
                // forbids.
                let held = names.entry(name).or_insert_with(|| goes(service));
                *held = (*held).max(goes(service));
            }
        }
        let proxy = if self.login { format!("PROXY {}", self.at) } else { format!("SOCKS5 {0}; PROXY {0}", self.at) };
        let mut table = String::new();
        for (name, goes) in &names {
            // Names are host names: letters, digits, hyphens and dots. Anything else would end the text.
            if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')) {
                let comma = if table.is_empty() { "" } else { "," };
                let _infallible = write!(table, "{comma}\n  \"{name}\": {}", *goes as u8);
            }
        }
        format!(
            "var names = {{{table}\n}};\n\
             var ways = [\"DIRECT\", \"{proxy}; DIRECT\", \"{proxy}\"];\n\
             function FindProxyForURL(url, host) {{\n\
             \x20 var name = host.toLowerCase(), dot;\n\
             \x20 if (name.charAt(name.length - 1) === \".\") name = name.substring(0, name.length - 1);\n\
             \x20 if (name.indexOf(\".\") < 0 || /\\.local$/.test(name) || /^(127|10|192\\.168|169\\.254|172\\.(1[6-9]|2\\d|3[01]))\\.[\\d.]+$/.test(name)) return \"DIRECT\";\n\
             \x20 for (;;) {{\n\
             \x20   if (Object.prototype.hasOwnProperty.call(names, name)) return ways[names[name]];\n\
             \x20   dot = name.indexOf(\".\");\n\
             \x20   if (dot < 0) return ways[{}];\n\
             \x20   name = name.substring(dot + 1);\n\
             \x20 }}\n\
             }}\n",
            others as u8
        )
    }

    /// The services that must not go straight out: a script cannot promise that where it cannot be fetched.
    pub fn never_direct<'b>(services: impl IntoIterator<Item = &'b Service>) -> Vec<&'b Service> {
        services.into_iter().filter(|service| goes(service) == Goes::ProxyOnly).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Facet, FirstFlight, ServiceId};

    fn service(id: &str, order: &[&str], direct: DirectRule) -> Service {
        Service {
            id: ServiceId::from(id),
            title: id.to_owned(),
            order: order.iter().map(|way| TransportId::from(*way)).collect(),
            direct,
            first_flight: FirstFlight::Sniff,
        }
    }

    fn claims(id: &str, names: &[&str]) -> Vec<Rule> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let (prefixes, ports) = (Vec::new(), Vec::new());
        vec![Rule { service: ServiceId::from(id), facet: Facet::Web, names, prefixes, ports }]
    }

    fn script(services: &[(Service, Vec<Rule>)], login: bool) -> String {
        let services: Vec<_> = services.iter().map(|(service, rules)| (service, &rules[..])).collect();
        Script { services: &services, at: "192.168.1.2:4180".parse().unwrap(), login }.text()
    }

    fn world(others: DirectRule) -> Vec<(Service, Vec<Rule>)> {
        let ways = ["direct", "tokyo"];
        vec![
            (service("bank", &["direct"], DirectRule::Always), claims("bank", &["bank.telegram.org"])),
            (service("telegram", &ways, DirectRule::UntilBlocked), claims("telegram", &["telegram.org", "T.me."])),
            (service("signal", &["tokyo"], DirectRule::Never), claims("signal", &["signal.org", "a\"b"])),
            (service("other", &["direct"], others), Vec::new()),
        ]
    }

    #[test]
    fn each_name_goes_where_its_service_may() {
        let text = script(&world(DirectRule::UntilBlocked), false);
        for line in ["\"telegram.org\": 1", "\"t.me\": 1", "\"signal.org\": 2", "\"bank.telegram.org\": 0"] {
            assert!(text.contains(line), "{text}");
        }
        let ways = "[\"DIRECT\", \"SOCKS5 192.168.1.2:4180; PROXY 192.168.1.2:4180; DIRECT\", \
                    \"SOCKS5 192.168.1.2:4180; PROXY 192.168.1.2:4180\"]";
        assert!(text.contains(ways) && text.contains("return ways[0]") && !text.contains("a\""), "{text}");
    }

    #[test]
    fn what_is_forbidden_to_all_others_is_forbidden_to_the_script() {
        assert!(script(&world(DirectRule::Never), false).contains("return ways[2]"));
    }

    #[test]
    fn a_login_can_be_given_over_http_only() {
        let text = script(&world(DirectRule::UntilBlocked), true);
        assert!(text.contains("\"PROXY 192.168.1.2:4180; DIRECT\"") && !text.contains("SOCKS"), "{text}");
    }

    #[test]
    fn nothing_in_it_asks_a_resolver_or_needs_a_newer_language() {
        let text = script(&world(DirectRule::UntilBlocked), false);
        for word in ["dnsResolve", "isInNet", "isResolvable", "myIpAddress", "=>", "let ", "const ", "`"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }

    #[test]
    fn the_stricter_of_two_claims_holds() {
        let mut world = world(DirectRule::UntilBlocked);
        world.push((service("mine", &["tokyo"], DirectRule::Never), claims("mine", &["telegram.org"])));
        assert!(script(&world, false).contains("\"telegram.org\": 2"));
    }
}
