//! When the system's proxy setting is told of this byway, and when it is given back: at the start, at a reload, at the
//! end; and on the next start, when there was no end.

use super::Byway;
use super::phones;
use crate::cli::{Exit, Failed, ProxyFound, ProxyOrder};
use crate::control::Doors;
use crate::control::doctor::LeftBehind;
use crate::model::ServiceId;
use crate::platform::Paths;
use crate::platform::proxy::{Did, Done, Error, Mode, SystemProxy, Wish};
use crate::policy::pac::Script;
use std::path::Path;
use std::sync::Arc;
use tracing::{info, warn};

/// Where this byway can be reached; the login is told only where it is asked for.
pub(super) fn doors(byway: &Byway, login: bool) -> Doors {
    let generation = byway.generation.load();
    let settings = &generation.settings;
    let known = settings.listens.iter().find_map(|listen| listen.login.as_ref());
    let ports = |wanted| {
        let of = move |(port, at)| (port == wanted).then_some(at);
        byway.phones_at().into_iter().filter_map(of).collect()
    };
    let never = Script::never_direct(settings.services.iter().map(|spec| &spec.service));
    let tunnel = |way: &crate::model::Way| way.packets && !way.bare;
    Doors {
        pid: std::process::id(),
        proxies: byway.open_at(),
        asks_login: known.is_some(),
        login: known.filter(|_| login).map(|(user, password)| (user.clone(), phones::unshown(password))),
        script: byway.script_path().map(phones::unshown),
        chat: ports(crate::inbound::whatsapp::Port::Chat),
        media: ports(crate::inbound::whatsapp::Port::Media),
        never_direct: never.iter().map(|service| ServiceId::from(service.id.as_str())).collect(),
        tunnel_for_calls: generation.routing.ways.iter().any(tunnel),
    }
}

/// Runs what waits for other programs, beside everything else.
async fn apart<T: Send + 'static>(
    state: &Path,
    work: impl FnOnce(&SystemProxy) -> Result<T, Error> + Send + 'static,
) -> Result<T, Option<Error>> {
    let state = state.to_owned();
    let done = tokio::task::spawn_blocking(move || work(&SystemProxy::of_this_session(&state)));
    done.await.map_err(|_| None)?.map_err(Some)
}

/// Gives back what a byway that is gone has left behind.
pub(super) async fn recover(state: &Path) {
    // Nearly always nothing was; that is no work for a thread of its own.
    if matches!(SystemProxy::of_this_session(state).is_left_behind(), Ok(false)) {
        return;
    }
    tell(apart(state, SystemProxy::recover).await, "a byway that ended without a word had left it behind");
}

/// Puts this byway in, if the configuration says so.
pub(super) async fn begin(byway: &Arc<Byway>, state: &Path) {
    let Some(mode) = byway.generation.load().settings.system_proxy else { return };
    let Some(wish) = wish(byway, mode) else {
        warn!("the system's proxy setting is left alone: no door is open for programs");
        return;
    };
    let put_in = apart(state, move |proxy| proxy.on(&wish, std::process::id())).await;
    tell(put_in, "[system_proxy] is on");
}

/// Gives back what leads to this byway, whoever put it in.
pub(super) async fn end(state: &Path) {
    tell(apart(state, |proxy| proxy.leave(std::process::id())).await, "byway stops");
}

/// After a reload: what the configuration says now. A setting that leads to a door that is gone is given back.
pub(super) async fn follow(byway: &Arc<Byway>, state: &Path, doors_before: &[std::net::SocketAddr]) {
    if byway.generation.load().settings.system_proxy.is_some() {
        begin(byway, state).await;
    } else if doors_before != byway.open_at() {
        tell(apart(state, |proxy| proxy.leave(std::process::id())).await, "the doors are others now");
    }
}

/// The process that it leads to, if any.
pub(super) async fn owner(state: &Path) -> Option<u32> {
    apart(state, SystemProxy::owner).await.ok()?
}

/// Whether it leads to a byway, and to one that will give it back; `None` where it cannot be told.
pub(super) async fn left_behind(state: &Path) -> Option<LeftBehind> {
    let look = |proxy: &SystemProxy| Ok((proxy.owner()?, proxy.is_left_behind()?));
    match apart(state, look).await.ok()? {
        (_, true) => Some(LeftBehind::Orphaned),
        (Some(_), false) => Some(LeftBehind::InForce),
        (None, false) => Some(LeftBehind::Nothing),
    }
}

/// What the command says.
pub(super) fn obey(order: &ProxyOrder) -> Result<ProxyFound, Failed> {
    let state = Paths::find().map_err(|error| Failed::new(Exit::Failed, error.to_string()))?.state;
    let proxy = SystemProxy::of_this_session(&state);
    let all = || {
        let done = match order {
            ProxyOrder::On(wish, pid) => proxy.on(wish, *pid)?,
            ProxyOrder::Off { force: true } => proxy.off_by_force()?,
            ProxyOrder::Off { force: false } => proxy.off()?,
            ProxyOrder::Look => Vec::new(),
        };
        let (systems, owner, left_behind) = (proxy.standing()?, proxy.owner()?, proxy.is_left_behind()?);
        Ok(ProxyFound { done, systems, owner, left_behind })
    };
    all().map_err(|error: Error| Failed::new(Exit::Failed, error.to_string()))
}

fn wish(byway: &Byway, mode: Mode) -> Option<Wish> {
    let doors = doors(byway, false);
    let at = doors.near()?;
    Some(Wish { mode, at, pac: doors.script_at(at)? })
}

fn tell(done: Result<Vec<Done>, Option<Error>>, because: &str) {
    let all = match done {
        Ok(all) => all,
        Err(Some(error)) => return warn!(because, "the system's proxy setting: {error}"),
        Err(None) => return,
    };
    for done in all {
        let system = &done.system;
        match (done.did, done.error) {
            (_, Some(error)) => warn!(system, because, "the system's proxy setting: {error}"),
            (Did::Set, None) => info!(system, because, "the system's proxy setting leads to byway"),
            (Did::GivenBack, None) => info!(system, because, "the system's proxy setting is as it was before byway"),
            (Did::Nothing | Did::SwitchedOff | Did::Failed, None) => {}
        }
        if !done.foreign.is_empty() {
            let what = done.foreign.join(", ");
            warn!(system, what, "somebody else has changed the system's proxy setting since; that is respected");
        }
    }
}
