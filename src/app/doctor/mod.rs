//! The check-up: gathers the facts of this machine and this byway, check by check, and has them judged. One at a time, for
//! as long as somebody listens; it changes nothing.

mod local;

use super::Byway;
use super::source::Source;
use super::system_proxy;
use crate::config::{Settings, TransportKind};
use crate::control::doctor::{self, Check, ConfigurationFacts, ControlFacts, Finding, LeftBehind, Step};
use crate::control::report::Status;
use crate::control::{Place, Refusal, RefusalCode};
use crate::platform;
use crate::platform::firewall::Standing;
use crate::probe::{LineFacts, Prober};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// All of it ends within this; ways that have not been tested by then are said not to be.
const WHOLE: Duration = Duration::from_secs(120);
/// Steps told ahead of who listens.
const AHEAD: usize = 8;

/// Who is checked up, as far as it exists.
pub(super) struct Patient {
    /// A byway to test ways with; `None` where the configuration makes none.
    pub(super) byway: Option<Arc<Byway>>,
    /// Where its configuration comes from.
    pub(super) source: Source,
    /// Where it is commanded.
    pub(super) place: Place,
    /// Whether it runs, with its doors, or was made for this check-up.
    pub(super) runs: bool,
    /// What is known of the services already; nothing where it does not run.
    pub(super) status: BoxFuture<'static, Option<Status>>,
}

/// The checks of [`Patient`] in order.
const PLAN: [Check; 17] = [
    Check::Configuration,
    Check::Files,
    Check::Control,
    Check::Listener,
    Check::Leftovers,
    Check::SystemProxy,
    Check::Firewall,
    Check::Route,
    Check::Portal,
    Check::Clock,
    Check::Internet,
    Check::Mtu,
    Check::Names,
    Check::Families,
    Check::Udp,
    Check::Way,
    Check::Service,
];

/// The check-up of a running byway. Dropping the stream stops it and lets the next one begin.
pub(super) fn of_running(byway: &Arc<Byway>, patient: Patient) -> Result<BoxStream<'static, Step>, Refusal> {
    let Ok(turn) = Arc::clone(&byway.examining).try_acquire_owned() else {
        let why = "an examination or a check-up is under way already; try again when it is over";
        return Err(Refusal::new(RefusalCode::Busy, why));
    };
    Ok(stream::unfold((steps(patient), turn), |(mut steps, turn)| async move {
        steps.next().await.map(|step| (step, (steps, turn)))
    })
    .boxed())
}

/// The steps of a check-up. Nothing happens unless the stream is read; dropped, it ends at once.
pub(super) fn steps(patient: Patient) -> BoxStream<'static, Step> {
    let (told, mut heard) = mpsc::channel(AHEAD);
    let work = async move {
        let ends = Instant::now() + WHOLE;
        // Who has left wants to hear no more.
        let _ = CheckUp { patient, told, ends, line: None }.run().await;
    };
    let mut work = work.boxed().fuse();
    stream::poll_fn(move |cx| {
        // It has nothing to say but what it tells.
        let _ = work.poll_unpin(cx);
        heard.poll_recv(cx)
    })
    .boxed()
}

/// Byway's rules, and whether somebody takes them back: the kernel, or a byway that `runs`.
async fn firewall(runs: bool) -> Option<LeftBehind> {
    Some(match platform::firewall::standing().await? {
        Standing::Absent => LeftBehind::Nothing,
        Standing::Held => LeftBehind::InForce,
        Standing::Lasting if runs => LeftBehind::InForce,
        Standing::Lasting => LeftBehind::Orphaned,
    })
}

/// Nobody listens any more.
struct Left;

struct CheckUp {
    patient: Patient,
    told: mpsc::Sender<Step>,
    ends: Instant,
    line: Option<LineFacts>,
}

impl CheckUp {
    async fn run(mut self) -> Result<(), Left> {
        self.tell(Step::Planned(u32::try_from(PLAN.len()).unwrap_or(u32::MAX))).await?;
        for check in PLAN {
            self.tell(Step::Looks(check)).await?;
            match check {
                Check::Way => self.look_at_ways().await?,
                _ => {
                    for finding in self.look(check).await {
                        self.tell(Step::Found(finding)).await?;
                    }
                }
            }
            self.tell(Step::Looked(check)).await?;
        }
        self.tell(Step::Done).await
    }

    async fn tell(&mut self, step: Step) -> Result<(), Left> {
        self.told.send(step).await.map_err(|_| Left)
    }

