//! The command line's grammar (clap), and nothing else.

use super::actions::ServiceOrder;
use super::exit::AFTER_HELP;
use super::span::parse_span;
use crate::lang::Tongue;
use crate::platform::proxy::Mode;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;
use std::time::Duration;

/// The variables, without their `BYWAY_`, that stand for an option and not for a setting of the file.
pub const RESERVED: [&str; 4] = ["CONFIG", "CONTROL", "COLOR", "LANG"];

/// Keeps blocked messengers working: a local SOCKS and HTTP proxy that notices a block, says what it is, and
/// carries the same connection over another way.
#[derive(Debug, Parser)]
#[command(name = "byway", version, after_help = AFTER_HELP, subcommand_negates_reqs = true)]
pub(super) struct Line {
    /// What holds for every command.
    #[command(flatten)]
    pub(super) global: Global,
    /// The command; `run` when there is none.
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// What holds for every command.
#[derive(Clone, Debug, Args)]
pub(super) struct Global {
    /// Configuration file; the built-in one is used when there is none
    #[arg(short, long, global = true, value_name = "FILE", env = "BYWAY_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// Override one setting of the file, as in --set 'listen=["127.0.0.1:1080"]' (repeatable; visible in `ps`:
    /// never a password)
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = parse_setting)]
    pub(super) sets: Vec<(String, String)>,
    /// Control socket of the running byway, or its .token file
    #[arg(long, global = true, value_name = "PATH", env = "BYWAY_CONTROL")]
    pub(super) control: Option<PathBuf>,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", env = "BYWAY_COLOR")]
    pub(super) color: ColourChoice,
    /// Language of messages: en, ru, fa; else `language` of the file, else the locale
    #[arg(long, global = true, value_name = "LANG", env = "BYWAY_LANG", value_parser = super::tongue::parse)]
    pub(super) lang: Option<Tongue>,
    /// Say nothing but errors; with `status`, only the exit code
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more: -v one line per connection, -vv everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColourChoice {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands. The options of one are put together when it is the one that is meant.
#[derive(Clone, Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Run the proxy in the foreground (the default)
    Run,
    /// Check a configuration file: every fault with its place
    Check {
        /// The file; the one of --config when not given
        file: Option<PathBuf>,
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// Test now, with the services' own protocols: every service over every way
    Probe {
        /// Only this service
        service: Option<String>,
        /// Only over this transport
        #[arg(long, value_name = "TRANSPORT")]
        via: Option<String>,
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// Examine one service in full: what stops it, how that is known, how sure it is; asks first
    Diagnose {
        /// The service
        service: String,
        /// Machine-readable, one JSON value a line: each step, then the conclusion
        #[arg(long)]
        json: bool,
        /// Do not ask: what it shows to an observer is understood
        #[arg(short, long)]
        yes: bool,
    },
    /// Check everything up, in order: configuration, files, network, names, UDP, each way; one remedy each
    Doctor {
        /// Machine-readable
        #[arg(long)]
        json: bool,
        /// Write a copy for others to FILE, without keys, addresses and names; shows it and asks first
        #[arg(long, value_name = "FILE")]
        share: Option<PathBuf>,
        /// With --share: do not ask
        #[arg(short, long, requires = "share")]
        yes: bool,
        /// With --share: replace FILE if it exists
        #[arg(long, requires = "share")]
        force: bool,
    },
    /// What works, and over which way; with -q only the exit code
    Status {
        /// Machine-readable
        #[arg(long)]
        json: bool,
        /// Show it again every two seconds
        #[arg(long)]
        watch: bool,
    },
    /// The status page in this terminal: the grid, the last day, the log; force and test by key
    Top,
    /// Open the status page: prints a link that lets one browser in, once
    Ui {
        /// Hand the link to the browser as well (other users of this machine can see it in `ps` for a moment)
        #[arg(long)]
        open: bool,
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// Why a service goes the way it goes, with the evidence
    Why {
        /// The service
        service: String,
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// The latest changes
    Log {
        /// Wait for more
        #[arg(short, long)]
        follow: bool,
        /// At most so many of the past
        #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
        lines: u32,
        /// Machine-readable, one JSON value a line
        #[arg(long)]
        json: bool,
    },
    /// Which way worked when, and why the others did not
    History {
        /// Only this service
        service: Option<String>,
        /// How far back: 90m, 12h, 7d
        #[arg(long, value_name = "SPAN", default_value = "7d", value_parser = parse_span)]
        since: Duration,
        /// Machine-readable, one JSON value a line
        #[arg(long)]
        json: bool,
    },
    /// Which transport works: its share of the time, blocks, connections saved and lost
    Report {
        /// How far back: 90m, 24h, 7d
        #[arg(long, value_name = "SPAN", default_value = "24h", value_parser = parse_span)]
        since: Duration,
        /// Machine-readable
        #[arg(long)]
        json: bool,
        /// Write the tests of the direct way to FILE in OONI's format instead; shows it and asks first
        #[arg(long, value_name = "FILE", conflicts_with = "json")]
        ooni: Option<PathBuf>,
        /// With --ooni: do not ask
        #[arg(short, long, requires = "ooni")]
        yes: bool,
        /// With --ooni: replace FILE if it exists
        #[arg(long, requires = "ooni")]
        force: bool,
    },
    /// Force a way for a service, or give the choice back with `auto`
    Use {
        /// The service
        service: String,
        /// The transport, or `auto`
        transport: String,
        /// For how long: 30m, 1h; until told otherwise when not given
        #[arg(long = "for", value_name = "SPAN", value_parser = parse_span)]
        lasting: Option<Duration>,
    },
    /// What a monitoring system reads: OpenMetrics text, without servers or destinations
    Metrics,
    /// Read the configuration again; a bad file changes nothing
    Reload,
    /// Make the system's proxy setting lead to the running byway, or give it back as it was
    Proxy {
        /// What to do
        #[command(subcommand)]
        order: ProxyCommand,
    },
    /// Print lines for a shell whose programs are to use byway: eval "$(byway env)"
    Env {
        /// The shell; the one in use when not given
        #[arg(long, value_enum)]
        shell: Option<ShellName>,
        /// Print lines that take it away again
        #[arg(long)]
        unset: bool,
        /// Put the user and password of [login] into the lines, for all programs of that shell to see
        #[arg(long, conflicts_with = "unset")]
        login: bool,
    },
    /// How to set one messenger up on this machine, what works then, and what cannot
    Setup {
        /// The messenger
        #[arg(value_enum)]
        app: App,
        /// Machine-readable
        #[arg(long)]
        json: bool,
        /// Print no QR code
        #[arg(long)]
        no_qr: bool,
        /// Open the link in the app
        #[arg(long, conflicts_with = "json")]
        open: bool,
        /// Do not ask before a password is shown
        #[arg(short, long)]
        yes: bool,
    },
    /// What phones on your network need: links and QR codes, the Wi-Fi proxy lines
    Share {
        /// Machine-readable
        #[arg(long)]
        json: bool,
        /// Print no QR code
        #[arg(long)]
        no_qr: bool,
        /// Do not ask before a password is shown
        #[arg(short, long)]
        yes: bool,
    },
    /// Take in a link or a file of links, or subscribe to a list: ss://, SIP008, vless://, trojan://, socks5://, ssconf://,
    /// or the https:// address of a subscription, which is fetched
    Import {
        /// A file, `-` for stdin, or a link (other users of this machine can see a link given here)
        #[arg(value_name = "LINK|FILE|-")]
        source: Option<String>,
        /// Fetch a list over this way; without it over the first that brings it
        #[arg(long, value_name = "TRANSPORT")]
        via: Option<String>,
        /// Only show what would be taken in
        #[arg(long)]
        dry_run: bool,
        /// Take in links that ask not to check their server's certificate: whoever sits in between can read everything
        #[arg(long)]
        allow_insecure: bool,
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// The firewall's rules that bring the LAN's connections here, on a router
    Firewall {
        /// What to do with them
        #[command(subcommand)]
        order: FirewallOrder,
    },
    /// Let the system start byway and watch over it: systemd, launchd, or the Task Scheduler of Windows
    Service {
        /// What to do
        order: ServiceOrder,
        /// Your own, from log-in to log-out, instead of the machine's
        #[arg(long)]
        user: bool,
        /// Only show what would be done
        #[arg(long)]
        dry_run: bool,
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// See it work: a small censored country inside this process, no network needed
    Demo {
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// What to do with the system's proxy setting.
#[derive(Clone, Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum ProxyCommand {
    /// Lead it to byway, until byway stops or until `off`
    On {
        /// pac: messengers only, by a script; manual: everything, by a fixed address; both: the script, and the address for
        /// programs that run none
        #[arg(long, default_value = "pac", value_parser = parse_mode)]
        mode: Mode,
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// Give it back as it was before `on`; needs no running byway
    Off {
        /// Also where what was there before is not known any more: switch off what leads to byway or to nobody here
        #[arg(long)]
        force: bool,
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// How it stands
    Status {
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
}

/// A shell that lines are printed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ShellName {
    /// sh, bash, zsh, dash, ash
    Sh,
    /// fish
    Fish,
    /// PowerShell
    Pwsh,
}

/// A messenger that can be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum App {
    /// Telegram
    Telegram,
    /// Signal
    Signal,
    /// WhatsApp
    Whatsapp,
    /// Discord
    Discord,
}

fn parse_mode(text: &str) -> Result<Mode, &'static str> {
    let found = Mode::WORDS.iter().find(|(word, _)| *word == text).map(|(_, mode)| *mode);
    found.ok_or("expected pac, manual or both")
}

/// What to do with the firewall's rules.
#[derive(Clone, Copy, Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum FirewallOrder {
    /// Show them, as nft(8) reads them: byway firewall print | nft -f -
    Print {
        /// Instead, the lines that let dnsmasq (2.87 or newer, with nftset) fill the sets of names
        #[arg(long)]
        dnsmasq: bool,
        /// Machine-readable, all of it
        #[arg(long, conflicts_with = "dnsmasq")]
        json: bool,
    },
    /// Put them in force until `clear`; `byway run` does so itself where apply = true, and takes them away when it ends
    Apply,
    /// Take them away, also those that a dead byway left behind
    Clear,
}

fn parse_setting(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE"),
    }
}
