//! The proxy script: handed out to who knows its path and to nobody else, the same path tomorrow, and run by an engine of
//! its own where there is one.

use super::session::{Abroad, LISTEN, Session, config, has};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// One request over HTTP; the whole answer.
fn ask(at: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn get(at: SocketAddr, path: &str) -> String {
    ask(at, &format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n"))
}

/// The path of the script, as the state folder keeps it.
fn path(session: &Session) -> String {
    std::fs::read_to_string(session.path("state/byway/pac.path")).unwrap()
}

#[test]
fn who_knows_the_path_gets_it_and_others_hear_nothing() {
    let session = Session::without_bus("");
    let abroad = Abroad::with_page("");
    session.configure(&config(abroad.at, LISTEN));
    let running = session.start();
    let (door, path) = (running.door(), path(&session));
    let answer = get(door, &path);
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-type: application/x-ns-proxy-autoconfig"), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    assert!(!head.contains("server:") && !head.contains("byway"), "{head}");
    assert!(text.contains(&format!("SOCKS5 {door}; PROXY {door}")) && text.contains("\"messenger.test\": 1"), "{text}");
    assert_eq!(get(door, &format!("{path}?t=1")).split_once("\r\n\r\n").unwrap().1, text);
    let silence = get(door, "/");
    for other in ["/proxy.pac", "/wpad.dat", &path[..path.len() - 1], &format!("{path}x"), &path.to_uppercase()] {
        assert_eq!(get(door, other), silence, "{other}");
    }
    let post = format!("POST {path} HTTP/1.1\r\nHost: {door}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_eq!(ask(door, &post), silence);
    running.end("KILL");
    assert_eq!(self::path(&session), path);
    let next = session.start();
    assert!(get(next.door(), &path).contains("FindProxyForURL"), "settings that name it hold tomorrow");
}

#[test]
fn an_engine_finds_the_ways_that_the_configuration_allows() {
    if !has("node", "nodejs") {
        return;
    }
    let session = Session::without_bus("");
    let abroad = Abroad::with_page("");
    let more = format!(
        "{LISTEN}\n[service.telegram]\norder = [\"direct\", \"lab\"]\n[service.signal]\ndirect = \"never\"\n[service.mine]\nnames = [\"intranet.telegram.org\"]\norder = [\"direct\"]\ndirect = \"always\"\n"
    );
    session.configure(&config(abroad.at, "").replace("order = [\"lab\"]\n\n", &format!("order = [\"lab\"]\n{more}")));
    let running = session.start();
    let door = running.door();
    let text = get(door, &path(&session)).split_once("\r\n\r\n").unwrap().1.to_owned();
    let proxy = format!("SOCKS5 {door}; PROXY {door}");
    let cases = [
        ("messenger.test", format!("{proxy}; DIRECT")),
        ("a.b.MESSENGER.test.", format!("{proxy}; DIRECT")),
        ("notmessenger.test", "DIRECT".into()),
        ("web.telegram.org", format!("{proxy}; DIRECT")),
        ("intranet.telegram.org", "DIRECT".into()),
        ("chat.signal.org", proxy),
        ("example.org", "DIRECT".into()),
        ("constructor", "DIRECT".into()),
        ("__proto__.example", "DIRECT".into()),
        ("127.0.0.1", "DIRECT".into()),
        ("192.168.1.1", "DIRECT".into()),
        ("printer.local", "DIRECT".into()),
        ("localhost", "DIRECT".into()),
    ];
    let calls: Vec<_> = cases.iter().map(|(host, _)| format!("FindProxyForURL('http://{host}/', '{host}')")).collect();
    // Nothing else is there: a script that used what a browser adds would end here.
    let program = format!(
        "const vm = require('vm'); console.log(JSON.stringify(vm.runInNewContext({} + ';[' + {} + ']')));",
        serde_json::to_string(&text).unwrap(),
        serde_json::to_string(&calls.join(",")).unwrap()
    );
    let said = session.run("node", &["-e", &program]).good();
    let found: Vec<String> = serde_json::from_str(&said).unwrap();
    for ((host, wanted), found) in cases.iter().zip(&found) {
        assert_eq!(found, wanted, "{host}");
    }
}
