//! Clients of every kind, over every kind of way.

use crate::house::{Home, PASSWORD, closed_port, curl, find, microsocks, ss_server, ssserver};
use crate::origins::{PAGE, origin, udp_echo};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

/// Two ways over tunnels and a service of our own that takes one of them. Nothing asks the internet.
fn config(tokyo: SocketAddr, more: &str) -> String {
    format!(
        "listen = [\"127.0.0.1:0\"]\norder = [\"direct\", \"tokyo\"]\n\
         [detect]\nmode = \"off\"\n\
         [transport.tokyo.shadowsocks]\nserver = \"{tokyo}\"\nmethod = \"aes-256-gcm\"\npassword = \"{PASSWORD}\"\n\
         {more}"
    )
}

/// A service at 127.0.0.9 that must never go out without a tunnel.
const KEPT: &str = "[service.kept]\nprefixes = [\"127.0.0.9/32\"]\nnames = [\"localhost\"]\ndirect = \"never\"\n";

#[test]
fn curl_comes_in_by_every_language_and_goes_out_directly_or_over_shadowsocks() {
    let (Some(program), Some(tokyo)) = (find("curl", "curl"), ss_server()) else { return };
    let home = Home::with(&config(tokyo.at, &format!("{KEPT}order = [\"tokyo\"]\n")));
    let running = home.run(&[]);
    let door = running.door();
    for ip in ["127.0.0.1", "127.0.0.9"] {
        let (at, heard) = origin(ip);
        let url = format!("http://{at}/path?query");
        for proxy in ["socks5h", "socks5", "socks4a", "socks4", "http"] {
            let proxy = format!("{proxy}://{door}");
            assert_eq!(curl(&program, &proxy, &[&url]).good(), PAGE, "{proxy} {url}");
            assert_eq!(curl(&program, &proxy, &["--data", "a body", &url]).good(), "a body", "{proxy} {url}");
        }
        assert_eq!(curl(&program, &format!("http://{door}"), &["-p", &url]).good(), PAGE, "CONNECT {url}");
        assert_eq!(curl(&program, &format!("http://{door}"), &[&url, &url]).good(), PAGE.repeat(2), "kept alive");
        for head in heard.lock().unwrap().iter() {
            assert!(head.contains(" /path?query HTTP/1.1\r\n"), "origin-form: {head}");
            assert!(!head.to_ascii_lowercase().contains("proxy"), "a header for the proxy alone went on: {head}");
        }
        assert_eq!(heard.lock().unwrap().len(), 13);
    }
    let status = home.byway(&["status", "--json"]).json();
    assert_eq!(status["counters"]["connections"], 24, "{status}");
    assert_eq!((&status["counters"]["failed"], &status["counters"]["open"]), (&0.into(), &0.into()), "{status}");
}

#[test]
fn a_name_goes_through_the_tunnel_as_a_name() {
    let (Some(program), Some(tokyo)) = (find("curl", "curl"), ss_server()) else { return };
    let home = Home::with(&config(tokyo.at, &format!("{KEPT}order = [\"tokyo\"]\n")));
    let running = home.run(&[]);
    let (at, _) = origin("127.0.0.1");
    let url = format!("http://localhost:{}/", at.port());
    for proxy in ["socks5h", "socks4a", "http"] {
        assert_eq!(curl(&program, &format!("{proxy}://{}", running.door()), &[&url]).good(), PAGE, "{proxy}");
    }
}

#[test]
fn nothing_byway_says_tells_where_anybody_went_or_a_key() {
    let (Some(program), Some(tokyo)) = (find("curl", "curl"), ss_server()) else { return };
    let home = Home::with(&config(tokyo.at, &format!("{KEPT}order = [\"tokyo\"]\n")).replace("\"off\"", "\"passive\""));
    let running = home.run(&["-vv"]);
    let (at, _) = origin("127.0.0.9");
    let urls = [format!("http://{at}/secret-path"), "http://127.0.0.8:1/secret-path".to_owned()];
    for proxy in ["socks5h", "socks4a", "http"] {
        for url in &urls {
            curl(&program, &format!("{proxy}://{}", running.door()), &[url, "-H", "User-Agent: secret-agent"]);
        }
    }
    tokyo.end();
    curl(&program, &format!("http://{}", running.door()), &["-p", &urls[0]]);
    let mut all = String::new();
    for ask in
        [&["status"][..], &["status", "--json"], &["why", "kept"], &["why", "kept", "--json"], &["log"], &["history"]]
    {
        all += &home.byway(ask).good();
    }
    let (_, said) = running.stop();
    assert!(said.contains("TRACE") || said.contains("DEBUG"), "it was told to say everything:\n{said}");
    all += &said;
    for secret in [PASSWORD, "127.0.0.9", "127.0.0.8", "secret-path", "secret-agent"] {
        assert!(!all.contains(secret), "{secret} is told:\n{all}");
    }
}

#[test]
fn the_reference_server_of_the_2022_ciphers_by_a_link() {
    let (Some(program), Some((server, key))) = (find("curl", "curl"), ssserver()) else { return };
    let more = format!("{KEPT}order = [\"oslo\"]\n");
    let link = format!("ss://2022-blake3-aes-128-gcm:{}@{}#Oslo", key.replace('=', "%3D"), server.at);
    let home = Home::with(&config(closed_port(), &format!("[transport.oslo.shadowsocks]\nlink = \"{link}\"\n{more}")));
    let running = home.run(&[]);
    let (at, _) = origin("127.0.0.9");
    let url = format!("http://{at}/");
    assert_eq!(curl(&program, &format!("socks5h://{}", running.door()), &[&url]).good(), PAGE);
}

