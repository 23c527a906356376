use super::child::{Child, Children};
use super::contract::{Recipe, Role};
use super::*;
use crate::model::{Cause, Leg};
use crate::net::{Deadline, Network, OsNetwork, Resolver, resolve};
use crate::transport::direct::Lookup;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn straight() -> Arc<Direct> {
    let network: Arc<dyn Network> = Arc::new(OsNetwork);
    let resolver = Arc::new(Resolver::new(network.clone(), resolve::Settings::system_only()).unwrap());
    Arc::new(Direct::new(network, resolver, Lookup::Server))
}

/// A program of a few lines.
fn shell(script: &str) -> Run {
    Run::command(["sh", "-c", script].map(str::to_owned).to_vec())
}

fn socks(run: Run) -> Recipe {
    Recipe { run, role: Role::Socks(None) }
}

fn child(recipe: Recipe) -> Arc<Child> {
    Children::default().of(&"way".into(), recipe, straight())
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

/// Waits until something holds; the test's runner ends a wait without end.
async fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Whether a process is there and not merely waiting to be counted.
fn lives(pid: i32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    let ended = state.is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')));
    kill(Pid::from_raw(pid), None).is_ok() && !ended
}

async fn pid_in(file: &Path) -> i32 {
    let read = || std::fs::read_to_string(file).ok().filter(|text| text.ends_with('\n'));
    until(|| read().is_some()).await;
    read().unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn a_program_that_ends_again_and_again_is_called_a_crash_loop() {
    let child = child(socks(shell("echo 'no way to secret.example: hunter2' >&2; exit 3")));
    assert_eq!((child.trouble(), child.manner()), (None, Some("program not started yet")));
    let failure = child.up(soon()).await.unwrap_err();
    assert_eq!((failure.leg, failure.cause), (Leg::Near, Cause::ConnectionRefused));
    for ends in 1..=patience::LOOP {
        until(|| child.ends() == Some(ends)).await;
        let trouble = child.trouble().unwrap();
        assert!(trouble.contains("exited with code 3") && !trouble.contains("secret.example"), "{trouble}");
        assert_eq!(trouble.contains("crash loop"), ends == patience::LOOP, "{ends}: {trouble}");
        assert!(trouble.contains("no way to"), "its last words are told: {trouble}");
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(10)).await;
        tokio::time::resume();
    }
    assert!(child.up(soon()).await.is_err(), "it is left alone for now");
    child.moved();
    until(|| child.trouble().is_some_and(|trouble| !trouble.contains("crash loop"))).await;
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let child = child(socks(Run::command(vec!["no-such-program".into(), "{port}".into()])));
    assert!(child.up(soon()).await.is_err());
    let trouble = child.trouble().unwrap();
    assert!(trouble.contains("\"no-such-program\" is not found"), "{trouble}");
}

#[tokio::test]
async fn a_place_that_is_taken_is_not_trusted() {
    let stranger = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = stranger.local_addr().unwrap();
    let child = child(Recipe { run: shell("sleep 600"), role: Role::Socks(Some(at)) });
    assert!(child.up(soon()).await.is_err());
    assert!(child.trouble().unwrap().contains("another program listens"), "{:?}", child.trouble());
}

#[tokio::test]
async fn a_program_that_is_never_ready_is_ended_and_told() {
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("pid");
    let mut run = shell("echo $$ > \"$FILE\"; sleep 600");
    run.environment.push(("FILE".into(), Secret::new(file.display().to_string())));
    run.start_timeout = Duration::from_secs(1);
    let child = child(socks(run));
    assert!(child.up(soon()).await.is_err());
    assert!(child.trouble().unwrap().contains("not ready after 1 s"), "{:?}", child.trouble());
    let pid = pid_in(&file).await;
    until(|| !lives(pid)).await;
}

#[tokio::test]
async fn nothing_that_a_program_started_outlives_its_way() {
    for (script, gone) in [
        ("sleep 600 & echo $! > \"$FILE\"; wait", "a child of the program"),
        ("trap '' TERM; echo $$ > \"$FILE\"; while :; do sleep 1; done", "a program that does not heed SIGTERM"),
    ] {
        let files = tempfile::tempdir().unwrap();
        let file = files.path().join("pid");
        let mut run = shell(script);
        run.environment.push(("FILE".into(), Secret::new(file.display().to_string())));
        let child = child(socks(run));
        assert!(child.up(Deadline::after(Duration::from_millis(10))).await.is_err());
        let pid = pid_in(&file).await;
        assert!(lives(pid), "{gone}");
        drop(child);
        until(|| !lives(pid)).await;
    }
}

#[tokio::test]
async fn stopping_waits_until_all_programs_have_ended() {
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("pid");
    let mut run = shell("echo $$ > \"$FILE\"; exec sleep 600");
    run.environment.push(("FILE".into(), Secret::new(file.display().to_string())));
    let children = Children::default();
    let child = children.of(&"way".into(), socks(run), straight());
    assert!(child.up(Deadline::after(Duration::from_millis(10))).await.is_err());
    let pid = pid_in(&file).await;
    children.stop().await;
    assert!(!lives(pid) && child.manner() == Some("program stopped"));
    assert_eq!(child.up(soon()).await.unwrap_err().cause, Cause::Interrupted);
}

#[tokio::test]
async fn a_program_that_is_as_it_was_serves_the_next_configuration_too() {
    let children = Children::default();
    let of = |id: &str, script: &str| children.of(&id.into(), socks(shell(script)), straight());
    let first = of("a", "sleep 600");
    assert!(Arc::ptr_eq(&first, &of("a", "sleep 600")));
    assert!(!Arc::ptr_eq(&first, &of("b", "sleep 600")));
    assert!(!Arc::ptr_eq(&first, &of("a", "sleep 601")));
}

fn pluggable(state: &Path) -> PluggableServer {
    PluggableServer {
        transport: "obfs4".into(),
        server: Destination::parse("203.0.113.7:9001").unwrap(),
        arguments: vec![("cert".into(), Secret::new("abcd".into())), ("iat-mode".into(), Secret::new("0".into()))],
        state: state.into(),
    }
}

fn transport(script: &str, state: &Path) -> External {
    let offers = Offers::Pluggable(pluggable(state));
    let program = ExternalProgram { run: shell(script), offers };
    External::new(&program, &"way".into(), &Children::default(), straight()).unwrap()
}

/// What a pluggable transport's server sees of the handshake: the user and password, and where to.
async fn socks_server(listener: TcpListener) -> (Vec<u8>, Vec<u8>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting[..2]).await.unwrap();
    let mut methods = vec![0; usize::from(greeting[1])];
    stream.read_exact(&mut methods).await.unwrap();
    assert!(methods.contains(&2), "it logs in");
    stream.write_all(&[5, 2]).await.unwrap();
    let mut login = [0; 2];
    stream.read_exact(&mut login).await.unwrap();
    let mut user = vec![0; usize::from(login[1])];
    stream.read_exact(&mut user).await.unwrap();
    let mut password = vec![0; usize::from(stream.read_u8().await.unwrap())];
    stream.read_exact(&mut password).await.unwrap();
    assert_eq!(password, b"\0");
    stream.write_all(&[1, 0]).await.unwrap();
    let mut request = vec![0; 10];
    stream.read_exact(&mut request).await.unwrap();
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
    stream.write_all(b"behind").await.unwrap();
    (user, request)
}

