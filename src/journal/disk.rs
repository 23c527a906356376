//! The history as an SQLite database: opened so that a damaged one is set aside and never in the way, written in
//! batches, bounded in age and size. Synchronous; it lives on a thread of its own.

use super::entry::{Entry, Filter, Kind, minute, service_of};
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, params_from_iter};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file's name in its folder.
const FILE: &str = "journal.db";
/// What a damaged file's name begins with, before the time it was set aside.
const CORRUPT: &str = "journal.db.corrupt-";
/// Damaged files kept for a look; older ones go.
const CORRUPT_KEPT: usize = 2;
/// "bywy", so that file(1) and we know our own (SQLite's application id).
const APPLICATION: i32 = 0x6279_7779;
/// The layout below. Another number is another layout, and set aside.
const LAYOUT: i32 = 1;
/// How long another process may hold the file.
const BUSY: Duration = Duration::from_millis(500);
/// The least size that is enforced: an empty database with its indexes and some room.
const LEAST_BYTES: u64 = 64 * 1024;

const SCHEMA: &str = "
    CREATE TABLE entry (
        id INTEGER PRIMARY KEY,
        time INTEGER NOT NULL,
        kind TEXT NOT NULL,
        service TEXT,
        record TEXT NOT NULL
    );
    CREATE INDEX entry_by_time ON entry (time);
    CREATE INDEX entry_by_service ON entry (service, time);
";

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum DiskError {
    /// Its bytes are not those of our database.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// The disk is full, or a quota is.
    #[error("the disk is full")]
    Full,
    /// The folder or file cannot be made or written.
    #[error("the folder cannot be used ({0})")]
    Folder(io::ErrorKind),
    /// Anything else SQLite says, without a path.
    #[error("the database cannot be used: {0}")]
    Unusable(String),
}

impl From<rusqlite::Error> for DiskError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(plain(&error)),
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
                Self::Folder(io::ErrorKind::PermissionDenied)
            }
            // Our own statements fit our own layout; where they do not, it is somebody else's.
            Some(ErrorCode::Unknown | ErrorCode::TypeMismatch | ErrorCode::SchemaChanged) => {
                Self::Damaged(plain(&error))
            }
            Some(_) => Self::Unusable(plain(&error)),
            None => Self::Damaged(plain(&error)),
        }
    }
}

/// SQLite's words without what rusqlite adds to them: it may be a path or a statement.
fn plain(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(code, _) => code.to_string(),
        _ => String::from("its layout is another"),
    }
}

/// An open database.
#[derive(Debug)]
pub(super) struct Disk {
    connection: Connection,
    max_bytes: u64,
}

/// What came of opening.
#[derive(Debug)]
pub(super) struct Opened {
    /// The database.
    pub(super) disk: Disk,
    /// Where a damaged one was put, by its file name.
    pub(super) set_aside: Option<String>,
}

impl Disk {
    /// Opens the database in `folder`, or makes one. A damaged one is renamed first; `now` tells apart the names.
    pub(super) fn open(folder: &Path, max_bytes: u64, now: u64) -> Result<Opened, DiskError> {
        make_folder(folder).map_err(|e| DiskError::Folder(e.kind()))?;
        let file = folder.join(FILE);
        match Self::open_file(&file, max_bytes) {
            Ok(disk) => Ok(Opened { disk, set_aside: None }),
            Err(DiskError::Damaged(_)) => {
                let name = set_aside(folder, now).map_err(|e| DiskError::Folder(e.kind()))?;
                Ok(Opened { disk: Self::open_file(&file, max_bytes)?, set_aside: Some(name) })
            }
            Err(other) => Err(other),
        }
    }