#[test]
fn a_door_with_a_login_opens_only_to_it() {
    let Some(program) = find("curl", "curl") else { return };
    let home = Home::with(
        "listen = [\"127.0.0.1:0\"]\n[detect]\nmode = \"off\"\n[login]\nuser = \"anna\"\npassword = \"let-me-in-please\"\n",
    );
    let running = home.run(&["-vv"]);
    let (at, heard) = origin("127.0.0.1");
    let (door, url) = (running.door(), format!("http://{at}/"));
    for proxy in ["socks5h", "http"] {
        for wrong in ["", "anna:wrong@", "bert:let-me-in-please@"] {
            let said = curl(&program, &format!("{proxy}://{wrong}{door}"), &["--fail", &url]);
            assert_ne!(said.code, Some(0), "{proxy} with {wrong:?}: {said:?}");
        }
        let right = format!("{proxy}://anna:let-me-in-please@{door}");
        assert_eq!(curl(&program, &right, &[&url]).good(), PAGE);
        assert_eq!(curl(&program, &right, &["-p", &url]).good(), PAGE);
    }
    let refused =
        curl(&program, &format!("http://{door}"), &["--output", "/dev/null", "--write-out", "%{http_code}", &url]);
    assert_eq!(refused.good(), "407");
    assert_eq!(heard.lock().unwrap().len(), 4, "only the right login came through");
    let (_, said) = running.stop();
    assert!(!said.contains("let-me-in-please") && !said.contains("wrong"), "{said}");
}

/// UDP ASSOCIATE (RFC 1928 §7) by hand: associates, and sends `packet` to `to` until it comes back.
pub(crate) fn udp_round_trip(door: SocketAddr, to: SocketAddr, packet: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(door).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&[5, 1, 0]).unwrap();
    let mut method = [0; 2];
    stream.read_exact(&mut method).unwrap();
    assert_eq!(method, [5, 0]);
    stream.write_all(&[5, 3, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    let mut reply = [0; 10];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!((reply[0], reply[1], reply[3]), (5, 0, 1), "{reply:?}");
    let ip = Ipv4Addr::new(reply[4], reply[5], reply[6], reply[7]);
    let relay = SocketAddr::from((ip, u16::from_be_bytes([reply[8], reply[9]])));

    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let SocketAddr::V4(v4) = to else { unreachable!("loopback") };
    let head = [&[0, 0, 0, 1][..], &v4.ip().octets(), &v4.port().to_be_bytes()].concat();
    let mut buf = [0; 2048];
    for _ in 0..20 {
        socket.send_to(&[&head[..], packet].concat(), relay).unwrap();
        if let Ok((length, from)) = socket.recv_from(&mut buf) {
            assert_eq!((from, &buf[..head.len()]), (relay, &head[..]));
            return Some(buf[head.len()..length].to_vec());
        }
    }
    None
}

#[test]
fn packets_of_a_socks_client_go_out_directly_and_over_shadowsocks() {
    let Some(tokyo) = ss_server() else { return };
    let to = udp_echo();
    for order in ["direct", "tokyo"] {
        let home = Home::with(&config(tokyo.at, &format!("[service.other]\norder = [\"{order}\"]\n")));
        let running = home.run(&[]);
        for packet in [&b"one"[..], &[7; 1200]] {
            assert_eq!(udp_round_trip(running.door(), to, packet).as_deref(), Some(packet), "over {order}");
        }
    }
}

#[test]
fn when_the_first_tunnel_dies_the_next_connection_takes_the_second() {
    let (Some(program), Some(tokyo), Some(spare)) = (find("curl", "curl"), ss_server(), microsocks()) else { return };
    let more = format!("[transport.spare.socks5]\nserver = \"{}\"\n{KEPT}order = [\"tokyo\", \"spare\"]\n", spare.at);
    let home = Home::with(&config(tokyo.at, &more).replace("mode = \"off\"", "mode = \"passive\""));
    let running = home.run(&[]);
    let (at, heard) = origin("127.0.0.9");
    let (proxy, url) = (format!("socks5h://{}", running.door()), format!("http://{at}/"));
    assert_eq!(curl(&program, &proxy, &[&url]).good(), PAGE);
    tokyo.end();
    for round in 0..5 {
        assert_eq!(curl(&program, &proxy, &[&url]).good(), PAGE, "round {round}: {}", running.said());
    }
    let before = heard.lock().unwrap().len();
    spare.end();
    let said = curl(&program, &proxy, &[&url]);
    assert_eq!(said.code, Some(97), "SOCKS says no: {said:?}");
    let said = curl(&program, &format!("http://{}", running.door()), &["--write-out", "\n%{http_code}", &url]).good();
    let (why, code) = said.rsplit_once('\n').unwrap();
    assert_eq!(code, "502", "{said}");
    assert!(why.contains("tokyo") && why.contains("spare"), "it says which ways failed: {why}");
    assert_eq!(heard.lock().unwrap().len(), before, "nothing went out directly");
}

#[test]
fn without_a_way_left_it_is_refused_and_never_direct() {
    let Some(program) = find("curl", "curl") else { return };
    let home = Home::with(&config(closed_port(), &format!("{KEPT}order = [\"direct\", \"tokyo\"]\n")));
    let running = home.run(&["-vv"]);
    let (at, heard) = origin("127.0.0.9");
    let url = format!("http://{at}/");
    for _ in 0..3 {
        for proxy in ["socks5h", "socks4a", "http"] {
            let said = curl(&program, &format!("{proxy}://{}", running.door()), &["--fail", &url]);
            assert!(matches!(said.code, Some(22 | 97)), "{proxy}: {said:?}");
        }
    }
    assert_eq!(heard.lock().unwrap().len(), 0);
    let (_, said) = running.stop();
    assert!(!said.contains("127.0.0.9"), "a destination is in the log:\n{said}");
}
