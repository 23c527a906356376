//! The program itself: `byway ui` and `byway top` beside a running byway that tests nothing and goes nowhere.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const CONFIG: &str =
    "listen = [\"127.0.0.1:0\"]\norder = [\"direct\"]\nhistory = \"memory\"\n[detect]\nmode = \"off\"\n";

/// A running byway with a folder of its own.
struct Running {
    child: Child,
    folder: tempfile::TempDir,
    greeting: String,
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_byway"));
    command.env_clear().env("HOME", folder).env("TMPDIR", folder).stdin(Stdio::null());
    command.arg("--config").arg(folder.join("byway.toml")).arg("--control").arg(folder.join("c.sock"));
    command
}

impl Running {
    fn start(more: &str) -> Self {
        let only_me = std::fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().permissions(only_me).tempdir().unwrap();
        std::fs::write(folder.path().join("byway.toml"), format!("{CONFIG}{more}")).unwrap();
        let mut child = command(folder.path()).arg("run").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut greeting = String::new();
        for line in said.by_ref().map_while(Result::ok) {
            greeting += &(line.clone() + "\n");
            // The last thing it says when it is ready.
            if line.contains(if more.is_empty() { "stop it with Ctrl-C" } else { "byway ui" }) {
                break;
            }
        }
        // What it says later is taken from it, so that it never waits for a reader.
        std::thread::spawn(move || said.for_each(drop));
        Self { child, folder, greeting }
    }

    fn byway(&self, arguments: &[&str]) -> Output {
        command(self.folder.path()).args(arguments).output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request, raw; the whole answer.
fn ask(at: &str, path: &str, cookie: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {at}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_page_is_closed_until_ui_asks_and_its_link_works_once() {
    let running = Running::start("");
    assert!(!running.greeting.contains("status page is at"), "{}", running.greeting);
    let said = running.byway(&["ui"]);
    assert!(said.status.success(), "{said:?}");
    let link = String::from_utf8(said.stdout).unwrap().trim().to_owned();
    let (at, path) = link.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let path = format!("/{path}");
    assert!(ask(at, "/", "").starts_with("HTTP/1.1 404"));
    let entered = ask(at, &path, "");
    assert!(entered.starts_with("HTTP/1.1 303"), "{entered}");
    let cookie = entered.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let page = ask(at, "/", cookie.split(';').next().unwrap());
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("Telegram"), "{page}");
    assert!(page.contains("content-security-policy: default-src 'none'"), "{page}");
    assert!(ask(at, &path, "").starts_with("HTTP/1.1 404"), "used up");
    let json = running.byway(&["ui", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(json["schema"] == 1 && json["at"] == at && json["valid_secs"] == 600, "{json}");
}

#[test]
fn the_configuration_opens_the_page_from_the_start() {
    let running = Running::start("[control]\npage = \"127.0.0.1:0\"\n");
    let at = running.greeting.split("status page is at ").nth(1).unwrap().split(';').next().unwrap();
    assert!(ask(at, "/", "").starts_with("HTTP/1.1 404"));
    let said = running.byway(&["ui"]);
    assert!(String::from_utf8(said.stdout).unwrap().starts_with(&format!("http://{at}/?token=")));
}

#[test]
fn top_wants_a_terminal_and_leaves_it_as_it_was() {
    let running = Running::start("");
    let refused = running.byway(&["top"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("needs a terminal"), "{refused:?}");

    let Some(script) = find("script") else { return };
    let folder = running.folder.path().display();
    let program = env!("CARGO_BIN_EXE_byway");
    let line = format!("stty rows 40 cols 120; {program} --control {folder}/c.sock top; echo ended with $?");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut terminal = Command::new(script)
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .env("PATH", path)
        .env("TERM", "xterm")
        .env("HOME", running.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut keys = terminal.stdin.take().unwrap();
    let mut screen = terminal.stdout.take().unwrap();
    let (mut seen, mut part, mut asked) = (Vec::new(), [0; 4096], false);
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end {
        let got = screen.read(&mut part).unwrap_or(0);
        if got == 0 {
            break;
        }
        seen.extend_from_slice(&part[..got]);
        if !asked && String::from_utf8_lossy(&seen).contains("direct") {
            keys.write_all(b"q").unwrap();
            asked = true;
        }
    }
    let text = String::from_utf8_lossy(&seen);
    let (enter, leave) = (text.find("\u{1b}[?1049h"), text.find("\u{1b}[?1049l"));
    assert!(enter.is_some() && leave > enter, "{text}");
    assert!(text.contains("ended with 0"), "{text}");
    terminal.wait().unwrap();
}

fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    assert!(found.is_some() || std::env::var_os("BYWAY_REQUIRE_PEERS").is_none(), "{program} is required and missing");
    found
}