    async fn look(&mut self, check: Check) -> Vec<Finding> {
        match check {
            Check::Configuration => doctor::configuration(&configuration(&self.patient.source)),
            Check::Files => doctor::files(&local::files(&self.patient.source, &self.patient.place)),
            Check::Control => vec![doctor::control(&self.control())],
            Check::Listener => doctor::doors(&self.doors()),
            Check::Leftovers => doctor::leftovers(&local::leftovers(&self.patient.source, &self.patient.place)),
            Check::SystemProxy => {
                vec![doctor::system_proxy(system_proxy::left_behind(self.patient.source.state()).await)]
            }
            Check::Firewall => vec![doctor::firewall(firewall(self.patient.runs).await)],
            Check::Route => vec![doctor::route(self.has_route())],
            Check::Portal | Check::Clock | Check::Internet | Check::Mtu => {
                let judge = match check {
                    Check::Portal => doctor::portal,
                    Check::Clock => doctor::clock,
                    Check::Internet => doctor::internet,
                    _ => doctor::mtu,
                };
                self.line().await.map(|line| vec![judge(&line)]).unwrap_or_default()
            }
            Check::Names | Check::Families | Check::Udp => self.look_outside(check).await,
            Check::Service => match (&mut self.patient.status).await {
                Some(status) => doctor::services(&known(&status)),
                None => Vec::new(),
            },
            Check::Version | Check::Way | Check::Other => Vec::new(),
        }
    }

    /// What the network itself is asked; nothing where it is not there.
    async fn look_outside(&mut self, check: Check) -> Vec<Finding> {
        let Some(prober) = self.prober().filter(|_| self.has_route()) else { return Vec::new() };
        vec![match check {
            Check::Names => doctor::names(&prober.look_at_names().await),
            Check::Families => doctor::families(&prober.look_at_families().await),
            _ => doctor::packets(&prober.look_at_packets().await),
        }]
    }

    /// Each way is told as soon as it is known.
    async fn look_at_ways(&mut self) -> Result<(), Left> {
        let Some((byway, prober)) = self.patient.byway.clone().zip(self.prober()) else { return Ok(()) };
        for (id, why) in &byway.generation.load_full().broken {
            self.tell(Step::Found(doctor::way(id, Err(why)))).await?;
        }
        let (ways, mut more) = prober.ways_to_look_at();
        let is_well = self.line().await.is_some_and(|line| !line.is_silent());
        for id in &ways {
            if Instant::now() >= self.ends {
                more += 1;
            } else if is_well {
                let carried = prober.look_at_way(id).await;
                self.tell(Step::Found(doctor::way(id, Ok(carried)))).await?;
            } else {
                let carried = crate::probe::Carried::NothingToAsk;
                self.tell(Step::Found(doctor::way(id, Ok(carried)))).await?;
            }
        }
        match doctor::ways_left_out(more) {
            Some(finding) => self.tell(Step::Found(finding)).await,
            None => Ok(()),
        }
    }

    fn prober(&self) -> Option<Prober> {
        self.patient.byway.as_ref().map(|byway| byway.prober())
    }

    fn has_route(&self) -> bool {
        match &self.patient.byway {
            Some(byway) => (byway.world.sources.has_default_route)(),
            None => crate::platform::has_default_route(),
        }
    }

    /// The controls, run once.
    async fn line(&mut self) -> Option<LineFacts> {
        if self.line.is_none() {
            self.line = Some(self.prober()?.look_at_line().await);
        }
        self.line
    }

    fn control(&self) -> ControlFacts {
        if self.patient.runs {
            return ControlFacts::Answers { pid: std::process::id() };
        }
        local::control(&self.patient.place)
    }

    fn doors(&self) -> Vec<doctor::Door> {
        let Some(byway) = &self.patient.byway else { return local::doors(&self.patient.source) };
        let settings = &byway.generation.load().settings;
        if self.patient.runs { local::open_doors(settings, &byway.open_at()) } else { local::free_doors(settings) }
    }
}

/// What the file is, as it stands there now.
fn configuration(source: &Source) -> ConfigurationFacts {
    let file = source.existing().map(|path| path.display().to_string());
    match source.read() {
        Err(faults) => ConfigurationFacts { file, faults, ..ConfigurationFacts::default() },
        Ok(settings) => {
            let tunnels = settings.transports.iter().filter(|spec| !spec.kind.is_bare()).count();
            ConfigurationFacts { file, idle: idle(&settings), tunnels, faults: Vec::new() }
        }
    }
}

/// The transports of one's own that no service takes, and no other way stands on.
pub(super) fn idle(settings: &Settings) -> Vec<crate::model::TransportId> {
    let used = |id| settings.services.iter().any(|spec| spec.service.order.contains(id));
    let via = |id: &_| settings.transports.iter().any(|other| other.via.as_ref() == Some(id));
    let of_a_list = |id| settings.subscriptions.iter().any(|list| list.members.contains(id));
    let own = settings.transports.iter().filter(|spec| !TransportKind::is_bare(&spec.kind) && !of_a_list(&spec.id));
    own.filter(|spec| !used(&spec.id) && !via(&spec.id)).map(|spec| spec.id.clone()).collect()
}

fn known(status: &Status) -> Vec<doctor::ServiceFacts> {
    let of = |service: &crate::control::report::ServiceLine| doctor::ServiceFacts {
        title: service.title.clone(),
        id: service.id.to_string(),
        facets: service.facets.iter().map(|facet| facet.up).collect(),
    };
    status.services.iter().map(of).collect()
}
