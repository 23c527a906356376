//! The history as its callers see it, on disk, in memory and off.

mod damage;
mod redact;

use super::*;
use crate::model::{Ground, LinkState, NetworkId, WayChange};
use std::fs;
use std::time::UNIX_EPOCH;
use tempfile::TempDir;

/// 2023-11-14 22:13:20 UTC.
const NOW: u64 = 1_700_000_000;

/// A clock that a test turns.
#[derive(Clone)]
struct Hands(Arc<AtomicU64>);

impl Hands {
    fn at(seconds: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seconds)))
    }

    fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::Relaxed);
    }

    fn open(&self, settings: &Settings) -> (Journal, Vec<Notice>) {
        let hands = self.clone();
        Journal::open(settings, move || UNIX_EPOCH + Duration::from_secs(hands.0.load(Ordering::Relaxed)))
    }
}

fn on_disk(folder: &Path) -> Settings {
    Settings { history: History::Disk(folder.to_owned()), ..Settings::default() }
}

fn way(service: &str, why: &str) -> Record {
    Record::Way(WayChange {
        service: service.into(),
        facet: crate::model::Facet::Text,
        from: Some("direct".into()),
        to: Some("tokyo".into()),
        why: why.to_owned(),
        delay_ms: 420,
    })
}

fn link() -> Record {
    Record::Link { network: NetworkId(7), from: LinkState::Online, to: LinkState::Offline, ground: Ground::Unplugged }
}

async fn all(journal: &Journal) -> Vec<Entry> {
    journal.query(Filter::default()).await
}

/// Every place that keeps something.
fn places() -> Vec<(Settings, Option<TempDir>)> {
    let folder = tempfile::tempdir().unwrap();
    vec![(Settings::default(), None), (on_disk(folder.path()), Some(folder))]
}

#[tokio::test]
async fn what_is_remembered_is_found_again_by_the_minute() {
    for (settings, _folder) in places() {
        let hands = Hands::at(NOW);
        let (journal, notices) = hands.open(&settings);
        assert_eq!(notices, []);
        journal.append(Record::Started);
        journal.append(way("telegram", "connections are cut"));
        hands.set(NOW + 61);
        journal.append(way("signal", "silence"));
        journal.append(link());
        let minutes: Vec<u64> = all(&journal).await.iter().map(|e| e.time).collect();
        assert_eq!(minutes, [1_699_999_980, 1_699_999_980, 1_700_000_040, 1_700_000_040]);
        let query =
            async |filter: Filter| journal.query(filter).await.iter().map(|e| Kind::of(&e.record)).collect::<Vec<_>>();
        let everything = Filter::default();
        use Kind::{Link, Started, Way};
        assert_eq!(query(everything.clone()).await, [Started, Way, Way, Link]);
        assert_eq!(query(Filter { limit: Some(3), ..everything.clone() }).await, [Way, Way, Link]);
        assert_eq!(query(Filter { limit: Some(0), ..everything.clone() }).await, []);
        assert_eq!(query(Filter { kinds: vec![Started, Link], ..everything.clone() }).await, [Started, Link]);
        assert_eq!(query(Filter { since: Some(NOW + 61), ..everything.clone() }).await, [Way, Link]);
        let telegram = journal.query(Filter { service: Some("telegram".into()), ..everything }).await;
        assert_eq!(telegram, [Entry { time: 1_699_999_980, record: way("telegram", "connections are cut") }]);
    }
}

#[tokio::test]
async fn an_orderly_end_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let hands = Hands::at(NOW);
    for n in 1..=3 {
        let (journal, notices) = hands.open(&on_disk(folder.path()));
        assert_eq!(notices, []);
        journal.append(Record::Started);
        assert_eq!(all(&journal).await.len(), n);
    }
    assert_eq!(all(&hands.open(&on_disk(folder.path())).0).await.len(), 3);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("state/byway");
    let (journal, _) = Hands::at(NOW).open(&on_disk(&folder));
    journal.append(Record::Started);
    assert!(journal.flush().await);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let mut files = 0;
    for file in fs::read_dir(&folder).unwrap() {
        let file = file.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        files += 1;
    }
    assert!(files >= 2, "the database and its log");
    drop(journal);
    // A mode that somebody loosened is mended.
    let file = folder.join("journal.db");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    drop(Hands::at(NOW).open(&on_disk(&folder)));
    assert_eq!(mode(&file), 0o600);
}

