//! What a program is told at its start: its words, its environment, its input. For SOCKS programs these are the person's,
//! with placeholders filled in; for pluggable transports pt-spec §3.2 says them; for plugins SIP003 does.

use super::{PluggableServer, Run};
use crate::model::{Destination, Host, Secret};
use crate::net::Listener;
use crate::transport::build::Login;
use crate::wire::pluggable;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

/// A program, and by which rules byway talks with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipe {
    pub(super) run: Run,
    pub(super) role: Role,
}

/// By which rules byway talks with a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It offers SOCKS5 there, or at the free port that it is given.
    Socks(Option<SocketAddr>),
    /// It is a pluggable transport.
    Pluggable(PluggableServer),
    /// It is a Shadowsocks plugin to this server.
    Plugin { server: Destination, options: Secret<String> },
}

impl Recipe {
    /// The address that the program takes each time.
    pub(super) const fn fixed(&self) -> Option<SocketAddr> {
        match &self.role {
            Role::Socks(at) => *at,
            Role::Pluggable(_) | Role::Plugin { .. } => None,
        }
    }
}

/// Where a program waits for connections.
#[derive(Clone, Debug)]
pub(super) struct Door {
    pub(super) at: SocketAddr,
    pub(super) login: Option<Login>,
}

/// Everything that one start of a program needs.
pub(super) struct Start {
    pub(super) words: Vec<String>,
    pub(super) environment: Vec<(String, Secret<String>)>,
    pub(super) input: Input,
    /// Where it will be; a pluggable transport says so itself.
    pub(super) door: Option<Door>,
    /// What must not be seen in what it says.
    pub(super) secrets: Vec<Secret<String>>,
}

/// What stands at a program's standard input.
pub(super) enum Input {
    /// Nothing.
    Nothing,
    /// A text, and then its end.
    Text(Secret<String>),
    /// Nothing, and its end is the word to stop (pt-spec §3.2.1, `TOR_PT_EXIT_ON_STDIN_CLOSE`).
    Open,
}

impl Recipe {
    /// What the next start needs. Takes a free port and makes a login, where they are asked for.
    pub(super) fn prepare(&self) -> io::Result<Start> {
        let mut start = Start {
            words: self.run.command.clone(),
            environment: self.run.environment.clone(),
            input: self.run.input.clone().map_or(Input::Nothing, Input::Text),
            door: None,
            secrets: self.run.environment.iter().map(|(_, value)| value.clone()).collect(),
        };
        let mut add = |name: &str, value: String| start.environment.push((name.to_owned(), Secret::new(value)));
        match &self.role {
            Role::Socks(at) => {
                let door = Door { at: at.map_or_else(free_place, Ok)?, login: self.login()? };
                start.fill(&door);
                start.secrets.extend(door.login.iter().map(|login| login.password.clone()));
                start.door = Some(door);
            }
            Role::Pluggable(server) => {
                add("TOR_PT_MANAGED_TRANSPORT_VER", pluggable::VERSION.to_owned());
                add("TOR_PT_STATE_LOCATION", format!("{}/", server.state.display()));
                add("TOR_PT_CLIENT_TRANSPORTS", server.transport.clone());
                add("TOR_PT_EXIT_ON_STDIN_CLOSE", "1".to_owned());
                start.input = Input::Open;
                start.secrets.extend(server.arguments.iter().map(|(_, value)| value.clone()));
            }
            Role::Plugin { server, options } => {
                let at = free_place()?;
                add(
                    "SS_REMOTE_HOST",
                    match &server.host {
                        Host::Name(name) => name.to_string(),
                        Host::Ip(ip) => ip.to_string(),
                    },
                );
                add("SS_REMOTE_PORT", server.port.to_string());
                add("SS_LOCAL_HOST", at.ip().to_string());
                add("SS_LOCAL_PORT", at.port().to_string());
                if !options.expose().is_empty() {
                    add("SS_PLUGIN_OPTIONS", options.expose().clone());
                    start.secrets.push(options.clone());
                }
                start.door = Some(Door { at, login: None });
            }
        }
        Ok(start)
    }

    /// A login for this start alone, where the program can be told it: other users of the machine reach loopback too.
    fn login(&self) -> io::Result<Option<Login>> {
        if !self.run.mentions(PASSWORD) {
            return Ok(None);
        }
        let mut bytes = [0; 16];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| io::Error::from(io::ErrorKind::ResourceBusy))?;
        let password = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Some(Login { user: "byway".to_owned(), password: Secret::new(password) }))
    }
}

/// Where the port goes.
pub(crate) const PORT: &str = "{port}";
/// Where the user goes.
pub(crate) const USER: &str = "{user}";
/// Where the password goes.
pub(crate) const PASSWORD: &str = "{password}";

impl Start {
    /// Puts what is known now in the place of the placeholders. Arguments are seen by everybody on the machine, so no
    /// password goes there.
    fn fill(&mut self, door: &Door) {
        let port = door.at.port().to_string();
        let filled = |text: &str| text.replace(PORT, &port);
        self.words.iter_mut().for_each(|word| *word = filled(word));
        let hidden = |text: &Secret<String>| {
            let text = filled(text.expose());
            Secret::new(match &door.login {
                Some(Login { user, password }) => text.replace(USER, user).replace(PASSWORD, password.expose()),
                None => text,
            })
        };
        self.environment.iter_mut().for_each(|(_, value)| *value = hidden(value));
        if let Input::Text(text) = &mut self.input {
            *text = hidden(text);
        }
    }
}

/// A port of loopback that is free now. Another program may take it before ours does; then ours ends, and is given another.
fn free_place() -> io::Result<SocketAddr> {
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).map_err(|_| io::ErrorKind::AddrNotAvailable)?;
    Ok(listener.local_addr())
}
