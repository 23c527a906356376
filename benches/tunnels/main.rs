//! Every kind of tunnel beside the programs that people use for it today: the same servers, the same wire, the same
//! transfers, in turn, in network namespaces made for it.
//!
//! `cargo bench --bench tunnels` prints a table for each question; words behind `--` pick some:
//! `speed` (bulk, four streams, beside the peers), `loss` (an upload at 40 ms and 1 % loss), `intact` (1 GiB each way
//! through each kind, hashes compared), `flat` (memory over 10 000 connections); `rounds=7` and `mb=512` change how much,
//! `only=websocket` asks `speed` for some tunnels and `loss` for some systems. `BENCH_BEFORE` may name another build of
//! byway, to be measured beside this one.
//! Needs Linux, root, `ip`, `wg`, `iptables-nft` and sing-box; a peer that is not here is named and left out.
#![cfg_attr(not(target_os = "linux"), allow(dead_code, unused_imports))]
#![allow(clippy::print_stdout, reason = "a benchmark shows its figures")]

#[cfg(target_os = "linux")]
mod ground;
#[cfg(target_os = "linux")]
mod line;
#[cfg(target_os = "linux")]
mod load;
#[cfg(target_os = "linux")]
mod questions;
#[cfg(target_os = "linux")]
mod systems;

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("this benchmark needs Linux");
}

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let number = |key: &str, usual: u64| {
        let set = words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        set.map_or(Ok(usual), str::parse)
    };
    let (rounds, mb) = (number("rounds", 5)?, number("mb", 256)?);
    let only = words.iter().find_map(|word| word.strip_prefix("only=")).unwrap_or_default();
    let picked: Vec<&String> = words.iter().filter(|word| !word.contains('=')).collect();
    let asked = |question: &str| picked.is_empty() || picked.iter().any(|word| *word == question);

    let ground = ground::Ground::lay()?;
    let far = systems::Far::start(&ground)?;
    load::serve(&ground.far)?;
    if asked("intact") {
        questions::intact(&ground, &far)?;
    }
    if asked("speed") {
        questions::speed(&ground, &far, rounds, mb << 20, only)?;
    }
    if asked("loss") {
        questions::loss(&ground, &far, rounds, only)?;
    }
    if asked("flat") {
        questions::flat(&ground, &far)?;
    }
    Ok(())
}
