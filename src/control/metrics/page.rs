//! The text itself: every family of metrics by name, with its help and its rows.

use super::{Counted, Facts};
use crate::control::report::{FacetLine, ServiceLine, Status, Up};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeMetric, MetricEncoder,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::collections::BTreeSet;
use std::fmt;

type Labels<'a> = Vec<(&'static str, &'a str)>;
type Rows<'a, N> = Vec<(Labels<'a>, N)>;

/// What is counted and what is true, as text.
pub(super) fn text(counted: &Counted, status: &Status, facts: &Facts) -> String {
    let mut text = String::new();
    // A registry owns what it shows; this one lives for one page.
    let sheet = Sheet { status: status.clone(), facts: facts.clone(), counted: counted.clone() };
    let mut registry = Registry::default();
    registry.register_collector(Box::new(sheet));
    // Writing into a string does not fail.
    let _ = prometheus_client::encoding::text::encode(&mut text, &registry);
    text
}

#[derive(Debug)]
struct Sheet {
    status: Status,
    facts: Facts,
    counted: Counted,
}

impl Collector for Sheet {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Self { status, facts, counted } = self;
        let mut families = Families(encoder);
        families.state(status, facts)?;
        families.traffic(status, facts)?;
        families.events(counted)?;
        families.probes(status, counted, facts)?;
        families.subscriptions(status)?;
        families.process(facts)
    }
}

/// A number whose family has no type: `byway_connections_total` stands beside the gauge `byway_connections`, and
/// OpenMetrics would give a counter of that name the gauge's.
struct Untyped(u64);

impl EncodeMetric for Untyped {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        encoder.encode_gauge(&self.0)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Unknown
    }
}

struct Families<'e>(DescriptorEncoder<'e>);