    fn open_file(file: &Path, max_bytes: u64) -> Result<Self, DiskError> {
        // Made before SQLite opens it, so that it is never readable to others, not for a moment.
        make_file(file).map_err(|e| DiskError::Folder(e.kind()))?;
        let connection =
            Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY)?;
        // Before anything is written: a file that is not ours is set aside as it was.
        let is_new = is_new(&connection)?;
        // What is purged is overwritten; what is deleted gives its pages back.
        connection.execute_batch("PRAGMA secure_delete = ON; PRAGMA auto_vacuum = INCREMENTAL;")?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.execute_batch(
            "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 64; PRAGMA journal_size_limit = 0;
             PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;",
        )?;
        let mut disk = Self { connection, max_bytes: max_bytes.max(LEAST_BYTES) };
        if is_new {
            disk.lay_out()?;
        } else {
            check_whole(&disk.connection)?;
        }
        disk.query(&Filter { limit: Some(1), ..Filter::default() })?;
        Ok(disk)
    }

    /// Opens the database in `folder` to read it only; `None` when there is none. Nothing is made, mended or moved.
    pub(super) fn open_to_read(folder: &Path) -> Result<Option<Self>, DiskError> {
        let file = folder.join(FILE);
        if !file.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(BUSY)?;
        if is_new(&connection)? {
            return Ok(None);
        }
        Ok(Some(Self { connection, max_bytes: u64::MAX }))
    }

    fn lay_out(&mut self) -> Result<(), DiskError> {
        let batch = self.connection.transaction()?;
        batch.execute_batch(SCHEMA)?;
        batch.pragma_update(None, "application_id", APPLICATION)?;
        batch.pragma_update(None, "user_version", LAYOUT)?;
        batch.commit()?;
        Ok(())
    }

    /// Writes all of `entries`, or none.
    pub(super) fn write<'a>(&mut self, entries: impl Iterator<Item = &'a Entry>) -> Result<(), DiskError> {
        let batch = self.connection.transaction()?;
        {
            let mut insert =
                batch.prepare_cached("INSERT INTO entry (time, kind, service, record) VALUES (?1, ?2, ?3, ?4)")?;
            for entry in entries {
                let Ok(record) = serde_json::to_string(&entry.record) else { continue };
                let service = service_of(&entry.record).map(|service| service.as_str());
                insert.execute((signed(entry.time), Kind::of(&entry.record).name(), service, record))?;
            }
        }
        batch.commit()?;
        Ok(())
    }

    /// The latest wanted entries, oldest first. A row that cannot be read (scribbled
    /// over, or of a newer version) is left out.
    pub(super) fn query(&self, filter: &Filter) -> Result<Vec<Entry>, DiskError> {
        let mut sql = String::from("SELECT time, record FROM entry WHERE time >= ?");
        let mut values = vec![Value::Integer(signed(filter.since.map_or(0, minute)))];
        if let Some(service) = &filter.service {
            sql.push_str(" AND service = ?");
            values.push(Value::Text(service.as_str().to_owned()));
        }
        if !filter.kinds.is_empty() {
            let places = vec!["?"; filter.kinds.len()].join(", ");
            sql.push_str(&format!(" AND kind IN ({places})"));
            values.extend(filter.kinds.iter().map(|kind| Value::Text(kind.name().to_owned())));
        }
        sql.push_str(" ORDER BY id DESC LIMIT ?");
        values.push(Value::Integer(filter.limit.and_then(|n| i64::try_from(n).ok()).unwrap_or(-1)));
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (time, record) = (row.get::<_, i64>(0), row.get::<_, String>(1));
            if let (Ok(time), Ok(record)) = (time, record)
                && let (Ok(time), Ok(record)) = (u64::try_from(time), serde_json::from_str(&record))
            {
                found.push(Entry { time, record });
            }
        }
        found.reverse();
        Ok(found)
    }

    /// Forgets what is older than `before`, in seconds since 1970.
    pub(super) fn forget(&mut self, before: u64) -> Result<(), DiskError> {
        let gone = self.connection.execute("DELETE FROM entry WHERE time < ?1", [signed(before)])?;
        if gone > 0 { self.shrink() } else { Ok(()) }
    }

    /// Deletes the oldest tenth as often as it takes to be within `max_bytes`.
    pub(super) fn keep_small(&mut self) -> Result<(), DiskError> {
        let mut too_large = false;
        while self.bytes()? > self.max_bytes {
            too_large = true;
            let gone = self.connection.execute(
                "DELETE FROM entry WHERE id IN (
                     SELECT id FROM entry ORDER BY id LIMIT (SELECT max(1, count(*) / 10) FROM entry))",
                [],
            )?;
            if gone == 0 {
                break;
            }
        }
        if too_large { self.shrink() } else { Ok(()) }
    }

    /// Gives freed pages back to the file system, and empties the log that still holds what was deleted.
    fn shrink(&self) -> Result<(), DiskError> {
        let mut vacuum = self.connection.prepare_cached("PRAGMA incremental_vacuum")?;
        // It frees a page a step.
        let mut steps = vacuum.query([])?;
        while steps.next()?.is_some() {}
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// What is in use; freed pages not counted.
    fn bytes(&self) -> Result<u64, DiskError> {
        let read = |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let pages = read("page_count")? - read("freelist_count")?;
        Ok(u64::try_from(pages * read("page_size")?).unwrap_or(0))
    }

    /// Makes SQLite report a full disk at so many pages, or no more.
    #[cfg(test)]
    pub(super) fn fill_up_at(&self, pages: Option<u32>) {
        let pages = pages.unwrap_or(u32::MAX - 1);
        self.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    }
}

