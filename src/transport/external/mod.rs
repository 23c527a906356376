//! Programs that byway runs and looks after: one that offers SOCKS5 (`ssh -D`, sing-box, Xray), a Tor pluggable transport
//! (pt-spec, as a managed client), a Shadowsocks plugin (SIP003). A program is started when its way is first taken and
//! started again when it ends. What it sends by itself is not byway's: it dials on its own, past `via`.

mod child;
mod contract;
mod held;
mod leash;
mod patience;
mod process;
mod ready;
mod said;
mod supervise;
mod ways;

pub use child::Children;
pub use leash::heed as heed_leash;

use super::build::BuildError;
use super::direct::Direct;
use super::{Life, PacketDialer, StreamDialer};
use crate::model::{Destination, Secret, TransportId};
use contract::{Recipe, Role};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use ways::{Pluggable, Plugged, Socks};

/// Where a program is: itself when it is a path, else on `PATH`.
pub fn find_program(program: &str) -> Option<PathBuf> {
    process::find(program, None)
}

/// How long a program may take until it is ready, unless told otherwise. `ssh` over a slow line needs several round trips.
pub const START_TIMEOUT: Duration = Duration::from_secs(20);

/// A program to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalProgram {
    /// How it is run.
    pub run: Run,
    /// What it offers.
    pub offers: Offers,
}

/// How a program is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The program and its arguments, with `{port}` where the free port goes. No shell reads it.
    pub command: Vec<String>,
    /// What is added to byway's own environment, with placeholders.
    pub environment: Vec<(String, Secret<String>)>,
    /// Where it runs; where byway runs when `None`.
    pub folder: Option<PathBuf>,
    /// What it is given on its standard input, with placeholders; nothing when `None`.
    pub input: Option<Secret<String>>,
    /// How long it may take until it is ready.
    pub start_timeout: Duration,
}

impl Run {
    /// A command alone.
    pub fn command(command: Vec<String>) -> Self {
        Self { command, environment: Vec::new(), folder: None, input: None, start_timeout: START_TIMEOUT }
    }

    /// Whether a placeholder stands anywhere.
    pub fn mentions(&self, placeholder: &str) -> bool {
        let given = self.environment.iter().map(|(_, value)| value).chain(&self.input);
        self.command.iter().any(|word| word.contains(placeholder))
            || given.into_iter().any(|text| text.expose().contains(placeholder))
    }
}

/// What a program offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offers {
    /// SOCKS5 on this machine.
    Socks {
        /// Where it listens; a free port in the place of `{port}` when `None`.
        at: Option<SocketAddr>,
        /// Whether it carries packets too.
        udp: bool,
    },
    /// A pluggable transport, which leads to one server.
    Pluggable(PluggableServer),
}

/// What a pluggable transport leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluggableServer {
    /// The transport's name: `obfs4`, `snowflake`, `webtunnel`.
    pub transport: String,
    /// The transport's server.
    pub server: Destination,
    /// What the transport is told with each connection: `cert`, `iat-mode`, `url`.
    pub arguments: Vec<(String, Secret<String>)>,
    /// A folder that the program may write in.
    pub state: PathBuf,
}

/// A Shadowsocks plugin (SIP003).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// The program.
    pub program: String,
    /// What it is told: `obfs=http;obfs-host=a.example`.
    pub options: Secret<String>,
}

/// What a program gives a way.
pub(super) struct External {
    pub(super) streams: Arc<dyn StreamDialer>,
    pub(super) packets: Option<Arc<dyn PacketDialer>>,
    pub(super) life: Arc<dyn Life>,
}

impl External {
    /// The way of `id` through a program. Starts nothing.
    pub(super) fn new(
        settings: &ExternalProgram,
        id: &TransportId,
        children: &Children,
        inner: Arc<Direct>,
    ) -> Result<Self, BuildError> {
        if settings.run.command.first().is_none_or(String::is_empty) {
            return Err(BuildError::NoProgram);
        }
        let run = settings.run.clone();
        match &settings.offers {
            Offers::Socks { at, udp } => {
                let child = children.of(id, Recipe { run, role: Role::Socks(*at) }, inner.clone());
                let socks = Arc::new(Socks::new(child.clone(), inner));
                Ok(Self { packets: udp.then(|| socks.clone() as _), streams: socks, life: child })
            }
            Offers::Pluggable(server) => {
                let child = children.of(id, Recipe { run, role: Role::Pluggable(server.clone()) }, inner.clone());
                let streams = Arc::new(Pluggable::new(server, child.clone(), inner)?);
                Ok(Self { streams, packets: None, life: child })
            }
        }
    }
}

/// The way of `id` to a Shadowsocks server through its plugin. Starts nothing.
pub(super) fn plugged(
    plugin: &Plugin,
    server: &Destination,
    id: &TransportId,
    children: &Children,
    inner: Arc<Direct>,
) -> (Arc<dyn StreamDialer>, Arc<dyn Life>) {
    let role = Role::Plugin { server: server.clone(), options: plugin.options.clone() };
    let run = Run::command(vec![plugin.program.clone()]);
    let child = children.of(id, Recipe { run, role }, inner.clone());
    (Arc::new(Plugged::new(child.clone(), inner)), child)
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
