//! byway on a router: what the firewall brings is taken, names are looked up for the LAN, and the rules that bring it all
//! are put in force and taken away. Names, addresses and rules meet here: an address that a listed name was answered with
//! is remembered, and is in its set before the answer goes out.

mod book;
mod orders;
mod rules;

pub(super) use orders::{apply, clear, failed, greet, own_mark, show};
use rules::{rules, to_clear};

use super::Byway;
use crate::config::Settings;
use crate::inbound::dns::{Names, Setup, Sources};
use crate::inbound::transparent::{self, CaughtPackets};
use crate::net::transparent::{Capture, CaughtDatagrams, CaughtStreams};
use crate::net::{BindError, Datagrams, Listener, bind_datagrams};
use crate::platform::firewall::{self, FirewallError, Holder, Unheld};
use book::{Book, Namer};
use futures_util::FutureExt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tracing::{error, info, warn};

/// How often it is looked whether the rules are still held.
const LOOK: Duration = Duration::from_secs(2);

/// What belongs to a router.
#[derive(Default)]
pub(super) struct Router {
    book: Arc<Book>,
    held: Arc<Mutex<Option<Holder>>>,
    /// Somebody looks after what is held. Changed with `held` locked.
    kept: AtomicBool,
}

/// Where a router's doors are open.
#[derive(Default)]
pub(super) struct RouterDoors {
    /// What the firewall brings comes in here.
    pub(super) caught: Vec<SocketAddr>,
    /// Names are asked for here.
    pub(super) names: Vec<SocketAddr>,
}

/// Whether a reload would have to open other doors for the LAN.
pub(super) fn same_doors(one: &Settings, other: &Settings) -> bool {
    one.transparent == other.transparent && one.names == other.names
}

impl Byway {
    /// Opens the doors for the LAN that the settings name, or none.
    pub(super) async fn open_router(self: &Arc<Self>) -> Result<RouterDoors, BindError> {
        let settings = &self.generation.load_full().settings;
        let mut doors = RouterDoors::default();
        let (mut streams, mut packets, mut asked) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(settings) = &settings.transparent {
            for address in settings.addresses() {
                let listener = CaughtStreams::bind(address, settings.capture)?;
                if settings.capture == Capture::Tproxy {
                    packets.push(CaughtDatagrams::bind(address)?);
                }
                doors.caught.push(listener.local_addr());
                streams.push(listener);
            }
        }
        for address in settings.names.iter().flat_map(|names| &names.addresses) {
            let (listener, socket) = (Listener::bind(*address)?, bind_datagrams(*address).await?);
            doors.names.push(listener.local_addr());
            asked.push((listener, socket));
        }
        for listener in streams {
            self.tasks().spawn_until_stop("caught streams", Arc::clone(self).take_streams(listener));
        }
        for socket in packets {
            self.tasks().spawn_until_stop("caught datagrams", Arc::clone(self).take_packets(socket));
        }
        if !asked.is_empty() {
            let names = self.names(settings, &doors.names);
            for (listener, socket) in asked {
                self.tasks().spawn_until_stop("names", Arc::clone(self).answer_packets(names.clone(), socket));
                self.tasks().spawn_until_stop("names by TCP", Arc::clone(self).answer_streams(names.clone(), listener));
            }
        }
        Ok(doors)
    }

    async fn take_streams(self: Arc<Self>, listener: CaughtStreams) {
        loop {
            let pass = self.gate.enter().await;
            let (stream, peer, meant) = listener.accept().await;
            let (byway, pass) = (Arc::clone(&self), pass.used());
            self.tasks().spawn_until_stop("caught stream", async move {
                let (namer, sessions) = (byway.namer(), Arc::clone(&byway.sessions));
                let submit = move |request| Arc::clone(&sessions).run(request).boxed();
                let mut served = transparent::serve(stream, peer, meant, &namer, submit).await;
                let rest = served.as_mut().ok().and_then(|(_, rest)| rest.take());
                pass.ended(&served.map(|(served, _)| served));
                byway.leave(rest, pass);
            });
        }
    }

    async fn take_packets(self: Arc<Self>, socket: CaughtDatagrams) {
        let associations = CaughtPackets::new(socket, Arc::new(self.namer()));
        let submit = |request| {
            let byway = Arc::clone(&self);
            self.tasks().spawn_until_stop("caught association", async move {
                let rest = Arc::clone(&byway.sessions).run(request).await;
                byway.leave(rest, ());
            });
        };
        associations.run(submit).await;
    }

    fn namer(&self) -> Namer {
        Namer::new(Arc::clone(&self.router.book), Arc::clone(&self.sessions))
    }

