//! Links for apps, and what phones find: the doors for WhatsApp's own setting, with the chat's first bytes carried abroad.

use super::session::{Abroad, LISTEN, Session, config, wait_for};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const LOGIN: &str = "[login]\nuser = \"home\"\npassword = \"a&b c\"\n";

fn phone_config(abroad: &Abroad) -> String {
    let listen =
        "[listen]\nproxy = [\"127.0.0.1:0\"]\n[listen.whatsapp]\nchat = [\"127.0.0.1:0\"]\nmedia = [\"127.0.0.2:0\"]\n";
    config(abroad.at, "") + listen
}

#[test]
fn a_chat_and_its_media_are_carried_to_whatsapp_and_nothing_else_is() {
    let session = Session::without_bus("");
    let abroad = Abroad::with_echo();
    session.configure(&phone_config(&abroad));
    let running = session.start();
    let (chat, media) = (running.phone_door("chat"), running.phone_door("media"));
    let mut phone = TcpStream::connect(chat).unwrap();
    phone.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // How the chat begins: WA, a version, a dictionary's version, a frame.
    let hello = [&b"WA\x06\x03\0\0\x24"[..], &[7; 36]].concat();
    phone.write_all(&hello).unwrap();
    let mut heard = vec![0; hello.len()];
    phone.read_exact(&mut heard).unwrap();
    assert_eq!(heard, hello, "every byte went there, and came back");
    assert_eq!(abroad.asked(), ["g.whatsapp.net:5222"]);
    for (door, bytes) in [
        (chat, &b"GET / HTTP/1.1\r\n\r\n"[..]),
        (chat, b"\x05\x01\0"),
        (media, b"CONNECT example.org:443 HTTP/1.1\r\n\r\n"),
    ] {
        let mut stranger = TcpStream::connect(door).unwrap();
        stranger.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stranger.write_all(bytes).unwrap();
        // Closed or reset, without a byte.
        assert!(!matches!(stranger.read(&mut [0; 1]), Ok(1)), "{door}");
    }
    assert_eq!(abroad.asked().len(), 1);
    // The certificate is made once.
    let kept = || std::fs::read(session.path("state/byway/whatsapp.pem")).unwrap();
    let first = kept();
    running.end("TERM");
    drop(session.start());
    assert_eq!(kept(), first);
}

#[test]
fn a_chat_inside_tls_is_carried_too() {
    if !super::session::has("openssl", "openssl") {
        return;
    }
    let session = Session::without_bus("");
    let abroad = Abroad::with_echo();
    session.configure(&phone_config(&abroad));
    let running = session.start();
    let chat = running.phone_door("chat").to_string();
    let mut command = session.command("openssl");
    command.args(["s_client", "-quiet", "-connect", &chat]);
    let mut phone = command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let hello = [&b"WA\x06\x03\0\0\x24"[..], &[7; 36]].concat();
    phone.stdin.as_mut().unwrap().write_all(&hello).unwrap();
    let mut heard = vec![0; hello.len()];
    phone.stdout.take().unwrap().read_exact(&mut heard).unwrap();
    let _ = phone.kill();
    let _ = phone.wait();
    assert_eq!(heard, hello);
    assert_eq!(abroad.asked(), ["g.whatsapp.net:5222"]);
}

#[test]
fn an_app_is_set_up_by_where_byway_really_listens() {
    let session = Session::without_bus("");
    let abroad = Abroad::with_page("");
    session.configure(&config(abroad.at, LISTEN));
    let running = session.start();
    let port = running.door().port();
    let link = format!("tg://socks?server=127.0.0.1&port={port}");
    let said = session.byway(&["setup", "telegram"]).good();
    assert!(said.contains(&link) && said.contains("exchanging keys"), "{said}");
    assert!(!said.contains('█'), "no phone reaches this machine's loopback:\n{said}");
    let json = session.byway_json(&["setup", "telegram"]);
    assert_eq!(
        (json["schema"].as_u64(), json["link"].as_str(), json["calls"].as_str()),
        (Some(1), Some(&*link), Some("unlikely"))
    );
    for (app, words) in [
        ("signal", format!("HTTPS_PROXY=http://127.0.0.1:{port} signal-desktop")),
        ("whatsapp", "web.whatsapp.com".into()),
        ("discord", format!("--proxy-server=http://127.0.0.1:{port}")),
    ] {
        let said = session.byway(&["setup", app]).good();
        // Commands may be broken at the edge of the page, but not otherwise.
        assert!(said.replace("\n  ", " ").contains(&words), "{app}: {said}");
        assert_eq!(session.byway_json(&["setup", app])["calls"], "no");
    }
    let lines = session.byway(&["env"]).good();
    let shown = session.run("sh", &["-c", &format!("{lines}\necho $ALL_PROXY $https_proxy")]).good();
    assert_eq!(shown.trim(), format!("socks5h://127.0.0.1:{port} http://127.0.0.1:{port}"));
    let unset = session.byway(&["env", "--unset"]).good();
    assert_eq!(session.run("sh", &["-c", &format!("{lines}\n{unset}\necho x$ALL_PROXY$no_proxy")]).good().trim(), "x");
    assert_eq!(session.byway(&["share"]).code, Some(1), "nobody on the network can come in");
}

#[test]
fn a_password_is_shown_only_to_who_says_yes() {
    let session = Session::without_bus("");
    let abroad = Abroad::with_page("");
    session.configure(&format!("{}{LOGIN}", config(abroad.at, "listen = [\"127.0.0.2:0\", \"0.0.0.0:0\"]")));
    let running = session.start();
    wait_for("both doors", || (running.said().matches("byway listens on").count() == 2).then_some(()));
    let no = session.byway(&["setup", "telegram"]);
    assert!(no.code == Some(2) && !no.out.contains("a%26b"), "{no:#?}");
    let yes = session.byway(&["setup", "telegram", "--yes"]).good();
    assert!(yes.contains("&user=home&pass=a%26b%20c"), "{yes}");
    let env = session.byway(&["env"]);
    assert!(!env.out.contains("a%26b") && env.err.contains("--login"), "{env:#?}");
    assert!(session.byway(&["env", "--login"]).good().contains("http://home:a%26b%20c@127.0.0.2:"));
    assert!(!running.said().contains("a&b"), "not in the log");
}
