//! A history that was cut off, scribbled over, or cannot be written: it opens or is set aside, and byway starts.

use super::*;

/// The files of a history as a crash leaves them: a database and a log that was not merged into it.
fn crashed(entries: usize) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let mut disk = Disk::open(folder.path(), 8 << 20, NOW).unwrap().disk;
    for n in 0..entries {
        let entry = Entry { time: NOW, record: way("telegram", &format!("number {n}")) };
        disk.write([&entry].into_iter()).unwrap();
    }
    ["journal.db", "journal.db-wal"]
        .map(|name| (name.to_owned(), fs::read(folder.path().join(name)).unwrap_or_default()))
        .to_vec()
}

fn folder_of(files: &[(String, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// Opens, and works: what is written now is found now. Says how many entries of before were found.
fn opens_and_works(folder: &Path, what: &str) -> (usize, Option<String>) {
    let Opened { mut disk, set_aside } = Disk::open(folder, 8 << 20, NOW).unwrap_or_else(|e| panic!("{what}: {e}"));
    let before = disk.query(&Filter::default()).unwrap_or_default();
    let fresh = Entry { time: NOW, record: Record::Started };
    match disk.write([&fresh].into_iter()) {
        Ok(()) => assert_eq!(disk.query(&Filter::default()).unwrap().last(), Some(&fresh), "{what}"),
        // Damage that only a write finds; the keeper opens again and it is set aside.
        Err(disk::DiskError::Damaged(_)) => {}
        Err(e) => panic!("{what}: {e}"),
    }
    (before.len(), set_aside)
}

#[test]
fn a_crash_at_any_byte_of_the_log_loses_only_the_end() {
    let files = crashed(30);
    let log = files[1].1.len();
    assert!(log > 10_000, "there is a log: {log}");
    let mut found = Vec::new();
    for cut in (0..=log).step_by(log / 30) {
        let mut cut_off = files.clone();
        cut_off[1].1.truncate(cut);
        let (entries, set_aside) = opens_and_works(folder_of(&cut_off).path(), &format!("log cut at {cut}"));
        assert_eq!(set_aside, None, "log cut at {cut}");
        found.push(entries);
    }
    assert!(found.is_sorted(), "{found:?}");
    assert!(found.first() < found.last(), "{found:?}");
}

#[test]
fn a_database_cut_off_anywhere_opens_or_is_set_aside() {
    let mut files = crashed(120);
    // Merged: without a log that could mend it.
    let folder = folder_of(&files);
    drop(Disk::open(folder.path(), 8 << 20, NOW).unwrap());
    files = vec![(String::from("journal.db"), fs::read(folder.path().join("journal.db")).unwrap())];
    let size = files[0].1.len();
    let mut put_aside = 0;
    for cut in (0..size).step_by(size / 30).chain([1, 15, 16, 99, 100, 101, 4095, 4096]) {
        let mut cut_off = files.clone();
        cut_off[0].1.truncate(cut);
        let (_, set_aside) = opens_and_works(folder_of(&cut_off).path(), &format!("cut at {cut}"));
        put_aside += usize::from(set_aside.is_some());
    }
    assert!(put_aside > 15, "{put_aside}");
}

#[test]
fn a_database_scribbled_over_anywhere_opens_or_is_set_aside() {
    let files = crashed(120);
    for which in 0..files.len() {
        let size = files[which].1.len();
        for at in (0..size).step_by(size / 25).chain((0..100).step_by(6)) {
            for scribble in [&[0xff; 16][..], &[0; 64]] {
                let mut scribbled = files.clone();
                let end = (at + scribble.len()).min(size);
                scribbled[which].1[at..end].copy_from_slice(&scribble[..end - at]);
                opens_and_works(folder_of(&scribbled).path(), &format!("{} at {at}", scribbled[which].0));
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_history_is_set_aside_with_a_notice() {
    let foreign = {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        rusqlite::Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
            .unwrap();
        fs::read(path).unwrap()
    };
    for bytes in [b"not a database at all, but long enough to look at".to_vec(), vec![0; 5000], foreign] {
        let folder = folder_of(&[(String::from("journal.db"), bytes.clone())]);
        let (journal, notices) = Hands::at(NOW).open(&on_disk(folder.path()));
        let name = format!("journal.db.corrupt-{NOW}");
        assert_eq!(notices, [Notice::SetAside { name: name.clone() }]);
        assert!(notices[0].to_string().contains(&name));
        assert!(fs::read(folder.path().join(name)).unwrap() == bytes, "not kept as it was");
        journal.append(Record::Started);
        assert_eq!(all(&journal).await.len(), 1);
        assert_eq!(journal.trouble(), None);
    }
}

#[test]
fn only_the_last_damaged_ones_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..5 {
        fs::write(folder.path().join("journal.db"), "nonsense, nonsense, nonsense").unwrap();
        let opened = Disk::open(folder.path(), 8 << 20, NOW + n / 2).unwrap();
        assert!(opened.set_aside.is_some());
    }
    let damaged = fs::read_dir(folder.path())
        .unwrap()
        .filter(|f| f.as_ref().unwrap().file_name().to_string_lossy().contains("corrupt"))
        .count();
    assert_eq!(damaged, 2);
}

#[tokio::test]
async fn a_folder_that_cannot_be_means_memory_until_it_can() {
    let above = tempfile::tempdir().unwrap();
    let in_the_way = above.path().join("state");
    fs::write(&in_the_way, "a file where a folder should be").unwrap();
    let (journal, notices) = Hands::at(NOW).open(&on_disk(&in_the_way));
    assert!(matches!(&notices[..], [Notice::InMemory { .. }]), "{notices:?}");
    assert!(!notices[0].to_string().contains(above.path().to_str().unwrap()), "{}", notices[0]);
    journal.append(Record::Started);
    assert!(!journal.flush().await);
    assert_eq!(all(&journal).await.len(), 1);
    assert_eq!(journal.trouble().as_ref(), notices.first());
    fs::remove_file(&in_the_way).unwrap();
    assert!(journal.flush().await, "the way is free");
    assert_eq!(journal.trouble(), None);
    drop(journal);
    let (journal, notices) = Hands::at(NOW).open(&on_disk(&in_the_way));
    assert_eq!((all(&journal).await.len(), notices), (1, vec![]));
}

#[tokio::test]
async fn a_database_that_breaks_while_in_use_is_set_aside_and_work_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Hands::at(NOW).open(&on_disk(folder.path()));
    for n in 0..100 {
        journal.append(way("telegram", &n.to_string()));
    }
    assert!(journal.flush().await);
    journal.purge(1).await;
    for file in ["journal.db", "journal.db-wal"] {
        let size = fs::metadata(folder.path().join(file)).unwrap().len();
        fs::write(folder.path().join(file), vec![0x5a; usize::try_from(size).unwrap()]).unwrap();
    }
    journal.append(Record::Reloaded);
    assert!(journal.flush().await);
    assert_eq!(all(&journal).await.last().unwrap().record, Record::Reloaded);
}
