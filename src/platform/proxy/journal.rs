//! What was set before byway: one small file in the state folder, for its owner alone, on the disk before anything is
//! touched.

use super::change::Entry;
use super::{Error, Owner};
use crate::platform;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const SCHEMA: u32 = 1;

/// The file's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    schema: u32,
    /// The byway that the systems were told of.
    pub(super) owner: Owner,
    pub(super) systems: Vec<Changed>,
}

/// What was changed in one system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Changed {
    pub(super) system: String,
    pub(super) entries: Vec<Entry>,
}

impl Journal {
    pub(super) const fn new(owner: Owner) -> Self {
        Self { schema: SCHEMA, owner, systems: Vec::new() }
    }

    /// What was changed in the system of this name.
    pub(super) fn of(&self, system: &str) -> &[Entry] {
        self.systems.iter().find(|changed| changed.system == system).map_or(&[], |changed| &changed.entries)
    }

    /// Puts `entries` in the place of what was noted of the system; none of them forgets it.
    pub(super) fn note(&mut self, system: &str, entries: Vec<Entry>) {
        self.systems.retain(|changed| changed.system != system);
        if !entries.is_empty() {
            self.systems.push(Changed { system: system.to_owned(), entries });
        }
    }
}

/// Where it is.
pub(super) struct Book {
    folder: PathBuf,
}

/// Keeps others from changing anything meanwhile; let go when dropped.
pub(super) struct Turn(#[expect(dead_code, reason = "held, not read")] File);

impl Book {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("sysproxy.json")
    }

    /// Waits until nobody else is changing the setting.
    pub(super) fn turn(&self) -> Result<Turn, Error> {
        platform::private_dir(&self.folder)?;
        let path = self.folder.join("sysproxy.lock");
        let failed = |source| platform::Error::File { doing: "lock", path: path.clone(), source };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(Turn(file))
    }

    /// What is written; `None` when nothing is.
    pub(super) fn read(&self) -> Result<Option<Journal>, Error> {
        let path = self.path();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(platform::Error::File { doing: "read", path, source }.into()),
        };
        let journal: Option<Journal> = serde_json::from_slice(&bytes).ok();
        journal.filter(|journal| journal.schema == SCHEMA).map(Some).ok_or(Error::Damaged { path })
    }

    /// Takes a damaged one away.
    pub(super) fn discard(&self) -> Result<(), Error> {
        let path = self.path();
        fs::remove_file(&path).map_err(|source| platform::Error::File { doing: "remove", path, source }.into())
    }

    /// Writes it, to the disk itself; without systems it is removed.
    pub(super) fn write(&self, journal: &Journal) -> Result<(), Error> {
        let path = self.path();
        if journal.systems.is_empty() {
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(platform::Error::File { doing: "remove", path, source }.into());
                }
                _ => return Ok(()),
            }
        }
        let text = serde_json::to_vec(journal).unwrap_or_default();
        platform::private_dir(&self.folder)?;
        platform::write_private(&path, &text)?;
        // The name must be on the disk as well (fsync(2)). Where folders cannot be opened, they need not be.
        #[cfg(unix)]
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(|source| platform::Error::File {
            doing: "write",
            path: self.folder.clone(),
            source,
        })?;
        Ok(())
    }
}
