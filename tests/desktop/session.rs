//! A person's session: a home of its own, its D-Bus, its desktop's name; and byway in it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The most that anything here may take: a browser starts on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again until `look` finds something.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a program is there; tells how to install it otherwise.
pub(crate) fn has(program: &str, package: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    let found = path.split(':').any(|folder| Path::new(folder).join(program).is_file());
    if !found {
        let required = std::env::var("BYWAY_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!required, "{program} is required; install with apt-get install {package}");
        let test = thread::current().name().unwrap_or("test").to_string();
        let _ = writeln!(std::io::stderr(), "{test} skipped: apt-get install {package}");
    }
    found
}

/// A session of a desktop.
pub(crate) struct Session {
    home: tempfile::TempDir,
    desktop: &'static str,
    bus: String,
    daemon: Option<Child>,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Both outputs, when it ended well.
    pub(crate) fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.out + &self.err
    }
}

impl Session {
    /// A session of `desktop` with a D-Bus; `None` where the tools are not installed.
    pub(crate) fn of(desktop: &'static str) -> Option<Self> {
        let tools = [
            ("dbus-daemon", "dbus-daemon"),
            ("gsettings", "libglib2.0-bin dconf-gsettings-backend gsettings-desktop-schemas"),
            ("kwriteconfig5", "libkf5config-bin"),
        ];
        if tools.iter().any(|(program, package)| !has(program, package)) {
            return None;
        }
        let mut session = Self::without_bus(desktop);
        let mut command = session.command("dbus-daemon");
        command.args(["--session", "--nofork", "--print-address=1"]).stdout(Stdio::piped());
        let mut daemon = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut line).unwrap();
        session.bus = line.trim().to_owned();
        session.daemon = Some(daemon);
        Some(session)
    }

    /// A session without a D-Bus.
    pub(crate) fn without_bus(desktop: &'static str) -> Self {
        let only_me = std::fs::Permissions::from_mode(0o700);
        let home = tempfile::Builder::new().permissions(only_me).tempdir().unwrap();
        for folder in [".config/byway", ".config/environment.d", "state", "run", "data", "cache"] {
            std::fs::create_dir_all(home.path().join(folder)).unwrap();
        }
        std::fs::set_permissions(home.path().join("run"), std::fs::Permissions::from_mode(0o700)).unwrap();
        Self { home, desktop, bus: String::new(), daemon: None }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.home.path().join(below)
    }

    pub(crate) fn configure(&self, config: &str) {
        std::fs::write(self.path(".config/byway/config.toml"), config).unwrap();
    }

    /// A program that knows nothing but this session.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LANG", "C.UTF-8");
        command.env("HOME", self.home.path()).env("TMPDIR", self.home.path()).env("SHELL", "/bin/sh");
        for (name, folder) in [
            ("XDG_CONFIG_HOME", ".config"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "run"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CACHE_HOME", "cache"),
        ] {
            command.env(name, self.path(folder));
        }
        command.env("XDG_CURRENT_DESKTOP", self.desktop).env("KDE_SESSION_VERSION", "5");
        if !self.bus.is_empty() {
            command.env("DBUS_SESSION_BUS_ADDRESS", &self.bus);
        }
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Runs a program of this session to its end.
    pub(crate) fn run(&self, program: &str, args: &[&str]) -> Said {
        let output = self.command(program).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    pub(crate) fn byway(&self, args: &[&str]) -> Said {
        self.run(env!("CARGO_BIN_EXE_byway"), args)
    }

    pub(crate) fn byway_json(&self, args: &[&str]) -> serde_json::Value {
        let said = self.byway(&[args, &["--json"]].concat());
        serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:#?}"))
    }

    /// Everything that GNOME has about proxies.
    pub(crate) fn gnome(&self) -> String {
        let said = self.run("gsettings", &["list-recursively", "org.gnome.system.proxy"]).good();
        let mut lines: Vec<_> = said.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    }

    pub(crate) fn gnome_value(&self, schema: &str, key: &str) -> String {
        self.run("gsettings", &["get", &format!("org.gnome.system.proxy{schema}"), key]).good().trim().to_owned()
    }

    pub(crate) fn set_gnome(&self, schema: &str, key: &str, value: &str) {
        self.run("gsettings", &["set", &format!("org.gnome.system.proxy{schema}"), key, value]).good();
    }

    /// KDE's file about proxies; empty when there is none.
    pub(crate) fn kde(&self) -> String {
        std::fs::read_to_string(self.path(".config/kioslaverc")).unwrap_or_default()
    }

    pub(crate) fn set_kde(&self, key: &str, value: &str) {
        let args = ["--file", "kioslaverc", "--group", "Proxy Settings", "--key", key, "--", value];
        self.run("kwriteconfig5", &args).good();
    }

    /// Starts byway and waits until it greets.
    pub(crate) fn start(&self) -> Running {
        let mut command = self.command(env!("CARGO_BIN_EXE_byway"));
        let mut child = command.arg("run").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = gather(child.stderr.take().unwrap());
        let running = Running { child, said };
        running.says("stop it with Ctrl-C");
        running
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// Gathers what a program says, as it says it.
fn gather(from: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let said = Arc::new(Mutex::new(String::new()));
    let all = Arc::clone(&said);
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            all.lock().unwrap().push_str(&(line + "\n"));
        }
    });
    said
}

