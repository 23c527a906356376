//! The thread that owns the database: gathers what comes, writes it once a second, forgets what is too old, and goes
//! on in memory while the disk cannot be written. Nobody waits for it except who asks it something.

use super::Notice;
use super::disk::{self, Disk, DiskError, Opened};
use super::entry::{Entry, Filter, unix};
use super::memory::Ring;
use super::{Clock, Settings, Trouble};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// From the first entry to its write. A crash loses no more than this.
const BATCH: Duration = Duration::from_secs(1);
/// Between two tries to use a disk that cannot be used.
const RETRY: Duration = Duration::from_secs(30);
/// Between two looks for entries that are too old.
const TIDY: Duration = Duration::from_secs(3600);

/// What the thread is told.
pub(super) enum Order {
    Append(Entry, u64),
    Query(Filter, oneshot::Sender<Vec<Entry>>),
    Purge(u64, oneshot::Sender<()>),
    /// Answered with whether all is written.
    Flush(oneshot::Sender<bool>),
}

/// The thread's state.
pub(super) struct Keeper {
    folder: PathBuf,
    retention: Duration,
    max_bytes: u64,
    clock: Clock,
    trouble: Trouble,
    /// `None` while the disk cannot be used.
    disk: Option<Disk>,
    /// What is not on the disk yet.
    unwritten: Ring,
}

impl Keeper {
    pub(super) fn new(
        folder: PathBuf,
        settings: &Settings,
        clock: Clock,
        trouble: Trouble,
        disk: Option<Disk>,
    ) -> Self {
        Self {
            folder,
            retention: settings.retention,
            max_bytes: settings.max_bytes,
            clock,
            trouble,
            disk,
            unwritten: Ring::default(),
        }
    }

    /// Works until every sender of `orders` is gone, then writes what is left.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        let mut tidy_at = Instant::now();
        let mut write_at: Option<Instant> = None;
        loop {
            let now = Instant::now();
            if now >= tidy_at {
                self.tidy();
                tidy_at = now + TIDY;
            }
            if write_at.is_some_and(|at| now >= at) {
                write_at = if self.write() { None } else { Some(now + RETRY) };
            }
            let wake = write_at.unwrap_or(tidy_at).min(tidy_at);
            match orders.recv_timeout(wake.saturating_duration_since(Instant::now())) {
                Ok(Order::Append(entry, size)) => {
                    self.unwritten.push(entry, size, self.max_bytes);
                    write_at.get_or_insert_with(|| Instant::now() + BATCH);
                }
                Ok(Order::Query(filter, answer)) => tell(answer, self.query(&filter)),
                Ok(Order::Purge(before, done)) => tell(done, self.purge(before)),
                Ok(Order::Flush(done)) => tell(done, self.write()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.write();
    }

    /// Whether nothing is left unwritten.
    fn write(&mut self) -> bool {
        if self.unwritten.is_empty() {
            return true;
        }
        let written = self.on_disk(|disk, unwritten| disk.write(unwritten.iter()));
        if written.is_none() {
            return false;
        }
        self.unwritten.clear();
        self.all_well();
        // Too large is no reason to write again what is written.
        self.on_disk(|disk, _| disk.keep_small());
        true
    }

    fn query(&mut self, filter: &Filter) -> Vec<Entry> {
        let mut found = self.on_disk(|disk, _| disk.query(filter)).unwrap_or_default();
        found.extend(self.unwritten.query(filter));
        let over = found.len().saturating_sub(filter.limit.unwrap_or(usize::MAX));
        found.drain(..over);
        found
    }

    fn tidy(&mut self) {
        let oldest = unix((self.clock)()).saturating_sub(self.retention.as_secs());
        self.forget(oldest);
        // With an old limit and a new one in between, the file may be too large from the start.
        self.on_disk(|disk, _| disk.keep_small());
    }

    fn purge(&mut self, before: u64) {
        self.forget(before);
        if disk::forget_set_aside(&self.folder, before).is_err() {
            tracing::warn!("a damaged history that was set aside could not be removed");
        }
    }

    fn forget(&mut self, before: u64) {
        self.unwritten.forget(before);
        self.on_disk(|disk, _| disk.forget(before));
    }

    /// Does `work` on the database, opening it again if it was lost. `None` when that cannot be; says so once.
    fn on_disk<T>(&mut self, work: impl Fn(&mut Disk, &Ring) -> Result<T, DiskError>) -> Option<T> {
        let mut outcome = match &mut self.disk {
            Some(disk) => work(disk, &self.unwritten),
            None => Err(DiskError::Damaged(String::new())),
        };
        if matches!(outcome, Err(DiskError::Damaged(_))) {
            self.disk = None;
            outcome = self.open_again().and_then(|mut disk| {
                let outcome = work(&mut disk, &self.unwritten);
                self.disk = Some(disk);
                outcome
            });
        }
        match outcome {
            Ok(done) => Some(done),
            Err(why) => {
                self.in_trouble(Notice::InMemory { why: why.to_string() });
                None
            }
        }
    }

    fn open_again(&self) -> Result<Disk, DiskError> {
        let Opened { disk, set_aside } = Disk::open(&self.folder, self.max_bytes, unix((self.clock)()))?;
        if let Some(name) = set_aside {
            tracing::warn!("{}", Notice::SetAside { name });
        }
        Ok(disk)
    }

    fn in_trouble(&self, notice: Notice) {
        let mut trouble = self.trouble.lock();
        if trouble.as_ref() != Some(&notice) {
            tracing::warn!("{notice}");
            *trouble = Some(notice);
        }
    }

    fn all_well(&self) {
        if self.trouble.lock().take().is_some() {
            tracing::info!("the history is written to disk again");
        }
    }
}

/// Whoever asked may have stopped waiting for the answer.
fn tell<T>(who: oneshot::Sender<T>, answer: T) {
    let _nobody_waits = who.send(answer);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Record;
    use std::sync::Arc;
    use std::time::UNIX_EPOCH;

    #[test]
    fn a_full_disk_costs_nothing_that_fits_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path(), 8 << 20, 0).unwrap().disk;
        disk.fill_up_at(Some(8));
        let trouble = Trouble::default();
        let clock: Clock = Arc::new(|| UNIX_EPOCH);
        let settings = Settings::default();
        let mut keeper = Keeper::new(folder.path().to_owned(), &settings, clock, trouble.clone(), Some(disk));
        let entry = Entry { time: 0, record: Record::Started };
        let everything = Filter::default();
        let mut appended = 0;
        while appended == 0 || keeper.write() {
            for _ in 0..100 {
                keeper.unwritten.push(entry.clone(), 20, settings.max_bytes);
                appended += 1;
            }
            assert!(appended < 100_000, "it never fills up");
        }
        let why = String::from("the disk is full");
        assert_eq!(*trouble.lock(), Some(Notice::InMemory { why }));
        assert_eq!(keeper.query(&everything).len(), appended);
        assert!(!keeper.write());
        assert_eq!(keeper.query(&everything).len(), appended, "half of a batch was written");
        keeper.disk.as_ref().unwrap().fill_up_at(None);
        assert!(keeper.write());
        assert_eq!((keeper.query(&everything).len(), trouble.lock().clone()), (appended, None));
    }
}
