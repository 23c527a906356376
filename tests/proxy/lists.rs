//! Lists of servers with the program itself: taken in without and with a running byway, kept, shown, fetched again.

use crate::house::{Home, wait_for};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A panel on loopback that answers every request with the same document.
struct Panel {
    at: SocketAddr,
    answer: Arc<Mutex<String>>,
}

impl Panel {
    /// One whose certificate is signed by `roots.pem` of this home.
    fn of(home: &Home) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(home.roots(), made.cert.pem()).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key);
        let (config, answer) = (Arc::new(config.unwrap()), Arc::new(Mutex::new(String::new())));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let said = Arc::clone(&answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let answer = said.lock().unwrap().clone();
                // A client that leaves early has its own test to fail.
                let _ = serve(stream, Arc::clone(&config), &answer);
            }
        });
        Self { at, answer }
    }

    fn serves(&self, body: &str) {
        let head = "HTTP/1.1 200 OK\r\nsubscription-userinfo: upload=1; download=2; total=3000; expire=4102444800\r\n";
        *self.answer.lock().unwrap() = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    }

    fn link(&self) -> String {
        format!("https://{}/sub/TOP-SECRET-TOKEN#Friends", self.at)
    }
}

fn serve(stream: TcpStream, config: Arc<rustls::ServerConfig>, answer: &str) -> std::io::Result<()> {
    let session = rustls::ServerConnection::new(config).unwrap();
    let mut tls = rustls::StreamOwned::new(session, stream);
    let (mut heard, mut byte) = (Vec::new(), [0]);
    while !heard.ends_with(b"\r\n\r\n") && tls.read(&mut byte)? == 1 {
        heard.extend_from_slice(&byte);
    }
    tls.write_all(answer.as_bytes())?;
    tls.conn.send_close_notify();
    tls.flush()
}

const BASE: &str = "listen = [\"127.0.0.1:0\"]\norder = [\"direct\"]\n[detect]\nmode = \"off\"\n";
const LIST: &str = "ss://YWVzLTI1Ni1nY206aHVudGVyMg@a.example:8388#Tokyo\nvmess://e30=\n";

#[test]
fn a_list_is_taken_in_kept_and_shown_and_its_address_never_is() {
    let home = Home::with(BASE);
    let panel = Panel::of(&home);
    panel.serves(LIST);
    let dry = home.byway_reading(&["import", "--dry-run", "-"], &panel.link());
    assert!(dry.out.contains("friends-tokyo") && dry.out.contains("skipped: the scheme: VMess"), "{dry:#?}");
    assert!(dry.err.contains("fetched over direct, by this command"), "{dry:#?}");
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), BASE, "a dry run changes nothing");

    let running = home.run(&[]);
    let said = home.byway_reading(&["import", "-"], &panel.link());
    assert!(said.err.contains("fetched over direct, by the running byway"), "{said:#?}");
    assert_eq!(said.code, Some(0), "{said:#?}");
    let after = std::fs::read_to_string(home.config()).unwrap();
    assert!(
        after.contains("order = [\"direct\", \"friends\"]") && after.contains("[subscription.friends]\n"),
        "{after}"
    );
    let status = wait_for("the list in force", || {
        let status = home.byway(&["status", "--json"]).json();
        (status["subscriptions"][0]["members"][0] == "friends-tokyo").then_some(status)
    });
    let list = &status["subscriptions"][0];
    assert_eq!((list["used_bytes"].as_u64(), list["total_bytes"].as_u64()), (Some(3), Some(3000)));
    assert_eq!(list["skipped"][0]["name"], "entry 2");
    let page = home.byway(&["status"]).good();
    assert!(page.contains("list friends: 1 server, as of ") && page.contains("ends on 2100-01-01"), "{page}");
    assert!(home.byway(&["why", "telegram"]).good().contains("direct, then friends-tokyo"));

    // What comes without the panel is what came with it.
    drop(running);
    *panel.answer.lock().unwrap() = String::new();
    let running = home.run(&[]);
    assert!(running.said().contains("ways, in order: direct, friends-tokyo"), "{}", running.said());
    for said in [dry.out, dry.err, said.out, said.err, page, running.said(), status.to_string()] {
        assert!(!said.contains("TOP-SECRET") && !said.contains("hunter2") && !said.contains("YWVz"), "{said}");
        assert!(!said.contains(&panel.at.to_string()), "{said}");
    }
}

#[test]
fn what_is_no_list_is_not_taken_in() {
    let home = Home::with(BASE);
    let panel = Panel::of(&home);
    panel.serves("<!doctype html><html>hello</html>");
    let said = home.byway_reading(&["import", "-"], &panel.link()).failed(1);
    assert!(said.contains("what came is a web page"), "{said}");
    panel.serves(LIST);
    // Another authority's certificate will not do.
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(home.roots(), other.cert.pem()).unwrap();
    let said = home.byway_reading(&["import", "-"], &panel.link()).failed(1);
    assert!(said.contains("over direct: tls: "), "{said}");
    let said = home.byway_reading(&["import", "--via", "tokio", "-"], &panel.link()).failed(1);
    assert!(said.contains("there is no transport \"tokio\""), "{said}");
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), BASE);
}
