//! What can go wrong with a machine: ports and sockets that are taken, descriptors and disks that are used up, files
//! that are damaged, clients that talk nonsense.

use crate::house::{BYWAY, Home, curl, find, skipped, wait_for};
use crate::origins::{PAGE, origin};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

const PLAIN: &str = "listen = [\"127.0.0.1:0\"]\n[detect]\nmode = \"off\"\n";

#[test]
fn a_port_in_use_is_said_and_nothing_is_left_behind() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    let home = Home::with(&PLAIN.replace("127.0.0.1:0", &at.to_string()));
    let said = home.byway(&["run"]).failed(1);
    assert!(said.contains(&format!("{at} is in use")), "{said}");
    assert!(!home.socket().exists());
}

#[test]
fn a_second_one_is_refused_and_the_first_goes_on() {
    let home = Home::with(PLAIN);
    let running = home.run(&[]);
    let said = home.byway(&["run"]).failed(1);
    assert!(said.contains("already running"), "{said}");
    assert!(home.byway(&["status"]).good().contains(&running.door().to_string()));
}

#[test]
fn what_a_killed_one_left_behind_is_no_obstacle() {
    let home = Home::with(PLAIN);
    drop(home.run(&[]));
    assert!(home.socket().exists(), "a killed process cleans nothing up");
    let running = home.run(&[]);
    assert!(home.byway(&["status"]).good().contains(&running.door().to_string()));
}

#[test]
fn when_descriptors_are_used_up_it_lives_and_recovers() {
    let Some(program) = find("curl", "curl") else { return };
    let home = Home::with(PLAIN);
    let running = home.run_under(&["sh", "-c", "ulimit -n 64; exec \"$0\" \"$@\"", BYWAY], &[]);
    let (at, _) = origin("127.0.0.1");
    let crowd: Vec<_> = (0..100).map(|_| TcpStream::connect(running.door()).unwrap()).collect();
    running.says("cannot accept");
    drop(crowd);
    let (proxy, url) = (format!("socks5h://{}", running.door()), format!("http://{at}/"));
    wait_for("a page after the crowd left", || {
        let said = curl(&program, &proxy, &["--max-time", "3", &url]);
        (said.code == Some(0)).then(|| assert_eq!(said.out, PAGE))
    });
    let lines = running.said().lines().count();
    assert!(lines < 40, "it says the same over and over:\n{}", running.said());
    assert!(running.stop().0.success());
}

#[test]
fn garbage_at_the_door_costs_nothing() {
    let Some(program) = find("curl", "curl") else { return };
    // Some of the garbage reads as a request for some address or other: nothing here may go there.
    let nowhere = "[transport.dead.socks5]\nserver = \"127.0.0.1:1\"\n[service.other]\norder = [\"dead\"]\n";
    let home = Home::with(&format!("{PLAIN}{nowhere}"));
    let running = home.run(&[]);
    let mut noise = Vec::new();
    let mut state = 1_u32;
    for _ in 0..4096 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.push((state >> 24) as u8);
    }
    let heads: [&[u8]; 8] = [
        b"",
        b"\x05",
        b"\x05\xff",
        b"\x04\x01",
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        b"CONNECT x",
        b"\x00",
    ];
    for head in heads {
        let mut stream = TcpStream::connect(running.door()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // It may hang up while we still talk.
        let _ = stream.write_all(head).and_then(|()| stream.write_all(&noise));
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.len() < 4096, "{head:?}: {} bytes", answer.len());
    }
    wait_for("nobody inside", || (home.byway(&["status", "--json"]).json()["counters"]["open"] == 0).then_some(()));
    let proxy = format!("http://{}", running.door());
    let said = curl(&program, &proxy, &["--write-out", "\n%{http_code}", "http://127.0.0.1:1/"]).good();
    assert!(said.ends_with("\n502"), "the door is still open, and says why not: {said}");
    assert!(!running.said().contains("panicked"), "{}", running.said());
}

/// Keeps the history in `folder`.
fn on_disk(folder: &std::path::Path) -> String {
    format!("{PLAIN}[history]\nkeep = \"disk\"\npath = \"{}\"\n", folder.display())
}

#[test]
fn the_history_outlives_a_restart_and_a_damaged_one_is_set_aside() {
    let home = Home::with("");
    let folder = home.path().join("history");
    home.configure(&on_disk(&folder));
    let running = home.run(&[]);
    home.byway(&["use", "telegram", "direct"]).failed(0);
    assert!(running.stop().0.success());
    let running = home.run(&[]);
    assert!(home.byway(&["history"]).good().contains("told to go out directly"));
    assert!(running.stop().0.success());

    for file in std::fs::read_dir(&folder).unwrap().flatten() {
        std::fs::write(file.path(), b"scribbled over".repeat(1000)).unwrap();
    }
    let running = home.run(&[]);
    running.says("set aside as");
    home.byway(&["use", "telegram", "split"]).failed(0);
    let history = home.byway(&["history"]).good();
    assert!(history.contains("told to go through split") && !history.contains("told to go out directly"), "{history}");
}

/// A small disk of its own.
struct SmallDisk<'a>(&'a std::path::Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a std::path::Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=256k,mode=700", "byway-test"]).arg(at);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self(at))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_costs_the_history_on_disk_and_nothing_else() {
    let Some(program) = find("curl", "curl") else { return };
    let home = Home::with("");
    let folder = home.path().join("small");
    let Some(_disk) = SmallDisk::mount(&folder) else { return skipped("needs the right to mount a tmpfs") };
    home.configure(&on_disk(&folder));
    // Nothing more fits.
    let mut filler = std::fs::File::create(folder.join("filler")).unwrap();
    while filler.write_all(&[0; 4096]).is_ok() {}
    let running = home.run(&[]);
    running.says("history is kept in memory");
    home.byway(&["use", "telegram", "split"]).failed(0);
    assert!(home.byway(&["history"]).good().contains("told to go through split"));
    let (at, _) = origin("127.0.0.1");
    let proxy = format!("socks5h://{}", running.door());
    assert_eq!(curl(&program, &proxy, &[&format!("http://{at}/")]).good(), PAGE);
    assert!(running.stop().0.success());
}
