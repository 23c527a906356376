//! What every test here needs: a running byway with a folder of its own, the peers, origins on loopback, and
//! patience with a deadline.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The program under test.
pub(crate) const BYWAY: &str = env!("CARGO_BIN_EXE_byway");

/// The most that anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

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

/// A folder for one byway, which only this user can enter.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        let only_me = std::fs::Permissions::from_mode(0o700);
        Self { folder: tempfile::Builder::new().permissions(only_me).tempdir().unwrap() }
    }

    /// A home with this configuration.
    pub(crate) fn with(config: &str) -> Self {
        let home = Self::new();
        home.configure(config);
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("byway.toml")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path().join("control.sock")
    }

    /// Puts this configuration in the place of the last, as editors do.
    pub(crate) fn configure(&self, config: &str) {
        let fresh = self.path().join("fresh");
        std::fs::write(&fresh, config).unwrap();
        std::fs::rename(fresh, self.config()).unwrap();
    }

    /// A program, knowing nothing but this home.
    fn bare(&self, program: &[&str]) -> Command {
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).env_clear().env("HOME", self.path()).env("TMPDIR", self.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if self.roots().exists() {
            command.env("SSL_CERT_FILE", self.roots());
        }
        command
    }

    /// The authorities that this home trusts, where it has some of its own.
    pub(crate) fn roots(&self) -> PathBuf {
        self.path().join("roots.pem")
    }

    /// byway with this home's configuration. `program` may be a wrapper that ends in byway.
    pub(crate) fn command(&self, program: &[&str]) -> Command {
        let mut command = self.bare(program);
        command.arg("--config").arg(self.config()).arg("--control").arg(self.socket());
        command
    }

    /// Runs one command as a person does who named no file, with something to read.
    pub(crate) fn at_home_reading(&self, arguments: &[&str], input: &str) -> Said {
        Said::reading(self.bare(&[BYWAY]).args(arguments), input)
    }

    /// Starts the proxy as a person does who named no file.
    pub(crate) fn run_at_home(&self, arguments: &[&str]) -> Running {
        Running::start(self.bare(&[BYWAY]).args(arguments))
    }

    /// Runs one command to its end.
    pub(crate) fn byway(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(&[BYWAY]).args(arguments).output().unwrap())
    }

    /// Runs one command to its end, with something to read.
    pub(crate) fn byway_reading(&self, arguments: &[&str], input: &str) -> Said {
        Said::reading(self.command(&[BYWAY]).args(arguments), input)
    }

    /// Starts the proxy and waits until it greets.
    pub(crate) fn run(&self, arguments: &[&str]) -> Running {
        self.run_under(&[BYWAY], arguments)
    }

    /// The same under another program, which must become byway itself.
    pub(crate) fn run_under(&self, program: &[&str], arguments: &[&str]) -> Running {
        Running::start(self.command(program).args(arguments).arg("run"))
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

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn reading(command: &mut Command, input: &str) -> Self {
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // It may end without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Self::of(child.wait_with_output().unwrap())
    }

    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Its standard output, when it ended well.
    pub(crate) fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.out
    }

    /// Its messages, when it ended with `code`.
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self.err
    }

    /// Its standard output as one JSON value.
    pub(crate) fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.good()).expect("one JSON value")
    }
}

/// A proxy that runs; it ends with its test.
pub(crate) struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
    pub(crate) doors: Vec<SocketAddr>,
}

