//! Where the configuration comes from: a file, or the embedded default, with overrides from the command line and
//! the environment over it. Read again at each reload.

use crate::cli::{Launch, RESERVED};
use crate::config::{self, DEFAULT, Fault, Fetching, ListSource, Origin, Override, Settings, Subscription};
use crate::lang::Tongue;
use crate::platform::Paths;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The variables (without `BYWAY_`) that say where another program is, and are no settings.
const PROGRAMS: [&str; 2] = ["SING_BOX", "XRAY"];

/// Where the configuration comes from.
#[derive(Clone)]
pub(super) struct Source {
    /// `--config`.
    named: Option<PathBuf>,
    /// The user's own, which may come and go.
    own: Option<PathBuf>,
    state: PathBuf,
    overrides: Vec<Override>,
}

impl Source {
    /// What `launch` names; the user's own file when there is one; the embedded default otherwise.
    pub(super) fn of(launch: &Launch) -> Self {
        let paths = Paths::find().ok();
        let own = paths.as_ref().map(Paths::config_file);
        let vars = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        let mut overrides = Override::from_env(vars, &[&RESERVED[..], &PROGRAMS[..]].concat());
        let set = |(path, value): &(String, String)| Override {
            from: String::from("--set"),
            path: path.clone(),
            value: value.clone(),
        };
        overrides.extend(launch.sets.iter().map(set));
        let state = paths.map_or_else(homeless, |paths| paths.state);
        Self { named: launch.config.clone(), own, state, overrides }
    }

    /// Its name for people.
    pub(super) fn name(&self) -> String {
        self.origin().name
    }

    /// The file, when it is there.
    pub(super) fn existing(&self) -> Option<&Path> {
        self.file().filter(|path| path.exists())
    }

    /// The file, when there is one.
    fn file(&self) -> Option<&Path> {
        self.named.as_deref().or_else(|| self.own.as_deref().filter(|path| path.exists()))
    }

    /// Where the file is, or would be.
    pub(super) fn place(&self) -> Option<&Path> {
        self.named.as_deref().or(self.own.as_deref())
    }

    /// Where byway keeps what it writes.
    pub(super) fn state(&self) -> &Path {
        &self.state
    }

    /// The settings, or every fault, one line each.
    pub(super) fn read(&self) -> Result<Settings, Vec<String>> {
        let text = match self.file() {
            Some(path) => fs::read_to_string(path).map_err(|error| vec![unreadable(path, &error)])?,
            None => DEFAULT.to_owned(),
        };
        self.load(&text, &self.origin())
    }

    /// The language that they name. Nothing else is looked at: what is wrong elsewhere is to be told in it.
    pub(super) fn language(&self) -> Option<Tongue> {
        // The embedded default names none: the system's holds.
        let text = self.file().and_then(|path| fs::read_to_string(path).ok());
        config::language(text.as_deref().unwrap_or_default(), &self.origin(), &self.overrides)
    }

    /// What the settings would be if `text` stood in the file at `path`.
    pub(super) fn read_as(&self, text: &str, path: &Path) -> Result<Settings, Vec<String>> {
        self.load(text, &Origin::file(path, &self.state))
    }

    fn load(&self, text: &str, origin: &Origin) -> Result<Settings, Vec<String>> {
        let words = |faults: Vec<Fault>| faults.iter().map(ToString::to_string).collect();
        config::load(text, origin, &self.overrides).map_err(words)
    }

    fn origin(&self) -> Origin {
        self.file().map_or_else(|| Origin::embedded(&self.state), |path| Origin::file(path, &self.state))
    }
}

/// Where state is kept by who has no home: a folder of this user's own among those of others.
fn homeless() -> PathBuf {
    #[cfg(unix)]
    let name = format!("byway-{}", nix::unistd::geteuid());
    #[cfg(not(unix))]
    let name = "byway";
    std::env::temp_dir().join(name)
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    let what = match error.kind() {
        io::ErrorKind::NotFound => String::from("there is no such file"),
        io::ErrorKind::PermissionDenied => String::from("it may not be read by this user"),
        io::ErrorKind::InvalidData => String::from("it is not UTF-8 text"),
        _ => error.to_string(),
    };
    format!("{}: {what}; expected a TOML file", path.display())
}

/// What a reload changed, one sentence each.
pub(super) fn changes(before: &Settings, after: &Settings) -> Vec<String> {
    let mut changes = Vec::new();
    let ids = |settings: &Settings| settings.transports.iter().map(|spec| spec.id.clone()).collect::<Vec<_>>();
    let (old, new) = (ids(before), ids(after));
    changes.extend(new.iter().filter(|id| !old.contains(id)).map(|id| format!("transport {id} is new")));
    changes.extend(old.iter().filter(|id| !new.contains(id)).map(|id| format!("transport {id} is gone")));
    for spec in &after.transports {
        if before.transports.iter().any(|other| other.id == spec.id && other != spec) {
            changes.push(format!("transport {} is changed", spec.id));
        }
    }
    for spec in &after.services {
        let id = &spec.service.id;
        match before.services.iter().find(|other| other.service.id == *id) {
            None => changes.push(format!("service {id} is new")),
            Some(other) if other.service != spec.service || other.rules != spec.rules => {
                changes.push(format!("service {id} is changed"));
            }
            Some(_) => {}
        }
    }
    let gone = before.services.iter().filter(|spec| !after.services.iter().any(|o| o.service.id == spec.service.id));
    changes.extend(gone.map(|spec| format!("service {} is gone", spec.service.id)));
    if before.listens.iter().map(|l| l.addr).ne(after.listens.iter().map(|l| l.addr)) {
        changes.push(String::from("the listeners are changed"));
    }
    changes.extend(lists(before, after));
    if before.relay != after.relay {
        changes.push(String::from("the relay is changed"));
    }
    if before.firewall != after.firewall {
        changes.push(String::from("the firewall is changed"));
    }
    if before.detect != after.detect {
        changes.push(String::from("the numbers of [detect] are changed"));
    }
    changes
}

/// What changed of the lists of servers, beside their members.
fn lists(before: &Settings, after: &Settings) -> Vec<String> {
    // A newer copy of a list is no change of the configuration.
    let plain = |list: &Subscription| {
        let source = match &list.source {
            ListSource::Address(fetching) => {
                ListSource::Address(Box::new(Fetching { copy: None, ..*fetching.clone() }))
            }
            file @ ListSource::File(_) => file.clone(),
        };
        Subscription { source, members: Vec::new(), skipped: Vec::new(), ..list.clone() }
    };
    let find =
        |settings: &Settings, name: &str| settings.subscriptions.iter().find(|list| list.name == name).map(plain);
    let of_new = after.subscriptions.iter().filter_map(|list| match find(before, &list.name) {
        None => Some(format!("subscription {} is new", list.name)),
        Some(old) if old != plain(list) => Some(format!("subscription {} is changed", list.name)),
        Some(_) => None,
    });
    let of_old = before.subscriptions.iter().filter(|list| find(after, &list.name).is_none());
    of_new.chain(of_old.map(|list| format!("subscription {} is gone", list.name))).collect()
}
