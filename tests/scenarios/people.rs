//! Who uses what, and how: apps that stay in their chat, send a photo now and then, are put away and opened again,
//! and connect anew when a connection dies.

use byway::lab::people::{App, Door, Mishap, Person};
use byway::model::Destination;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};
use tokio_socks::tcp::Socks5Stream;

/// One app in somebody's hand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// A service, or a site; `None` is whom the scenario is about.
    pub(crate) app: Option<&'static str>,
    /// Seconds between two exchanges in an open chat: least and most.
    pub(crate) pause: (u64, u64),
    /// How many exchanges before the app is put away, at most.
    pub(crate) exchanges: u32,
    /// How many in a hundred exchanges are a photo.
    pub(crate) photos: u32,
    /// Seconds for which the app is put away: least and most.
    pub(crate) away: (u64, u64),
    /// What it is used for.
    pub(crate) habit: Habit,
}

/// What an app is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Messages and photos.
    Chat,
    /// Calls.
    Calls,
    /// A site in a browser that tries QUIC, and goes on by TCP.
    Browser,
}

/// The app that the scenario is about, in ordinary use.
pub(crate) const SUBJECT: Life =
    Life { app: None, pause: (8, 40), exchanges: 5, photos: 10, away: (10, 60), habit: Habit::Chat };

/// Somebody who calls people with it all the time; a call lasts so many seconds as there are between two exchanges.
pub(crate) const CALLER: Life = Life { pause: (20, 60), away: (20, 60), habit: Habit::Calls, ..SUBJECT };

/// An app beside it, used less.
const fn beside(app: &'static str) -> Life {
    Life { app: Some(app), pause: (30, 90), exchanges: 3, photos: 8, away: (60, 180), habit: Habit::Chat }
}

pub(crate) const HOUSEHOLD: &[Life] =
    &[SUBJECT, beside("telegram"), beside("whatsapp"), beside("signal"), beside("www.messenger.com")];

/// A household in which somebody calls people.
pub(crate) const CALLERS: &[Life] = &[SUBJECT, CALLER, beside("telegram"), beside("whatsapp"), beside("signal")];

/// What somebody lived to see.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) app: &'static str,
    /// When the wish arose.
    pub(crate) wished: Instant,
    pub(crate) what: Lived,
}

