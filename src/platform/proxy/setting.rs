//! Putting byway in, giving back, and looking: over all systems of the session, each by itself, so that one that fails
//! stops no other.

use super::change::{give_back, put_in};
use super::journal::{Book, Journal};
use super::{Error, Ground, Owner, Programs, Run, System, Wish, systems};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::Path;

type Env = Box<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

/// The proxy setting of this session.
pub struct SystemProxy {
    systems: Vec<Box<dyn System>>,
    run: Box<dyn Run>,
    env: Env,
    book: Book,
}

/// What a system is set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// No proxy.
    Off,
    /// A fixed address.
    Fixed(String),
    /// A script.
    Script(String),
    /// Something of its own.
    Other,
}

/// What was done with a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Did {
    /// It leads to byway now.
    Set,
    /// It is as it was before byway.
    GivenBack,
    /// It is switched off; what was there before is not known.
    SwitchedOff,
    /// Nothing had to be done.
    Nothing,
    /// It could not be told.
    Failed,
}

/// What became of a system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Which.
    pub system: String,
    /// What was done.
    pub did: Did,
    /// Settings that somebody else has changed since byway did; they were left alone, or, when byway was put in again,
    /// are what will be given back.
    pub foreign: Vec<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// How a system stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Which.
    pub system: String,
    /// What it is set to; `None` when it could not be read.
    pub seen: Option<Seen>,
    /// Whether byway put it in.
    pub ours: bool,
    /// Settings that somebody else has changed since.
    pub foreign: Vec<String>,
}

impl SystemProxy {
    /// The setting of the session that this process is in; what was there before is kept in `state`.
    pub fn of_this_session(state: &Path) -> Self {
        Self::with(state, Box::new(Programs), Box::new(|name| std::env::var_os(name)), systems())
    }

    pub(super) fn with(state: &Path, run: Box<dyn Run>, env: Env, systems: Vec<Box<dyn System>>) -> Self {
        Self { systems, run, env, book: Book::new(state) }
    }

    pub(super) const fn book(&self) -> &Book {
        &self.book
    }

