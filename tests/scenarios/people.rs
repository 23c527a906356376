//! Who uses what, and how: apps that stay in their chat, send a photo now and then, are put away and opened again,
//! and connect anew when a connection dies.

use byway::lab::people::{App, Mishap, Person};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};

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
}

/// The app that the scenario is about, in ordinary use.
pub(crate) const SUBJECT: Life = Life { app: None, pause: (8, 40), exchanges: 5, photos: 10, away: (10, 60) };

/// An app beside it, used less.
const fn beside(app: &'static str) -> Life {
    Life { app: Some(app), pause: (30, 90), exchanges: 3, photos: 8, away: (60, 180) }
}

pub(crate) const HOUSEHOLD: &[Life] =
    &[SUBJECT, beside("telegram"), beside("whatsapp"), beside("signal"), beside("www.messenger.com")];

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
    /// A photo came through, after so many reconnects.
    Photo(u32),
    /// A connection in use failed.
    Broke(Mishap),
}

pub(crate) type Diary = Arc<Mutex<Vec<Entry>>>;

/// Lives with one app until the task is dropped.
pub(crate) async fn live(person: Person, app: &'static str, life: Life, mut rng: fastrand::Rng, diary: Diary) {
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
                        note(asked, Lived::Photo(tries));
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
