//! A household behind the provider: a byway in the client's namespace and a person at its door, with everything around
//! them.

use crate::ground::{Ground, PATIENCE, wait_for};
use crate::provider::Provider;
use crate::resident::{command_in, inside};
use crate::town::Town;
use byway::lab::people::{App, Door, Mishap, Person, Session};
use byway::net::{OsStream, Stream};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio_socks::tcp::Socks5Stream;

/// Where byway listens, in its own namespace.
const DOOR: &str = "127.0.0.1:4180";

/// The detection rules with their waits shortened: what is asked again after 20 s in life is asked again after one
/// here. Thresholds, and the time-outs of connects and answers, are
/// byway's own, but for the number of SYNs that tells dropped packets from lost ones: nothing here is lost by chance.
pub(crate) const BRISK: &str = r#"
[detect]
anchor_every = "5s"
[detect.block]
span = "2s"
syns = 9
[detect.suspect]
at = ["1s", "3s", "6s"]
recheck = "4s"
apart = "300ms"
[detect.taint]
sni_rst = "2s"
sni_drop = "2s"
quic = "2s"
burst = "2s"
unknown = "2s"
[detect.idle]
settle = ["1s", "3s"]
[detect.budget]
per_service = "10MB"
total = "50MB"
daily = "500MB"
"#;

/// Everything a scenario needs. Fields end in this order.
pub(crate) struct Home {
    byway: Child,
    said: Arc<Mutex<String>>,
    folder: tempfile::TempDir,
    pub(crate) provider: Provider,
    pub(crate) town: Town,
    pub(crate) ground: Ground,
}

impl Home {
    /// A clean world with byway in it; `None`, and says so, where there cannot be one. `more` is added to its
    /// configuration.
    pub(crate) fn new(more: &str) -> Option<Self> {
        Self::behind(more, |_| {})
    }

    /// The same behind a provider that `prepare` has had its way with.
    pub(crate) fn behind(more: &str, prepare: impl FnOnce(&mut Provider)) -> Option<Self> {
        let ground = Ground::lay()?;
        let town = Town::open(&ground);
        let mut provider = Provider::open(&ground, &town.country);
        prepare(&mut provider);
        let only_me = std::fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().permissions(only_me).tempdir().unwrap();
        let write = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
        for (name, content) in town.country.config_files() {
            write(name, &content);
        }
        write("web-roots.pem", &town.country.web_roots());
        write("resolv.conf", &format!("nameserver {}\n", provider.nameserver));
        write("byway.toml", &configuration(&town, more));
        let (byway, said) = start(&ground, &folder);
        Some(Self { byway, said, folder, provider, town, ground })
    }

    /// Everything that byway has said on its stderr.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// One of byway's commands, to its end: its JSON, line by line.
    fn ask(&self, arguments: &[&str]) -> Vec<Value> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_byway"));
        command.args(["--control"]).arg(self.folder.path().join("control.sock")).args(arguments).arg("--json");
        let output = command.env_clear().env("HOME", self.folder.path()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        // The exit code tells how things stand, which is not the question here.
        assert!(!said.is_empty(), "{arguments:?}: {}\n{}", String::from_utf8_lossy(&output.stderr), self.said());
        serde_json::Deserializer::from_str(&said).into_iter().map(Result::unwrap).collect()
    }

    pub(crate) fn status(&self) -> Value {
        self.ask(&["status"]).remove(0)
    }

    pub(crate) fn why(&self, service: &str) -> Value {
        self.ask(&["why", service]).remove(0)
    }

    pub(crate) fn log(&self) -> Vec<Value> {
        self.ask(&["log", "-n", "1000"])
    }

