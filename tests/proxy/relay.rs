//! Two of the same program: one at home, the other its far end.

use crate::house::{Home, Running, curl, find};
use crate::origins::{PAGE, origin, udp_echo};
use crate::traffic::udp_round_trip;
use std::net::SocketAddr;

const USER: &str = "b831381d-6324-4d53-ad4f-8cda48b30811";

/// A relay that stands alone, with a certificate of its own for `relay.example`.
fn relay(home: &Home) -> (Running, SocketAddr) {
    let paper = rcgen::generate_simple_self_signed(vec!["relay.example".to_owned()]).unwrap();
    let (chain, key) = (home.path().join("chain.pem"), home.path().join("key.pem"));
    std::fs::write(&chain, paper.cert.pem()).unwrap();
    std::fs::write(&key, paper.signing_key.serialize_pem()).unwrap();
    home.configure(&format!(
        "[listen]\nproxy = []\n[listen.relay]\naddress = \"127.0.0.1:0\"\npath = \"/4f0c2a91\"\nusers = [\"{USER}\"]\n\
         certificate = {chain:?}\nkey = {key:?}\nallow_private = true\n[detect]\nmode = \"off\"\n"
    ));
    let running = home.run(&[]);
    let said = running.said();
    let at = said.lines().find_map(|line| line.strip_prefix("byway relays for its clients at ")).unwrap();
    (running, at.trim().parse().unwrap())
}

fn client(relay: SocketAddr, roots: &Home, carrier: &str, user: &str) -> String {
    let roots = roots.path().join("chain.pem");
    format!(
        "listen = [\"127.0.0.1:0\"]\norder = [\"abroad\"]\n[service.other]\norder = [\"abroad\"]\ndirect = \"never\"\n\
         [detect]\nmode = \"off\"\n[transport.abroad.fronted]\nconnect = \"{relay}\"\nhost = \"relay.example\"\n\
         sni = \"relay.example\"\nroots = {roots:?}\npath = \"/4f0c2a91\"\ncarrier = \"{carrier}\"\nuser = \"{user}\"\n"
    )
}

#[test]
fn one_byway_is_the_far_end_of_another() {
    let Some(program) = find("curl", "curl") else { return };
    let abroad = Home::new();
    let (_relay, at) = relay(&abroad);
    let (page, heard) = origin("127.0.0.9");
    for carrier in ["websocket", "polling"] {
        let home = Home::with(&client(at, &abroad, carrier, USER));
        let running = home.run(&[]);
        let proxy = format!("socks5h://{}", running.door());
        assert_eq!(curl(&program, &proxy, &[&format!("http://{page}/")]).good(), PAGE, "{carrier}");
        let body = "x".repeat(300_000);
        let file = home.path().join("body");
        std::fs::write(&file, &body).unwrap();
        let back =
            curl(&program, &proxy, &["--data", &format!("@{}", file.display()), &format!("http://{page}/")]).good();
        assert!(back == body, "{carrier}: {} of {} bytes came back", back.len(), body.len());
        let echo = udp_echo();
        assert_eq!(udp_round_trip(running.door(), echo, b"a packet").as_deref(), Some(&b"a packet"[..]), "{carrier}");
    }
    assert_eq!(heard.lock().unwrap().len(), 4);
}

#[test]
fn a_stranger_to_the_relay_reaches_nothing_and_is_told_why() {
    let Some(program) = find("curl", "curl") else { return };
    let abroad = Home::new();
    let (_relay, at) = relay(&abroad);
    let (page, heard) = origin("127.0.0.9");
    let home = Home::with(&client(at, &abroad, "websocket", "00000000-0000-4000-8000-000000000000"));
    let running = home.run(&[]);
    // One destination may have hung up by itself.
    for page in [page, origin("127.0.0.8").0] {
        let said = curl(&program, &format!("socks5h://{}", running.door()), &[&format!("http://{page}/")]);
        assert_ne!(said.code, Some(0), "{said:?}");
    }
    assert_eq!(heard.lock().unwrap().len(), 0);
    let status = home.byway(&["status", "--json"]).json().to_string();
    assert!(status.contains("its server does not know this key"), "{status}");
    assert!(!status.contains(USER) && !status.contains("4f0c2a91"), "a secret: {status}");
    // Whoever looks at it with a browser sees a small web site.
    let chain = abroad.path().join("chain.pem");
    let resolve = format!("relay.example:{}:127.0.0.1", at.port());
    let page = curl(
        &program,
        "",
        &[
            "--noproxy",
            "*",
            "--cacert",
            chain.to_str().unwrap(),
            "--resolve",
            &resolve,
            &format!("https://relay.example:{}/", at.port()),
        ],
    );
    assert!(page.good().contains("<html"), "a decoy");
}
