//! Real curl through a door on loopback, to an origin on loopback. Absent, it says so and how to install it.

use super::*;
use crate::model::Host;
use crate::net::{FlowMeter, Listener, Network, OsNetwork, Stream, copy_both};
use std::process::Stdio;
use tokio::process::Command;

/// An origin that answers each request with its own head as the body. Any name leads to it.
async fn origin() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut heard = Vec::new();
                while tcp.read_buf(&mut heard).await.is_ok_and(|n| n > 0) {
                    if heard.ends_with(b"\r\n\r\n") {
                        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", heard.len());
                        tcp.write_all(&[head.as_bytes(), &heard].concat()).await.unwrap();
                        heard.clear();
                    }
                }
            });
        }
    });
    at
}

/// Takes every request to the origin, whatever its name; refuses `nowhere.example`.
async fn carry(request: Request, origin: SocketAddr) {
    let Want::Stream(to) = &request.want else { panic!("curl asks for streams") };
    if to.host == Host::parse("nowhere.example").unwrap() {
        return request.refuse(Refusal::NoSuchName, String::from("there is no such name")).await.unwrap();
    }
    let mut server: Stream = OsNetwork.connect(origin).await.unwrap();
    let mut client = request.accept().await.unwrap();
    copy_both(&mut client, &mut server, &FlowMeter::new(), std::future::pending()).await;
}

fn proxy(door: Door, origin: SocketAddr) -> SocketAddr {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let at = listener.local_addr();
    tokio::spawn(async move {
        loop {
            let (stream, peer) = listener.accept().await;
            let door = door.clone();
            tokio::spawn(async move {
                let submit = move |request| carry(request, origin).map(|()| None).boxed();
                if let Ok((_, Some(rest))) = door.serve(stream, peer, submit).await {
                    rest.to_end().await;
                }
            });
        }
    });
    at
}

/// What curl prints, and its exit code; `None` when there is no curl here.
async fn curl(arguments: &[&str]) -> Option<(String, i32)> {
    let run = Command::new("curl")
        .args(["--silent", "--max-time", "20", "--noproxy", ""])
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .await;
    match run {
        Ok(output) => Some((String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            println!("skipped: curl is not installed (apt-get install curl)");
            None
        }
        Err(e) => panic!("curl: {e}"),
    }
}

#[tokio::test]
async fn curl_gets_through_every_kind_of_door() {
    let proxy = proxy(door(), origin().await).to_string();
    let (name, url) = ("Host: web.example", "http://web.example/path");
    for arguments in [
        vec!["--socks5-hostname", &proxy, url],
        vec!["--socks4a", &proxy, url],
        vec!["-x", &proxy, url],
        vec!["-x", &proxy, "-p", url],
        vec!["-x", &proxy, url, "http://web.example/path"],
        vec!["--socks5", &proxy, "http://127.0.0.9/path", "-H", name],
        vec!["--socks4", &proxy, "http://127.0.0.9/path", "-H", name],
        vec!["--socks5", &proxy, "http://[::1]:81/path", "-H", name],
        vec!["-x", &proxy, "http://[::1]:81/path", "--connect-to", "::web.example:80", "-p", "-H", name],
    ] {
        let Some((text, code)) = curl(&arguments).await else { return };
        assert_eq!(code, 0, "{arguments:?}");
        assert!(text.starts_with("GET /path HTTP/1.1\r\n") && text.contains(name), "{arguments:?}: {text}");
        assert!(!text.to_lowercase().contains("proxy"), "{arguments:?}: {text}");
    }
}

#[tokio::test]
async fn curl_is_told_why_it_cannot_get_through() {
    let proxy = proxy(door(), origin().await).to_string();
    let url = "http://nowhere.example/";
    let code_of = ["-o", "-", "-w", "%{http_code}|%{http_connect}"];
    for (arguments, code, words) in [
        (vec!["--socks5-hostname", &proxy, url], 97, ""),
        (vec!["--socks4a", &proxy, url], 97, ""),
        (vec!["-x", &proxy, url], 0, "there is no such name\n502|000"),
        (vec!["-x", &proxy, "-p", url], 56, "000|502"),
    ] {
        let Some((text, exit)) = curl(&[&arguments[..], &code_of[..]].concat()).await else { return };
        assert!((exit, text.contains(words)) == (code, true), "{arguments:?}: {exit} {text}");
    }
}

#[tokio::test]
async fn curl_logs_in() {
    let proxy = proxy(locked_door(), origin().await).to_string();
    let url = "http://web.example/path";
    for (arguments, fits) in [
        (vec!["--socks5-hostname", &proxy, "--proxy-user", "anna:secret", url], true),
        (vec!["--socks5-hostname", &proxy, "--proxy-user", "anna:wrong", url], false),
        (vec!["--socks5-hostname", &proxy, url], false),
        (vec!["--socks4a", &proxy, url], false),
        (vec!["-x", &proxy, "--proxy-user", "anna:secret", url], true),
        (vec!["-x", &proxy, "--proxy-anyauth", "--proxy-user", "anna:secret", url], true),
        (vec!["-x", &proxy, "-p", "--proxy-anyauth", "--proxy-user", "anna:secret", url], true),
        (vec!["-x", &proxy, "-p", "--proxy-user", "anna:wrong", url], false),
        (vec!["-x", &proxy, url], false),
    ] {
        let Some((text, _)) = curl(&arguments).await else { return };
        assert_eq!(text.starts_with("GET /path HTTP/1.1\r\n"), fits, "{arguments:?}: {text}");
        assert!(!text.contains("Proxy-Authorization"), "{arguments:?}: {text}");
    }
}
