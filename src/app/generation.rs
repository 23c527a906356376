//! What one configuration makes: ways, routing, resolver, prober. A reload makes a new one whole and puts it in
//! the old one's place; a way that cannot be built is told and stops no other.

use super::{Tasks, convert};
use crate::board::Board;
use crate::config::{ServiceSpec, Settings};
use crate::control::report;
use crate::inbound::relay::{self, Relay};
use crate::inbound::whatsapp::WhatsApp;
use crate::judge::{self, dns::Heard};
use crate::model::{Destination, DirectRule, Facet, Host, Keyed, L4, Route, ServiceId, Source, TransportId, Way};
use crate::net::resolve::{self, Finding, Raw, SecureSaid, SystemSaid};
use crate::net::tls::{TlsError, Trust};
use crate::net::{Handed, Network, Resolver};
use crate::policy::{Matcher, Rule};
use crate::probe::{self, Prober};
use crate::session::{Exit, Routing};
use crate::transport;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What byway takes from outside.
#[derive(Clone)]
pub struct World {
    /// The machine's network.
    pub network: Arc<dyn Network>,
    /// Chance, the calendar, control C0.
    pub sources: probe::Sources,
    /// What stands in for the platform's certificate store (DER), in a world that has none of its own.
    pub web_roots: Option<Arc<[Vec<u8>]>>,
    /// Whether a listed name may have a private address (networks with names of their own, the lab).
    pub private_names: bool,
    /// The programs that ways run: one that a reload did not change runs on.
    pub children: Arc<transport::Children>,
    /// The listening sockets that stood before byway began.
    pub handed: Handed,
}

impl World {
    /// The machine that byway runs on.
    pub fn of_this_machine() -> Self {
        Self {
            network: Arc::new(crate::net::OsNetwork),
            sources: probe::Sources::system(crate::platform::has_default_route),
            web_roots: None,
            private_names: false,
            children: Arc::default(),
            handed: Handed::default(),
        }
    }

    /// A question that trusts what this world trusts.
    fn trusting(&self, spec: &probe::Spec) -> probe::Spec {
        let mut spec = spec.clone();
        let https = match &mut spec.kind {
            probe::Kind::Https(https)
            | probe::Kind::Often(https)
            | probe::Kind::Tls(https)
            | probe::Kind::Quic(https)
            | probe::Kind::WebSocket { https, .. } => https,
            probe::Kind::Telegram { .. } | probe::Kind::Noise { .. } | probe::Kind::Stun => return spec,
        };
        if let (probe::Roots::Platform, Some(roots)) = (&https.roots, &self.web_roots) {
            https.roots = probe::Roots::Pinned(Arc::clone(roots));
        }
        spec
    }
}

/// A relay whose clients leave straight from here.
fn relay(
    settings: &relay::Settings,
    world: &World,
    resolver: &Arc<Resolver>,
    tasks: &Tasks,
) -> Result<Relay, TlsError> {
    let exit = Exit::new(Arc::clone(&world.network), Arc::clone(resolver), settings.allow_private);
    let submit: relay::Submit = Arc::new(move |arrival| {
        let exit = exit.clone();
        Box::pin(async move { exit.carry(arrival).await })
    });
    let tasks = tasks.clone();
    let spawn: relay::Spawn = Arc::new(move |work| tasks.spawn_until_stop("relayed stream", work));
    Relay::new(settings, submit, spawn)
}

/// What one configuration made.
pub(super) struct Generation {
    /// The configuration.
    pub(super) settings: Settings,
    /// Destination to service, service to ways.
    pub(super) routing: Arc<Routing>,
    /// Who asks.
    pub(super) prober: Prober,
    /// Who looks names up.
    pub(super) resolver: Arc<Resolver>,
    /// The other end of somebody's fronted way, when it is here.
    pub(super) relay: Option<Relay>,
    /// The door for phones that have byway in WhatsApp's own proxy setting.
    pub(super) whatsapp: Option<WhatsApp>,
    /// The ways that could not be built, and why.
    pub(super) broken: Vec<(TransportId, String)>,
}