    fn names(self: &Arc<Self>, settings: &Settings, open: &[SocketAddr]) -> Names {
        let configured = settings.names.as_ref();
        let given = configured.map(|names| names.upstream.clone()).unwrap_or_default();
        let (network, open) = (Arc::clone(&self.world.network), open.to_vec());
        let upstream = Arc::new(move || {
            let mut servers = if given.is_empty() { network.system_resolvers() } else { given.clone() };
            // The system may have been told to ask byway, which must not ask itself.
            servers.retain(|server| !open.contains(server));
            servers
        });
        if upstream().is_empty() {
            warn!(
                "the system names no resolver yet, so names of no service are not answered; or set listen.dns.upstream"
            );
        }
        let lan = settings.firewall.as_ref().map(|firewall| firewall.lan.clone()).unwrap_or_default();
        let (byway, current) = (Arc::downgrade(self), Arc::clone(&self.generation.load().resolver));
        let resolver = {
            let byway = byway.clone();
            // A reload may have made another one.
            Arc::new(move || {
                byway.upgrade().map_or_else(|| Arc::clone(&current), |b| Arc::clone(&b.generation.load().resolver))
            })
        };
        Names::new(Setup {
            resolver,
            network: Arc::clone(&self.world.network),
            upstream,
            sources: Sources::new(configured.and_then(|names| names.allow.clone()), lan),
            ipv6: settings.transparent.as_ref().is_none_or(|transparent| transparent.ipv6),
            told: Arc::new(move |name, addresses, ttl| {
                let byway = byway.upgrade();
                async move {
                    if let Some(byway) = byway {
                        byway.learn(&name, &addresses, ttl).await;
                    }
                }
                .boxed()
            }),
        })
    }

    async fn answer_packets(self: Arc<Self>, names: Names, socket: Box<dyn Datagrams>) {
        names.packets(socket, |work| self.tasks().spawn_until_stop("a name", work)).await;
    }

    async fn answer_streams(self: Arc<Self>, names: Names, listener: Listener) {
        loop {
            let (stream, from) = listener.accept().await;
            let names = names.clone();
            self.tasks().spawn_until_stop("names over a connection", async move {
                // A client that breaks off has what it wants, or asks again.
                let _ended = names.stream(stream, from.ip()).await;
            });
        }
    }

    /// Remembers what a listed name was answered with, here and in the firewall.
    async fn learn(&self, name: &str, addresses: &[std::net::IpAddr], ttl: Duration) {
        self.router.book.learn(name, addresses, ttl);
        let Some(set) = rules::set_of(&self.sessions.routing().matcher, name) else { return };
        let lines = firewall::learned(&set, addresses, ttl);
        let mut held = self.router.held.lock().await;
        if let Some(holder) = held.as_mut().filter(|holder| holder.knows(&set))
            && let Err(error) = holder.feed(&lines).await
        {
            // The address is of no use to anybody who reads this.
            warn!(%error, "an address of a listed name is not caught");
        }
    }

    /// Puts the rules in force, where the settings want that; what hinders them from ending with byway.
    pub(super) async fn hold_firewall(self: &Arc<Self>) -> Result<Option<Unheld>, FirewallError> {
        let settings = &self.generation.load_full().settings;
        let Some(rules) = settings.firewall.as_ref().filter(|firewall| firewall.apply).and_then(|_| rules(settings))
        else {
            return Ok(None);
        };
        let mut held = self.router.held.lock().await;
        let (holder, unheld) = Holder::hold(rules).await?;
        *held = Some(holder);
        self.see_that_it_is_held();
        Ok(unheld)
    }

    /// Has somebody look after the rules, once. Asked with `held` locked.
    fn see_that_it_is_held(self: &Arc<Self>) {
        if !self.router.kept.swap(true, Ordering::Relaxed) {
            self.tasks().spawn_until_stop("firewall", Arc::clone(self).keep_firewall());
        }
    }

    /// Puts rules back that somebody took away, for as long as there are any to be held.
    async fn keep_firewall(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK).await;
            let mut held = self.router.held.lock().await;
            let Some(holder) = held.as_mut() else {
                self.router.kept.store(false, Ordering::Relaxed);
                return;
            };
            if !holder.is_lost() {
                continue;
            }
            let rules = holder.rules().clone();
            match Holder::hold(rules).await {
                Ok((holder, _)) => {
                    *held = Some(holder);
                    drop(held);
                    info!("somebody took the firewall's rules away; they are in force again");
                    self.feed_known().await;
                }
                Err(error) => error!(%error, "the firewall's rules are gone"),
            }
        }
    }

    /// Puts the rules of other settings in force.
    pub(super) async fn renew_firewall(self: &Arc<Self>) -> Result<(), FirewallError> {
        let settings = &self.generation.load_full().settings;
        let wanted = settings.firewall.as_ref().filter(|firewall| firewall.apply).and_then(|_| rules(settings));
        let mut held = self.router.held.lock().await;
        match (held.take(), wanted) {
            (None, None) => {}
            (Some(holder), None) => holder.release().await,
            (Some(holder), Some(rules)) if *holder.rules() == rules => *held = Some(holder),
            (Some(mut holder), Some(rules)) if holder.can_become(&rules) => {
                let renewed = holder.renew(rules).await;
                *held = Some(holder);
                drop(held);
                renewed?;
                self.feed_known().await;
            }
            (before, Some(rules)) => {
                if let Some(before) = before {
                    before.release().await;
                }
                *held = Some(Holder::hold(rules).await?.0);
                self.see_that_it_is_held();
                drop(held);
                self.feed_known().await;
            }
        }
        Ok(())
    }

    async fn feed_known(&self) {
        for (name, addresses, left) in self.router.book.all() {
            self.learn(&name, &addresses, left).await;
        }
    }

    /// The LAN whose connections the rules bring, while they are in force.
    pub(super) async fn caught_lan(&self) -> Vec<String> {
        let mut held = self.router.held.lock().await;
        let lan = held.as_mut().and_then(|holder| (!holder.is_lost()).then(|| holder.rules().lan.clone()));
        lan.unwrap_or_default()
    }

    /// Takes the rules away.
    pub(super) async fn release_firewall(&self) {
        if let Some(holder) = self.router.held.lock().await.take() {
            holder.release().await;
        }
    }
}