/// Whether the file is empty; an error when it holds what is not ours.
fn is_new(connection: &Connection) -> Result<bool, DiskError> {
    let read = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, layout) = (read("application_id")?, read("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, layout, tables) {
        (0, 0, 0) => Ok(true),
        (APPLICATION, LAYOUT, _) => Ok(false),
        _ => Err(DiskError::Damaged(String::from("it is not a history of this version"))),
    }
}

/// Reads every page and index once; a few milliseconds at the size this is held to.
fn check_whole(connection: &Connection) -> Result<(), DiskError> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(DiskError::Damaged(String::from("a page of it contradicts another"))) }
}

/// Moves a damaged database out of the way, keeping the last few, and gives its new name.
fn set_aside(folder: &Path, now: u64) -> io::Result<String> {
    let name = (0..).map(|n| if n == 0 { format!("{CORRUPT}{now}") } else { format!("{CORRUPT}{now}-{n}") });
    let name = name.take(1000).find(|name| !folder.join(name).exists()).ok_or(io::ErrorKind::AlreadyExists)?;
    fs::rename(folder.join(FILE), folder.join(&name))?;
    // A log belongs to its file alone; beside a new one it would be taken for its log.
    for companion in ["-wal", "-shm"] {
        match fs::remove_file(folder.join(format!("{FILE}{companion}"))) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    let mut old = set_aside_before(folder, u64::MAX)?;
    old.retain(|path| *path != folder.join(&name));
    while old.len() >= CORRUPT_KEPT {
        fs::remove_file(old.remove(0))?;
    }
    Ok(name)
}

/// The damaged databases that were set aside before `time`, oldest first.
fn set_aside_before(folder: &Path, time: u64) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(stamp) = name.to_str().and_then(|name| name.strip_prefix(CORRUPT)) else { continue };
        let at: u64 = stamp.split('-').next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
        if at < time {
            found.push((at, entry.path()));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// Removes what was set aside before `time`: it holds history too.
pub(super) fn forget_set_aside(folder: &Path, time: u64) -> io::Result<()> {
    set_aside_before(folder, time)?.into_iter().try_for_each(fs::remove_file)
}

/// SQLite counts in signed numbers.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Makes the folder, mode 0700, with those above it. One that exists keeps its mode: it may be somebody else's too.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Makes the file, mode 0600. One that exists is brought to that mode: it is ours alone.
fn make_file(file: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        options.mode(0o600);
        match options.open(file) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                fs::set_permissions(file, fs::Permissions::from_mode(0o600))
            }
            made => made.map(drop),
        }
    }
    #[cfg(not(unix))]
    match options.open(file) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}
