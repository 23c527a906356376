//! A rig for this room's tests: ways that are scripts, a client that is a duplex pipe, a real board.

use super::super::race::Race;
use super::super::report::Subject;
use super::super::{Routing, Sessions, Settings};
use super::talk::{Far, Pipe, Talk};
use crate::board::Board;
use crate::health::Params;
use crate::inbound::{Answer, Association, Protocol, Refusal, Request, Rest, Want};
use crate::model::{
    Cause, Destination, DirectRule, Evidence, Facet, Failure, FirstFlight, L4, Need, Plan, Record, Route, Service,
    ServiceId, Stage, TcpFacts, TransportId, Way, Whose,
};
use crate::net::{Deadline, Io, Stream};
use crate::policy::{Matcher, Rule};
use crate::transport::{PacketDialer, StreamDialer, Transport};
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// What a scripted way does.
#[derive(Clone, Debug)]
pub(super) enum Script {
    /// The dial fails at once.
    Refuses,
    /// The dial never ends.
    Hangs,
    /// Opens, takes everything, resets at the first byte.
    Resets,
    /// Opens, takes everything, says nothing.
    Mutes,
    /// Opens and says this after the first bytes came.
    Says(&'static [u8]),
    /// As `Says`, after a wait.
    SaysAfter(Duration, &'static [u8]),
    /// Speaks first.
    Greets(&'static [u8]),
    /// Says these things, each so long after the one before, from the first bytes on.
    Plays(Vec<(Duration, Vec<u8>)>),
    /// Answers every portion with this, after a wait.
    Echoes(Duration, Vec<u8>),
}

/// What was seen of a way.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) dials: AtomicUsize,
    pub(super) bytes: Mutex<Vec<u8>>,
    pub(super) client_ended: AtomicBool,
    /// What the kernel says of all its connections.
    pub(super) facts: Mutex<Option<TcpFacts>>,
}

struct Scripted {
    script: Mutex<Script>,
    seen: Arc<Seen>,
}

impl StreamDialer for Scripted {
    fn dial<'a>(&'a self, _to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        Box::pin(async move {
            self.seen.dials.fetch_add(1, Ordering::SeqCst);
            let script = self.script.lock().unwrap().clone();
            match script {
                Script::Refuses => {
                    return Err(Failure::new(Stage::Connect, Cause::ConnectionRefused, Whose::Network));
                }
                Script::Hangs => {
                    let _ = deadline.run(std::future::pending::<()>()).await;
                    return Err(Failure::new(Stage::Connect, Cause::GenericTimeoutError, Whose::Network));
                }
                _ => {}
            }
            let (near, far) = tokio::io::duplex(256 << 10);
            let resets = Arc::new(AtomicBool::new(false));
            tokio::spawn(act(script, far, Arc::clone(&self.seen), Arc::clone(&resets)));
            Ok(Box::new(Wire { inner: near, resets, seen: Arc::clone(&self.seen) }) as Stream)
        })
    }
}

/// A pipe whose end may be a reset.
struct Wire {
    inner: DuplexStream,
    resets: Arc<AtomicBool>,
    seen: Arc<Seen>,
}

impl Io for Wire {
    fn tcp_facts(&self) -> Option<TcpFacts> {
        *self.seen.facts.lock().unwrap()
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let got = Pin::new(&mut self.inner).poll_read(cx, buf);
        if matches!(got, Poll::Ready(Ok(()))) && buf.filled().len() == before && self.resets.load(Ordering::SeqCst) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        got
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

async fn act(script: Script, mut far: DuplexStream, seen: Arc<Seen>, resets: Arc<AtomicBool>) {
    let mut space = vec![0; 64 << 10];
    let mut said = false;
    if let Script::Greets(words) = script {
        let _ = far.write_all(words).await;
    }
    loop {
        let Ok(n) = far.read(&mut space).await else { return };
        if n == 0 {
            seen.client_ended.store(true, Ordering::SeqCst);
            return;
        }
        seen.bytes.lock().unwrap().extend_from_slice(&space[..n]);
        let first = !std::mem::replace(&mut said, true);
        match &script {
            Script::Resets => {
                resets.store(true, Ordering::SeqCst);
                return;
            }
            Script::Says(words) if first => {
                let _ = far.write_all(words).await;
            }
            Script::SaysAfter(wait, words) if first => {
                tokio::time::sleep(*wait).await;
                let _ = far.write_all(words).await;
            }
            Script::Plays(timetable) if first => {
                let (timetable, (mut ear, mut mouth)) = (timetable.clone(), tokio::io::split(far));
                tokio::spawn(async move { while ear.read(&mut [0; 4096]).await.is_ok_and(|n| n > 0) {} });
                for (wait, words) in timetable {
                    tokio::time::sleep(wait).await;
                    let _ = mouth.write_all(&words).await;
                }
                return std::future::pending().await;
            }
            Script::Echoes(wait, words) => {
                tokio::time::sleep(*wait).await;
                let _ = far.write_all(words).await;
            }
            _ => {}
        }
    }
}

/// How a request was answered.
#[derive(Debug)]
pub(super) enum Answered {
    Accepted(DuplexStream),
    Associated(Talk),
    Refused(Refusal, String),
}

struct Client(oneshot::Sender<Answered>);

impl Answer for Client {
    fn accept_stream(self: Box<Self>) -> BoxFuture<'static, io::Result<Stream>> {
        let (ours, theirs) = tokio::io::duplex(256 << 10);
        let _ = self.0.send(Answered::Accepted(theirs));
        Box::pin(async move { Ok(Box::new(ours) as Stream) })
    }
    fn accept_packets(self: Box<Self>) -> BoxFuture<'static, io::Result<Association>> {
        let (ours, theirs) = Pipe::pair();
        let _ = self.0.send(Answered::Associated(Talk(theirs)));
        Box::pin(async move { Ok(Association { packets: Box::new(ours), naming: None }) })
    }
    fn refuse(self: Box<Self>, why: Refusal, words: String) -> BoxFuture<'static, io::Result<()>> {
        let _ = self.0.send(Answered::Refused(why, words));
        Box::pin(async move { Ok(()) })
    }
}