#[tokio::test]
async fn what_is_too_old_goes() {
    for (settings, _folder) in places() {
        let hands = Hands::at(NOW);
        let (journal, _) = hands.open(&settings);
        journal.append(Record::Started);
        assert!(journal.flush().await);
        hands.set(NOW + 8 * 24 * 3600);
        journal.append(Record::Reloaded);
        let journal = match &settings.history {
            History::Disk(_) => {
                drop(journal);
                hands.open(&settings).0
            }
            _ => journal,
        };
        let kinds: Vec<Kind> = all(&journal).await.iter().map(|e| Kind::of(&e.record)).collect();
        assert_eq!(kinds, [Kind::Reloaded]);
    }
}

#[tokio::test]
async fn it_never_grows_beyond_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { max_bytes: 200_000, ..on_disk(folder.path()) };
    let (journal, _) = Hands::at(NOW).open(&settings);
    for round in 0..20 {
        for n in 0..200 {
            journal.append(way("telegram", &format!("round {round}, number {n}, {}", "x".repeat(100))));
        }
        assert!(journal.flush().await);
        let bytes: u64 = fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().metadata().unwrap().len()).sum();
        assert!(bytes < 200_000 + 256 * 1024 + 32 * 1024, "{bytes} bytes, the log and its index included");
    }
    let left = all(&journal).await;
    assert!(left.len() > 200 && left.len() < 2000, "{}", left.len());
    let Record::Way(last) = &left.last().unwrap().record else { panic!("a way") };
    assert!(last.why.starts_with("round 19, number 199"), "{}", last.why);
    drop(journal);
    assert!(fs::metadata(folder.path().join("journal.db")).unwrap().len() <= 200_000);
}

#[tokio::test]
async fn memory_is_bounded_too() {
    let (journal, _) = Hands::at(NOW).open(&Settings { max_bytes: 10_000, ..Settings::default() });
    for n in 0..1000 {
        journal.append(way("telegram", &n.to_string()));
    }
    let left = all(&journal).await;
    assert!((10..100).contains(&left.len()), "{}", left.len());
}

#[tokio::test]
async fn what_is_purged_is_gone_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let hands = Hands::at(NOW);
    let (journal, _) = hands.open(&on_disk(folder.path()));
    for _ in 0..50 {
        journal.append(way("telegram", "a canary sang"));
    }
    assert!(journal.flush().await);
    hands.set(NOW + 120);
    journal.append(way("signal", "still here"));
    fs::write(folder.path().join("journal.db.corrupt-1699999999"), "a canary sang").unwrap();
    fs::write(folder.path().join("journal.db.corrupt-1700000110"), "later").unwrap();
    journal.purge(NOW + 60).await;
    assert_eq!(all(&journal).await.len(), 1);
    let mut names = Vec::new();
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let bytes = fs::read(file.path()).unwrap();
        assert!(!bytes.windows(6).any(|w| w == b"canary"), "{}", file.path().display());
        names.push(file.file_name());
    }
    assert!(names.contains(&"journal.db.corrupt-1700000110".into()), "{names:?}");
    journal.purge(u64::MAX).await;
    assert_eq!(all(&journal).await, []);
}

#[tokio::test]
async fn a_follower_sees_what_comes_even_when_nothing_is_kept() {
    let (journal, _) = Hands::at(NOW).open(&Settings { history: History::Off, ..Settings::default() });
    journal.append(Record::Started);
    let mut follower = journal.follow();
    journal.append(Record::Reloaded);
    assert_eq!(follower.recv().await.unwrap().record, Record::Reloaded);
    assert_eq!(all(&journal).await, []);
    journal.purge(u64::MAX).await;
    assert!(journal.flush().await && journal.trouble().is_none());
}

