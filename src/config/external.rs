//! `[transport.NAME.external]`: a program that byway runs, and what it offers. `plugin` and `plugin_opts` of Shadowsocks.

use super::Reading;
use super::import::Inner;
use super::reader::{Item, Section, each};
use super::settings::TransportKind;
use crate::model::Secret;
use crate::transport::{ExternalProgram, Offers, PluggableServer, Plugin, Run, START_TIMEOUT};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

const COMMAND: &str =
    "expected the program and its arguments, each in quotes: [\"ssh\", \"-N\", \"-D\", \"127.0.0.1:{port}\", …]";
const PLACE: &str = "expected {port} where the program is told its port, or socks5 = \"127.0.0.1:1080\"";
/// No configuration of a program is larger.
const MOST_INPUT: u64 = 1 << 20;

impl Reading<'_> {
    pub(super) fn external(&self, name: &str, table: &Section<'_>) -> Option<TransportKind> {
        let command = table.required("command", COMMAND).and_then(|item| command(&item));
        let environment = pairs(table, "environment", is_variable, "expected a variable's name");
        let folder = table.item("folder").and_then(|item| self.path(&item));
        let start_timeout = table.or("start_timeout", START_TIMEOUT, |item| {
            item.duration(Duration::from_secs(1)..=Duration::from_secs(300))
        });
        let input = table.item("input").map(|item| self.input(&item));
        let (input, file) = match input {
            None => (None, None),
            Some(read) => {
                let (text, file) = read?;
                (Some(text), Some(file))
            }
        };
        let run = |command| Run { command, environment, folder, input, start_timeout };
        let program = match table.item("pluggable") {
            Some(item) => {
                let offers = self.pluggable(name, &item, table);
                ExternalProgram { run: run(command?), offers: offers? }
            }
            None => {
                let at = table.item("socks5").map(|item| loopback(&item));
                let udp = table.or("udp", false, Item::flag);
                let run = run(command?);
                if at.is_none() && !run.mentions("{port}") {
                    return table.fail("nothing says where the program listens", PLACE);
                }
                ExternalProgram { run, offers: Offers::Socks { at: at.map_or(Some(None), |at| at.map(Some))?, udp } }
            }
        };
        Some(TransportKind::External { program: Box::new(program), input: file })
    }

    /// `pluggable`, `server` and `arguments`.
    fn pluggable(&self, name: &str, item: &Item<'_>, table: &Section<'_>) -> Option<Offers> {
        for key in ["socks5", "udp", "input"] {
            if let Some(item) = table.item(key) {
                let _: Option<()> = item.fail("a pluggable transport has none", "expected this key to go");
            }
        }
        let arguments = pairs(table, "arguments", |key| !key.is_empty(), "expected a name");
        let server = super::transports::server(table);
        let transport = item.word()?;
        // pt-spec §3.1: a C identifier.
        if !transport.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return item.fail("this is no name of a pluggable transport", "expected one like \"obfs4\"");
        }
        let state = self.origin.state.join("programs").join(name);
        Some(Offers::Pluggable(PluggableServer { transport: transport.to_owned(), server: server?, arguments, state }))
    }

    /// The text of a file.
    fn input(&self, item: &Item<'_>) -> Option<(Secret<String>, std::path::PathBuf)> {
        const FILE: &str = "expected a text file of at most 1 MiB";
        let path = self.path(item)?;
        let large = std::fs::metadata(&path).is_ok_and(|file| file.len() > MOST_INPUT);
        match std::fs::read_to_string(&path) {
            Ok(_) if large => item.fail("the file is too large", FILE),
            Ok(text) => Some((Secret::new(text), path)),
            Err(why) => item.fail(format!("it cannot be read: {}", why.kind()), FILE),
        }
    }
}

fn command(item: &Item<'_>) -> Option<Vec<String>> {
    let words = item.list()?;
    if words.is_empty() {
        return item.fail("the command is empty", COMMAND);
    }
    let count = words.len();
    let words: Vec<String> = each(words, |word| {
        let text = word.text()?;
        if text.contains("{password}") {
            return word.fail(
                "everybody on the machine can read a program's arguments",
                "expected {password} in environment or in the input",
            );
        }
        Some(text.to_owned())
    });
    if words.first().is_some_and(|program| program.trim().is_empty()) {
        return item.fail("the command names no program", COMMAND);
    }
    (words.len() == count).then_some(words)
}

/// Names and values, in the order of the names.
fn pairs(
    table: &Section<'_>,
    key: &'static str,
    fits: impl Fn(&str) -> bool,
    expected: &str,
) -> Vec<(String, Secret<String>)> {
    let Some(section) = table.section(key) else { return Vec::new() };
    let mut pairs = Vec::new();
    for (name, _, item) in section.entries() {
        if !fits(name) {
            let _: Option<()> = item.fail("this is no name", expected);
            continue;
        }
        pairs.extend(item.text().map(|text| (name.to_owned(), Secret::new(text.to_owned()))));
    }
    pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
    pairs
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

fn loopback(item: &Item<'_>) -> Option<SocketAddr> {
    const HERE: &str = "expected an address of this machine, such as \"127.0.0.1:1080\"";
    let at: SocketAddr = item.parsed(HERE, str::parse)?;
    if at.ip().is_loopback() && at.port() != 0 {
        return Some(at);
    }
    item.fail("the program is to listen on this machine alone", HERE)
}

/// `plugin` and `plugin_opts`. The outer `None` is a fault.
pub(super) fn plugin(table: &Section<'_>) -> Option<Option<Plugin>> {
    let options = table.item("plugin_opts");
    let Some(item) = table.item("plugin") else {
        return match options {
            None => Some(None),
            Some(options) => options.fail("there is no plugin beside it", "expected plugin too"),
        };
    };
    let told = options.map(|item| item.text().map(str::to_owned));
    let told = told.map_or(Some(String::new()), |told| told)?;
    Some(Some(Plugin { program: item.word()?.to_owned(), options: Secret::new(told) }))
}

/// A program as its table, and the tables within it. Holds its secrets in clear.
pub(super) fn to_tables(program: &ExternalProgram, input: Option<&Path>) -> (toml::Table, Inner) {
    let (mut table, mut within) = (toml::Table::new(), Inner::new());
    let mut put = |key: &str, value: toml::Value| table.insert(key.to_owned(), value);
    let inline = |pairs: &[(String, Secret<String>)]| {
        let pairs = pairs.iter().map(|(key, value)| (key.clone(), toml::Value::from(value.expose().as_str())));
        pairs.collect()
    };
    let run = &program.run;
    put("command", run.command.clone().into());
    if !run.environment.is_empty() {
        within.push(("environment", inline(&run.environment)));
    }
    if let Some(folder) = &run.folder {
        put("folder", folder.display().to_string().into());
    }
    if let Some(input) = input {
        put("input", input.display().to_string().into());
    }
    if run.start_timeout != START_TIMEOUT {
        put("start_timeout", format!("{}s", run.start_timeout.as_secs()).into());
    }
    match &program.offers {
        Offers::Socks { at, udp } => {
            if let Some(at) = at {
                put("socks5", at.to_string().into());
            }
            if *udp {
                put("udp", true.into());
            }
        }
        Offers::Pluggable(server) => {
            put("pluggable", server.transport.as_str().into());
            put("server", server.server.authority().into());
            if !server.arguments.is_empty() {
                within.push(("arguments", inline(&server.arguments)));
            }
        }
    }
    (table, within)
}

#[cfg(test)]
mod tests;
