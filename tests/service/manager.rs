//! The test is the service manager: it listens where it is told of readiness, and hands over sockets.

use crate::house::{BYWAY, Home, Running, curl, find, wait_for};
use crate::origins::{PAGE, origin};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::Duration;

const CONFIG: &str = "listen = [\"127.0.0.1:0\"]\norder = [\"direct\"]\n[detect]\nmode = \"off\"\n\
                      [service.mine]\nprefixes = [\"127.0.0.9/32\"]\n";

/// Where a service says how it is.
struct Ear(UnixDatagram);

impl Ear {
    fn at(home: &Home) -> (Self, String) {
        let place = home.path().join("notify");
        let socket = UnixDatagram::bind(&place).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        (Self(socket), format!("NOTIFY_SOCKET={}", place.display()))
    }

    /// The next message that has a line beginning with `word`; what came before it is added to `heard`.
    fn hears(&self, word: &str, heard: &mut Vec<String>) -> String {
        loop {
            let mut bytes = [0; 4096];
            let length = self.0.recv(&mut bytes).unwrap_or_else(|error| panic!("no {word}: {error}; heard {heard:?}"));
            let message = String::from_utf8(bytes[..length].to_vec()).unwrap();
            heard.push(message.clone());
            if message.lines().any(|line| line.starts_with(word)) {
                return message;
            }
        }
    }
}

#[test]
fn the_manager_hears_of_readiness_of_a_reload_of_a_failed_one_and_of_the_end() {
    let home = Home::with(CONFIG);
    let (ear, variable) = Ear::at(&home);
    let running = home.run_under(&["env", &variable, BYWAY], &[]);
    let mut heard = Vec::new();
    ear.hears("READY=1", &mut heard);
    assert_eq!(heard.iter().filter(|message| message.contains("RELOADING")).count(), 0);
    let status = ear.hears("STATUS=", &mut heard);
    assert!(!status.contains("127.0.0."), "{status}");

    for config in ["listen = 7\n", CONFIG] {
        home.configure(config);
        // The file's change alone is enough; the signal is what systemd sends.
        running.signal("HUP");
        let reloading = ear.hears("RELOADING=1", &mut heard);
        let time = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).unwrap();
        assert!(time.parse::<u64>().unwrap() > 0);
        ear.hears("READY=1", &mut heard);
    }
    let (exit, _) = running.stop();
    assert!(exit.success());
    ear.hears("STOPPING=1", &mut heard);
    assert!(!heard.iter().any(|message| message.contains("WATCHDOG")), "nobody asked for it: {heard:?}");
}

#[test]
fn a_watchdog_is_fed_while_everything_answers() {
    let home = Home::with(CONFIG);
    let (ear, variable) = Ear::at(&home);
    let _running = home.run_under(&["env", &variable, "WATCHDOG_USEC=500000", BYWAY], &[]);
    for _ in 0..3 {
        ear.hears("WATCHDOG=1", &mut Vec::new());
    }
}

#[test]
fn without_a_manager_nothing_is_missing() {
    let home = Home::with(CONFIG);
    let running = home.run_under(&["env", "NOTIFY_SOCKET=/nowhere/at/all", BYWAY], &[]);
    running.signal("HUP");
    running.says("read again");
    let (exit, said) = running.stop();
    assert!(exit.success() && !said.contains("error"), "{said}");
}

/// Starts byway with `socket` as the one that its manager hands over.
fn handed(home: &Home, socket: &TcpListener) -> Running {
    let script = "exec 3<&0 </dev/null; export LISTEN_PID=$$; exec \"$@\"";
    let program = ["sh", "-c", script, "sh", "env", "LISTEN_FDS=1", "LISTEN_FDNAMES=socks", BYWAY];
    let mut command = home.command(&program);
    command.arg("run").stdin(Stdio::from(OwnedFd::from(socket.try_clone().unwrap())));
    Running::start(&mut command)
}

#[test]
fn a_port_that_is_handed_over_outlives_the_process() {
    let Some(program) = find("curl", "curl") else { return };
    let (origin, _heard) = origin("127.0.0.9");
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = socket.local_addr().unwrap();
    let home = Home::with(&CONFIG.replace("127.0.0.1:0", &at.to_string()));
    let fetch = || curl(&program, &format!("socks5h://{at}"), &[&format!("http://{origin}/")]).good();

    let first = handed(&home, &socket);
    assert_eq!(first.doors, [at]);
    assert_eq!(fetch(), PAGE);
    assert!(first.stop().0.success());

    // Nobody is there: a client waits, and is served by the next.
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(fetch);
        wait_for("a client in the queue", || TcpStream::connect(at).ok());
        let second = handed(&home, &socket);
        let page = waiting.join().unwrap();
        // A reload that changes the doors takes the same socket again.
        home.configure(&CONFIG.replace("127.0.0.1:0", &format!("{at}\", \"127.0.0.1:0")));
        second.says("the listeners are changed");
        assert_eq!(fetch(), PAGE);
        page
    });
    assert_eq!(waiting, PAGE);
}

#[test]
fn a_port_that_the_configuration_does_not_name_is_told_and_not_served() {
    let home = Home::with(CONFIG);
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = socket.local_addr().unwrap();
    let running = handed(&home, &socket);
    assert!(!running.doors.contains(&at));
    running.says(&format!("the service manager holds {at} open, and nobody is served there"));
}
