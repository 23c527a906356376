//! How small byway is on a router: its file, its memory when nothing happens, its memory with 500 connections, and that it
//! lives within such a limit. Measured is the program that `BYWAY_SMALL` names, for the profile `router` promises this and
//! a debug build does not: `just router`. Everything is on loopback.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test, outside cfg(test)")]

#[path = "proxy/house.rs"]
#[allow(dead_code, reason = "made for more tests than these")]
mod house;

use house::{Home, Running, skipped};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

const MB: u64 = 1_000_000;
/// One binary.
const FILE: u64 = 12 * MB;
/// When nothing happens. 11 MB were measured; most of it is the program itself, as far as it was read.
const IDLE: u64 = 14 * MB;
/// With so many connections.
const FLOWS: usize = 500;
const BUSY: u64 = 40 * MB;
/// What each connection carries, both ways.
const EACH: usize = 64 << 10;

const CONFIG: &str = "listen = [\"127.0.0.1:0\"]\norder = [\"direct\"]\nhistory = \"memory\"\n[detect]\nmode = \"off\"\n\
                      [service.mine]\nprefixes = [\"127.0.0.9/32\"]\n";

#[test]
fn it_fits_a_small_router() {
    let Some(program) = std::env::var_os("BYWAY_SMALL").map(PathBuf::from) else {
        return skipped("just router builds and names the program to measure (BYWAY_SMALL)");
    };
    let program = std::fs::canonicalize(program).unwrap();
    says_what_it_lacks(&program);
    let file = std::fs::metadata(&program).unwrap().len();
    say(&format!("the file: {file} bytes"));
    let home = Home::with(CONFIG);
    let cage = Cage::of(BUSY);
    let words = cage.as_ref().map_or_else(|| vec![program.display().to_string()], |cage| cage.around(&program));
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let running = home.run_under(&words, &[]);
    let pid = pid(&home);
    let idle = resident(pid);
    say(&format!("idle: {idle} bytes"));

    let origin = echo();
    let mut flows: Vec<_> = (0..FLOWS).map(|_| connect(&running, origin)).collect();
    let page: Vec<_> = (0..EACH).map(|at| u8::try_from(at % 251).unwrap()).collect();
    for flow in &mut flows {
        flow.write_all(&page).unwrap();
        let mut back = vec![0; EACH];
        flow.read_exact(&mut back).unwrap();
        assert!(back == page, "the bytes are not those that were sent");
    }
    let busy = resident(pid);
    say(&format!("with {FLOWS} connections: {busy} bytes"));
    // All of them are still there.
    for flow in &mut flows {
        flow.write_all(b"still there").unwrap();
        flow.read_exact(&mut [0; 11]).unwrap();
    }
    match &cage {
        Some(cage) => say(&format!("the most in its group of {BUSY} bytes: {}", cage.peak())),
        None => say("no limit could be set (a writable cgroup with the memory controller): measured only"),
    }
    assert!(file <= FILE, "{file} bytes on disk");
    assert!(idle <= IDLE, "{idle} bytes when nothing happens");
    assert!(busy <= BUSY, "{busy} bytes with {FLOWS} connections");
}

/// What no router needs is not in it; it knows the command all the same.
fn says_what_it_lacks(program: &Path) {
    for command in ["demo", "top"] {
        let done = std::process::Command::new(program).args(["--lang", "en", command]).output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(1), "{command}: {said}");
        assert!(said.contains(&format!("without `byway {command}`")), "{said}");
    }
}

/// A group of processes with so much memory: cgroup v2, or v1 where there is no other.
struct Cage {
    folder: PathBuf,
    peak: &'static str,
}

impl Cage {
    fn of(most: u64) -> Option<Self> {
        let kinds = [
            ("/sys/fs/cgroup", "memory.max", "memory.peak"),
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
        ];
        kinds.into_iter().find_map(|(root, limit, peak)| {
            if !Path::new(root).join("cgroup.procs").exists() {
                return None;
            }
            let folder = Path::new(root).join(format!("byway-small-{}", std::process::id()));
            std::fs::create_dir(&folder).ok()?;
            let cage = Self { folder, peak };
            std::fs::write(cage.folder.join(limit), most.to_string()).ok().map(|()| cage)
        })
    }

    fn around(&self, program: &Path) -> Vec<String> {
        let script = format!("echo $$ > '{}/cgroup.procs' && exec \"$@\"", self.folder.display());
        ["sh", "-c", &script, "sh", &program.display().to_string()].map(String::from).into()
    }

    fn peak(&self) -> String {
        let told = std::fs::read_to_string(self.folder.join(self.peak));
        told.unwrap_or_else(|_| String::from("not told")).trim().to_owned()
    }
}

impl Drop for Cage {
    fn drop(&mut self) {
        // The process in it may be a moment in going.
        for _ in 0..100 {
            if std::fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// An origin that says everything back.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.9:0").unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::Builder::new()
                .stack_size(128 << 10)
                .spawn(move || {
                    let mut back = stream.try_clone().unwrap();
                    let _ = std::io::copy(&mut &stream, &mut back);
                })
                .unwrap();
        }
    });
    at
}

/// A connection to `to` by SOCKS5 (RFC 1928).
fn connect(running: &Running, to: SocketAddr) -> TcpStream {
    let SocketAddr::V4(to) = to else { panic!("an IPv4 origin") };
    let mut stream = TcpStream::connect(running.door()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(&[5, 1, 0]).unwrap();
    stream.read_exact(&mut [0; 2]).unwrap();
    let request = [&[5, 1, 0, 1][..], &to.ip().octets(), &to.port().to_be_bytes()].concat();
    stream.write_all(&request).unwrap();
    let mut answer = [0; 10];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer[1], 0, "refused");
    stream
}

/// The process that holds the control socket.
fn pid(home: &Home) -> u32 {
    let control = home.socket();
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let ours = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let name = control.as_os_str().as_encoded_bytes();
        line.windows(name.len()).any(|part| part == name)
    };
    pids.into_iter().find(ours).unwrap()
}

/// VmRSS of proc(5).
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

fn say(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}
