//! The protocol over real sockets on loopback.

use super::world::*;
use crate::control::*;
use crate::model::{Record, ServiceId};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A running server; stops when dropped.
struct Running {
    place: Place,
    operator: Arc<Fixed>,
    task: tokio::task::JoinHandle<()>,
    stop: DropGuard,
    _folder: tempfile::TempDir,
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

async fn start_with(name: &str, operator: Fixed, limits: Limits) -> Running {
    let folder = folder();
    let place = Place::named(&folder.path().join("byway").join(name));
    let listener = Listener::bind(&place).await.unwrap();
    let (operator, stop) = (Arc::new(operator), CancellationToken::new());
    let task = tokio::spawn(serve_within(listener, Page::new(operator.clone()), limits, stop.clone()));
    Running { place, operator, task, stop: stop.drop_guard(), _folder: folder }
}

async fn start(name: &str) -> Running {
    start_with(name, Fixed::default(), Limits::default()).await
}

async fn refusal(client: &mut Client, ask: &Ask) -> Refusal {
    match client.ask(ask).await {
        Err(ControlError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Every place there is on this system.
const PLACES: &[&str] = if cfg!(unix) { &["control.sock", "control.token"] } else { &["control.token"] };

#[tokio::test]
async fn every_question_has_its_answer_over_every_kind_of_place() {
    for name in PLACES {
        let running = start(name).await;
        let mut client = Client::connect(&running.place).await.unwrap();
        let telegram = ServiceId::from("telegram");
        let pong = client.ask(&Ask::Ping).await.unwrap();
        assert!(matches!(pong, Tell::Pong(Pong { pid: 77, .. })), "{pong:?}");
        let told = client.ask(&Ask::Status).await.unwrap();
        assert_eq!(told, Tell::Status(Box::new(fixed_status())));
        let told = client.ask(&Ask::Why { service: telegram.clone() }).await.unwrap();
        assert_eq!(told, Tell::Why(Box::new(fixed_why())));
        let ask = Ask::Use { service: telegram.clone(), transport: Some(way("tokyo")), for_secs: Some(3600) };
        let told = client.ask(&ask).await.unwrap();
        assert!(matches!(told, Tell::Used(Used { until: Some(_), .. })), "{told:?}");
        let lasting = Some(Duration::from_secs(3600));
        assert_eq!(*running.operator.used.lock().unwrap(), [(telegram, Some(way("tokyo")), lasting)]);
        let told = client.ask(&Ask::Reload).await.unwrap();
        assert!(matches!(told, Tell::Reloaded(_)), "{told:?}");
        let ask = Ask::Fetch { url: Unshown("https://a.example/TOKEN".into()), via: Some(way("tokyo")) };
        let Tell::Fetched(list) = client.ask(&ask).await.unwrap() else { panic!("another answer") };
        assert_eq!((list.over, list.copy.0.as_str()), (way("tokyo"), "copy of https://a.example/TOKEN"));
        assert!(!format!("{ask:?}").contains("TOKEN"));
    }
}

async fn all(mut answers: Answers) -> Vec<Tell> {
    let mut told = Vec::new();
    while let Some(tell) = answers.next().await.unwrap() {
        told.push(tell);
    }
    told
}

#[tokio::test]
async fn streams_come_whole_and_end() {
    let running = start("control.token").await;
    let connect = || Client::connect(&running.place);
    let ask = Ask::History { service: None, since_secs: None };
    let told = all(connect().await.unwrap().stream(&ask).await.unwrap()).await;
    assert_eq!(told, fixed_past().into_iter().map(Tell::Entry).collect::<Vec<_>>());
    let ask = Ask::Probe { service: None, via: None };
    let told = all(connect().await.unwrap().stream(&ask).await.unwrap()).await;
    assert_eq!(told, fixed_probe().into_iter().map(Tell::Probe).collect::<Vec<_>>());
    let ask = Ask::Log { follow: false, since_secs: None, limit: Some(2) };
    assert_eq!(all(connect().await.unwrap().stream(&ask).await.unwrap()).await.len(), 2);
}

#[tokio::test]
async fn two_followers_both_hear_what_is_announced() {
    let running = start("control.token").await;
    let ask = Ask::Log { follow: true, since_secs: None, limit: Some(1) };
    let mut followers = Vec::new();
    for _ in 0..2 {
        let client = Client::connect(&running.place).await.unwrap();
        let mut answers = client.stream(&ask).await.unwrap();
        // The past has come, so the subscription stands.
        assert!(matches!(answers.next().await.unwrap(), Some(Tell::Entry(_))));
        followers.push(answers);
    }
    running.operator.announce.send(Record::Reloaded).unwrap();
    for answers in &mut followers {
        let told = answers.next().await.unwrap();
        assert!(matches!(told, Some(Tell::Entry(Entry { record: Record::Reloaded, .. }))), "{told:?}");
    }
}

#[tokio::test]
async fn a_slow_follower_is_told_how_much_it_missed() {
    let (announce, live) = tokio::sync::broadcast::channel(2);
    for _ in 0..5 {
        announce.send(Record::Reloaded).unwrap();
    }
    drop(announce);
    let items: Vec<_> = futures_util::StreamExt::collect(follow(vec![], Some(live))).await;
    assert_eq!(items[0], Follow::Missed(3));
    assert_eq!(items.len(), 3);
}

#[tokio::test]
async fn a_typo_gets_the_nearest_name() {
    let running = start("control.token").await;
    let mut client = Client::connect(&running.place).await.unwrap();
    let no = refusal(&mut client, &Ask::Why { service: ServiceId::from("telgram") }).await;
    assert_eq!(no.to_string(), "there is no service \"telgram\"; did you mean \"telegram\"?");
    let ask = Ask::Use { service: ServiceId::from("signal"), transport: Some(way("tokio")), for_secs: None };
    let no = refusal(&mut client, &ask).await;
    assert_eq!((no.code, no.nearest.as_deref()), (RefusalCode::UnknownTransport, Some("tokyo")));
    let no = refusal(&mut client, &Ask::Why { service: ServiceId::from("zzz") }).await;
    assert_eq!(no.nearest, None);
}

/// A connection on which the token has been shown.
async fn open(place: &Place) -> tokio::net::TcpStream {
    let file = std::fs::read_to_string(place.path()).unwrap();
    let file: serde_json::Value = serde_json::from_str(&file).unwrap();
    let mut stream = tokio::net::TcpStream::connect(file["addr"].as_str().unwrap()).await.unwrap();
    let shown = format!("{{\"schema\":1,\"token\":{}}}\n", file["token"]);
    stream.write_all(shown.as_bytes()).await.unwrap();
    stream
}

/// Sends raw bytes and gives back every line told.
async fn raw(place: &Place, bytes: &[u8]) -> Vec<String> {
    let mut stream = open(place).await;
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    let speak = async {
        // It may hang up while we speak.
        let _ = write.write_all(bytes).await;
        let _ = write.shutdown().await;
    };
    let hear = async {
        let mut heard = Vec::new();
        while let Ok(Some(line)) = lines.next_line().await {
            heard.push(line);
        }
        heard
    };
    tokio::join!(speak, hear).1
}

#[tokio::test]
async fn garbage_is_answered_with_what_is_wrong_and_the_talk_goes_on() {
    let running = start("control.token").await;
    for (line, code) in [
        ("hello?", "malformed"),
        ("\u{0}\u{1}", "malformed"),
        ("[]", "malformed"),
        ("{\"schema\":1}", "malformed"),
        ("{\"schema\":1,\"ask\":\"why\"}", "malformed"),
        ("{\"schema\":2,\"ask\":\"ping\"}", "schema"),
        ("{\"ask\":\"ping\"}", "schema"),
        ("{\"schema\":1,\"ask\":\"statu\"}", "unknown_ask"),
    ] {
        let heard = raw(&running.place, format!("{line}\n{{\"schema\":1,\"ask\":\"ping\"}}\n").as_bytes()).await;
        assert_eq!(heard.len(), 2, "{line}: {heard:?}");
        assert!(heard[0].contains("\"tell\":\"error\"") && heard[0].contains(code), "{line}: {}", heard[0]);
        assert!(heard[1].contains("\"tell\":\"pong\""), "{line}: {}", heard[1]);
    }
}

#[tokio::test]
async fn a_line_without_end_is_refused_and_the_client_sent_off() {
    let running = start("control.token").await;
    let heard = raw(&running.place, &vec![b'x'; 200_000]).await;
    assert_eq!(heard.len(), 1);
    assert!(heard[0].contains("too_long"), "{}", heard[0]);
}

#[tokio::test]
async fn a_wrong_token_is_sent_off_unanswered() {
    let running = start("control.token").await;
    let file = std::fs::read_to_string(running.place.path()).unwrap();
    let mut known: serde_json::Value = serde_json::from_str(&file).unwrap();
    assert_eq!(known["token"].as_str().unwrap().len(), 64);
    for wrong in ["", "00", &"0".repeat(64)] {
        known["token"] = wrong.into();
        let forged = running.place.path().with_file_name("forged.token");
        std::fs::write(&forged, known.to_string()).unwrap();
        let mut client = Client::connect(&Place::named(&forged)).await.unwrap();
        assert_eq!(refusal(&mut client, &Ask::Ping).await.code, RefusalCode::Unauthorised, "{wrong:?}");
        assert!(client.ask(&Ask::Ping).await.is_err());
    }
}

#[tokio::test]
async fn one_client_too_many_is_told_so_and_a_free_place_is_given_again() {
    let limits = Limits { clients: 1, ..Limits::default() };
    let running = start_with("control.token", Fixed::default(), limits).await;
    let mut first = Client::connect(&running.place).await.unwrap();
    first.ask(&Ask::Ping).await.unwrap();
    let mut second = Client::connect(&running.place).await.unwrap();
    assert_eq!(refusal(&mut second, &Ask::Ping).await.code, RefusalCode::Busy);
    drop(first);
    // The server frees the place as soon as it has noticed that the first has left.
    loop {
        let mut third = Client::connect(&running.place).await.unwrap();
        match third.ask(&Ask::Ping).await {
            Ok(_) => break,
            Err(ControlError::Refused(no)) if no.code == RefusalCode::Busy => tokio::task::yield_now().await,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_silent_client_and_a_stuck_answer_end_at_their_deadlines() {
    let limits = Limits { ask: Duration::from_millis(20), answer: Duration::from_millis(20), ..Limits::default() };
    let running = start_with("control.token", Fixed { stuck: true, ..Fixed::default() }, limits).await;
    let mut client = Client::connect(&running.place).await.unwrap();
    assert_eq!(refusal(&mut client, &Ask::Status).await.code, RefusalCode::TookTooLong);
    let file: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(running.place.path()).unwrap()).unwrap();
    let mut silent = tokio::net::TcpStream::connect(file["addr"].as_str().unwrap()).await.unwrap();
    assert_eq!(silent.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_quiet_stream_shows_that_it_lives() {
    let limits = Limits { beat: Duration::from_millis(5), ..Limits::default() };
    let running = start_with("control.token", Fixed::default(), limits).await;
    let mut stream = open(&running.place).await;
    stream.write_all(b"{\"schema\":1,\"ask\":\"log\",\"follow\":true,\"limit\":0}\n").await.unwrap();
    let mut beats = [0; 2];
    stream.read_exact(&mut beats).await.unwrap();
    assert_eq!(&beats, b"\n\n");
    running.operator.announce.send(Record::Started).unwrap();
    let mut lines = BufReader::new(stream).lines();
    loop {
        match lines.next_line().await.unwrap().unwrap() {
            beat if beat.is_empty() => {}
            line => return assert!(line.contains("\"kind\":\"started\""), "{line}"),
        }
    }
}

#[tokio::test]
async fn an_examination_ends_when_nobody_listens_and_another_may_begin() {
    let limits = Limits { seen_beat: Duration::from_millis(5), ..Limits::default() };
    let running = start_with("control.token", Fixed { stuck: true, ..Fixed::default() }, limits).await;
    let ask = Ask::Diagnose { service: ServiceId::from("telegram") };
    let connect = || Client::connect(&running.place);
    let mut first = connect().await.unwrap().stream(&ask).await.unwrap();
    assert!(matches!(first.next().await.unwrap(), Some(Tell::Examined(_))));
    let no = connect().await.unwrap().stream(&ask).await.unwrap().next().await;
    assert!(matches!(&no, Err(ControlError::Refused(no)) if no.code == RefusalCode::Busy), "{no:?}");
    drop(first);
    let turn = running.operator.examining.acquire();
    let _turn = tokio::time::timeout(Duration::from_secs(20), turn).await.expect("its turn is given back").unwrap();
}

#[tokio::test]
async fn reports_and_measurements_are_one_answer_each() {
    let running = start("control.token").await;
    let mut client = Client::connect(&running.place).await.unwrap();
    let told = client.ask(&Ask::Report { since_secs: 3600 }).await.unwrap();
    assert_eq!(told, Tell::Report(Box::new(fixed_account())));
    let told = client.ask(&Ask::Measurements { since_secs: 3600 }).await.unwrap();
    assert_eq!(told, Tell::Measurements(fixed_measurements(Duration::from_secs(3600))));
}

#[tokio::test]
async fn stopping_clears_the_place_away() {
    for name in PLACES {
        let running = start(name).await;
        let mut client = Client::connect(&running.place).await.unwrap();
        client.ask(&Ask::Ping).await.unwrap();
        drop(running.stop);
        running.task.await.unwrap();
        assert!(!running.place.path().exists());
        assert!(client.ask(&Ask::Ping).await.is_err());
        let gone = Client::connect(&running.place).await.err();
        assert!(matches!(gone, Some(ControlError::NotRunning { .. })), "{gone:?}");
    }
}

#[tokio::test]
async fn a_second_byway_is_told_about_the_first() {
    for name in PLACES {
        let running = start(name).await;
        let error = Listener::bind(&running.place).await.err().unwrap();
        assert!(matches!(error, ControlError::AlreadyRunning { .. }), "{error}");
        Client::connect(&running.place).await.unwrap().ask(&Ask::Ping).await.unwrap();
    }
}

#[tokio::test]
async fn the_first_place_with_a_byway_is_found() {
    let running = start("control.token").await;
    let empty = folder();
    let places = [Place::named(&empty.path().join("none.token")), running.place.clone()];
    Client::find(&places).await.unwrap().ask(&Ask::Ping).await.unwrap();
    let error = Client::find(&places[..1]).await.err().unwrap();
    assert!(error.to_string().starts_with("no byway is running at "), "{error}");
}

#[tokio::test]
async fn a_token_file_that_points_elsewhere_is_not_followed() {
    let folder = folder();
    let path = folder.path().join("c.token");
    for text in ["", "{}", "{\"addr\":\"192.0.2.1:80\",\"token\":\"00\"}"] {
        std::fs::write(&path, text).unwrap();
        let error = Client::connect(&Place::named(&path)).await.err().unwrap();
        assert!(matches!(error, ControlError::BadToken { .. }), "{text}: {error}");
    }
}

#[cfg(unix)]
mod on_unix {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn private() -> tempfile::TempDir {
        let folder = folder();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).unwrap();
        folder
    }

    fn mode(path: &Path) -> u32 {
        std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn only_the_owner_can_reach_the_place() {
        for name in PLACES {
            let running = start(name).await;
            assert_eq!(mode(running.place.path()), 0o600);
            assert_eq!(mode(running.place.path().parent().unwrap()), 0o700);
        }
    }

    #[tokio::test]
    async fn a_folder_that_others_can_enter_is_refused() {
        let folder = folder();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let error = Listener::bind(&Place::named(&folder.path().join("c.sock"))).await.err().unwrap();
        assert!(error.to_string().contains("open to other users (mode 755)"), "{error}");
    }

    #[tokio::test]
    async fn the_socket_of_a_dead_process_is_replaced() {
        let folder = private();
        let path = folder.path().join("c.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let dead = Client::connect(&Place::named(&path)).await.err();
        assert!(matches!(dead, Some(ControlError::NotRunning { .. })), "{dead:?}");
        Listener::bind(&Place::named(&path)).await.unwrap();
    }

    #[tokio::test]
    async fn a_live_socket_without_our_lock_is_left_alone() {
        let folder = private();
        let path = folder.path().join("c.sock");
        let _live = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let error = Listener::bind(&Place::named(&path)).await.err().unwrap();
        assert!(matches!(error, ControlError::AlreadyRunning { .. }), "{error}");
        assert!(path.exists());
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_left_alone() {
        let folder = private();
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, "mine").unwrap();
        let error = Listener::bind(&Place::named(&path)).await.err().unwrap();
        assert!(matches!(error, ControlError::Occupied { .. }), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }
}