    pub(super) fn ground(&self) -> Ground<'_> {
        Ground { run: &*self.run, env: &*self.env }
    }

    pub(super) fn here(&self) -> impl Iterator<Item = &dyn System> {
        self.systems.iter().map(|system| &**system).filter(|system| system.is_here(self.ground()))
    }

    /// Makes every system here lead to the byway of process `pid`. What was set before the first time is kept.
    pub fn on(&self, wish: &Wish, pid: u32) -> Result<Vec<Done>, Error> {
        let _turn = self.book.turn()?;
        let gone = || Owner { pid, since: String::new() };
        let owner = Owner::of(pid, &*self.run).unwrap_or_else(gone);
        let earlier = self.book.read()?;
        let mut journal = Journal::new(owner);
        for changed in earlier.into_iter().flat_map(|journal| journal.systems) {
            journal.note(&changed.system, changed.entries);
        }
        let mut all = Vec::new();
        for system in self.here() {
            all.push(
                self.put_in(system, wish, &mut journal).unwrap_or_else(|error| Done::failed(system.name(), &error)),
            );
        }
        if all.is_empty() { Err(Error::NoDesktop) } else { Ok(all) }
    }

    fn put_in(&self, system: &dyn System, wish: &Wish, journal: &mut Journal) -> Result<Done, Error> {
        let name = system.name();
        let now = system.read(self.ground())?;
        let wanted = system.wanted(wish, &now);
        let change = put_in(journal.of(name), &now, &wanted);
        let before = journal.clone();
        journal.note(name, change.entries);
        self.book.write(journal)?;
        let written = self.write_all(system, &change.writes);
        let kept = written.and_then(|()| {
            let now = system.read(self.ground())?;
            let holds = wanted.iter().all(|(key, value)| now.get(key).cloned().flatten() == *value);
            if holds { Ok(()) } else { Err(Error::NotKept) }
        });
        if let Err(error) = kept {
            // Half of it is worse than nothing. What cannot be given back either stays written down.
            if self.give_back(system, journal).is_ok() && before.of(name).is_empty() {
                journal.note(name, Vec::new());
                self.book.write(journal)?;
            }
            return Err(error);
        }
        let did = if wanted.is_empty() && change.writes.is_empty() { Did::Nothing } else { Did::Set };
        Ok(Done { system: name.to_owned(), did, foreign: change.foreign, error: None })
    }

    pub(super) fn write_all(&self, system: &dyn System, writes: &[(String, Option<String>)]) -> Result<(), Error> {
        if writes.is_empty() {
            return Ok(());
        }
        writes.iter().try_for_each(|(key, value)| system.write(self.ground(), key, value))?;
        system.announce(self.ground());
        Ok(())
    }

    /// Gives everything back that is still as byway left it, whether or not a byway is running.
    pub fn off(&self) -> Result<Vec<Done>, Error> {
        let _turn = self.book.turn()?;
        self.give_all_back()
    }

    /// The same, if it was the byway of process `pid` that everything led to.
    pub fn leave(&self, pid: u32) -> Result<Vec<Done>, Error> {
        let _turn = self.book.turn()?;
        let mine = Owner::of(pid, &*self.run);
        match self.book.read()? {
            Some(journal) if Some(&journal.owner) == mine.as_ref() => self.give_all_back(),
            _ => Ok(Vec::new()),
        }
    }

    /// The same, if the byway that everything led to is gone.
    pub fn recover(&self) -> Result<Vec<Done>, Error> {
        if !self.is_left_behind()? {
            return Ok(Vec::new());
        }
        let _turn = self.book.turn()?;
        self.give_all_back()
    }

    /// Whether everything still leads to a byway that is gone.
    pub fn is_left_behind(&self) -> Result<bool, Error> {
        Ok(self.book.read()?.is_some_and(|journal| !journal.owner.is_alive(&*self.run)))
    }

    /// The process of the byway that everything leads to; `None` when byway is not put in.
    pub fn owner(&self) -> Result<Option<u32>, Error> {
        Ok(self.book.read()?.map(|journal| journal.owner.pid))
    }

    pub(super) fn give_all_back(&self) -> Result<Vec<Done>, Error> {
        let Some(mut journal) = self.book.read()? else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for changed in journal.systems.clone() {
            let Some(system) = self.systems.iter().find(|system| system.name() == changed.system) else { continue };
            let done = self.give_back(&**system, &journal);
            match done {
                Ok(done) => {
                    journal.note(system.name(), Vec::new());
                    self.book.write(&journal)?;
                    all.push(done);
                }
                Err(error) => all.push(Done::failed(system.name(), &error)),
            }
        }
        Ok(all)
    }

    fn give_back(&self, system: &dyn System, journal: &Journal) -> Result<Done, Error> {
        let now = system.read(self.ground())?;
        let change = give_back(journal.of(system.name()), &now, &system.in_force(&now), |key| system.is_switch(key));
        self.write_all(system, &change.writes)?;
        let did = if change.writes.is_empty() { Did::Nothing } else { Did::GivenBack };
        Ok(Done { system: system.name().to_owned(), did, foreign: change.foreign, error: None })
    }

    /// How every system here stands.
    pub fn standing(&self) -> Result<Vec<Standing>, Error> {
        let journal = self.book.read()?;
        let look = |system: &dyn System| {
            let entries = journal.as_ref().map_or(&[][..], |journal| journal.of(system.name()));
            let now = system.read(self.ground()).ok();
            let changed = |entry: &&super::change::Entry| {
                let current = now.as_ref().and_then(|now| now.get(&entry.key).cloned().flatten());
                now.is_some() && !entry.is_ours(&current) && current != entry.before
            };
            let foreign: Vec<_> = entries.iter().filter(changed).map(|entry| entry.key.clone()).collect();
            Standing {
                system: system.name().to_owned(),
                seen: now.as_ref().map(|now| system.seen(now)),
                ours: !entries.is_empty(),
                foreign,
            }
        };
        Ok(self.here().map(look).collect())
    }
}

impl Done {
    pub(super) fn failed(system: &str, error: &Error) -> Self {
        Self { system: system.to_owned(), did: Did::Failed, foreign: Vec::new(), error: Some(error.to_string()) }
    }
}
