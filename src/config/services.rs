//! `[service.NAME]`: the catalogue, the user's changes laid over it, and services of the user's own.

use super::Reading;
use super::document::{self, Source, Table, Value};
use super::embedded::SERVICES;
use super::fault::{nearest, shown};
use super::reader::{Item, Section, each};
use super::settings::ServiceSpec;
use super::trail::Trail;
use super::ways::Ways;
use crate::model::{DirectRule, Facet, FirstFlight, Host, Service, ServiceId, TransportId};
use crate::policy::Rule;
use ipnet::IpNet;
use std::net::IpAddr;
use std::ops::RangeInclusive;

const DIRECT: [(&str, DirectRule); 3] =
    [("always", DirectRule::Always), ("until-blocked", DirectRule::UntilBlocked), ("never", DirectRule::Never)];

const FIRST_FLIGHT: [(&str, FirstFlight); 3] =
    [("sniff", FirstFlight::Sniff), ("mtproto", FirstFlight::Mtproto), ("noise", FirstFlight::Noise)];

/// The facets with a table of their own; what stands outside of them is the text facet's.
const FACETS: [(&str, Facet); 3] = [("media", Facet::Media), ("calls", Facet::Calls), ("web", Facet::Web)];

impl Reading<'_> {
    /// The user's services first, so that they win where both claim the same; `other` last.
    pub(super) fn services(&self, root: &Section<'_>, ways: &Ways, order: &[TransportId]) -> Vec<ServiceSpec> {
        let empty = Table::default();
        let user = root.section("service");
        let users = user.as_ref().map_or(&empty, |section| section.table);
        let mut own = Vec::new();
        let mut known = Vec::new();
        for section in user.iter() {
            for (name, _, item) in section.entries() {
                if catalogued(name) || name == "other" || !named(name, &item) {
                    continue;
                }
                if let Some(section) = item.section() {
                    own.extend(self.service(name, section, ways, order));
                }
            }
        }
        for file in &SERVICES {
            let id = file.stem();
            let source = Source::Embedded(file.path);
            let base = document::parse(file.text, &source, self.faults);
            let merged = match users.0.get(id).map(|(_, node)| node) {
                None => base,
                Some(node) => match &node.value {
                    Value::Table(over) => base.overlaid(over.clone()),
                    _ => base,
                },
            };
            let place = users.0.get(id).map_or_else(|| document::top(&source), |(place, _)| place.clone());
            let section = Section::at(&merged, place, Trail::whole(&format!("service.{id}")), self.faults);
            known.extend(self.service(id, section, ways, order));
        }
        self.not_tables(users);
        own.into_iter().chain(known).chain([self.other(users, ways)]).collect()
    }

    fn not_tables(&self, users: &Table) {
        for (id, (_, node)) in users.0.iter().filter(|(id, _)| catalogued(id) || *id == "other") {
            let item = Item { node, path: Trail::whole(&format!("service.{id}")), faults: self.faults };
            let _ = item.section();
        }
    }

    fn service(&self, id: &str, section: Section<'_>, ways: &Ways, order: &[TransportId]) -> Option<ServiceSpec> {
        let enabled = section.or("enabled", true, Item::flag);
        let title = section.or("title", id.to_owned(), |item| item.word().map(str::to_owned));
        let checked = section.item("checked").and_then(|item| item.word().map(str::to_owned));
        let first_flight = section.or("first_flight", FirstFlight::Sniff, |item| item.one_of(&FIRST_FLIGHT));
        let (order, direct) = self.policy(&section, ways, order);
        let service_id = ServiceId::from(id);
        let mut rules = Vec::from_iter(rules(&section, &service_id, Facet::Text));
        for (key, facet) in FACETS {
            if let Some(section) = section.section(key) {
                rules.extend(self::rules(&section, &service_id, facet));
                section.finish();
            }
        }
        if enabled && rules.is_empty() {
            let _: Option<()> = section.fail("nothing belongs to this service", "expected names or prefixes");
        }
        let probes = self.probes(&section, &service_id);
        section.finish();
        let service = Service { id: service_id, title, order, direct, first_flight };
        enabled.then_some(ServiceSpec { service, rules, probes, checked })
    }

    /// Everything that is no listed service: straight out unless told otherwise.
    fn other(&self, users: &Table, ways: &Ways) -> ServiceSpec {
        let usual = [TransportId::from("direct")];
        let empty = Table::default();
        let (place, table) = match users.0.get("other") {
            Some((place, _)) => (place.clone(), users.table("other").unwrap_or(&empty)),
            None => (document::top(&Source::Embedded("")), &empty),
        };
        let section = Section::at(table, place, Trail::whole("service.other"), self.faults);
        let title = section.or("title", "Everything else".to_owned(), |item| item.word().map(str::to_owned));
        let (order, direct) = self.policy(&section, ways, &usual);
        section.finish();
        let service = Service { id: ServiceId::other(), title, order, direct, first_flight: FirstFlight::Sniff };
        ServiceSpec { service, rules: Vec::new(), probes: Vec::new(), checked: None }
    }

    /// `order` and `direct`, which must leave a way.
    fn policy(&self, section: &Section<'_>, ways: &Ways, usual: &[TransportId]) -> (Vec<TransportId>, DirectRule) {
        let rule = section.item("direct");
        let direct = rule.as_ref().and_then(|item| item.one_of(&DIRECT)).unwrap_or_default();
        let item = section.item("order");
        // Without an order of its own a service has everybody's, in which a subscription may be.
        let without = || (usual.to_vec(), ways.usual_has_group);
        let (order, listed) = item.as_ref().map_or_else(without, |item| ways.order(item));
        // A list may have no members yet, and none of them will be bare.
        let may_come = listed && direct != DirectRule::Always;
        if let Some(item) = rule.or(item)
            && (!order.is_empty() || listed)
            && !may_come
        {
            let left = |id: &TransportId| match direct {
                DirectRule::Always => ways.is_bare(id),
                DirectRule::UntilBlocked => true,
                DirectRule::Never => !ways.is_bare(id),
            };
            if !order.iter().any(left) {
                let expected = match direct {
                    DirectRule::Always => "expected direct or split in the order",
                    DirectRule::UntilBlocked | DirectRule::Never => "expected a tunnel in the order",
                };
                let _: Option<()> = item.fail(format!("direct = \"{direct}\" leaves no way in the order"), expected);
            }
        }
        (order, direct)
    }
}