#[derive(Clone, Debug)]
pub(crate) enum Lived {
    /// The app was greeted; so late came the first byte after the wish, failed tries included.
    Opened(Duration),
    /// An attempt to open it failed.
    Failed(Mishap),
    /// A call was connected so long after the wish.
    Connected(#[expect(dead_code, reason = "shown with BYWAY_TEST_LOG")] Duration),
    /// A call was not connected, or went dead.
    CallLost(Mishap),
    /// QUIC was answered, or not; the page is another matter.
    Quic(Result<Duration, Mishap>),
    /// A photo came through.
    Photo,
    /// A connection in use failed.
    Broke(Mishap),
}

pub(crate) type Diary = Arc<Mutex<Vec<Entry>>>;

/// Somebody with one app.
pub(crate) struct Somebody {
    pub(crate) person: Person,
    pub(crate) door: Door,
    pub(crate) app: &'static str,
    pub(crate) life: Life,
    pub(crate) rng: fastrand::Rng,
    pub(crate) diary: Diary,
    /// Where calls are relayed.
    pub(crate) relays: Vec<Destination>,
}

/// Lives with one app until the task is dropped.
pub(crate) async fn live(who: Somebody) {
    if who.app.starts_with("http://") {
        return read_pages(who).await;
    }
    match who.life.habit {
        Habit::Chat => {}
        Habit::Calls => return call_people(who).await,
        Habit::Browser => return browse(who).await,
    }
    let Somebody { person, app, life, mut rng, diary, .. } = who;
    let note = |wished, what| diary.lock().unwrap().push(Entry { app, wished, what });
    let app = App::of(app);
    sleep(Duration::from_millis(rng.u64(0..life.away.1 * 1000))).await;
    let mut photo_owed = None;
    loop {
        let wished = Instant::now();
        let mut back_off = 1000;
        let mut session = loop {
            let tried = Instant::now();
            match person.open(&app).await {
                Ok(session) => {
                    note(wished, Lived::Opened(tried - wished + session.first_byte()));
                    break session;
                }
                Err(mishap) => note(tried, Lived::Failed(mishap)),
            }
            sleep(Duration::from_millis(rng.u64(back_off / 2..back_off))).await;
            back_off = (back_off * 2).min(30_000);
        };
        let mut exchanges = rng.u32(1..=life.exchanges);
        let died = loop {
            let asked = Instant::now();
            if let Some((size, tries)) = photo_owed {
                match session.download(size).await {
                    Ok(()) => {
                        note(asked, Lived::Photo);
                        photo_owed = None;
                    }
                    Err(mishap) => {
                        note(asked, Lived::Broke(mishap));
                        // A person gives up on a photo some day.
                        photo_owed = (tries < 5).then_some((size, tries + 1));
                        break true;
                    }
                }
            }
            if exchanges == 0 {
                break false;
            }
            exchanges -= 1;
            sleep(Duration::from_millis(rng.u64(life.pause.0 * 1000..life.pause.1 * 1000))).await;
            if rng.u32(0..100) < life.photos {
                photo_owed = Some((rng.u32(80_000..300_000), 0));
            } else if let Err(mishap) = session.download(rng.u32(40..900)).await {
                note(asked, Lived::Broke(mishap));
                break true;
            }
        };
        drop(session);
        let (least, most) = if died { (300, 1500) } else { (life.away.0 * 1000, life.away.1 * 1000) };
        sleep(Duration::from_millis(rng.u64(least..most))).await;
    }
}

/// Calls people; who is not put through tries again soon, twice.
async fn call_people(who: Somebody) {
    let Somebody { person, app, life, mut rng, diary, relays, .. } = who;
    let note = |wished, what| diary.lock().unwrap().push(Entry { app, wished, what });
    loop {
        sleep(Duration::from_millis(rng.u64(life.away.0 * 1000..life.away.1 * 1000))).await;
        for _ in 0..3 {
            let wished = Instant::now();
            // An app asks the two relays that it was told of last.
            let first = rng.usize(..relays.len());
            let asked: Vec<_> = relays.iter().cycle().skip(first).take(relays.len().min(2)).cloned().collect();
            let lost = match person.call(&asked).await {
                Ok(call) => {
                    note(wished, Lived::Connected(call.connected()));
                    call.talk(Duration::from_millis(rng.u64(life.pause.0 * 1000..life.pause.1 * 1000))).await.err()
                }
                Err(mishap) => Some(mishap),
            };
            let Some(mishap) = lost else { break };
            note(wished, Lived::CallLost(mishap));
            sleep(Duration::from_millis(rng.u64(500..4000))).await;
        }
    }
}

/// Opens a site now and then as browsers do: asks for QUIC, and by TCP a moment later, whichever is first.
async fn browse(who: Somebody) {
    let Somebody { person, app, life, mut rng, diary, .. } = who;
    let note = |wished, what| diary.lock().unwrap().push(Entry { app, wished, what });
    let site = App::of(app);
    loop {
        sleep(Duration::from_millis(rng.u64(life.pause.0 * 1000..life.pause.1 * 1000))).await;
        let wished = Instant::now();
        let by_tcp = async {
            sleep(Duration::from_millis(300)).await;
            match person.open(&site).await {
                Ok(mut session) => {
                    note(wished, Lived::Opened(wished.elapsed()));
                    if let Err(mishap) = session.download(rng.u32(20_000..90_000)).await {
                        note(wished, Lived::Broke(mishap));
                    }
                }
                Err(mishap) => note(wished, Lived::Failed(mishap)),
            }
        };
        let (quic, ()) = tokio::join!(person.ask_quic(app), by_tcp);
        note(wished, Lived::Quic(quic));
    }
}

/// Reads pages in clear text now and then, in a browser that waits 15 s.
async fn read_pages(who: Somebody) {
    let Somebody { door, app, life, mut rng, diary, .. } = who;
    let host = app.trim_start_matches("http://");
    loop {
        sleep(Duration::from_millis(rng.u64(life.pause.0 * 1000..life.pause.1 * 1000))).await;
        let wished = Instant::now();
        let what = match timeout(Duration::from_secs(15), page(&door, host)).await {
            Ok(Ok((first, answer))) if answer.starts_with("HTTP/1.1 200") => Lived::Opened(first - wished),
            Ok(Ok(_)) => Lived::Failed(Mishap::Wrong),
            Ok(Err(_)) => Lived::Failed(Mishap::Died),
            Err(_) => Lived::Failed(Mishap::Silent),
        };
        diary.lock().unwrap().push(Entry { app, wished, what });
    }
}

/// Fetches a page in clear text: when its first byte came, and the page.
async fn page(door: &Door, host: &str) -> std::io::Result<(Instant, String)> {
    let socket = door().await?;
    let lost = |_| std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    let mut stream = Socks5Stream::connect_with_socket(socket, (host, 80)).await.map_err(lost)?;
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    let mut first = [0];
    stream.read_exact(&mut first).await?;
    let came = Instant::now();
    let mut rest = String::from(char::from(first[0]));
    stream.read_to_string(&mut rest).await?;
    Ok((came, rest))
}
