//! What the LAN's client meets: it speaks with whom it meant, whoever carries it there.

use crate::ground::{
    CLIENT, CLIENT_SIX, Ground, NAMED, ORIGIN, ORIGIN_SIX, PLAIN, PLAIN_SIX, ROUTER, ROUTER_SIX, wait_for,
};
use crate::router::{Household, REDIRECT, TPROXY, Wish};
use crate::wan::CALLS;
use std::io::ErrorKind;

fn ok(who: &str) -> Result<String, ErrorKind> {
    Ok(who.to_owned())
}

/// By byway, and so from the router's own address; everything else as ever.
fn tcp_goes_through(wish: &Wish) {
    let Some(home) = Household::new(wish) else { return };
    assert_eq!(home.asks(ORIGIN), ok(ROUTER));
    assert_eq!(home.asks(ORIGIN_SIX), ok(ROUTER_SIX));
    assert_eq!(home.hears(ORIGIN), ok(ROUTER), "a server that speaks first is heard");
    assert_eq!(home.hears(ORIGIN_SIX), ok(ROUTER_SIX));
    assert_eq!(home.asks(PLAIN), ok(CLIENT), "nobody else's traffic is touched");
    assert_eq!(home.asks(PLAIN_SIX), ok(CLIENT_SIX));
    assert_eq!(home.calls(PLAIN), ok(CLIENT));
}

#[test]
fn tcp_by_tproxy_goes_where_it_was_meant() {
    tcp_goes_through(&TPROXY);
}

#[test]
fn tcp_by_redirect_goes_where_it_was_meant() {
    tcp_goes_through(&REDIRECT);
}

#[test]
fn udp_by_tproxy_is_answered_by_whom_it_was_meant_for() {
    let Some(home) = Household::new(&TPROXY) else { return };
    assert_eq!(home.calls(ORIGIN), ok(ROUTER));
    assert_eq!(home.calls(ORIGIN_SIX), ok(ROUTER_SIX));
    assert_eq!(home.calls(PLAIN_SIX), ok(CLIENT_SIX));
}

/// The router's address is kept from the service; the client sees nothing of it. Who goes by the tunnel comes from the
/// service's own machine, which is the tunnel server's machine too.
fn a_block_is_not_seen(wish: &Wish, treated: &str) {
    let Some(home) = Household::new(wish) else { return };
    home.wan.censor(treated);
    assert_eq!(home.asks(ORIGIN), ok(ORIGIN), "{treated}");
    assert_eq!(home.asks(ORIGIN_SIX), ok(ORIGIN_SIX), "{treated}");
}

#[test]
fn packets_swallowed_on_the_wan_are_not_seen_by_who_comes_by_tproxy() {
    a_block_is_not_seen(&TPROXY, "drop");
}

#[test]
fn packets_swallowed_on_the_wan_are_not_seen_by_who_comes_by_redirect() {
    a_block_is_not_seen(&REDIRECT, "drop");
}

#[test]
fn resets_on_the_wan_are_not_seen() {
    // A box that answers what is sent, not the connect itself.
    a_block_is_not_seen(&TPROXY, "tcp flags & psh == psh reject with tcp reset");
}

#[test]
fn calls_that_are_swallowed_go_on_by_the_tunnel() {
    let Some(home) = Household::new(&TPROXY) else { return };
    home.wan.censor("meta l4proto udp drop");
    assert_eq!(home.calls(ORIGIN), ok(ORIGIN));
    assert_eq!(home.calls(ORIGIN_SIX), ok(ORIGIN_SIX));
}

#[test]
fn what_may_not_go_straight_out_is_refused_at_once_when_its_tunnel_is_dead() {
    let never = r#"direct = "never""#;
    let Some(mut home) = Household::new(&Wish { chat: never, ..TPROXY }) else { return };
    assert_eq!(home.asks(ORIGIN), ok(ORIGIN));
    home.wan.end_tunnel();
    let refused = |outcome: Result<String, ErrorKind>| outcome.is_err_and(|why| why != ErrorKind::TimedOut);
    assert!(refused(home.asks(ORIGIN)), "a reset, not a silence");
    assert!(refused(home.asks(ORIGIN_SIX)));
    assert_eq!(home.asks(PLAIN), ok(CLIENT));
}