impl Running {
    /// Starts it and waits until it greets.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (said, _) = (gather(child.stderr.take().unwrap()), gather(child.stdout.take().unwrap()));
        let mut running = Running { child, said, doors: Vec::new() };
        wait_for("the greeting", || {
            assert!(running.child.try_wait().unwrap().is_none(), "it ended:\n{}", running.said());
            running.said().contains("stop it with Ctrl-C").then_some(())
        });
        let said = running.said();
        let listens = said.lines().filter_map(|line| line.strip_prefix("byway listens on "));
        running.doors = listens.map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
        running
    }

    pub(crate) fn door(&self) -> SocketAddr {
        self.doors[0]
    }

    /// Everything on its stderr so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until its stderr has these words.
    pub(crate) fn says(&self, words: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.said().contains(words) {
            assert!(Instant::now() < end, "it does not say {words:?}:\n{}", self.said());
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until it has ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        wait_for("its end", || self.child.try_wait().unwrap())
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        self.signal("TERM");
        (self.ended(), self.said())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// curl through `proxy` (such as `socks5h://127.0.0.1:1`), with no proxy of the environment.
pub(crate) fn curl(curl: &Path, proxy: &str, arguments: &[&str]) -> Said {
    let mut command = Command::new(curl);
    command.env_clear().args(["-q", "--silent", "--show-error", "--max-time", "20", "--noproxy", "", "-x", proxy]);
    Said::of(command.args(arguments).stdin(Stdio::null()).output().unwrap())
}

/// A peer program that ends with its test.
pub(crate) struct Peer {
    pub(crate) at: SocketAddr,
    child: Child,
}

impl Peer {
    /// Ends it now, and waits until nobody listens there.
    pub(crate) fn end(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        wait_for("a closed port", || TcpStream::connect(self.at).is_err().then_some(()));
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where `program` is, if anywhere; tells how to install it otherwise.
pub(crate) fn find(program: &str, package: &str) -> Option<PathBuf> {
    let found = on_path(program);
    if found.is_none() {
        let required = std::env::var("BYWAY_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!required, "{program} is required; install with apt-get install {package}");
        skipped(&format!("apt-get install {package}"));
    }
    found
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut places = path.split(':').chain(["/usr/sbin", "/usr/local/sbin"]).map(|dir| Path::new(dir).join(program));
    places.find(|file| file.is_file())
}

/// Straight to stderr, for the macros' output is shown only when a test fails.
pub(crate) fn skipped(install: &str) {
    let test = thread::current().name().unwrap_or("test").to_string();
    let _ = writeln!(std::io::stderr(), "{test} skipped: {install}");
}

/// Starts a peer on a free port of loopback and waits until it listens. Another program may take the port between
/// our looking and its binding, hence the tries.
fn start(program: &Path, arguments: impl Fn(SocketAddr) -> Vec<String>) -> Peer {
    for _ in 0..5 {
        let at = closed_port();
        let mut command = Command::new(program);
        command.args(arguments(at)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end && child.try_wait().unwrap().is_none() {
            if TcpStream::connect(at).is_ok() {
                return Peer { at, child };
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
    panic!("{} does not start", program.display());
}

fn texts(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(|text| (*text).to_string()).collect()
}

/// The password of the Shadowsocks servers here.
pub(crate) const PASSWORD: &str = "correct-horse-battery";

/// A Shadowsocks server for streams and packets.
pub(crate) fn ss_server() -> Option<Peer> {
    let program = find("ss-server", "shadowsocks-libev")?;
    Some(start(&program, |at| {
        texts(&["-s", "127.0.0.1", "-p", &at.port().to_string(), "-k", PASSWORD, "-m", "aes-256-gcm", "-u"])
    }))
}

/// The reference server of the 2022 ciphers and its key. No Debian package has it, so it is never required.
pub(crate) fn ssserver() -> Option<(Peer, &'static str)> {
    const KEY: &str = "AAECAwQFBgcICQoLDA0ODw==";
    let Some(program) = on_path("ssserver") else {
        skipped("cargo install shadowsocks-rust --features aead-cipher-2022");
        return None;
    };
    let run = |at: SocketAddr| texts(&["-s", &at.to_string(), "-k", KEY, "-m", "2022-blake3-aes-128-gcm", "-U"]);
    Some((start(&program, run), KEY))
}

pub(crate) fn microsocks() -> Option<Peer> {
    let program = find("microsocks", "microsocks")?;
    Some(start(&program, |at| texts(&["-i", "127.0.0.1", "-p", &at.port().to_string()])))
}

/// A port of loopback that nobody listens on.
pub(crate) fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