/// A byway that runs; it ends with its test.
pub(crate) struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Running {
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has said this.
    pub(crate) fn says(&self, words: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.said().contains(words) {
            assert!(Instant::now() < end, "it does not say {words:?}:\n{}", self.said());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Where it listens.
    pub(crate) fn door(&self) -> SocketAddr {
        let said = self.said();
        let line = said.lines().find_map(|line| line.strip_prefix("byway listens on ")).unwrap();
        line.split(' ').next().unwrap().parse().unwrap()
    }

    /// Where phones come in for this.
    pub(crate) fn phone_door(&self, what: &str) -> SocketAddr {
        let said = self.said();
        let begin = format!("byway is a WhatsApp proxy for {what} at ");
        said.lines().find_map(|line| line.strip_prefix(&begin)).unwrap().parse().unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// Ends it with this signal.
    pub(crate) fn end(mut self, signal: &str) -> String {
        self.signal(signal);
        wait_for("its end", || self.child.try_wait().unwrap());
        self.said()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A SOCKS5 server far away, whatever it is asked for: notes the names, and is a small web site or answers as `talk` says.
pub(crate) struct Abroad {
    pub(crate) at: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Abroad {
    /// Serves a page that says `page`.
    pub(crate) fn with_page(page: &'static str) -> Self {
        Self::with(move |mut stream| {
            let mut head = Vec::new();
            let mut byte = [0; 1];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                head.push(byte[0]);
            }
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                page.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        })
    }

    /// Gives back what it is sent.
    pub(crate) fn with_echo() -> Self {
        Self::with(|mut stream| {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                if stream.write_all(&buffer[..read]).is_err() {
                    return;
                }
            }
        })
    }

    fn with(talk: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (at, asked, talk) = (listener.local_addr().unwrap(), Arc::default(), Arc::new(talk));
        let notes: Arc<Mutex<Vec<String>>> = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (notes, talk) = (Arc::clone(&notes), Arc::clone(&talk));
                thread::spawn(move || {
                    let mut stream = stream;
                    if let Some(name) = negotiate(&mut stream) {
                        notes.lock().unwrap().push(name);
                        talk(stream);
                    }
                });
            }
        });
        Self { at, asked }
    }

    /// What was asked for so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// RFC 1928: no login, CONNECT to a name or an address.
fn negotiate(stream: &mut TcpStream) -> Option<String> {
    let mut take = |count: usize| {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).ok().map(|()| bytes)
    };
    let greeting = take(2)?;
    take(usize::from(greeting[1]))?;
    stream.write_all(&[5, 0]).ok()?;
    let mut take = |count: usize| {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).ok().map(|()| bytes)
    };
    let head = take(4)?;
    let host = match head[3] {
        1 => {
            let ip = take(4)?;
            std::net::Ipv4Addr::new(ip[0], ip[1], ip[2], ip[3]).to_string()
        }
        3 => {
            let length = take(1)?;
            String::from_utf8(take(usize::from(length[0]))?).ok()?
        }
        _ => return None,
    };
    let port = take(2)?;
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).ok()?;
    Some(format!("{host}:{}", u16::from_be_bytes([port[0], port[1]])))
}

/// A configuration with `messenger.test`, which is reached over `abroad` alone, and `elsewhere.test`, which only goes
/// straight out, where its name is not found: no resolver is there.
pub(crate) fn config(abroad: SocketAddr, more: &str) -> String {
    format!(
        "order = [\"lab\"]\n{more}\n[detect]\nmode = \"off\"\n[transport.lab.socks5]\nserver = \"{abroad}\"\n\
         [service.lab]\nnames = [\"messenger.test\"]\norder = [\"lab\"]\n\
         [service.elsewhere]\nnames = [\"elsewhere.test\"]\norder = [\"direct\"]\n\
         [resolver]\nsecure = [{{ url = \"https://resolver.example/dns-query\", ip = \"127.0.0.9\" }}]\n"
    )
}

/// The usual door.
pub(crate) const LISTEN: &str = "listen = [\"127.0.0.1:0\"]";