#[test]
fn datagrams_that_no_way_carries_are_refused_at_once() {
    let only_streams = "order = [\"friend\"]\n[transport.friend.http]\nserver = \"203.0.113.9\"\nport = 8080\n";
    let Some(home) = Household::new(&Wish { chat: only_streams, ..TPROXY }) else { return };
    for host in [ORIGIN, ORIGIN_SIX] {
        for port in [443, CALLS] {
            assert_eq!(home.sends(host, port), Err(ErrorKind::ConnectionRefused), "{host} {port}");
        }
    }
    assert_eq!(home.calls(PLAIN), ok(CLIENT));
    let Some(home) = Household::new(&REDIRECT) else { return };
    assert_eq!(home.sends(ORIGIN, 443), Err(ErrorKind::ConnectionRefused), "QUIC goes on by TCP");
    assert_eq!(home.calls(ORIGIN), ok(CLIENT), "calls are not redirected, and not blocked");
}

#[test]
fn what_byway_sends_has_its_mark() {
    let Some(home) = Household::new(&Wish { firewall: "mark = 77", ..TPROXY }) else { return };
    let count = format!(
        "table inet seen {{\nchain out {{\ntype filter hook output priority 0; policy accept;\noifname wan0 ip daddr {ORIGIN} \
         meta mark != 77 counter\n}}\n}}\n"
    );
    Ground::nft(&home.ground.router, &count);
    assert_eq!((home.asks(ORIGIN), home.calls(ORIGIN)), (ok(ROUTER), ok(ROUTER)));
    let counted = home.on_router("nft", &["list", "table", "inet", "seen"]);
    assert!(counted.contains("counter packets 0 bytes 0"), "{counted}");
}

#[test]
fn where_ipv6_is_not_caught_a_service_is_refused_on_it() {
    for mode in ["tproxy", "redirect"] {
        let Some(home) = Household::new(&Wish { mode, ipv6: false, ..TPROXY }) else { return };
        assert_eq!(home.asks(ORIGIN), ok(ROUTER));
        assert_eq!(home.asks(ORIGIN_SIX), Err(ErrorKind::ConnectionRefused), "{mode}");
        assert!(home.calls(ORIGIN_SIX).is_err_and(|why| why != ErrorKind::TimedOut), "{mode}");
        assert_eq!(home.asks(PLAIN_SIX), ok(CLIENT_SIX));
    }
}

#[test]
fn stopped_or_killed_it_leaves_a_working_lan() {
    for wish in [TPROXY, REDIRECT, Wish { firewall: "dnsmasq = true", ..TPROXY }] {
        let Some(mut home) = Household::new(&wish) else { return };
        for signal in ["-TERM", "-KILL"] {
            assert_eq!(home.asks(ORIGIN), ok(ROUTER));
            home.end(signal);
            let plain = || (home.asks(ORIGIN) == ok(CLIENT)).then_some(());
            if signal == "-TERM" {
                plain().expect("the rules are gone before byway is");
            } else {
                wait_for("the rules go by themselves", plain);
            }
            assert_eq!(home.asks(ORIGIN_SIX), ok(CLIENT_SIX));
            assert_eq!(home.calls(ORIGIN), ok(CLIENT));
            home.start();
        }
        assert_eq!(home.asks(ORIGIN), ok(ROUTER), "and the next one takes over");
    }
}

#[test]
fn who_dials_the_listener_itself_is_refused() {
    for wish in [TPROXY, REDIRECT] {
        let Some(home) = Household::new(&wish) else { return };
        let knock = |namespace: &str, host: &str| {
            let at = std::net::SocketAddr::new(host.parse().unwrap(), 4183);
            crate::resident::inside(namespace, || async move {
                let mut stream = tokio::net::TcpStream::connect(at).await.map_err(|error| error.kind())?;
                let read = tokio::io::AsyncReadExt::read(&mut stream, &mut [0]).await;
                read.map_err(|error| error.kind())
            })
        };
        for (namespace, host) in
            [(&home.ground.lan, "192.168.77.1"), (&home.ground.wan, ROUTER), (&home.ground.wan, ROUTER_SIX)]
        {
            assert_eq!(knock(namespace, host), Err(ErrorKind::ConnectionRefused), "{}: {host}", wish.mode);
        }
        // On the router itself the port is open; what it leads to is nothing.
        let nothing = knock(&home.ground.router, "127.0.0.1");
        assert!(
            matches!(nothing, Ok(0) | Err(ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused)),
            "{nothing:?}"
        );
    }
}

#[test]
fn an_address_that_only_a_name_leads_to_is_caught_from_its_answer_on() {
    let Some(home) = Household::new(&TPROXY) else { return };
    assert_eq!(home.asks(NAMED), ok(CLIENT));
    crate::names::ask(&home, "www.chat.test", hickory_proto::rr::RecordType::A);
    assert_eq!(home.asks(NAMED), ok(ROUTER));
    home.wan.censor("drop");
    assert_eq!(home.hears(NAMED), ok(NAMED), "it has the service's ways");
    assert!(home.asks(NAMED).is_err(), "who shows another name there means somebody else, who has but one way");
}
