//! The history: each record minute-rounded, on disk, in memory, or not at all; bounded in age and size. Appending
//! never waits and never fails a caller; a disk that cannot be used costs the history, not the start. It stores what
//! it is given: that no record holds a destination is the promise of [`Record`].

mod disk;
mod entry;
mod keeper;
mod memory;
mod redact;
#[cfg(test)]
mod tests;

pub use entry::{Entry, Filter, Kind};
pub use redact::redact;

use crate::model::Record;
use disk::{Disk, Opened};
use entry::{minute, unix};
use keeper::{Keeper, Order};
use memory::Ring;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};
use tokio::sync::{broadcast, oneshot};

/// Where the history is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum History {
    /// In a database under this folder, mode 0600.
    Disk(PathBuf),
    /// In memory, gone with the process.
    Memory,
    /// Nowhere.
    Off,
}

/// How the history is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where.
    pub history: History,
    /// How long. 7 days: enough to see a week's pattern, little enough to be found with.
    pub retention: Duration,
    /// How large, in bytes. 8 MiB; what is on its way into a database adds up to 256 KiB.
    pub max_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { history: History::Memory, retention: Duration::from_secs(7 * 24 * 3600), max_bytes: 8 << 20 }
    }
}

/// Something the operator should know of the history. Never stops anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// The file was damaged.
    #[error("the history on disk was damaged; it was set aside as {name} in its folder and a new one begun")]
    SetAside {
        /// Its new file name.
        name: String,
    },
    /// The disk cannot be used.
    #[error("the history is kept in memory until the disk can be used: {why}")]
    InMemory {
        /// Why, without a path.
        why: String,
    },
}

/// Why the history on disk cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the history on disk cannot be read: {0}; `byway run` sets a damaged one aside")]
pub struct Unreadable(String);

/// Tells the time of day.
type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What is wrong with the disk right now.
#[derive(Clone, Default)]
struct Trouble(Arc<Mutex<Option<Notice>>>);

impl Trouble {
    fn lock(&self) -> MutexGuard<'_, Option<Notice>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Entries that may wait for the disk's thread. At a transition a second each, over an hour.
const WAITING: usize = 4096;
/// Entries a follower may be behind before it misses some.
const FOLLOWED: usize = 256;

/// The history. Clones are the same one; the last one dropped writes what is left.
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    place: Place,
    clock: Clock,
    retention: Duration,
    max_bytes: u64,
    feed: broadcast::Sender<Entry>,
    trouble: Trouble,
    lost: AtomicU64,
}

enum Place {
    Disk(Thread),
    Memory(Mutex<Ring>),
    Off,
}

/// The disk's thread, and the way to it.
struct Thread {
    orders: Option<SyncSender<Order>>,
    handle: Option<JoinHandle<()>>,
}

