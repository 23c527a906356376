//! TOML, links and overrides become [`Settings`], or every fault at once, each with its place. Reads the files a
//! configuration names; opens nothing else. The embedded default and the catalogue of services live in `config/`.

mod anchors;
mod detect;
mod document;
mod doors;
mod embedded;
mod external;
mod fault;
mod fronting;
mod handover;
mod import;
mod link;
mod link_file;
mod operation;
mod outside;
mod phones;
mod probes;
mod reader;
mod relay;
mod resolver;
mod router;
mod services;
mod settings;
mod subscription;
mod trail;
mod transports;
mod units;
mod ways;
mod wireguard;

pub use embedded::DEFAULT;
pub use fault::{Fault, Place};
pub use import::{Imported, Skipped, import, import_with, in_order, to_toml};
pub use link::wg_quick::{BadFile, WgQuick, parse as parse_wg_quick};
pub use link::{BadLink, Insecure, Linked, Part, parse as parse_link};
pub use outside::{Find, Outside};
pub use settings::{
    Cipher, Control, Firewall, LogLevel, Resolver, ServiceSpec, Settings, Tls, TransportKind, TransportSpec,
};
pub use subscription::{
    BadList, Copy, Fetching, ListSource, Passed, Subscription, USER_AGENT, Usage, checked, leads_to_a_list,
    list_address, list_name, list_rows, list_table,
};

#[cfg(test)]
mod tests;

use crate::lang::Tongue;
use crate::model::{Facet, ServiceId};
use document::{Source, Table};
use fault::Faults;
use reader::Section;
use std::path::{Path, PathBuf};
use ways::Ways;

/// Where a configuration comes from, for messages and for the files it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// How the user named it: a path, or `(default)`.
    pub name: String,
    /// The folder that relative files are in.
    pub folder: PathBuf,
    /// Where byway keeps what it writes: the history lives here unless told otherwise.
    pub state: PathBuf,
}

/// One setting from outside the file.
#[derive(Clone, PartialEq, Eq)]
pub struct Override {
    /// Whence, for messages: `--set` or the variable's name.
    pub from: String,
    /// The dotted path: `service.telegram.order`.
    pub path: String,
    /// The value: TOML, or plain text, or texts joined by commas.
    pub value: String,
}

impl Origin {
    /// A file of the user's.
    pub fn file(path: &Path, state: &Path) -> Self {
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        Self { name: path.display().to_string(), folder, state: state.to_path_buf() }
    }

    /// The embedded default.
    pub fn embedded(state: &Path) -> Self {
        Self { name: "(default)".to_owned(), folder: PathBuf::new(), state: state.to_path_buf() }
    }
}

impl Override {
    /// Reads `path=value`, as given to `--set`. `None` when there is no `=`.
    pub fn set(text: &str) -> Option<Self> {
        let (path, value) = text.split_once('=')?;
        Some(Self { from: "--set".to_owned(), path: path.trim().to_owned(), value: value.trim().to_owned() })
    }

    /// The settings among environment variables: `BYWAY_SERVICE__TELEGRAM__ORDER` is `service.telegram.order`.
    /// `reserved` are the names (without `BYWAY_`) that mean something else, such as `CONFIG`.
    pub fn from_env(vars: impl IntoIterator<Item = (String, String)>, reserved: &[&str]) -> Vec<Self> {
        let setting = |(name, value): (String, String)| {
            let key = name.strip_prefix("BYWAY_").filter(|key| !key.is_empty() && !reserved.contains(key))?;
            let path = key.to_lowercase().replace("__", ".");
            Some(Self { from: name, path, value })
        };
        let mut all: Vec<Self> = vars.into_iter().filter_map(setting).collect();
        all.sort_by(|a, b| a.from.cmp(&b.from));
        all
    }
}

impl std::fmt::Debug for Override {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Override({} {}=***)", self.from, self.path)
    }
}

