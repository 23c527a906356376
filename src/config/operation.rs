//! `history`, `[control]`, `log` and `language`: what is remembered, where byway is commanded, how much it says, and how.

use super::Reading;
use super::reader::{Item, Section};
use super::settings::{Control, LogLevel};
use crate::journal::{self, History};
use crate::lang::Tongue;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Copy)]
enum Keep {
    Disk,
    Memory,
    Off,
}

const KEEP: [(&str, Keep); 3] = [("memory", Keep::Memory), ("disk", Keep::Disk), ("off", Keep::Off)];

const LEVELS: [(&str, LogLevel); 5] = [
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];

const TONGUES: [(&str, Tongue); 3] = [("en", Tongue::English), ("ru", Tongue::Russian), ("fa", Tongue::Persian)];

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Reading<'_> {
    /// `history = "disk"`, or a table with `keep`, `path`, `retention` and `max_size`.
    pub(super) fn history(&self, root: &Section<'_>) -> journal::Settings {
        let usual = journal::Settings::default();
        let Some(item) = root.item("history") else { return usual };
        let folder = self.origin.state.join("history");
        let Some(section) = table(&item) else {
            let keep = item.one_of(&KEEP).unwrap_or(Keep::Memory);
            return journal::Settings { history: kept(keep, folder), ..usual };
        };
        let keep = section.or("keep", Keep::Memory, |item| item.one_of(&KEEP));
        let path = section.item("path").and_then(|item| Some((item.clone(), self.path(&item)?)));
        if let (Some((item, _)), Keep::Memory | Keep::Off) = (&path, keep) {
            let _: Option<()> = item.fail("nothing is written to disk", "expected keep = \"disk\" beside it");
        }
        let history = kept(keep, path.map_or(folder, |(_, path)| path));
        let retention = section.or("retention", usual.retention, |item| item.duration(DAY / 24..=DAY * 365));
        let max_bytes = section.or("max_size", usual.max_bytes, |item| item.size(64 * 1024));
        section.finish();
        journal::Settings { history, retention, max_bytes }
    }

    pub(super) fn control(&self, root: &Section<'_>) -> Control {
        let Some(section) = root.section("control") else { return Control::default() };
        let path = section.item("path").and_then(|item| self.path(&item));
        let page = section.item("page").and_then(|item| loopback(&item));
        section.finish();
        Control { path, page, metrics: None }
    }

    /// `[metrics]`: whether a monitoring system on this machine may read, where the status page listens, how byway is.
    pub(super) fn metrics(&self, root: &Section<'_>, control: Control) -> Control {
        let Some(section) = root.section("metrics") else { return control };
        let enabled = section.item("enabled").and_then(|item| Some((item.flag()?, item)));
        let file = section.item("token_file").and_then(|item| self.path(&item));
        section.finish();
        let Some((true, item)) = enabled else { return control };
        if control.page.is_none() {
            let page =
                "expected [control] page = \"127.0.0.1:4181\" beside it, for they are served where the status page is";
            let _: Option<()> = item.fail("there is nowhere to read metrics", page);
        }
        Control { metrics: Some(file.unwrap_or_else(|| self.origin.state.join("metrics.token"))), ..control }
    }

    pub(super) fn log(&self, root: &Section<'_>) -> LogLevel {
        root.or("log", LogLevel::Info, |item| item.one_of(&LEVELS))
    }

    pub(super) fn language(&self, root: &Section<'_>) -> Option<Tongue> {
        root.item("language")?.one_of(&TONGUES)
    }

    /// A path, relative to the configuration.
    pub(super) fn path(&self, item: &Item<'_>) -> Option<PathBuf> {
        Some(self.origin.folder.join(item.word()?))
    }
}

/// Where the status page listens: nobody else's machine may reach it.
fn loopback(item: &Item<'_>) -> Option<SocketAddr> {
    const PAGE: &str = "expected a loopback address and a port, such as \"127.0.0.1:0\" (0: any port that is free)";
    let address: SocketAddr = item.parsed(PAGE, str::parse)?;
    if address.ip().is_loopback() {
        Some(address)
    } else {
        item.fail("others on the network could reach the status page", PAGE)
    }
}

fn table<'a>(item: &Item<'a>) -> Option<Section<'a>> {
    matches!(item.node.value, super::document::Value::Table(_)).then(|| item.section()).flatten()
}

fn kept(keep: Keep, folder: PathBuf) -> History {
    match keep {
        Keep::Disk => History::Disk(folder),
        Keep::Memory => History::Memory,
        Keep::Off => History::Off,
    }
}
