//! Techniques against calls (T14), and what tells them apart: neutral STUN, a messenger's relays, UDP that is neither.

use super::*;

/// Whether a neutral STUN server, a relay of each messenger and the time server answer.
async fn answers(country: &Country) -> [bool; 5] {
    let mut got = [false; 5];
    let mut servers = vec![country.stun_servers()[1].0];
    servers.extend(["whatsapp", "telegram", "signal"].map(|service| country.call_relays(service)[0]));
    for (index, server) in servers.into_iter().enumerate() {
        got[index] = ask_stun(country, server).await.is_some();
    }
    got[4] = asks_the_time(country).await;
    got
}

async fn asks_the_time(country: &Country) -> bool {
    let at = country.time_server();
    let socket = country.bind_udp(at).await.unwrap();
    socket.send_to(&[&[0x23][..], &[0; 47]].concat(), at).await.unwrap();
    timeout(Duration::from_secs(3), socket.recv_from(&mut [0; 64])).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn each_technique_against_calls_leaves_its_own_pattern() {
    let country = country();
    let everything = Target::everything;
    for (target, action, expected) in [
        (everything().port(9), Action::DropUdp, [true; 5]),
        (country.calls_target("whatsapp"), Action::DropUdp, [true, false, true, true, true]),
        (country.calls_target("telegram"), Action::Drop, [true, true, false, true, true]),
        (everything(), Action::DropStun, [false, false, false, false, true]),
        (everything().except_port(123), Action::DropUdp, [false, false, false, false, true]),
        (everything(), Action::DropUdp, [false; 5]),
    ] {
        let rule = country.censor().block(target.clone(), action.clone());
        assert_eq!(answers(&country).await, expected, "{target:?} {action:?}");
        let chat = SocketAddr::new(country.addresses("whatsapp")[0].addr(), 5222);
        assert!(connect(&country, chat).await.0.unwrap().is_ok(), "chats go on: {target:?} {action:?}");
        country.censor().lift(rule);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hole_in_path_mtu_swallows_large_datagrams() {
    let country = country();
    country.censor().block(Target::everything(), Action::DropLarger(1250));
    let server = country.stun_servers()[0].0;
    assert!(ask_stun(&country, server).await.is_some());
    let inside = country.bind_udp(server).await.unwrap();
    let padded = [&stun::binding_request([4; 12])[..], &[0; 1300]].concat();
    inside.send_to(&padded, server).await.unwrap();
    assert!(timeout(Duration::from_secs(3), inside.recv_from(&mut [0; 64])).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn congestion_is_in_every_round_trip() {
    let country = country();
    country.censor().block(Target::everything(), Action::Delay(Duration::from_millis(300)));
    let late = RTT + Duration::from_millis(300);
    let (end, took) = connect(&country, telegram()).await;
    assert_eq!((took, end.unwrap().unwrap().tcp_facts().unwrap().rtt), (late, late));
    let start = Instant::now();
    assert!(ask_stun(&country, country.stun_servers()[0].0).await.is_some());
    assert_eq!(start.elapsed(), late);
    let start = Instant::now();
    country.system_lookup("t.me").await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(308));
}