    /// Waits until `status` is as `look` wants it; how long that took.
    pub(crate) fn until(&self, what: &str, look: impl Fn(&Value) -> bool) -> Duration {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if look(&self.status()) {
                return began.elapsed();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let status = serde_json::to_string_pretty(&self.status()).unwrap();
        panic!("{what}: not within {PATIENCE:?}\n{status}\n{}", self.said());
    }

    /// Does `work` as a person at this home, on a thread in its namespace.
    pub(crate) fn person<T, F>(&self, work: impl FnOnce(Person) -> F + Send) -> T
    where
        T: Send,
        F: Future<Output = T>,
    {
        let person = Person::new(&self.town.country, door(), fastrand::u64(..)).unwrap();
        inside(&self.ground.client, move || work(person))
    }

    /// Opens an app: how late the first byte of its server came.
    pub(crate) fn open(&self, app: &str) -> Result<Duration, Mishap> {
        let app = App::of(app);
        self.person(
            |person| async move { person.open(&app).await.as_ref().map(Session::first_byte).map_err(|why| *why) },
        )
    }

    /// The same as somebody does who waits only so long.
    pub(crate) fn impatient(&self, app: &str, patience: Duration) -> Result<Duration, Mishap> {
        let app = App::of(app);
        self.person(|person| async move {
            person.patience(patience).open(&app).await.as_ref().map(Session::first_byte).map_err(|why| *why)
        })
    }

    /// Opens an app until `look` wants no more; every opening must work.
    pub(crate) fn use_until(&self, app: &str, what: &str, look: impl Fn(&Value) -> bool) -> Vec<Duration> {
        let began = Instant::now();
        let mut first_bytes = Vec::new();
        while began.elapsed() < PATIENCE {
            first_bytes.push(self.open(app).unwrap_or_else(|why| panic!("{app}: {why}\n{}", self.said())));
            if look(&self.status()) {
                return first_bytes;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        let status = serde_json::to_string_pretty(&self.status()).unwrap();
        panic!("{what}: not within {PATIENCE:?}\n{status}\n{}", self.said());
    }
}

/// What a person may wait for the first byte of a blocked service: 95 of 100 openings take 3 s at the most.
pub(crate) fn in_good_time(mut first_bytes: Vec<Duration>) {
    first_bytes.sort_unstable();
    let rank = (first_bytes.len() * 95).div_ceil(100).max(1);
    let slowest = first_bytes[rank - 1];
    println!("first byte: p95 {slowest:?} of {}", first_bytes.len());
    assert!(slowest <= Duration::from_secs(3), "{first_bytes:?}");
}

impl Home {
    /// Asks for a page over plain HTTP: all of the answer.
    pub(crate) fn get(&self, host: &str) -> String {
        inside(&self.ground.client, || async {
            let mut stream = Socks5Stream::connect(DOOR, (host, 80)).await.unwrap();
            let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        })
    }

    /// Sends `packet` to a place by name through a UDP association (RFC 1928 §7), again and again as an app does; whether
    /// an answer that `is_answer` takes came within `patience`.
    pub(crate) fn packets(
        &self,
        (host, port): (&str, u16),
        packet: &[u8],
        is_answer: impl Fn(&[u8]) -> bool + Send,
        patience: Duration,
    ) -> bool {
        inside(&self.ground.client, || async move {
            let mut control = TcpStream::connect(DOOR).await.unwrap();
            control.write_all(&[5, 1, 0, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
            let mut reply = [0; 12];
            control.read_exact(&mut reply).await.unwrap();
            assert_eq!((&reply[..4], reply[5]), (&[5, 0, 5, 0][..], 1), "{reply:?}");
            let at =
                (Ipv4Addr::new(reply[6], reply[7], reply[8], reply[9]), u16::from_be_bytes([reply[10], reply[11]]));
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let to = [&[0, 0, 0, 3, u8::try_from(host.len()).unwrap()], host.as_bytes(), &port.to_be_bytes()].concat();
            let (ends, mut buf) = (Instant::now() + patience, [0; 2048]);
            while Instant::now() < ends {
                socket.send_to(&[&to, packet].concat(), at).await.unwrap();
                let answer = tokio::time::timeout(Duration::from_millis(500), socket.recv(&mut buf)).await;
                // Before it stands where it came from: an IPv4 address.
                if matches!(answer, Ok(Ok(size)) if size > 10 && is_answer(&buf[10..size])) {
                    return true;
                }
            }
            false
        })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _killed = self.byway.kill();
        let _status = self.byway.wait();
    }
}

/// The lab's configuration, with the ways in the order in which the scenarios speak of them.
fn configuration(town: &Town, more: &str) -> String {
    let text = town.country.config_toml();
    let text = text.replace("listen = [\"127.0.0.1:0\"]", &format!("listen = [\"{DOOR}\"]"));
    let text = text
        .replace("order = [\"direct\", \"split\", \"tokyo\", \"oslo\"]", "order = [\"direct\", \"tokyo\", \"oslo\"]");
    // The town's addresses are those of documentation.
    text.replace("[resolver]\n", "[resolver]\nallow_private = true\n") + more
}

/// Starts byway in the client's namespace, with the client's resolver and the town's roots, and waits until it greets.
fn start(ground: &Ground, folder: &tempfile::TempDir) -> (Child, Arc<Mutex<String>>) {
    let at = |name: &str| folder.path().join(name);
    let mut command = command_in(&ground.client, "sh");
    command.args(["-c", "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\""]).arg(at("resolv.conf"));
    command
        .arg(env!("CARGO_BIN_EXE_byway"))
        .arg("--config")
        .arg(at("byway.toml"))
        .arg("--control")
        .arg(at("control.sock"));
    command.args(["-vv", "run"]).env_clear().env("HOME", folder.path()).env("SSL_CERT_FILE", at("web-roots.pem"));
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let mut byway = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let said = gather(byway.stderr.take().unwrap());
    wait_for("byway's greeting", || {
        let words = said.lock().unwrap().clone();
        assert!(byway.try_wait().unwrap().is_none(), "byway ended:\n{words}");
        words.contains("stop it with Ctrl-C").then_some(())
    });
    (byway, said)
}

fn gather(from: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let said = Arc::new(Mutex::new(String::new()));
    let all = Arc::clone(&said);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            all.lock().unwrap().push_str(&(line + "\n"));
        }
    });
    said
}

/// byway's door, from inside its namespace.
fn door() -> Door {
    Arc::new(|| Box::pin(async { Ok(Box::new(OsStream::new(TcpStream::connect(DOOR).await?)?) as Stream) }))
}
