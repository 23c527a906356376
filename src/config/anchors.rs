//! `[anchors]`: the neutral places that vouch for the link. The built-in ones are what the devices of a household
//! ask anyway; the domestic ones are per region.

use super::Reading;
use super::document::{self, Source, Table};
use super::embedded::ANCHORS;
use super::fault::shown;
use super::probes::is_table;
use super::reader::{Item, Section, each};
use super::trail::Trail;
use crate::model::{Destination, Facet, L4, ServiceId};
use crate::probe::{Anchors, CaptiveCheck, Https, Kind, Method, Roots, Spec};

impl Reading<'_> {
    pub(super) fn anchors(&self, root: &Section<'_>, region: Option<&str>) -> Anchors {
        let mut built_in = Table::default();
        for file in &ANCHORS {
            let source = Source::Embedded(file.path);
            built_in = built_in.overlaid(document::parse(file.text, &source, self.faults));
        }
        let regions = built_in.0.remove("regions");
        self.known_region(root, regions.as_ref().map(|(_, node)| node));
        let regional = regions.as_ref().and_then(|(_, node)| match &node.value {
            document::Value::Table(regions) => regions.table(region?),
            _ => None,
        });
        let mut table = built_in.overlaid(regional.cloned().unwrap_or_default());
        let place = match root.item("anchors") {
            Some(item) => {
                if let Some(section) = item.section() {
                    table = table.overlaid(section.table.clone());
                }
                item.node.place.clone()
            }
            None => root.place.clone(),
        };
        let section = Section::at(&table, place, Trail::whole("anchors"), self.faults);
        let anchors = Anchors {
            captive: section.list("captive").iter().filter_map(captive).collect(),
            neutral: section.list("neutral").iter().filter_map(|item| self.anchor(item, "neutral")).collect(),
            domestic: section.list("domestic").iter().filter_map(|item| self.anchor(item, "domestic")).collect(),
            bulk: section.list("bulk").iter().filter_map(|item| self.anchor(item, "bulk")).collect(),
            stun: packets(&section, "stun"),
            time: packets(&section, "time"),
        };
        section.finish();
        anchors
    }

    /// A region nobody listed anchors for helps only with anchors of the user's own.
    fn known_region(&self, root: &Section<'_>, regions: Option<&document::Node>) {
        let own = root.table.table("anchors").is_some_and(|anchors| anchors.0.contains_key("domestic"));
        let (Some(item), Some(document::Value::Table(regions))) = (root.item("region"), regions.map(|r| &r.value))
        else {
            return;
        };
        let Some(region) = item.word().filter(|_| !own) else { return };
        if regions.table(&region.to_lowercase()).is_none() {
            let known: Vec<&str> = regions.0.keys().map(String::as_str).collect();
            let expected = format!("expected one of {}, or [anchors] with a domestic list", known.join(", "));
            let _: Option<()> = item.fail(format!("no domestic anchors are known for {}", shown(region)), expected);
        }
    }

    /// `"host:port"`, or a table with `target` and the keys of an `https` probe.
    fn anchor(&self, item: &Item<'_>, role: &str) -> Option<Spec> {
        const TARGET: &str = "expected \"host:port\", or a table with a target";
        let (target, https) = if is_table(item) {
            let section = item.section()?;
            let target = section.required("target", TARGET).and_then(|t| t.parsed(TARGET, Destination::parse));
            let https = self.https(&section, &Roots::Platform, &["http/1.1"]);
            section.finish();
            (target?, https)
        } else {
            (item.parsed(TARGET, Destination::parse)?, plain())
        };
        Some(Spec {
            service: ServiceId::from(role),
            facet: Facet::Web,
            l4: L4::Tcp,
            targets: vec![target],
            kind: Kind::Https(https),
        })
    }
}

/// Places that are asked in packets.
fn packets(section: &Section<'_>, key: &'static str) -> Vec<Destination> {
    each(section.list(key), |item| item.parsed("expected \"host:port\"", Destination::parse))
}

fn plain() -> Https {
    Https {
        name: None,
        alpn: vec!["http/1.1".to_owned()],
        roots: Roots::Platform,
        method: Method::Head,
        path: "/".to_owned(),
        proof_header: None,
        body_bytes: 0,
    }
}

/// `{ url = "http://…", status = 204, body = "…" }`.
fn captive(item: &Item<'_>) -> Option<CaptiveCheck> {
    const URL: &str = "expected an http:// address: only a plain one shows a captive portal";
    let section = item.section()?;
    let url = section.required("url", URL).and_then(|url| {
        let text = url.word()?;
        address(text).map_or_else(|| url.fail("this is no http:// address", URL), Some)
    });
    let status = section.or("status", 200, |item| u16::try_from(item.integer(100..=599)?).ok());
    let body = section.item("body").and_then(|item| item.text().map(str::to_owned));
    section.finish();
    let (target, path) = url?;
    Some(CaptiveCheck { target, path, status, body })
}

fn address(url: &str) -> Option<(Destination, String)> {
    let rest = url.strip_prefix("http://")?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    let target = Destination::parse(authority).or_else(|_| Destination::parse(&format!("{authority}:80"))).ok()?;
    Some((target, path.to_owned()))
}