fn catalogued(id: &str) -> bool {
    SERVICES.iter().any(|file| file.stem() == id)
}

/// Whether a name of the user's own will do; one close to a known service is most likely a slip.
fn named(name: &str, item: &Item<'_>) -> bool {
    let fits = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.chars().count() > 32 || !name.chars().all(fits) {
        let _: Option<()> = item.fail("this is no name for a service", "expected up to 32 letters, digits, - and _");
        return false;
    }
    let claims =
        item.section().is_some_and(|s| ["names", "prefixes", "media", "calls", "web"].iter().any(|k| s.has(k)));
    if claims {
        return true;
    }
    let stems = SERVICES.iter().map(super::embedded::Embedded::stem).chain(["other"]);
    let expected = match nearest(name, stems) {
        Some(near) => format!("did you mean {near:?}?"),
        None => "expected names or prefixes that belong to it".to_owned(),
    };
    let _: Option<()> = item.fail(format!("there is no service {}", shown(name)), expected);
    false
}

/// What a table claims for a facet: `names` and `prefixes`, on `ports` or any.
fn rules(section: &Section<'_>, service: &ServiceId, facet: Facet) -> Option<Rule> {
    let names = each(section.list("names"), name);
    let prefixes = each(section.list("prefixes"), prefix);
    let ports = section.item("ports");
    let claims = section.has("names") || section.has("prefixes");
    if let Some(item) = &ports
        && !claims
    {
        let _: Option<()> = item.fail("ports alone would claim strangers", "expected names or prefixes beside them");
    }
    let ports = ports.map_or_else(Vec::new, |item| each(item.list().unwrap_or_default(), port));
    (!names.is_empty() || !prefixes.is_empty()).then(|| Rule {
        service: service.clone(),
        facet,
        names,
        prefixes,
        ports,
    })
}

fn name(item: &Item<'_>) -> Option<String> {
    match item.parsed("expected a name such as \"example.org\", which means all below it too", Host::parse)? {
        Host::Name(name) => Some(name.trim_start_matches('.').to_owned()),
        Host::Ip(_) => item.fail("this is an address", "expected a name; addresses go under prefixes"),
    }
}

fn prefix(item: &Item<'_>) -> Option<IpNet> {
    const PREFIX: &str = "expected an address prefix such as \"192.0.2.0/24\" or \"2001:db8::/32\"";
    let text = item.word()?;
    let net = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().map(IpNet::from).ok());
    let Some(net) = net else { return item.fail(format!("{} is no prefix", shown(text)), PREFIX) };
    if net.trunc() == net {
        return Some(net);
    }
    item.fail("there are bits set behind the prefix", format!("did you mean \"{}\"?", net.trunc()))
}

/// One port, or `"from-to"`.
fn port(item: &Item<'_>) -> Option<RangeInclusive<u16>> {
    if let Value::Integer(_) = item.node.value {
        let port = u16::try_from(item.integer(1..=65535)?).ok()?;
        return Some(port..=port);
    }
    const PORTS: &str = "expected a port, or a range such as \"590-600\"";
    let text = item.word()?;
    let ends = text.split_once('-').unwrap_or((text, text));
    match (ends.0.trim().parse::<u16>(), ends.1.trim().parse::<u16>()) {
        (Ok(from), Ok(to)) if from != 0 && from <= to => Some(from..=to),
        _ => item.fail(format!("{} is no port and no range", shown(text)), PORTS),
    }
}