#[tokio::test]
async fn two_on_one_folder_get_along() {
    let folder = tempfile::tempdir().unwrap();
    let hands = Hands::at(NOW);
    let (one, _) = hands.open(&on_disk(folder.path()));
    let (two, notices) = hands.open(&on_disk(folder.path()));
    assert_eq!(notices, []);
    one.append(Record::Started);
    assert!(one.flush().await);
    two.append(Record::Reloaded);
    assert!(two.flush().await);
    assert_eq!(all(&one).await.len(), 2);
}

/// A history as version 0.1.0 of its first release wrote it: link records without a ground, no stop, no counts.
fn history_of_an_earlier_version(folder: &Path) {
    let file = rusqlite::Connection::open(folder.join("journal.db")).unwrap();
    file.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA application_id = 1652127609;
         PRAGMA user_version = 1;
         CREATE TABLE entry (
             id INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL, service TEXT, record TEXT NOT NULL);
         CREATE INDEX entry_by_time ON entry (time);
         CREATE INDEX entry_by_service ON entry (service, time);",
    )
    .unwrap();
    for (kind, service, record) in [
        ("started", None, r#"{"kind":"started"}"#),
        ("link", None, r#"{"kind":"link","network":7,"from":"online","to":"offline"}"#),
        ("use", Some("telegram"), r#"{"kind":"use","service":"telegram","transport":null}"#),
        ("of tomorrow", None, r#"{"kind":"of_tomorrow"}"#),
    ] {
        let sql = "INSERT INTO entry (time, kind, service, record) VALUES (?1, ?2, ?3, ?4)";
        file.execute(sql, rusqlite::params![1_699_999_980_i64, kind, service, record]).unwrap();
    }
}

#[tokio::test]
async fn a_history_of_an_earlier_version_opens_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    history_of_an_earlier_version(folder.path());
    let (journal, notices) = Hands::at(NOW).open(&on_disk(folder.path()));
    assert_eq!(notices, [], "it is not set aside");
    let old = all(&journal).await;
    let from_online = Record::Link {
        network: NetworkId(7),
        from: LinkState::Online,
        to: LinkState::Offline,
        ground: Ground::NotAsked,
    };
    let use_ = Record::Use { service: "telegram".into(), transport: None };
    assert_eq!(old.iter().map(|e| e.record.clone()).collect::<Vec<_>>(), [Record::Started, from_online, use_]);
    journal.append(Record::Carried { secs: 60, routes: vec![] });
    journal.append(Record::Stopped);
    assert!(journal.flush().await);
    assert_eq!(all(&journal).await.len(), 5);
}

#[tokio::test]
async fn a_history_can_be_read_while_nobody_writes_it_and_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read(folder.path(), &Filter::default()), Ok(vec![]), "none is no fault");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "and none is made");
    let written = {
        let (journal, _) = Hands::at(NOW).open(&on_disk(folder.path()));
        journal.append(Record::Started);
        journal.append(way("telegram", "silence"));
        journal.append(Record::Stopped);
        assert!(journal.flush().await);
        all(&journal).await
    };
    let before = fs::read(folder.path().join("journal.db")).unwrap();
    assert_eq!(read(folder.path(), &Filter::default()), Ok(written.clone()));
    let wanted = Filter { service: Some("telegram".into()), ..Filter::default() };
    assert_eq!(read(folder.path(), &wanted), Ok(vec![written[1].clone()]));
    assert_eq!(fs::read(folder.path().join("journal.db")).unwrap(), before);
    fs::write(folder.path().join("journal.db"), "this is no database, and long enough to be looked at").unwrap();
    let error = read(folder.path(), &Filter::default()).unwrap_err().to_string();
    assert!(error.starts_with("the history on disk cannot be read: the file is damaged"), "{error}");
    assert!(folder.path().join("journal.db").exists(), "it is left where it is");
}
