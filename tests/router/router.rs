//! A household: its router with a real byway on it, a client of its LAN, and the WAN behind.

use crate::ground::{GATEWAY, Ground, TUNNEL, WAN, wait_for};
use crate::resident::{command_in, inside};
use crate::wan::{CALLS, SPEAKS_FIRST, WEB, Wan};
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

/// A household. Fields end in this order.
pub(crate) struct Household {
    byway: Option<Child>,
    said: Arc<Mutex<String>>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) wan: Wan,
    pub(crate) ground: Ground,
}

/// What the configuration says of the doors and rules.
pub(crate) struct Wish {
    pub(crate) mode: &'static str,
    pub(crate) ipv6: bool,
    /// More of `[firewall]`.
    pub(crate) firewall: &'static str,
    /// More of `[service.chat]`.
    pub(crate) chat: &'static str,
}

pub(crate) const TPROXY: Wish = Wish { mode: "tproxy", ipv6: true, firewall: "", chat: "" };
pub(crate) const REDIRECT: Wish = Wish { mode: "redirect", ..TPROXY };

fn configuration(wish: &Wish) -> String {
    let Wish { mode, ipv6, firewall, chat } = wish;
    format!(
        r#"
order = ["direct", "tokyo"]
log = "debug"
[listen.transparent]
mode = "{mode}"
ipv6 = {ipv6}
[listen.dns]
address = ["{GATEWAY}:53"]
upstream = ["{WAN}"]
[firewall]
lan = ["lan0"]
apply = true
{firewall}
[resolver]
secure = [{{ url = "https://dns.test/dns-query", ip = "{WAN}", roots = "root.pem" }}]
allow_private = true
[detect]
mode = "passive"
[transport.tokyo.shadowsocks]
server = "{TUNNEL}"
port = 8388
method = "aes-256-gcm"
password = "long enough"
[service.chat]
names = ["chat.test"]
prefixes = ["198.51.100.0/24", "2001:db8:51::/48"]
{chat}
"#
    )
}

impl Household {
    /// A household whose byway runs; `None`, and says so, where there cannot be one.
    pub(crate) fn new(wish: &Wish) -> Option<Self> {
        let mut household = Self::without_byway(wish)?;
        household.start();
        Some(household)
    }

    pub(crate) fn without_byway(wish: &Wish) -> Option<Self> {
        let ground = Ground::lay()?;
        let only_me = std::fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().permissions(only_me).tempdir().unwrap();
        let wan = Wan::open(&ground, folder.path());
        std::fs::write(folder.path().join("byway.toml"), configuration(wish)).unwrap();
        Some(Self { byway: None, said: Arc::default(), folder, wan, ground })
    }

    fn command(&self) -> Command {
        let mut command = command_in(&self.ground.router, env!("CARGO_BIN_EXE_byway"));
        let folder = self.folder.path();
        command.env_clear().env("PATH", std::env::var("PATH").unwrap_or_default()).env("HOME", folder);
        command.arg("--config").arg(folder.join("byway.toml")).arg("--control").arg(folder.join("control.sock"));
        command
    }

    /// Starts its byway, and waits until the rules are in force.
    pub(crate) fn start(&mut self) {
        let mut child = self
            .command()
            .arg("run")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        let said = Arc::clone(&self.said);
        said.lock().unwrap().clear();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                said.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        self.byway = Some(child);
        wait_for("the rules are in force", || {
            assert!(self.byway.as_mut().unwrap().try_wait().unwrap().is_none(), "byway ended:\n{}", self.said());
            self.said().contains("its rules end with byway").then_some(())
        });
    }

    /// Everything that byway has said since it started.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Ends its byway by a signal, and waits until it has ended.
    pub(crate) fn end(&mut self, signal: &str) {
        let Some(mut byway) = self.byway.take() else { return };
        // `ip netns exec` becomes the program, so that the child is byway itself.
        assert!(Command::new("kill").args([signal, &byway.id().to_string()]).status().unwrap().success());
        let _status = byway.wait().unwrap();
    }

    /// One of byway's commands on the router, to its end.
    pub(crate) fn order(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// What a program says on the router.
    pub(crate) fn on_router(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = command_in(&self.ground.router, program);
        let output = command.args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Whom a web server believes its client to be, when somebody on the LAN asks it.
    pub(crate) fn asks(&self, host: &str) -> Result<String, ErrorKind> {
        let to = SocketAddr::new(host.parse().unwrap(), WEB);
        inside(&self.ground.lan, || ask(to))
    }

    /// The same of a server that speaks first.
    pub(crate) fn hears(&self, host: &str) -> Result<String, ErrorKind> {
        let to = SocketAddr::new(host.parse().unwrap(), SPEAKS_FIRST);
        inside(&self.ground.lan, || hear(to))
    }

    /// The same of one that is spoken to in datagrams: the client repeats itself until there is an answer.
    pub(crate) fn calls(&self, host: &str) -> Result<String, ErrorKind> {
        self.sends(host, CALLS)
    }

    /// The same to another port.
    pub(crate) fn sends(&self, host: &str, port: u16) -> Result<String, ErrorKind> {
        let to = SocketAddr::new(host.parse().unwrap(), port);
        inside(&self.ground.lan, || call(to))
    }
}

impl Drop for Household {
    fn drop(&mut self) {
        self.end("-KILL");
        if std::thread::panicking() {
            eprintln!("byway said:\n{}", self.said());
        }
    }
}

/// How long a client waits.
const WAITS: Duration = Duration::from_secs(12);

async fn patiently<T>(work: impl Future<Output = std::io::Result<T>>) -> Result<T, ErrorKind> {
    tokio::time::timeout(WAITS, work).await.map_err(|_| ErrorKind::TimedOut)?.map_err(|error| error.kind())
}

async fn ask(to: SocketAddr) -> Result<String, ErrorKind> {
    patiently(async {
        let mut stream = TcpStream::connect(to).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: somewhere.invalid\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (_, page) = answer.split_once("\r\n\r\n").ok_or(ErrorKind::UnexpectedEof)?;
        Ok(page.to_owned())
    })
    .await
}

async fn hear(to: SocketAddr) -> Result<String, ErrorKind> {
    patiently(async {
        let mut stream = TcpStream::connect(to).await?;
        let mut said = Vec::new();
        while !said.ends_with(b"\n") {
            if stream.read_buf(&mut said).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        Ok(said.trim_start_matches("220 ").to_owned())
    })
    .await
}

async fn call(to: SocketAddr) -> Result<String, ErrorKind> {
    let any: IpAddr = if to.is_ipv4() { [0, 0, 0, 0].into() } else { [0_u16; 8].into() };
    patiently(async {
        let socket = UdpSocket::bind((any, 0)).await?;
        // Connected: an answer under any other address is not heard.
        socket.connect(to).await?;
        let mut buf = [0; 256];
        loop {
            socket.send(b"hello").await?;
            let Ok(heard) = tokio::time::timeout(Duration::from_millis(400), socket.recv(&mut buf)).await else {
                continue;
            };
            let said = String::from_utf8_lossy(&buf[..heard?]).into_owned();
            let (who, what) = said.split_once(' ').ok_or(ErrorKind::InvalidData)?;
            assert_eq!(what, "hello");
            return Ok(who.to_owned());
        }
    })
    .await
}
