//! The facts of this machine that need no network: who can read byway's files, what is at its control place and at its
//! doors, what an earlier one left. It looks and changes nothing; a door is tried by binding it for a moment.

use super::super::source::Source;
use crate::config::Settings;
use crate::control::Place;
use crate::control::doctor::{ControlFacts, Door, DoorState, FileFacts, Guarded};
use crate::inbound::Listen;
use crate::journal::History;
use crate::net::BindError;
use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

/// What guards the configuration, the state, the history and the control place's folder.
pub(in crate::app) fn files(source: &Source, place: &Place) -> Vec<FileFacts> {
    let mut facts = Vec::new();
    let mut add = |path: &Path, guarded| facts.push(FileFacts { path: path.display().to_string(), guarded });
    if let Some(file) = source.existing() {
        add(file, guard(file, fs::File::open(file).map(drop)));
    }
    let mut folders: Vec<PathBuf> = vec![source.state().to_owned()];
    if let Ok(Settings { history, .. }) = source.read().as_ref()
        && let History::Disk(folder) = &history.history
    {
        folders.push(folder.clone());
    }
    folders.extend(place.path().parent().map(Path::to_owned));
    folders.dedup();
    for folder in folders.iter().filter(|folder| folder.exists()) {
        add(folder, guard(folder, writable(folder)));
    }
    facts
}

fn guard(path: &Path, tried: std::io::Result<()>) -> Guarded {
    match tried {
        Err(error) if error.kind() == ErrorKind::PermissionDenied && path.is_dir() => Guarded::Unwritable,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Guarded::Unreadable,
        _ => mode(path),
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> Guarded {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).map(|found| found.permissions().mode() & 0o777);
    // A group may be meant to read it, as a service's own; and who cannot enter a folder reads nothing in it.
    let may_enter = |folder: &Path| mode(folder).is_ok_and(|mode| mode & 0o001 != 0);
    let is_reached = || fs::canonicalize(path).is_ok_and(|whole| whole.ancestors().skip(1).all(may_enter));
    match mode(path) {
        Ok(mode) if mode & 0o007 != 0 && is_reached() => Guarded::Open { mode },
        _ => Guarded::Well,
    }
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Guarded {
    Guarded::Unknown
}

/// Whether this user may write into a folder.
#[cfg(unix)]
fn writable(folder: &Path) -> std::io::Result<()> {
    nix::unistd::access(folder, nix::unistd::AccessFlags::W_OK).map_err(std::io::Error::from)
}

#[cfg(not(unix))]
fn writable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// What is at the control place, seen from outside.
pub(in crate::app) fn control(place: &Place) -> ControlFacts {
    let at = || place.path().display().to_string();
    match fs::symlink_metadata(place.path()) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => ControlFacts::Forbidden { place: at() },
        Err(_) => ControlFacts::Nothing,
        Ok(_) => match reach(place) {
            Ok(()) => ControlFacts::Silent { place: at() },
            Err(error) if error.kind() == ErrorKind::PermissionDenied => ControlFacts::Forbidden { place: at() },
            Err(_) => ControlFacts::Stale { place: at() },
        },
    }
}

#[cfg(unix)]
fn reach(place: &Place) -> std::io::Result<()> {
    match place {
        Place::Socket(path) => std::os::unix::net::UnixStream::connect(path).map(drop),
        Place::Token(_) => Err(ErrorKind::ConnectionRefused.into()),
    }
}

#[cfg(not(unix))]
fn reach(_: &Place) -> std::io::Result<()> {
    Err(ErrorKind::ConnectionRefused.into())
}

/// The doors of a byway that runs.
pub(in crate::app) fn open_doors(settings: &Settings, open: &[SocketAddr]) -> Vec<Door> {
    let guarded = |at: usize| settings.listens.get(at).is_some_and(|listen| listen.login.is_some());
    let doors = open.iter().enumerate();
    doors.map(|(at, address)| Door { address: *address, guarded: guarded(at), state: DoorState::Open }).collect()
}

/// The doors that these settings would open.
pub(in crate::app) fn free_doors(settings: &Settings) -> Vec<Door> {
    let relayed = settings.relay.iter().flat_map(|relay| &relay.addresses);
    let listens = settings.listens.iter().map(|Listen { addr, login, .. }| (*addr, login.is_some()));
    let all = listens.chain(relayed.map(|address| (*address, true)));
    all.map(|(address, guarded)| Door { address, guarded, state: try_door(address) }).collect()
}

/// The doors of a configuration, where it is right.
pub(in crate::app) fn doors(source: &Source) -> Vec<Door> {
    source.read().map(|settings| free_doors(&settings)).unwrap_or_default()
}

fn try_door(address: SocketAddr) -> DoorState {
    match TcpListener::bind(address).map_err(|error| BindError::new(address, error)) {
        Ok(_) => DoorState::Free,
        Err(BindError::NotPermitted { .. }) => DoorState::Forbidden,
        Err(BindError::NotOurs { .. }) => DoorState::NotOurs,
        Err(BindError::InUse { .. } | BindError::Other { .. }) => DoorState::Taken,
    }
}

/// Half-written files of a process that died: their names end in `.new`.
pub(in crate::app) fn leftovers(source: &Source, place: &Place) -> Vec<String> {
    let folders = [source.place().and_then(Path::parent), Some(source.state()), place.path().parent()];
    let mut found: Vec<_> = folders.into_iter().flatten().flat_map(half_written).collect();
    found.sort();
    found.dedup();
    found.into_iter().map(|path| path.display().to_string()).collect()
}

fn half_written(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    // Beside the file that they were to become.
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.strip_suffix(".new").is_some_and(|whole| {
            let whole = whole.rsplit_once('.').filter(|(_, pid)| pid.parse::<u32>().is_ok()).map_or(whole, |(w, _)| w);
            folder.join(whole).exists()
        })
    };
    entries.filter(is_ours).collect()
}
