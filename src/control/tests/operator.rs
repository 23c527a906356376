//! An operator who says and does what a test has fixed.

use super::world::*;
use crate::control::doctor::Step;
use crate::control::report::{Account, Measurement, Status, Why};
use crate::control::{
    Doors, Entry, Follow, Operator, Pong, ProbeItem, Refusal, RefusalCode, Reloaded, Stamp, Used, follow,
};
use crate::control::{FetchedList, Unshown};
use crate::model::*;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, broadcast};
/// What `use` was asked for.
pub(crate) type Chosen = (ServiceId, Option<TransportId>, Option<Duration>);

/// An operator that answers from the fixtures and lets a test announce records.
pub(crate) struct Fixed {
    pub(crate) announce: broadcast::Sender<Record>,
    pub(crate) used: Mutex<Vec<Chosen>>,
    /// What `reload` says.
    pub(crate) reload: Result<Reloaded, Refusal>,
    /// Whether `status` never comes.
    pub(crate) stuck: bool,
    /// Whose turn it is to examine.
    pub(crate) examining: Arc<Semaphore>,
    /// Where it listens; beyond the first one with a login.
    pub(crate) proxies: Vec<&'static str>,
}

impl Default for Fixed {
    fn default() -> Self {
        let reload = Ok(Reloaded { changes: vec!["transport osaka added".into()], warnings: vec![] });
        Self {
            announce: broadcast::channel(16).0,
            used: Mutex::default(),
            reload,
            stuck: false,
            examining: Arc::new(Semaphore::new(1)),
            proxies: vec!["127.0.0.1:4180"],
        }
    }
}

type Answer<'a, T> = BoxFuture<'a, Result<T, Refusal>>;

impl Fixed {
    fn known(service: &ServiceId) -> Result<(), Refusal> {
        let known = ["telegram", "whatsapp", "signal"].map(ServiceId::from);
        if known.contains(service) { Ok(()) } else { Err(Refusal::unknown_service(service.as_str(), &known)) }
    }
}

impl Operator for Fixed {
    fn pong(&self) -> Pong {
        Pong { version: "0.1.0".into(), pid: 77, uptime_secs: 5 }
    }

    fn doors(&self, login: bool) -> Doors {
        Doors {
            pid: 77,
            proxies: self.proxies.iter().map(|at| at.parse().unwrap()).collect(),
            asks_login: self.proxies.len() > 1,
            login: login.then(|| (String::from("home"), Unshown(String::from("p&ss word")))),
            script: Some(Unshown(String::from("/0123/proxy.pac"))),
            chat: vec!["192.168.1.2:5222".parse().unwrap()],
            media: vec!["192.168.1.2:587".parse().unwrap()],
            never_direct: vec!["signal".into()],
            tunnel_for_calls: false,
        }
    }

    fn status(&self) -> Answer<'_, Status> {
        Box::pin(async {
            if self.stuck {
                std::future::pending::<()>().await;
            }
            Ok(fixed_status())
        })
    }

    fn why<'a>(&'a self, service: &'a ServiceId) -> Answer<'a, Why> {
        Box::pin(async { Self::known(service).map(|()| fixed_why()) })
    }

    fn log(&self, live: bool, _since: Option<Duration>, limit: Option<u32>) -> Answer<'_, BoxStream<'static, Follow>> {
        let receiver = live.then(|| self.announce.subscribe());
        let mut past = fixed_past();
        let keep = limit.map_or(past.len(), |limit| limit as usize).min(past.len());
        let past = past.split_off(past.len() - keep);
        Box::pin(async { Ok(follow(past, receiver)) })
    }

    fn history<'a>(&'a self, service: Option<&'a ServiceId>, _: Option<Duration>) -> Answer<'a, Vec<Entry>> {
        Box::pin(async move { service.map_or(Ok(()), Self::known).map(|()| fixed_past()) })
    }

    fn use_way<'a>(
        &'a self,
        service: &'a ServiceId,
        transport: Option<&'a TransportId>,
        lasting: Option<Duration>,
    ) -> Answer<'a, Used> {
        Box::pin(async move {
            Self::known(service)?;
            let ways = ["direct", "split", "tokyo"].map(way);
            if let Some(unknown) = transport.filter(|transport| !ways.contains(transport)) {
                return Err(Refusal::unknown_transport(unknown.as_str(), &ways));
            }
            self.used.lock().unwrap().push((service.clone(), transport.cloned(), lasting));
            let until = lasting.map(|span| Stamp::from_secs(clock().wall.as_secs() + span.as_secs()));
            Ok(Used { service: service.clone(), transport: transport.cloned(), until, warning: None })
        })
    }

    fn doctor(&self) -> Answer<'_, BoxStream<'static, Step>> {
        let turn = self.examining.clone().try_acquire_owned();
        Box::pin(async move {
            let turn = turn.map_err(|_| Refusal::new(RefusalCode::Busy, "a check-up is under way already"))?;
            Ok(stream::iter(fixed_check_up())
                .map(move |step| {
                    let _held = &turn;
                    step
                })
                .boxed())
        })
    }

    fn fetch<'a>(&'a self, url: &'a Unshown, via: Option<&'a TransportId>) -> Answer<'a, FetchedList> {
        Box::pin(async move {
            let over = via.cloned().unwrap_or_else(|| way("direct"));
            Ok(FetchedList { over, copy: Unshown(format!("copy of {}", url.0)) })
        })
    }

    fn reload(&self) -> Answer<'_, Reloaded> {
        Box::pin(async { self.reload.clone() })
    }

    fn probe<'a>(
        &'a self,
        service: Option<&'a ServiceId>,
        _via: Option<&'a TransportId>,
    ) -> Answer<'a, BoxStream<'static, ProbeItem>> {
        Box::pin(async move {
            service.map_or(Ok(()), Self::known)?;
            Ok(stream::iter(fixed_probe()).boxed())
        })
    }

    fn diagnose<'a>(&'a self, service: &'a ServiceId) -> Answer<'a, BoxStream<'static, Examined>> {
        Box::pin(async move {
            Self::known(service)?;
            let Ok(turn) = self.examining.clone().try_acquire_owned() else {
                return Err(Refusal::new(RefusalCode::Busy, "an examination is under way already"));
            };
            let steps = stream::iter(fixed_examination());
            let steps = if self.stuck { steps.take(1).chain(stream::pending()).boxed() } else { steps.boxed() };
            Ok(steps
                .map(move |step| {
                    let _held = &turn;
                    step
                })
                .boxed())
        })
    }

    fn report(&self, _since: Duration) -> Answer<'_, Account> {
        Box::pin(async { Ok(fixed_account()) })
    }

    fn metrics(&self) -> Answer<'_, String> {
        Box::pin(async { Ok(String::from("# EOF\n")) })
    }

    fn measurements(&self, since: Duration) -> Answer<'_, Vec<Measurement>> {
        Box::pin(async move { Ok(fixed_measurements(since)) })
    }
}
