//! What is asked, and how the answers are shown.

use crate::ground::Ground;
use crate::line::Line;
use crate::load::{self, Direction};
use crate::systems::{CIPHERS, Far, System, Tunnel};
use anyhow::{Context, Result};
use std::time::Duration;

const GIB: u64 = 1 << 30;
/// At 40 ms and 1 % loss a tunnel does not carry much.
const LOSSY_BYTES: u64 = 8 << 20;
const STREAMS: u64 = 4;
/// After how many connections memory is looked at.
const MILESTONES: [u64; 4] = [1_000, 3_000, 6_000, 10_000];

/// Side by side.
const ROWS: [(Tunnel, &[System]); 5] = [
    (Tunnel::Shadowsocks(0), &[System::Byway, System::BywayBefore, System::Sslocal, System::SsLibev, System::SingBox]),
    (Tunnel::Shadowsocks(1), &[System::Byway, System::BywayBefore, System::Sslocal, System::SsLibev, System::SingBox]),
    (Tunnel::Shadowsocks(2), &[System::Byway, System::BywayBefore, System::Sslocal, System::SingBox]),
    // v2ray 4.34 loses the end of a download here.
    (Tunnel::VlessWebSocket, &[System::Byway, System::BywayBefore, System::SingBox]),
    (Tunnel::WireGuard, &[System::Byway, System::BywayBefore, System::BywayOwn, System::WireGuardGo]),
];

const LOSSY: [(Tunnel, System); 5] = [
    (Tunnel::Wire, System::Kernel),
    (Tunnel::WireGuard, System::Byway),
    (Tunnel::WireGuard, System::BywayBefore),
    (Tunnel::WireGuard, System::BywayOwn),
    (Tunnel::WireGuard, System::WireGuardGo),
];

const ALL: [(Tunnel, System); 10] = [
    (Tunnel::Shadowsocks(0), System::Byway),
    (Tunnel::Shadowsocks(1), System::Byway),
    (Tunnel::Shadowsocks(2), System::Byway),
    (Tunnel::Vless, System::Byway),
    (Tunnel::VlessWebSocket, System::Byway),
    (Tunnel::Trojan, System::Byway),
    (Tunnel::Fronted, System::Byway),
    (Tunnel::Polling, System::Byway),
    (Tunnel::WireGuard, System::Byway),
    (Tunnel::WireGuard, System::BywayOwn),
];

fn name(tunnel: Tunnel) -> String {
    match tunnel {
        Tunnel::Shadowsocks(cipher) => format!("shadowsocks {}", CIPHERS[usize::from(cipher)]),
        Tunnel::Vless => String::from("vless"),
        Tunnel::VlessWebSocket => String::from("vless websocket"),
        Tunnel::Trojan => String::from("trojan"),
        Tunnel::Fronted => String::from("fronted websocket"),
        Tunnel::Polling => String::from("fronted polling"),
        Tunnel::WireGuard => String::from("wireguard"),
        Tunnel::Wire => String::from("none"),
    }
}

