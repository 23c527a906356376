//! Lossy and narrow lines against what was measured on kernels (`docs/detection.md` §1.2). The simulated kernel resends
//! on the same timers but knows no fast retransmission, and a policer is modelled as a shaper with a small burst: its
//! rate is right, its pattern of losses is not there. So the figures are compared loosely.

use super::*;

/// 40 tries as they were measured: a connect within 4 s, then a first byte within 5 s. When the bytes came.
async fn first_bytes(action: Action, seed: u64) -> Vec<Duration> {
    let country = World::new().seed(seed).rtt(Duration::from_millis(2)).start().unwrap();
    country.censor().block(Target::everything(), action);
    let to = SocketAddr::new(country.anchors()[0].0, 80);
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let country = country.clone();
        tries.spawn(async move {
            let mut stream = timeout(Duration::from_secs(4), country.connect(to)).await.ok()?.ok()?;
            let start = Instant::now();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: anchor-one.example\r\n\r\n").await.ok()?;
            let came = timeout(Duration::from_secs(5), stream.read(&mut [0; 9])).await.ok()?;
            came.is_ok_and(|size| size > 0).then(|| start.elapsed())
        });
    }
    let mut all: Vec<Duration> = tries.join_all().await.into_iter().flatten().collect();
    all.sort();
    all
}

#[tokio::test(start_paused = true)]
async fn random_loss_lets_through_what_was_measured() {
    use Direction::{Both, Up};
    for (percent, direction, measured) in
        [(5, Both, 40), (20, Both, 39), (40, Both, 33), (60, Both, 11), (80, Both, 0), (95, Both, 0)]
            .into_iter()
            .chain([(60, Up, 35), (80, Up, 20), (90, Up, 6), (95, Up, 3)])
    {
        let mut all = Vec::new();
        for seed in 1..=3 {
            all.extend(first_bytes(Action::Lose { percent, direction }, seed).await);
        }
        let passed = all.len() / 3;
        assert!(passed.abs_diff(measured) <= 9, "{percent} % {direction:?}: {passed} of 40, measured {measured}");
        if (percent, direction) == (60, Both) {
            all.sort();
            let median = all[all.len() / 2];
            assert!((400..3000).contains(&median.as_millis()), "{median:?}, measured 1.6 s");
        }
    }
}

/// How long a body of so many bytes takes from a site over plain HTTP, and how much came each second.
async fn fetch(country: &Country, host: &str, bytes: usize, most: Duration) -> (Duration, Vec<usize>) {
    let ip = country.system_lookup(host).await.unwrap()[0];
    let mut stream = country.connect(SocketAddr::new(ip, 80)).await.unwrap();
    let request = format!("GET /bulk?bytes={bytes} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let start = Instant::now();
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut seconds, mut buf) = (Vec::new(), vec![0; 65_536]);
    while let Ok(Ok(size)) = tokio::time::timeout_at(start + most, stream.read(&mut buf)).await {
        if size == 0 {
            break;
        }
        let second = start.elapsed().as_secs() as usize;
        seconds.resize(seconds.len().max(second + 1), 0);
        seconds[second] += size;
    }
    (start.elapsed(), seconds)
}

#[tokio::test(start_paused = true)]
async fn a_policer_of_130_kbit_is_flat_and_spares_the_others() {
    let country = country();
    let site = country.system_lookup("mmg.whatsapp.net").await.unwrap()[0];
    country.censor().block(Target::prefix(site), Action::Throttle { bytes_per_second: 130_000 / 8 });
    let (took, seconds) = fetch(&country, "mmg.whatsapp.net", 204_000, Duration::from_secs(60)).await;
    assert!((10_500..13_500).contains(&took.as_millis()), "{took:?}, measured 11.8 s");
    let whole = &seconds[1..seconds.len() - 1];
    assert!(whole.iter().all(|bytes| (14_000..18_000).contains(bytes)), "{whole:?}, measured 17.3 kB/s, flat");
    let (took, _) = fetch(&country, "anchor-one.example", 204_000, Duration::from_secs(60)).await;
    assert!(took < Duration::from_millis(200), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_congested_line_is_slow_for_everything() {
    let country = country();
    country.censor().block(Target::everything(), Action::Delay(Duration::from_millis(300)));
    country.censor().block(Target::everything(), Action::Lose { percent: 20, direction: Direction::Both });
    for host in ["mmg.whatsapp.net", "anchor-one.example", "news.domestic.example"] {
        let (took, _) = fetch(&country, host, 64_000, Duration::from_secs(120)).await;
        assert!((2..60).contains(&took.as_secs()), "{host} {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_whitelist_passes_syns_and_the_operators_names() {
    let country = country();
    country.censor().add(country.whitelist());
    assert!(country.system_lookup("anchor-one.example").await.is_ok());
    let anchor = SocketAddr::new(country.anchors()[0].0, 443);
    assert!(connect(&country, anchor).await.0.unwrap().is_ok(), "a syn abroad is answered");
    let (_, seconds) = fetch(&country, "anchor-one.example", 1000, Duration::from_secs(20)).await;
    assert!(seconds.is_empty(), "{seconds:?}");
    let (took, seconds) = fetch(&country, "news.domestic.example", 1000, Duration::from_secs(20)).await;
    assert!(took < Duration::from_secs(1) && seconds.iter().sum::<usize>() > 1000);
    assert!(ask_stun(&country, country.stun_servers()[0].0).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn services_and_anchors_give_and_take_large_bodies_and_a_slow_upload_is_seen() {
    let country = country();
    let site = country.system_lookup("mmg.whatsapp.net").await.unwrap()[0];
    country.censor().block(Target::prefix(site), Action::Throttle { bytes_per_second: 20_000 });
    for (host, least, most) in
        [("mmg.whatsapp.net", 9, 12), ("anchor-one.example", 0, 0), ("chat.signal.org", 0, 0), ("discord.com", 0, 0)]
    {
        let (_, seconds) = fetch(&country, host, 200_000, Duration::from_secs(30)).await;
        assert!(seconds.iter().sum::<usize>() > 200_000, "{host}");
        let ip = country.system_lookup(host).await.unwrap()[0];
        let mut stream = country.connect(SocketAddr::new(ip, 80)).await.unwrap();
        let head =
            format!("POST /sink HTTP/1.1\r\nHost: {host}\r\nContent-Length: 200000\r\nConnection: close\r\n\r\n");
        let start = Instant::now();
        stream.write_all(&[head.as_bytes(), &[7; 200_000]].concat()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("200000\n"), "{host}: {answer}");
        assert!((least..=most).contains(&start.elapsed().as_secs()), "{host} {:?}", start.elapsed());
    }
}