impl Journal {
    /// Opens the history. Never fails: what stands in the way becomes a notice. `wall_clock` tells the time of day.
    pub fn open(
        settings: &Settings,
        wall_clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> (Self, Vec<Notice>) {
        let clock: Clock = Arc::new(wall_clock);
        let trouble = Trouble::default();
        let mut notices = Vec::new();
        let place = match &settings.history {
            History::Off => Place::Off,
            History::Memory => Place::Memory(Mutex::default()),
            History::Disk(folder) => {
                let disk = open_disk(folder, settings, unix(clock()), &mut notices);
                let keeper = Keeper::new(folder.clone(), settings, Arc::clone(&clock), trouble.clone(), disk);
                match Thread::start(keeper) {
                    Ok(thread) => Place::Disk(thread),
                    Err(error) => {
                        notices.push(Notice::InMemory { why: format!("no thread can be started ({})", error.kind()) });
                        Place::Memory(Mutex::default())
                    }
                }
            }
        };
        trouble.lock().clone_from(&notices.iter().rfind(|n| matches!(n, Notice::InMemory { .. })).cloned());
        let inner = Inner {
            place,
            clock,
            retention: settings.retention,
            max_bytes: settings.max_bytes,
            feed: broadcast::Sender::new(FOLLOWED),
            trouble,
            lost: AtomicU64::new(0),
        };
        (Self(Arc::new(inner)), notices)
    }

    /// Remembers `record` as of this minute. Never waits; when the disk is so slow that thousands wait for it, the
    /// record is counted as lost.
    pub fn append(&self, record: Record) {
        let inner = &self.0;
        let now = unix((inner.clock)());
        let entry = Entry { time: minute(now), record };
        // Fails when nobody follows.
        let _followers = inner.feed.send(entry.clone());
        let size = || serde_json::to_string(&entry).map_or(0, |json| json.len() as u64);
        match &inner.place {
            Place::Off => {}
            Place::Memory(ring) => {
                let size = size();
                let mut ring = lock(ring);
                ring.forget(now.saturating_sub(inner.retention.as_secs()));
                ring.push(entry, size, inner.max_bytes);
            }
            Place::Disk(thread) => {
                let size = size();
                if !thread.tell(Order::Append(entry, size)) && inner.lost.fetch_add(1, Ordering::Relaxed) == 0 {
                    tracing::warn!("the disk is too slow for the history; records are being lost");
                }
            }
        }
    }

    /// The latest entries that `filter` wants, oldest first. Empty when the history is off.
    pub async fn query(&self, filter: Filter) -> Vec<Entry> {
        match &self.0.place {
            Place::Off => Vec::new(),
            Place::Memory(ring) => {
                let oldest = unix((self.0.clock)()).saturating_sub(self.0.retention.as_secs());
                let mut ring = lock(ring);
                ring.forget(oldest);
                ring.query(&filter)
            }
            Place::Disk(thread) => thread.ask(|answer| Order::Query(filter.clone(), answer)).await.unwrap_or_default(),
        }
    }

    /// Every entry from now on, whether it is kept or not. A follower that falls behind misses some and is told so.
    pub fn follow(&self) -> broadcast::Receiver<Entry> {
        self.0.feed.subscribe()
    }

    /// Forgets what is older than `before`, in seconds since 1970 (`u64::MAX`: everything), what was set aside as
    /// damaged included. On disk it is overwritten; what the storage itself keeps is beyond us.
    pub async fn purge(&self, before: u64) {
        match &self.0.place {
            Place::Off => {}
            Place::Memory(ring) => lock(ring).forget(before),
            Place::Disk(thread) => thread.ask(|done| Order::Purge(before, done)).await.unwrap_or_default(),
        }
    }

    /// Writes what waits to be written; whether nothing waits any more.
    pub async fn flush(&self) -> bool {
        match &self.0.place {
            Place::Disk(thread) => thread.ask(Order::Flush).await.unwrap_or_default(),
            Place::Memory(_) | Place::Off => true,
        }
    }

    /// What is wrong with the disk right now.
    pub fn trouble(&self) -> Option<Notice> {
        self.0.trouble.lock().clone()
    }

    /// Records lost because the disk was too slow.
    pub fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }
}

/// The entries of the history on disk under `folder` that `filter` wants, oldest first, while nobody writes it; none
/// when there is no history. It is not changed. An error says what is wrong with it, without a path.
pub fn read(folder: &Path, filter: &Filter) -> Result<Vec<Entry>, Unreadable> {
    let found = Disk::open_to_read(folder).and_then(|disk| disk.map_or_else(|| Ok(Vec::new()), |d| d.query(filter)));
    found.map_err(|error| Unreadable(error.to_string()))
}

fn lock(ring: &Mutex<Ring>) -> MutexGuard<'_, Ring> {
    ring.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens the database; `None` while it cannot be.
fn open_disk(folder: &Path, settings: &Settings, now: u64, notices: &mut Vec<Notice>) -> Option<Disk> {
    match Disk::open(folder, settings.max_bytes, now) {
        Ok(Opened { disk, set_aside }) => {
            notices.extend(set_aside.map(|name| Notice::SetAside { name }));
            Some(disk)
        }
        Err(error) => {
            notices.push(Notice::InMemory { why: error.to_string() });
            None
        }
    }
}

impl Thread {
    fn start(keeper: Keeper) -> io::Result<Self> {
        let (orders, to_do) = sync_channel(WAITING);
        let handle = std::thread::Builder::new().name(String::from("journal")).spawn(move || keeper.run(&to_do))?;
        Ok(Self { orders: Some(orders), handle: Some(handle) })
    }

    /// Tells the thread without waiting; false when too many orders wait already.
    fn tell(&self, order: Order) -> bool {
        self.orders.as_ref().is_some_and(|orders| orders.try_send(order).is_ok())
    }

    /// Asks the thread and waits for its answer. `None` when it is gone, or too busy for seconds.
    async fn ask<T>(&self, order: impl Fn(oneshot::Sender<T>) -> Order) -> Option<T> {
        for _ in 0..100 {
            let (answer, answered) = oneshot::channel();
            if self.tell(order(answer)) {
                return answered.await.ok();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        None
    }
}

impl Drop for Thread {
    /// Waits for the last write, so that an orderly end loses nothing.
    fn drop(&mut self) {
        self.orders = None;
        if let Some(handle) = self.handle.take()
            && handle.join().is_err()
        {
            tracing::warn!("the history's thread ended early; its last records may be missing");
        }
    }
}