/// What reading needs to know beside the tree.
struct Reading<'a> {
    origin: &'a Origin,
    faults: &'a Faults,
}

/// Reads a configuration, or says everything that is wrong with it, in the order of places. `overrides` go over
/// the text, later ones over earlier ones.
pub fn load(text: &str, origin: &Origin, overrides: &[Override]) -> Result<Settings, Vec<Fault>> {
    let faults = Faults::default();
    let source = Source::File(origin.name.as_str().into());
    let reading = Reading { origin, faults: &faults };
    let table = reading.with_link_files(overlaid(text, &source, overrides, &faults));
    let settings = reading.settings(&table, &source);
    let faults = faults.sorted();
    if faults.is_empty() { Ok(settings) } else { Err(faults) }
}

/// The language that a configuration names, whatever else is right or wrong in it.
pub fn language(text: &str, origin: &Origin, overrides: &[Override]) -> Option<Tongue> {
    let faults = Faults::default();
    let source = Source::File(origin.name.as_str().into());
    let table = overlaid(text, &source, overrides, &faults);
    let root = Section::root(&table, document::top(&source), &faults);
    Reading { origin, faults: &faults }.language(&root)
}

/// A text with what stands over it.
fn overlaid(text: &str, source: &Source, overrides: &[Override], faults: &Faults) -> Table {
    let lay = |table: Table, setting: &Override| {
        let path: Vec<&str> = setting.path.split('.').collect();
        table.overlaid(document::single(&path, &setting.value, &setting.from))
    };
    overrides.iter().fold(document::parse(text, source, faults), lay)
}

/// Services that have calls, and no place that can be asked about them.
fn unasked_calls(services: &[ServiceSpec]) -> Vec<ServiceId> {
    let of_calls = |spec: &&ServiceSpec| spec.rules.iter().any(|rule| rule.facet == Facet::Calls);
    let asked = |spec: &&ServiceSpec| spec.probes.iter().any(|probe| probe.facet == Facet::Calls);
    services.iter().filter(|spec| of_calls(spec) && !asked(spec)).map(|spec| spec.service.id.clone()).collect()
}

impl Reading<'_> {
    fn settings(&self, table: &Table, source: &Source) -> Settings {
        let root = Section::root(table, document::top(source), self.faults);
        let (mut transports, mut ways) = self.transports(&root);
        let lists = self.subscriptions(&root, &mut transports, &mut ways);
        let (order, has_group) = self.order(&root, &ways);
        ways.usual_has_group = has_group;
        let region = root.item("region").and_then(|item| item.word()).map(str::to_lowercase);
        let (doors, inbound) = (self.listens(&root), self.inbound(&root));
        let firewall = self.firewall(&root, doors.transparent.is_some());
        let services = self.services(&root, &ways, &order);
        let settled = |list| self.settled(list, &ways, &order, &services);
        let mut settings = Settings {
            unheeded: Vec::new(),
            subscriptions: lists.into_iter().filter_map(settled).collect(),
            listens: doors.listens,
            relay: doors.relay,
            whatsapp: doors.whatsapp,
            system_proxy: self.system_proxy(&root),
            transparent: doors.transparent,
            names: doors.names,
            firewall,
            inbound,
            anchors: self.anchors(&root, region.as_deref()),
            detect: detect::read(&root, ways.bare.clone(), unasked_calls(&services)),
            services,
            resolver: self.resolver(&root),
            history: self.history(&root),
            control: self.metrics(&root, self.control(&root)),
            log: self.log(&root),
            language: self.language(&root),
            region,
            transports,
            order,
        };
        root.finish();
        settings.unheeded = self.faults.take_unheeded();
        settings
    }

    /// The global order; without one, direct, split, and the user's transports as written.
    fn order(&self, root: &Section<'_>, ways: &Ways) -> (Vec<crate::model::TransportId>, bool) {
        match root.item("order") {
            None => (ways.as_written(), ways.has_groups()),
            Some(item) => ways.order(&item),
        }
    }
}
