//! Relays on a reactor's thread: bytes, ends, words, panics, and what is left behind.

use super::*;
use crate::net::{Copying, Ended, FlowMeter, OsStream, Stream};
use std::task::ready;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream as Socket};
use tokio::sync::oneshot;

/// A relay that tells how it ended; told to, it panics.
struct Through {
    ends: [Stream; 2],
    copying: Copying,
    meter: FlowMeter,
    told: Option<oneshot::Sender<Ended>>,
    panics: Arc<Word>,
}

#[derive(Default)]
struct Word {
    said: AtomicBool,
    waker: futures_util::task::AtomicWaker,
}

impl Word {
    fn say(&self) {
        self.said.store(true, Ordering::Release);
        self.waker.wake();
    }
}

impl Future for Through {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.panics.waker.register(cx.waker());
        assert!(!this.panics.said.load(Ordering::Acquire), "on purpose");
        let [client, server] = &mut this.ends;
        let ended = ready!(this.copying.poll(cx, client, server, &this.meter));
        if let Some(told) = this.told.take() {
            // A test that no longer listens has seen what it came for.
            let _ = told.send(ended);
        }
        Poll::Ready(())
    }
}

impl Work for Through {
    fn ends(&mut self) -> [&mut dyn Io; 2] {
        let [client, server] = &mut self.ends;
        [client, server]
    }
}

struct Rig {
    app: Socket,
    origin: Socket,
    work: Through,
    ended: oneshot::Receiver<Ended>,
    word: Arc<Word>,
}

async fn pair() -> (Socket, Socket) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = Socket::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

async fn rig() -> Rig {
    let ((app, near), (far, origin)) = (pair().await, pair().await);
    let ends = [near, far].map(|tcp| Box::new(OsStream::new(tcp).unwrap()) as Stream);
    assert!(ends.iter().all(|end| end.can_settle()));
    let (told, ended) = oneshot::channel();
    let word = Arc::<Word>::default();
    let panics = Arc::clone(&word);
    let work = Through { ends, copying: Copying::default(), meter: FlowMeter::new(), told: Some(told), panics };
    Rig { app, origin, work, ended, word }
}

fn reactor() -> Reactor {
    Reactor::new(Handle::current()).unwrap()
}

async fn trip(rig: &mut Rig) {
    rig.app.write_all(b"question").await.unwrap();
    rig.origin.read_exact(&mut [0; 8]).await.unwrap();
    rig.origin.write_all(b"answer").await.unwrap();
    rig.app.read_exact(&mut [0; 6]).await.unwrap();
}

#[tokio::test]
async fn a_relay_goes_on_with_both_directions_and_their_ends() {
    let reactor = reactor();
    let mut rig = rig().await;
    // What came before it was taken over is there, and so is an end.
    rig.app.write_all(b"early").await.unwrap();
    rig.app.shutdown().await.unwrap();
    let (room, is_empty) = oneshot::channel::<()>();
    reactor.adopt(rig.work, Box::new(room)).unwrap();
    let mut early = Vec::new();
    rig.origin.read_to_end(&mut early).await.unwrap();
    assert_eq!(early, b"early");
    let sent: Vec<u8> = (0..6_000_000_u32).map(|n| (n % 251) as u8).collect();
    let send = async {
        rig.origin.write_all(&sent).await.unwrap();
        rig.origin.shutdown().await.unwrap();
    };
    let mut got = Vec::new();
    let (read, ()) = tokio::join!(rig.app.read_to_end(&mut got), send);
    read.unwrap();
    assert!(got == sent);
    assert_eq!(rig.ended.await.unwrap(), Ended { first: Some(crate::net::Side::Client), outcome: Ok(()) });
    assert!(is_empty.await.is_err(), "its room is given up when it has ended");
}

#[tokio::test]
async fn many_relays_take_turns_and_places_are_used_again() {
    let reactor = reactor();
    for _ in 0..3 {
        let mut rigs = Vec::new();
        for _ in 0..20 {
            let Rig { app, origin, work, ended, word } = rig().await;
            reactor.adopt(work, Box::new(())).unwrap();
            rigs.push((app, origin, ended, word));
        }
        for (app, origin, ..) in &mut rigs {
            app.write_all(b"question").await.unwrap();
            origin.read_exact(&mut [0; 8]).await.unwrap();
        }
        for (app, origin, ended, _) in rigs {
            drop((app, origin));
            ended.await.unwrap().outcome.unwrap();
        }
    }
    assert!(reactor.shared.inbox().places <= 40, "{}", reactor.shared.inbox().places);
}

#[tokio::test]
async fn a_panic_in_one_does_not_end_the_others() {
    let reactor = reactor();
    let Rig { app, origin, work, ended, word } = rig().await;
    let (room, is_empty) = oneshot::channel::<()>();
    reactor.adopt(work, Box::new(room)).unwrap();
    let mut other = rig().await;
    let work = std::mem::replace(&mut other.work, rig().await.work);
    reactor.adopt(work, Box::new(())).unwrap();
    trip(&mut other).await;
    word.say();
    assert!(ended.await.is_err(), "it tells nothing any more");
    assert!(is_empty.await.is_err());
    let mut app = app;
    assert_eq!(app.read(&mut [0]).await.unwrap(), 0, "its sockets are closed");
    drop(origin);
    trip(&mut other).await;
}

#[tokio::test]
async fn those_that_are_left_end_with_the_reactor() {
    let reactor = reactor();
    let Rig { mut app, origin, work, .. } = rig().await;
    let (room, is_empty) = oneshot::channel::<()>();
    reactor.adopt(work, Box::new(room)).unwrap();
    drop(reactor);
    assert!(is_empty.await.is_err());
    assert_eq!(app.read(&mut [0]).await.unwrap(), 0);
    drop(origin);
}