impl Generation {
    /// Builds everything that `settings` asks for. Opens no connection. Ways that are as they were `before` go on: a
    /// tunnel is one, and its server would be confused by two.
    pub(super) fn build(
        settings: Settings,
        world: &World,
        board: &Board,
        tasks: &Tasks,
        before: Option<&Self>,
    ) -> Result<Self, TlsError> {
        let matcher = Arc::new(Matcher::build(rules(&settings.services)));
        let before = before.filter(|before| asks_alike(&before.settings, &settings));
        let resolver = match before {
            Some(before) => Arc::clone(&before.resolver),
            None => {
                let asking = resolver_settings(&settings, &matcher, board, world);
                Arc::new(Resolver::new(Arc::clone(&world.network), asking)?)
            }
        };
        let specs: Vec<_> = settings.transports.iter().map(transport::Spec::from).collect();
        let kept = before.map(|before| unchanged(before, &settings)).unwrap_or_default();
        let built = transport::rebuild(&specs, &world.network, &resolver, &kept, &world.children);
        let mut transports = Keyed::default();
        let mut in_order = Vec::new();
        let mut broken = Vec::new();
        for (id, outcome) in built {
            match outcome {
                Ok(transport) => {
                    in_order.push(transport.clone());
                    transports.insert(id, transport);
                }
                Err(error) => broken.push((id, error.to_string())),
            }
        }
        let ways = settings.transports.iter().map(|spec| way(spec, transports.get(&spec.id))).collect();
        let services = settings.services.iter().map(|spec| (spec.service.id.clone(), Arc::new(spec.service.clone())));
        let routing = Arc::new(Routing {
            matcher,
            services: services.collect(),
            ways,
            transports,
            patience: convert::session(&settings.detect),
        });
        let prober = Prober::new(probe::Setup {
            settings: convert::probe(&settings.detect),
            specs: settings.services.iter().flat_map(|spec| &spec.probes).map(|probe| world.trusting(probe)).collect(),
            anchors: probe::Anchors {
                captive: settings.anchors.captive.clone(),
                neutral: settings.anchors.neutral.iter().map(|anchor| world.trusting(anchor)).collect(),
                domestic: settings.anchors.domestic.iter().map(|anchor| world.trusting(anchor)).collect(),
                bulk: settings.anchors.bulk.iter().map(|anchor| world.trusting(anchor)).collect(),
                stun: settings.anchors.stun.clone(),
                time: settings.anchors.time.clone(),
            },
            ways: in_order,
            services: settings.services.iter().map(|spec| spec.service.clone()).collect(),
            board: board.clone(),
            network: Arc::clone(&world.network),
            resolver: Some(Arc::clone(&resolver)),
            sources: world.sources.clone(),
        });
        let relay = settings.relay.as_ref().map(|relay| self::relay(relay, world, &resolver, tasks)).transpose()?;
        let whatsapp = settings.whatsapp.as_ref();
        let whatsapp = whatsapp.map(|door| super::phones::whatsapp(door, &routing.matcher)).transpose()?;
        Ok(Self { settings, routing, prober, resolver, relay, whatsapp, broken })
    }

    /// What is wrong with a way or its own server, as last seen, in words.
    pub(super) fn trouble(&self, id: &TransportId) -> Option<String> {
        let way = self.routing.transports.get(id)?;
        // What a way says of itself is nearer to the cause than what its connections met.
        let of_its_own = way.life.as_ref().and_then(|life| life.trouble());
        of_its_own.or_else(|| way.trouble.cause().map(report::trouble_words))
    }

    /// What a way has beyond its connections.
    pub(super) fn life(&self, id: &TransportId) -> Option<&Arc<dyn transport::Life>> {
        self.routing.transports.get(id)?.life.as_ref()
    }

    /// The device is on another network, or awake again.
    pub(super) fn moved(&self) {
        self.routing.transports.values().filter_map(|way| way.life.as_ref()).for_each(|life| life.moved());
    }
}

/// Whether names are looked up as before, so that what asks and what it remembers can stay.
fn asks_alike(before: &Settings, after: &Settings) -> bool {
    let asking = |settings: &Settings| format!("{:?} {:?}", settings.resolver, unrelated(settings));
    let alike = before.detect.dns_late_window == after.detect.dns_late_window && asking(before) == asking(after);
    alike && rules(&before.services) == rules(&after.services)
}

