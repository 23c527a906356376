//! The doors of a running byway: which are open, and each visit from accept to what is left of it. What a client wants
//! is for `inbound` to hear and for `session` to serve.

use super::Byway;
use super::instance::lock;
use super::pulse::{Heart, Pulse};
use crate::inbound::relay::Relay;
use crate::inbound::whatsapp::Port;
use crate::inbound::{Door, Error, Login, Pass, Rest, Script, Served};
use crate::model::Secret;
use crate::net::{BindError, DatagramListener, Listener, OsDatagrams, Stream};
use futures_util::FutureExt;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The listeners that are open.
#[derive(Default)]
pub(super) struct Doors {
    pub(super) stop: CancellationToken,
    pub(super) open: Vec<SocketAddr>,
    pub(super) relays: Vec<SocketAddr>,
    pub(super) phones: Vec<(Port, SocketAddr)>,
    pub(super) pulse: Pulse,
}

impl Byway {
    /// Opens every door that the settings name, or none.
    pub fn open_doors(self: &Arc<Self>) -> Result<Vec<SocketAddr>, BindError> {
        let generation = self.generation.load_full();
        let listens = generation.settings.listens.clone();
        let handed = &self.world.handed;
        let listeners = listens.iter().map(|listen| handed.listen(listen.addr)).collect::<Result<Vec<_>, _>>()?;
        let relayed = generation.settings.relay.iter().flat_map(|relay| &relay.addresses);
        let relayed = relayed.map(|address| handed.listen(*address)).collect::<Result<Vec<_>, _>>()?;
        let phones = generation.settings.whatsapp.iter().flat_map(|door| {
            let chat = door.chat.iter().map(|address| (Port::Chat, *address));
            chat.chain(door.media.iter().map(|address| (Port::Media, *address)))
        });
        let phones =
            phones.map(|(port, address)| Ok((port, Listener::bind(address)?))).collect::<Result<Vec<_>, _>>()?;
        let stop = self.tasks.stop_word().child_token();
        let mut pulse = Pulse::default();
        let open: Vec<_> = listeners.iter().map(Listener::local_addr).collect();
        for (listener, listen) in listeners.into_iter().zip(listens) {
            let (byway, stop) = (Arc::clone(self), stop.clone());
            let heart = pulse.heart();
            self.tasks.spawn("door", async move { byway.receive(listener, listen.login, heart, stop).await });
        }
        let relays: Vec<_> = relayed.iter().map(Listener::local_addr).collect();
        if let Some(relay) = &generation.relay {
            let (relay, stop) = (relay.clone(), stop.clone());
            self.tasks.spawn("relay", async move { stop.run_until_cancelled(relay.tidy()).await.unwrap_or_default() });
        }
        for (listener, relay) in relayed.into_iter().zip(generation.relay.iter().cycle()) {
            let (byway, relay, stop) = (Arc::clone(self), relay.clone(), stop.clone());
            self.tasks.spawn("relay door", async move { byway.receive_for(listener, relay, stop).await });
        }
        let phones_at = phones.iter().map(|(port, listener)| (*port, listener.local_addr())).collect();
        for ((port, listener), door) in phones.into_iter().zip(generation.whatsapp.iter().cycle()) {
            let (byway, door, stop) = (Arc::clone(self), door.clone(), stop.clone());
            self.tasks.spawn("phone door", async move { byway.receive_phones(listener, port, door, stop).await });
        }
        let mut doors = lock(&self.doors);
        doors.stop.cancel();
        *doors = Doors { stop, open: open.clone(), relays, phones: phones_at, pulse };
        Ok(open)
    }

    /// Where its settings want clients to come in.
    pub(super) fn asked_for(&self) -> Vec<SocketAddr> {
        let generation = self.generation.load();
        let relays = generation.settings.relay.iter().flat_map(|relay| relay.addresses.clone());
        generation.settings.listens.iter().map(|listen| listen.addr).chain(relays).collect()
    }

    /// Where clients can come in.
    pub fn open_at(&self) -> Vec<SocketAddr> {
        lock(&self.doors).open.clone()
    }

    /// Where clients of its relay can come in.
    pub fn relays_at(&self) -> Vec<SocketAddr> {
        lock(&self.doors).relays.clone()
    }

    /// Where phones can come in by WhatsApp's own proxy setting.
    pub fn phones_at(&self) -> Vec<(Port, SocketAddr)> {
        lock(&self.doors).phones.clone()
    }

    /// The path of the proxy script; `None` while none is handed out.
    pub(super) fn script_path(&self) -> Option<&Secret<String>> {
        self.script.get().map(Script::path)
    }

