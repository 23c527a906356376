//! What the commands need from the rest of the house: a trait that `app` implements, so that the command line
//! can be built and tested alone.

use super::exit::{Exit, Failed};
use super::out::Terminal;
use crate::control::doctor::Step;
use crate::control::report::Account;
use crate::control::{Place, ProbeItem};
use crate::lang::Tongue;
use crate::model::{Examined, Secret, ServiceId, TransportId};
use crate::platform::proxy::{Done, Standing, Wish};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How a command was called.
#[derive(Clone, Debug)]
pub struct Launch {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--set`, in order.
    pub sets: Vec<(String, String)>,
    /// `--control`; without it the configuration's, and without that [`Place::default_for`].
    pub control: Option<Place>,
    /// `--quiet`.
    pub quiet: bool,
    /// How often `--verbose`.
    pub verbose: u8,
}

/// What to test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeWish {
    /// Only this service.
    pub service: Option<ServiceId>,
    /// Only over this way.
    pub via: Option<TransportId>,
}

/// What `check` found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The file's name, or what was checked instead of one.
    pub file: String,
    /// What is in it, in one sentence, when it is good.
    pub summary: String,
    /// Every fault, as `file:line:col: path.to.key: what is wrong; what was expected`.
    pub faults: Vec<String>,
    /// What is allowed but perhaps not meant.
    pub warnings: Vec<String>,
}

/// What to take in.
#[derive(Debug)]
pub struct ImportWish {
    /// What to call the source in messages; never the link itself.
    pub name: String,
    /// Its text: links or a subscription.
    pub text: Secret<String>,
    /// The way that a list is fetched over; `None` for whichever brings it.
    pub via: Option<TransportId>,
    /// Whether to change nothing.
    pub dry_run: bool,
    /// Whether a link may turn the check of its server's certificate off.
    pub allow_insecure: bool,
}

/// What was taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// One line per entry of the source.
    pub rows: Vec<ImportRow>,
    /// The file that was changed; `None` when none was.
    pub file: Option<PathBuf>,
    /// What was done beside, in sentences for people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One entry of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRow {
    /// The name it got, or was to get.
    pub name: String,
    /// Its kind: `shadowsocks`, `socks5`, `http`, `vless`, `trojan`.
    pub kind: String,
    /// Why it was skipped, without secrets; `None` when it was taken in.
    pub skipped: Option<String>,
}

/// What to do with the system's proxy setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyOrder {
    /// Make it lead to the byway of this process.
    On(Wish, u32),
    /// Give it back; by force also where what was there before is not known.
    Off {
        /// Whether by force.
        force: bool,
    },
    /// Leave it as it is.
    Look,
}

/// What was done with the system's proxy setting, and how it stands then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProxyFound {
    /// What was done, by system.
    pub done: Vec<Done>,
    /// How each system stands.
    pub systems: Vec<Standing>,
    /// The process of the byway that it leads to.
    pub owner: Option<u32>,
    /// Whether that process is gone.
    pub left_behind: bool,
}

/// The rules that bring the LAN's connections to byway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Firewall {
    /// What `nft -f -` reads.
    pub nft: String,
    /// The commands that go with it.
    pub routing: Vec<String>,
    /// Lines for dnsmasq, if it is to fill the sets.
    pub dnsmasq: Vec<String>,
}

/// What is to become of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ServiceOrder {
    /// Start it now and at every start of the system, or at log-in with --user
    Install,
    /// Stop it and forget it; configuration and history stay
    Uninstall,
    /// Start it
    Start,
    /// Stop it until the next start
    Stop,
    /// Whether it is installed and runs; exit code 4 when it does not
    Status,
}

/// What `service` was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceWish {
    /// What is to be done.
    pub order: ServiceOrder,
    /// The user's own, not the machine's.
    pub user: bool,
    /// Whether to change nothing.
    pub dry_run: bool,
}

/// What was done to the service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServiceDone {
    /// Who starts services here.
    pub manager: String,
    /// `system` or `user`.
    pub scope: String,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// What was done, or would be, each step in the shell's words.
    pub steps: Vec<String>,
    /// How the service is now; `None` when nobody asked.
    pub look: Option<ServiceLook>,
}

/// How a service is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServiceLook {
    /// Whether the service manager knows it.
    pub installed: bool,
    /// Whether it is started by itself.
    pub enabled: bool,
    /// Whether it runs.
    pub running: bool,
    /// The service manager's own word for it.
    pub word: String,
    /// What the service says of itself.
    pub said: Option<String>,
}

/// What `app` provides. Everything returns when it is done; nothing prints but through the terminal given.
pub trait Actions {
    /// Where the configuration that `launch` names has its control place; `None` when it names none, or is faulty.
    fn place(&self, launch: &Launch) -> Option<Place>;

    /// The language that the configuration which `launch` names asks for; `None` when it names none, or is faulty.
    fn language(&self, launch: &Launch) -> Option<Tongue>;

    /// Runs the proxy until it is told to stop.
    fn run(&self, launch: &Launch, terminal: &mut Terminal) -> Result<Exit, Failed>;

    /// Checks the configuration that `launch` names. Faults of the file are part of the answer, not a failure.
    fn check(&self, launch: &Launch) -> Result<Checked, Failed>;

    /// Tests once, in this process, without a running byway; tells every step.
    fn probe(&self, launch: &Launch, wish: &ProbeWish, tell: &mut dyn FnMut(ProbeItem)) -> Result<(), Failed>;

    /// The name for people of a service in the configuration that `launch` names; an error when it has none.
    fn title(&self, launch: &Launch, service: &ServiceId) -> Result<String, Failed>;

    /// Examines a service in full, in this process, without a running byway; tells every step.
    fn diagnose(&self, launch: &Launch, service: &ServiceId, tell: &mut dyn FnMut(Examined)) -> Result<(), Failed>;

    /// Checks everything up, in this process, without a running byway; tells every step.
    fn doctor(&self, launch: &Launch, tell: &mut dyn FnMut(Step)) -> Result<(), Failed>;

    /// Which way worked when, from the history on disk that the configuration names.
    fn report(&self, launch: &Launch, since: Duration) -> Result<Account, Failed>;

    /// Takes servers into the configuration that `launch` names.
    fn import(&self, launch: &Launch, wish: &ImportWish) -> Result<Imported, Failed>;

    /// Changes the system's proxy setting, or looks at it.
    fn proxy(&self, order: &ProxyOrder) -> Result<ProxyFound, Failed>;

    /// Opens an address in the program that is there for it.
    fn open(&self, address: &str) -> Result<(), Failed>;

    /// The addresses by which neighbours reach this machine.
    fn lan(&self) -> Vec<IpAddr>;
    /// The rules of the configuration that `launch` names.
    fn firewall(&self, launch: &Launch) -> Result<Firewall, Failed>;

    /// Puts them in force, until they are taken away.
    fn apply_firewall(&self, launch: &Launch) -> Result<(), Failed>;

    /// Takes away what any byway has left there.
    fn clear_firewall(&self, launch: &Launch) -> Result<(), Failed>;

    /// Makes byway a service of this machine, or of this user, or asks how it is.
    fn service(&self, launch: &Launch, wish: &ServiceWish) -> Result<ServiceDone, Failed>;

    /// Shows the product at work, where the program was built with that.
    fn demo(&self, _launch: &Launch, _json: bool, _terminal: &mut Terminal) -> Result<Exit, Failed> {
        Err(Failed::left_out("demo"))
    }
}