impl Families<'_> {
    fn family<M: EncodeMetric>(&mut self, name: &str, help: &str, kind: MetricType, rows: Rows<'_, M>) -> fmt::Result {
        // A family without rows says nothing.
        if rows.is_empty() {
            return Ok(());
        }
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        if let [(labels, metric)] = rows.as_slice()
            && labels.is_empty()
        {
            return metric.encode(family);
        }
        rows.iter().try_for_each(|(labels, metric)| metric.encode(family.encode_family(labels)?))
    }

    fn gauge<N: EncodeGaugeValue>(&mut self, name: &str, help: &str, rows: Rows<'_, N>) -> fmt::Result {
        let rows = rows.into_iter().map(|(labels, value)| (labels, ConstGauge::new(value))).collect();
        self.family(name, help, MetricType::Gauge, rows)
    }

    /// `_total` is added to the name.
    fn counter<N: EncodeCounterValue>(&mut self, name: &str, help: &str, rows: Rows<'_, N>) -> fmt::Result {
        let rows = rows.into_iter().map(|(labels, value)| (labels, ConstCounter::new(value))).collect();
        self.family(name, help, MetricType::Counter, rows)
    }

    fn state(&mut self, status: &Status, facts: &Facts) -> fmt::Result {
        let commit = option_env!("BYWAY_COMMIT").unwrap_or("unknown");
        let build = vec![("version", status.version.as_str()), ("commit", commit), ("features", facts.features)];
        self.gauge("byway_build_info", "What runs", vec![(build, 1_u64)])?;
        let facets =
            || status.services.iter().flat_map(|service| service.facets.iter().map(move |facet| (service, facet)));
        let capabilities: Vec<_> = facets().map(|(service, facet)| (service, facet, facet.facet.to_string())).collect();
        let up = |(service, facet, capability): &'_ (&'_ ServiceLine, &FacetLine, String)| {
            let up = match facet.up {
                Up::Yes => 1_u64,
                Up::No => 0,
                Up::Unsure => return None,
            };
            Some((service.id.as_str().to_owned(), capability.clone(), up))
        };
        let rows: Vec<_> = capabilities.iter().filter_map(up).collect();
        let rows = rows.iter().map(|(s, c, up)| (vec![("service", s.as_str()), ("capability", c.as_str())], *up));
        self.gauge(
            "byway_service_up",
            "Whether a part of a service can be used; absent while that is not known",
            rows.collect(),
        )?;
        let ways: BTreeSet<_> =
            facets().filter_map(|(service, facet)| Some((service.id.as_str(), facet.way.as_ref()?.as_str()))).collect();
        let rows = ways.into_iter().map(|(service, way)| (vec![("service", service), ("transport", way)], 1_u64));
        self.gauge("byway_active_transport", "The ways that a service's connections take", rows.collect())?;
        let rows = status.transports.iter().map(|line| {
            let well = line.problem.is_none() && line.trouble.is_none();
            (vec![("transport", line.id.as_str()), ("kind", line.kind.as_str())], u64::from(well))
        });
        self.gauge(
            "byway_transport_up",
            "Whether a way is set up and its own server is not known to fail",
            rows.collect(),
        )?;
        let rows = facts.last_good.iter().map(|(service, at)| (vec![("service", service.as_str())], *at));
        self.gauge("byway_last_good_timestamp_seconds", "When a service last answered as it should", rows.collect())
    }

    fn traffic(&mut self, status: &Status, facts: &Facts) -> fmt::Result {
        let rows = facts.connections.iter().map(|(inbound, transport, count)| {
            (vec![("inbound", *inbound), ("transport", transport.as_str())], *count)
        });
        self.gauge("byway_connections", "Connections that are open", rows.collect())?;
        let all = vec![(Vec::new(), Untyped(status.counters.connections))];
        self.family("byway_connections_total", "Connections of clients since the start", MetricType::Unknown, all)?;
        let rows = facts.bytes.iter().flat_map(|(transport, up, down)| {
            [("up", *up), ("down", *down)]
                .map(|(direction, bytes)| (vec![("transport", transport.as_str()), ("direction", direction)], bytes))
        });
        self.counter("byway_bytes", "Bytes of people's streams, from clients (up) and to them (down)", rows.collect())?;
        let open = vec![(Vec::new(), facts.associations)];
        self.gauge("byway_udp_associations", "UDP associations that are open", open)?;
        let rows = facts.lookups.iter().map(|(result, count)| (vec![("result", *result)], *count));
        self.counter("byway_dns_queries", "Look-ups of names that no memory answered", rows.collect())
    }

    fn events(&mut self, counted: &Counted) -> fmt::Result {
        let rows = counted
            .switches
            .iter()
            .map(|((service, reason), count)| (vec![("service", service.as_str()), ("reason", *reason)], *count));
        self.counter(
            "byway_switches",
            "Changes of a service's way, by what was wrong with the old one",
            rows.collect(),
        )?;
        let rows = counted
            .blocks
            .iter()
            .map(|((service, class), count)| (vec![("service", service.as_str()), ("class", *class)], *count));
        self.counter("byway_blocks", "Ways of a service that were found blocked, by how", rows.collect())?;
        let changes = vec![(Vec::new(), counted.networks)];
        self.counter("byway_network_changes", "How often the machine joined another network", changes)
    }

    fn probes(&mut self, status: &Status, counted: &Counted, facts: &Facts) -> fmt::Result {
        let rows = counted.latest.iter().map(|((service, transport, stage), good)| {
            (
                vec![("service", service.as_str()), ("transport", transport.as_str()), ("stage", *stage)],
                u64::from(*good),
            )
        });
        self.gauge(
            "byway_probe_success",
            "Whether the latest active test that ended at this stage ended well",
            rows.collect(),
        )?;
        let rows = counted.probes.iter().map(|((service, transport, stage, result), count)| {
            let labels = vec![("service", service.as_str()), ("transport", transport.as_str()), ("stage", *stage)];
            ([labels, vec![("result", *result)]].concat(), *count)
        });
        self.counter("byway_probes", "Active tests, by how far they came and what they brought", rows.collect())?;
        let rows = counted.durations.iter().map(|((transport, stage), histogram)| {
            (vec![("transport", transport.as_str()), ("stage", *stage)], histogram.clone())
        });
        let help = "How long active tests took, by how far they came";
        self.family("byway_probe_duration_seconds", help, MetricType::Histogram, rows.collect())?;
        let bytes = vec![(Vec::new(), status.counters.probe_bytes)];
        self.counter("byway_probe_bytes", "Bytes of active tests, both ways, as they are priced", bytes)?;
        let budget = vec![(Vec::new(), facts.probe_budget)];
        self.gauge("byway_probe_budget_bytes", "What active tests may cost in a day", budget)
    }

    fn subscriptions(&mut self, status: &Status) -> fmt::Result {
        let lists = &status.subscriptions;
        let rows = |value: fn(&crate::control::report::SubscriptionLine) -> Option<u64>| {
            lists.iter().filter_map(|list| Some((vec![("subscription", list.name.as_str())], value(list)?))).collect()
        };
        let used = rows(|list| list.used_bytes);
        self.gauge("byway_subscription_used_bytes", "Bytes that a list's servers carried, as its keeper says", used)?;
        let limit = rows(|list| list.total_bytes.filter(|total| *total > 0));
        self.gauge("byway_subscription_limit_bytes", "Bytes that a list's servers may carry", limit)?;
        let expires = rows(|list| list.expires.map(|at| at.as_secs()));
        self.gauge("byway_subscription_expires_timestamp_seconds", "When a list ends", expires)?;
        let fetched = rows(|list| list.last_good.map(|at| at.as_secs()));
        self.gauge("byway_subscription_last_good_timestamp_seconds", "When a list was last fetched", fetched)
    }

    fn process(&mut self, facts: &Facts) -> fmt::Result {
        let process = &facts.process;
        let one = |value: Option<u64>| value.map(|value| (Vec::new(), value)).into_iter().collect::<Vec<_>>();
        let cpu = process.cpu_seconds.map(|value| (Vec::new(), value)).into_iter().collect();
        self.counter::<f64>("process_cpu_seconds", "Processor time", cpu)?;
        self.gauge("process_resident_memory_bytes", "Memory that is in use", one(process.resident_bytes))?;
        self.gauge("process_open_fds", "Open descriptors", one(process.open_fds))?;
        let started = process.started.map(|value| (Vec::new(), value)).into_iter().collect();
        self.gauge::<f64>("process_start_time_seconds", "When the process started", started)
    }
}