    /// Hands the proxy script out at every door from now on, to who asks for this path.
    pub fn hand_out_script(self: &Arc<Self>, path: Secret<String>) {
        // Once is enough: the text is made anew each time.
        let _ = self.script.set(super::phones::script(self, path));
    }

    async fn receive_for(self: Arc<Self>, listener: Listener, relay: Relay, stop: CancellationToken) {
        let next = async || {
            let room = relay.enter().await;
            let (stream, _) = listener.accept().await;
            (stream, room)
        };
        // Both waits are cancel-safe.
        while let Some((stream, room)) = stop.run_until_cancelled(next()).await {
            let relay = relay.clone();
            self.tasks.spawn_until_stop("relay visit", async move {
                relay.serve(stream).await;
                drop(room);
            });
        }
    }

    async fn receive(
        self: Arc<Self>,
        listener: Listener,
        login: Option<Login>,
        mut heart: Heart,
        stop: CancellationToken,
    ) {
        let next = async || {
            let pass = self.gate.enter().await;
            let (stream, peer) = listener.accept().await;
            (pass, stream, peer)
        };
        let datagrams: Arc<dyn DatagramListener> = Arc::new(OsDatagrams);
        let mut stopped = pin!(stop.cancelled());
        loop {
            let (pass, stream, peer) = tokio::select! {
                // All arms are cancel-safe.
                () = &mut stopped => return,
                () = heart.beat() => continue,
                client = next() => client,
            };
            let visit = Arc::clone(&self).receive_one(stream, peer, login.clone(), Arc::clone(&datagrams), pass.used());
            let (visit, byway) = (visit.boxed(), Arc::clone(&self));
            self.tasks.spawn("visit", async move {
                let left = byway.tasks.until_stop(visit).await.flatten();
                let left = left.map(|(rest, pass)| (rest, (pass, byway.tasks.token())));
                drop(byway);
                // It is small and may last for days: what led up to it was in a box, and is gone.
                if let Some((rest, pass)) = left {
                    rest.run(pass).await;
                }
            });
        }
    }

    /// Runs what is left of a visit. It is small and may last for days: it becomes a task of its own, so that the visit's
    /// can end. `room` is kept until it has ended.
    pub(super) fn leave(&self, rest: Option<Rest>, room: impl Send + 'static) {
        if let Some(rest) = rest {
            let room = (room, self.tasks.token());
            self.tasks.spawn("relay", rest.run(room));
        }
    }

    /// Hears one client until its requests are settled; gives back what is left to be run.
    async fn receive_one(
        self: Arc<Self>,
        stream: Stream,
        peer: SocketAddr,
        login: Option<Login>,
        datagrams: Arc<dyn DatagramListener>,
        pass: Pass,
    ) -> Option<(Rest, Pass)> {
        let mut served = self.hear(stream, peer, login, datagrams).await;
        let rest = served.as_mut().ok().and_then(|(_, rest)| rest.take());
        pass.ended(&served.map(|(served, _)| served));
        rest.map(|rest| (rest, pass))
    }

    /// Serves one client connection to its end.
    pub async fn visit(
        self: &Arc<Self>,
        stream: Stream,
        peer: SocketAddr,
        login: Option<Login>,
    ) -> Result<Served, Error> {
        self.visit_beside(stream, peer, login, Arc::new(OsDatagrams)).await
    }

    /// The same, for a client whose datagrams come in elsewhere than by the kernel.
    pub async fn visit_beside(
        self: &Arc<Self>,
        stream: Stream,
        peer: SocketAddr,
        login: Option<Login>,
        datagrams: Arc<dyn DatagramListener>,
    ) -> Result<Served, Error> {
        let (served, rest) = self.hear(stream, peer, login, datagrams).await?;
        if let Some(rest) = rest {
            rest.to_end().await;
        }
        Ok(served)
    }

    /// Serves one client connection until its requests are settled; what is left is to be run.
    async fn hear(
        self: &Arc<Self>,
        stream: Stream,
        peer: SocketAddr,
        login: Option<Login>,
        datagrams: Arc<dyn DatagramListener>,
    ) -> Result<(Served, Option<Rest>), Error> {
        let settings = self.generation.load().settings.inbound.clone();
        let door = Door { login, settings, datagrams, script: self.script.get().cloned() };
        let sessions = Arc::clone(&self.sessions);
        door.serve(stream, peer, move |request| Arc::clone(&sessions).run(request).boxed()).await
    }
}