/// Sessions over scripted ways, with a real board behind them.
pub(super) struct Rig {
    pub(super) sessions: Arc<Sessions>,
    pub(super) board: Board,
    pub(super) seen: HashMap<&'static str, Arc<Seen>>,
    pub(super) records: Arc<Mutex<Vec<Record>>>,
    scripts: HashMap<&'static str, Arc<Scripted>>,
    stop: CancellationToken,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Rig {
    /// Ways in this order; those named `direct` and `split…` are bare.
    pub(super) fn new(direct: DirectRule, ways: &[(&'static str, Script)]) -> Self {
        Self::with_packets(direct, ways, &[])
    }

    /// The same; those in `packets` carry packets too, and answer each or swallow all.
    pub(super) fn with_packets(
        direct: DirectRule,
        ways: &[(&'static str, Script)],
        packets: &[(&'static str, bool)],
    ) -> Self {
        let of = |id: &TransportId| packets.iter().find(|(way, _)| id.as_str() == *way).map(|(_, answers)| *answers);
        let telegram = service("telegram", direct, ways, FirstFlight::Mtproto);
        let other = service("other", DirectRule::Always, &[("direct", Script::Mutes)], FirstFlight::Sniff);
        let udp = |id, facet| Route { facet, l4: L4::Udp, ..route(id) };
        let routes = ways.iter().flat_map(|(id, _)| [route(id), udp(id, Facet::Calls), udp(id, Facet::Text)]).collect();
        let bare = |id: &str| matches!(id, "direct" | "split" | "split-2");
        let (board, keeper) = Board::new(Params::default(), routes, crate::model::NetworkId(1));
        let stop = CancellationToken::new();
        tokio::spawn(keeper.run(stop.clone()));
        let scripts: HashMap<_, _> = ways
            .iter()
            .map(|(id, script)| {
                let scripted = Scripted { script: Mutex::new(script.clone()), seen: Arc::default() };
                (*id, Arc::new(scripted))
            })
            .collect();
        let transports = scripts.iter().map(|(id, scripted)| {
            let id = TransportId::from(*id);
            let streams: Arc<dyn StreamDialer> = scripted.clone();
            let packets = of(&id).map(|answers| Arc::new(Far { answers }) as Arc<dyn PacketDialer>);
            (
                id.clone(),
                Transport {
                    bare: bare(id.as_str()),
                    id,
                    kind: "scripted",
                    streams,
                    packets,
                    trouble: Arc::default(),
                    life: None,
                },
            )
        });
        let routing = Routing {
            matcher: Arc::new(Matcher::build(vec![Rule {
                service: ServiceId::from("telegram"),
                facet: Facet::Text,
                names: vec![String::from("telegram.test")],
                prefixes: vec!["149.154.160.0/20".parse().unwrap()],
                ports: Vec::new(),
            }])),
            services: [telegram, other].into_iter().map(|s| (s.id.clone(), Arc::new(s))).collect(),
            ways: ways
                .iter()
                .map(|(id, _)| {
                    let id = TransportId::from(*id);
                    Way { bare: bare(id.as_str()), packets: of(&id).is_some(), usable: true, id }
                })
                .collect(),
            transports: transports.collect(),
            patience: Settings::default(),
        };
        let records = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&records);
        let mut announced = board.announcements();
        tokio::spawn(async move {
            while let Ok(record) = announced.recv().await {
                written.lock().unwrap().push(Arc::unwrap_or_clone(record));
            }
        });
        let seen = scripts.iter().map(|(id, scripted)| (*id, Arc::clone(&scripted.seen))).collect();
        let sessions = Sessions::new(Arc::new(routing), board.clone());
        tokio::spawn(Arc::clone(&sessions).watch(stop.clone()));
        Self { sessions, board, seen, records, scripts, stop }
    }

    /// Gives a way another script.
    pub(super) fn script(&self, way: &str, script: Script) {
        *self.scripts[way].script.lock().unwrap() = script;
    }

    /// One client that asks for `to`.
    pub(super) async fn ask(&self, to: &str) -> Answered {
        let (tell, told) = oneshot::channel();
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let want = Want::Stream(Destination::parse(to).unwrap());
        let request = Request::new(want, peer, Protocol::Socks5, Box::new(Client(tell)));
        serve(&self.sessions, request);
        told.await.unwrap()
    }

    /// One client that must be let in.
    pub(super) async fn enter(&self, to: &str) -> DuplexStream {
        match self.ask(to).await {
            Answered::Accepted(stream) => stream,
            Answered::Refused(why, words) => panic!("refused: {why:?} {words}"),
            Answered::Associated(_) => panic!("an association"),
        }
    }

    /// One client whose ways are tried as `plan` says.
    pub(super) fn enter_by(&self, to: &str, plan: Plan) -> oneshot::Receiver<Answered> {
        let (tell, told) = oneshot::channel();
        let (sessions, to) = (Arc::clone(&self.sessions), Destination::parse(to).unwrap());
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        tokio::spawn(async move {
            let routing = sessions.routing();
            let subject = Subject::of(&routing, &to, Need::Stream);
            let mut race = Race::new(&sessions, routing, subject, (crate::inbound::Protocol::Socks5, to.clone()), plan);
            race.open().await.unwrap();
            let request = Request::new(Want::Stream(to), peer, Protocol::Socks5, Box::new(Client(tell)));
            let rest = sessions.carry(request, Box::new(race)).await;
            drop(sessions);
            to_the_end(rest).await;
        });
        told
    }

    /// A client with an association, or how it was refused.
    pub(super) async fn associate(&self) -> Result<Talk, Answered> {
        let (tell, told) = oneshot::channel();
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let request = Request::new(Want::Packets, peer, Protocol::Socks5, Box::new(Client(tell)));
        serve(&self.sessions, request);
        match told.await.unwrap() {
            Answered::Associated(talk) => Ok(talk),
            other => Err(other),
        }
    }

    /// What the board was told of Telegram's messages over `way`, in order.
    pub(super) async fn told(&self, way: &str) -> Vec<Evidence> {
        self.told_of(&route(way)).await
    }

    /// What the board was told of a route, in order.
    pub(super) async fn told_of(&self, route: &Route) -> Vec<Evidence> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let stories = self.board.story(&ServiceId::from("telegram")).await;
        let of = stories.into_iter().find(|story| story.route == *route);
        of.map_or_else(Vec::new, |story| story.evidence.into_iter().map(|(evidence, _)| evidence).collect())
    }

    /// How often a way was dialled.
    pub(super) fn dials(&self, way: &str) -> usize {
        self.seen[way].dials.load(Ordering::SeqCst)
    }

    /// What a way was given.
    pub(super) fn given(&self, way: &str) -> Vec<u8> {
        self.seen[way].bytes.lock().unwrap().clone()
    }
}

fn service(id: &str, direct: DirectRule, ways: &[(&'static str, Script)], first_flight: FirstFlight) -> Service {
    let order = ways.iter().map(|(way, _)| TransportId::from(*way)).collect();
    Service { id: ServiceId::from(id), title: id.to_owned(), order, direct, first_flight }
}

/// Serves a request to its end.
fn serve(sessions: &Arc<Sessions>, request: Request) {
    let serving = Arc::clone(sessions).run(request);
    tokio::spawn(async move { to_the_end(serving.await).await });
}

async fn to_the_end(rest: Option<Rest>) {
    if let Some(rest) = rest {
        rest.to_end().await;
    }
}

/// The route of Telegram's messages over `way`.
pub(super) fn route(way: &str) -> Route {
    Route { service: ServiceId::from("telegram"), facet: Facet::Text, transport: TransportId::from(way), l4: L4::Tcp }
}