/// The ways that are as they were, and stand on such.
fn unchanged(before: &Generation, after: &Settings) -> Keyed<TransportId, transport::Transport> {
    let find = |settings: &Settings, id: &TransportId| settings.transports.iter().find(|spec| spec.id == *id).cloned();
    let same = |id: &TransportId| find(&before.settings, id).filter(|spec| find(after, id).as_ref() == Some(spec));
    let stands = |id: &TransportId| {
        let mut below = Some(id.clone());
        // No chain is longer than there are ways; a circle is refused when it is read.
        for _ in 0..=after.transports.len() {
            let Some(id) = below else { return true };
            let Some(spec) = same(&id) else { return false };
            below = spec.via;
        }
        false
    };
    let kept = before.routing.transports.iter().filter(|(id, _)| stands(id));
    kept.map(|(id, way)| (id.clone(), way.clone())).collect()
}

/// Every route that can be believed something about: each facet of each service over each way that the user allows
/// it.
pub(super) fn routes(settings: &Settings) -> Vec<Route> {
    let mut routes = Vec::new();
    for spec in settings.services.iter().filter(|spec| !spec.service.id.is_other()) {
        for (facet, l4) in facets(spec).union(&over_quic(spec)).copied() {
            for transport in allowed(settings, spec) {
                routes.push(Route { service: spec.service.id.clone(), facet, transport, l4 });
            }
        }
    }
    routes
}

/// The facets that can be asked over QUIC: looked into when an app's own QUIC gets no answer, and never else.
fn over_quic(spec: &ServiceSpec) -> BTreeSet<(Facet, L4)> {
    spec.probes.iter().filter(|probe| is_quic(probe)).map(|probe| (probe.facet, probe.l4)).collect()
}

const fn is_quic(probe: &probe::Spec) -> bool {
    matches!(probe.kind, probe::Kind::Quic(_))
}

/// A service's facets: those that are asked, and those that only traffic tells about. Calls are packets.
pub(super) fn facets(spec: &ServiceSpec) -> BTreeSet<(Facet, L4)> {
    let asked = spec.probes.iter().filter(|probe| !is_quic(probe)).map(|probe| (probe.facet, probe.l4));
    let carried = |facet| if facet == Facet::Calls { L4::Udp } else { L4::Tcp };
    let claimed = spec.rules.iter().map(|rule| (rule.facet, carried(rule.facet)));
    asked.chain(claimed).collect()
}

fn allowed(settings: &Settings, spec: &ServiceSpec) -> Vec<TransportId> {
    let is_bare = |id: &TransportId| settings.transports.iter().any(|way| way.id == *id && way.kind.is_bare());
    let permits = |id: &&TransportId| match spec.service.direct {
        DirectRule::Always => is_bare(id),
        DirectRule::UntilBlocked => true,
        DirectRule::Never => !is_bare(id),
    };
    spec.service.order.iter().filter(permits).cloned().collect()
}

fn rules(services: &[ServiceSpec]) -> Vec<Rule> {
    services.iter().flat_map(|spec| spec.rules.iter().cloned()).collect()
}

fn way(spec: &crate::config::TransportSpec, built: Option<&transport::Transport>) -> Way {
    Way {
        id: spec.id.clone(),
        bare: spec.kind.is_bare(),
        packets: built.is_some_and(|transport| transport.packets.is_some()),
        usable: built.is_some(),
    }
}

fn resolver_settings(settings: &Settings, matcher: &Arc<Matcher>, board: &Board, world: &World) -> resolve::Settings {
    let listed = Arc::clone(matcher);
    let mut resolver = settings.resolver.settings();
    for server in &mut resolver.servers {
        if let (Trust::Platform, Some(roots)) = (&server.trust, &world.web_roots) {
            server.trust = Trust::Only(Arc::clone(roots));
        }
    }
    resolve::Settings {
        listed: Arc::new(move |name| classify_name(&listed, name).is_some()),
        observer: dns_observer(Arc::clone(matcher), board.clone()),
        calendar: Some(world.sources.true_time.calendar(Arc::clone(&world.sources.unix_now))),
        allow_private: resolver.allow_private || world.private_names,
        late_window: settings.detect.dns_late_window,
        unrelated: unrelated(settings),
        ..resolver
    }
}