#[tokio::test]
async fn a_pluggable_transport_is_spoken_to_by_its_contract() {
    let state = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let script = format!(
        "[ \"$TOR_PT_MANAGED_TRANSPORT_VER/$TOR_PT_CLIENT_TRANSPORTS/$TOR_PT_EXIT_ON_STDIN_CLOSE\" = 1/obfs4/1 ] || exit 9\n\
         [ -d \"$TOR_PT_STATE_LOCATION\" ] || exit 8\n\
         echo VERSION 1; echo 'LOG SEVERITY=notice MESSAGE=\"hello\"'; echo CMETHOD obfs4 socks5 {at}; echo CMETHODS DONE\n\
         cat > /dev/null"
    );
    let way = transport(&script, &state.path().join("deep/er"));
    let server = tokio::spawn(socks_server(listener));
    let mut stream = way.streams.dial(&Destination::parse("other.example:443").unwrap(), soon()).await.unwrap();
    let mut said = [0; 6];
    stream.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"behind");
    let (user, request) = server.await.unwrap();
    assert_eq!(user, b"cert=abcd;iat-mode=0");
    assert_eq!(request, [5, 1, 0, 1, 203, 0, 113, 7, 0x23, 0x29], "its own server, wherever the stream is to go");
    assert_eq!((way.life.manner(), way.life.trouble()), (Some("program ready"), None));
}

#[tokio::test]
async fn what_a_pluggable_transport_refuses_is_told_in_its_words() {
    let state = tempfile::tempdir().unwrap();
    for (lines, part) in [
        ("VERSION 1\nCMETHOD-ERROR obfs4 bad cert abcd\nCMETHODS DONE", "refuses: bad cert ***"),
        ("VERSION-ERROR no-version", "version 1"),
        ("ENV-ERROR no TOR_PT_STATE_LOCATION", "refuses: no TOR_PT_STATE_LOCATION"),
        ("VERSION 1\nCMETHODS DONE", "does not have the transport \"obfs4\""),
        ("VERSION 1\nCMETHOD obfs4 socks4 127.0.0.1:9\nCMETHODS DONE", "not SOCKS5"),
    ] {
        let way = transport(&format!("echo '{lines}'; cat >/dev/null"), state.path());
        let to = Destination::parse("a.example:443").unwrap();
        assert!(way.streams.dial(&to, soon()).await.is_err());
        let trouble = way.life.trouble().unwrap();
        assert!(trouble.contains(part), "{trouble}");
    }
}

#[tokio::test]
async fn a_plugin_is_told_by_its_environment_where_to_listen_and_where_to_go() {
    let files = tempfile::tempdir().unwrap();
    let program = files.path().join("plugin");
    let told = files.path().join("told");
    let script = format!(
        "#!/bin/sh\necho \"$SS_REMOTE_HOST $SS_REMOTE_PORT $SS_LOCAL_HOST $SS_PLUGIN_OPTIONS\" > '{}'\nexit 7\n",
        told.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let plugin = Plugin { program: program.display().to_string(), options: Secret::new("obfs=http;x=y".into()) };
    let server = Destination::parse("[2001:db8::1]:8388").unwrap();
    let (streams, life) = plugged(&plugin, &server, &"way".into(), &Children::default(), straight());
    assert!(streams.dial(&server, soon()).await.is_err());
    assert_eq!(std::fs::read_to_string(told).unwrap(), "2001:db8::1 8388 127.0.0.1 obfs=http;x=y\n");
    assert!(life.trouble().unwrap().contains("exited with code 7"));
}