fn megabytes(bytes: u64, span: Duration) -> f64 {
    bytes as f64 / 1e6 / span.as_secs_f64()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// What one system showed, a figure a round: MB/s down and up, processor seconds per GB down and up.
#[derive(Default)]
struct Shown([Vec<f64>; 4]);

/// Bulk through the same server, beside the peers.
pub(crate) fn speed(ground: &Ground, far: &Far, rounds: u64, bytes: u64, only: &str) -> Result<()> {
    println!("\nBulk, {STREAMS} streams of {} MiB together, medians of {rounds} rounds", bytes >> 20);
    println!(
        "{:<36} {:<15} {:>10} {:>10} {:>12} {:>12} {:>14} {:>14}",
        "tunnel", "system", "down MB/s", "up MB/s", "CPU s/GB dn", "CPU s/GB up", "byway is, down", "byway is, up"
    );
    for (tunnel, systems) in ROWS.into_iter().filter(|(tunnel, _)| name(*tunnel).contains(only)) {
        let (here, absent): (Vec<System>, Vec<System>) = systems.iter().partition(|system| system.program().is_some());
        let mut shown: Vec<Shown> = here.iter().map(|_| Shown::default()).collect();
        for _ in 0..rounds {
            let mut order: Vec<usize> = (0..here.len()).collect();
            fastrand::shuffle(&mut order);
            for index in order {
                one_round(ground, far, here[index], tunnel, bytes, &mut shown[index])?;
            }
        }
        for (system, figures) in here.iter().zip(&shown) {
            let [down, up, cpu_down, cpu_up] = &figures.0;
            let beside = |n: usize| {
                let ratios: Vec<f64> = shown[0].0[n].iter().zip(&figures.0[n]).map(|(own, peer)| own / peer).collect();
                format!("{:.2} x", median(&ratios))
            };
            println!(
                "{:<36} {:<15} {:>10.0} {:>10.0} {:>12.2} {:>12.2} {:>14} {:>14}",
                name(tunnel),
                system.name(),
                median(down),
                median(up),
                median(cpu_down),
                median(cpu_up),
                beside(0),
                beside(1)
            );
        }
        for system in absent.into_iter().filter(|system| *system != System::BywayBefore) {
            println!("{:<36} {:<15} not here", name(tunnel), system.name());
        }
    }
    Ok(())
}

fn one_round(ground: &Ground, far: &Far, system: System, tunnel: Tunnel, bytes: u64, shown: &mut Shown) -> Result<()> {
    let what = || format!("{} over {}", system.name(), name(tunnel));
    let client = far.client(ground, system, tunnel).with_context(what)?.with_context(what)?;
    // The first handshake is not what is measured.
    load::bulk(&ground.near, client.by, Direction::Down, 1, 1 << 20).with_context(what)?;
    for (n, direction) in [Direction::Down, Direction::Up].into_iter().enumerate() {
        let cpu = || client.running.as_ref().map_or(Ok(Duration::ZERO), crate::ground::Running::cpu);
        let before = cpu()?;
        let span = load::bulk(&ground.near, client.by, direction, STREAMS, bytes).with_context(what)?;
        shown.0[n].push(megabytes(bytes, span));
        shown.0[n + 2].push((cpu()? - before).as_secs_f64() * 1e9 / bytes as f64);
    }
    Ok(())
}

/// An upload over a line with 40 ms and 1 % loss.
pub(crate) fn loss(ground: &Ground, far: &Far, rounds: u64, only: &str) -> Result<()> {
    let asked = |system: System| system == System::Kernel || system.name().ends_with(only);
    println!(
        "\nUpload of {} MiB, one stream, 40 ms, 1 % lost both ways, medians of {rounds} rounds",
        LOSSY_BYTES >> 20
    );
    println!("congestion control: {}", control()?.trim());
    println!("{:<36} {:<18} {:>10} {:>10} {:>14}", "tunnel", "system", "MB/s", "least", "of the kernel's");
    let line = Line::lay(ground)?;
    let mut shown = vec![Vec::new(); LOSSY.len()];
    for _ in 0..rounds {
        for (index, (tunnel, system)) in LOSSY.into_iter().enumerate() {
            let Some(client) = asked(system).then(|| far.client(ground, system, tunnel)).transpose()?.flatten() else {
                continue;
            };
            load::bulk(&ground.near, client.by, Direction::Down, 1, 1000)?;
            let span = load::bulk(&ground.near, client.by, Direction::Up, 1, LOSSY_BYTES)?;
            shown[index].push(megabytes(LOSSY_BYTES, span));
        }
    }
    drop(line);
    for ((tunnel, system), figures) in LOSSY.into_iter().zip(&shown).filter(|(_, figures)| !figures.is_empty()) {
        let ratios: Vec<f64> = figures.iter().zip(&shown[0]).map(|(own, kernel)| own / kernel).collect();
        println!(
            "{:<36} {:<18} {:>10.2} {:>10.2} {:>12.2} x",
            name(tunnel),
            system.name(),
            median(figures),
            figures.iter().copied().fold(f64::INFINITY, f64::min),
            median(&ratios)
        );
    }
    Ok(())
}

fn control() -> Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/net/ipv4/tcp_congestion_control")?)
}

/// 1 GiB each way through each kind, hashes compared.
pub(crate) fn intact(ground: &Ground, far: &Far) -> Result<()> {
    println!("\n1 GiB each way, one stream, SHA-256 compared");
    println!("{:<36} {:<15} {:>10} {:>10}", "tunnel", "system", "down MB/s", "up MB/s");
    for (tunnel, system) in ALL {
        let client = far.client(ground, system, tunnel)?.context("byway")?;
        let mut spans = Vec::new();
        for direction in [Direction::Down, Direction::Up] {
            let span = load::intact(&ground.near, client.by, direction, GIB);
            spans.push(span.with_context(|| format!("{direction:?} over {}", name(tunnel)))?);
        }
        let figures: Vec<f64> = spans.iter().map(|span| megabytes(GIB, *span)).collect();
        println!("{:<36} {:<15} {:>10.0} {:>10.0}  intact", name(tunnel), system.name(), figures[0], figures[1]);
    }
    Ok(())
}

/// Memory over ten thousand connections.
pub(crate) fn flat(ground: &Ground, far: &Far) -> Result<()> {
    println!("\nResident memory in KB after so many connections, 16 at a time");
    println!("{:<36} {:<15} {:>8} {:>8} {:>8} {:>8} {:>8}", "tunnel", "system", 0, 1_000, 3_000, 6_000, 10_000);
    for (tunnel, system) in ALL {
        let client = far.client(ground, system, tunnel)?.context("byway")?;
        let running = client.running.as_ref().context("byway")?;
        let mut line = format!("{:<36} {:<15} {:>8}", name(tunnel), system.name(), running.resident()?);
        let mut so_far = 0;
        for milestone in MILESTONES {
            load::connections(&ground.near, client.by, milestone - so_far).with_context(|| name(tunnel))?;
            so_far = milestone;
            line += &format!(" {:>8}", running.resident()?);
        }
        println!("{line}");
    }
    Ok(())
}