/// A name of no service: a place that every device of a household asks for.
fn unrelated(settings: &Settings) -> Option<String> {
    let names = settings.anchors.captive.iter().filter_map(|check| check.target.host.name());
    names.map(str::to_owned).next()
}

/// Tells the board when the system's resolver and the secure ones disagree about a listed name. That says nothing
/// about the route itself: the secure answer is used, and what follows is judged on its own.
fn dns_observer(matcher: Arc<Matcher>, board: Board) -> resolve::Observer {
    Arc::new(move |name, finding| {
        let Some(sign) = heard(finding).and_then(judge::dns::disagreement) else { return };
        let Some((service, facet)) = classify_name(&matcher, name) else { return };
        let now = board.now();
        let route = Route { service, facet, transport: TransportId::from("direct"), l4: L4::Tcp };
        board.report(crate::model::Evidence::new(route, Source::Traffic, sign, now, now));
    })
}

/// The listed service of a name, if there is one.
fn classify_name(matcher: &Matcher, name: &str) -> Option<(ServiceId, Facet)> {
    let (service, facet) = matcher.classify(&Destination::new(Host::parse(name).ok()?, 443));
    (!service.is_other()).then_some((service, facet))
}

/// What the judge is to weigh: nothing, unless the secure resolvers gave an address.
const fn heard(finding: Finding) -> Option<Heard> {
    match (finding.secure, finding.raw, finding.system) {
        (SecureSaid::No | SecureSaid::Failed, _, _) => None,
        // A resolver that is dead, or treats every name so, says nothing of this one.
        (_, Some(Raw::AllNamesAlike | Raw::DeadForAll | Raw::AnswersAgain), _) => None,
        (_, Some(Raw::TwoAnswers | Raw::OtherOverTcp), _) => Some(Heard::Forged),
        (_, Some(Raw::OnlyThisName), _) => Some(Heard::Silence),
        (_, Some(Raw::Consistent) | None, system) => Some(match system {
            SystemSaid::Answered | SystemSaid::Differs => Heard::OtherAddresses,
            SystemSaid::Bogon => Heard::Bogon,
            SystemSaid::Nxdomain | SystemSaid::Empty => Heard::NoAddress,
            SystemSaid::Timeout => Heard::Silence,
            SystemSaid::Failed => Heard::Refused,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_blamed_for_a_lie_about_its_name_and_not_for_a_dead_resolver() {
        let secure = SecureSaid::Answered;
        for (system, raw, want) in [
            (SystemSaid::Nxdomain, None, Some(Heard::NoAddress)),
            (SystemSaid::Nxdomain, Some(Raw::Consistent), Some(Heard::NoAddress)),
            (SystemSaid::Nxdomain, Some(Raw::AllNamesAlike), None),
            (SystemSaid::Bogon, Some(Raw::TwoAnswers), Some(Heard::Forged)),
            (SystemSaid::Differs, Some(Raw::TwoAnswers), Some(Heard::Forged)),
            (SystemSaid::Differs, Some(Raw::Consistent), Some(Heard::OtherAddresses)),
            (SystemSaid::Nxdomain, Some(Raw::OtherOverTcp), Some(Heard::Forged)),
            (SystemSaid::Timeout, Some(Raw::OnlyThisName), Some(Heard::Silence)),
            (SystemSaid::Failed, Some(Raw::OnlyThisName), Some(Heard::Silence)),
            (SystemSaid::Timeout, Some(Raw::DeadForAll), None),
            (SystemSaid::Timeout, Some(Raw::AnswersAgain), None),
        ] {
            assert_eq!(heard(Finding { system, secure, raw }), want, "{system:?} {raw:?}");
        }
        let unknown = Finding { system: SystemSaid::Bogon, secure: SecureSaid::Failed, raw: None };
        assert_eq!(heard(unknown), None);
    }
}
