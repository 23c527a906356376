//! What people notice when a block falls: failed connections, the wait for the first byte, and the delay that is
//! left once the block is known. byway whole, with its real numbers, in the lab's country (40 ms to everything,
//! 120 ms through a tunnel), in real time; clients come in through a real door on loopback.
//!
//! `cargo bench --bench onset` prints each figure beside its target and fails when one is missed. A word behind
//! `--` picks the blocks whose names hold it.
#![expect(clippy::print_stdout, reason = "a benchmark shows its figures")]

use anyhow::{Context, Result, anyhow};
use byway::app::{Byway, live_in};
use byway::lab::people::{App, Door, Person, Tally};
use byway::lab::{Action, Country, Rule, Target, World};
use byway::model::{Facet, Forced, L4, ServiceId, TransportId};
use byway::net::{Network, OsNetwork};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

const DIRECT_RTT: Duration = Duration::from_millis(40);
const TUNNEL_RTT: Duration = Duration::from_millis(120);
/// The good tunnel.
const TUNNEL: &str = "tokyo";
/// Connections that teach byway that everything works, before.
const BEFORE: u32 = 10;
/// Connections that meet the block as it falls, and how close together.
const AT_ONSET: u32 = 100;
const ONSET_EVERY: Duration = Duration::from_millis(15);
/// Connections once it is known, beside as many through the bare tunnel.
const AFTERWARDS: u32 = 20;
const AFTERWARDS_EVERY: Duration = Duration::from_millis(100);
/// The most that is left once the block is known.
const KNOWN: Duration = Duration::from_millis(5);

/// A block, and how late the first byte may be for 95 of 100 at its onset.
struct Block {
    name: &'static str,
    service: &'static str,
    rule: fn(&Country) -> Rule,
    p95: Duration,
}

const fn block(name: &'static str, service: &'static str, rule: fn(&Country) -> Rule, p95: u64) -> Block {
    Block { name, service, rule, p95: Duration::from_millis(p95) }
}

/// An address where nobody is.
const NOBODY: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 10, 34, 36));

const BLOCKS: [Block; 9] = [
    block("RST after hello", "signal", |_| on_name(Action::ResetHello), 600),
    block("refusal", "telegram", |c| Rule::new(c.target("telegram"), Action::RejectSyn), 600),
    block("DNS forgery", "whatsapp", |_| Rule::new(Target::name("whatsapp.net"), Action::ForgeAddress(NOBODY)), 600),
    block("SYN drop", "telegram", |c| Rule::new(c.target("telegram"), Action::Drop), 1000),
    block("hello drop", "signal", |_| on_name(Action::DropHello), 2500),
    block("hello mute", "signal", |_| on_name(Action::MuteAnswer), 2500),
    block("Noise drop", "whatsapp", |c| Rule::new(c.target("whatsapp"), Action::DropHello), 2500),
    block("Noise mute", "whatsapp", |c| Rule::new(c.target("whatsapp"), Action::MuteAnswer), 2500),
    block("MTProto mute", "telegram", |c| Rule::new(c.target("telegram"), Action::MuteAnswer), 2500),
];

fn on_name(action: Action) -> Rule {
    Rule::new(Target::name("signal.org"), action)
}

/// What was measured.
struct Figures {
    failed: usize,
    p50: Duration,
    p95: Duration,
    max: Duration,
    /// The median once the block is known, and through the bare tunnel beside it.
    known: Duration,
    tunnel: Duration,
    way: String,
}

impl Figures {
    fn added(&self) -> Duration {
        self.known.saturating_sub(self.tunnel)
    }

    fn reaches(&self, block: &Block) -> bool {
        self.failed == 0 && self.p95 <= block.p95 && self.added() <= KNOWN
    }
}

fn main() -> Result<ExitCode> {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!(
        "{:<16} {:<9} {:>9} {:>8} {:>8} {:>8} {:>10} {:>9} {:>9} {:>10}  {:<7}",
        "block", "service", "failed", "p50", "p95", "(at most)", "max", "known", "tunnel", "added", "way"
    );
    let mut reached = true;
    for block in
        BLOCKS.iter().filter(|block| wanted.is_empty() || wanted.iter().any(|word| block.name.contains(&**word)))
    {
        let figures = runtime.block_on(measure(block)).with_context(|| block.name)?;
        let well = figures.reaches(block);
        reached &= well;
        println!(
            "{:<16} {:<9} {:>3} of {AT_ONSET} {:>5} ms {:>5} ms {:>6} ms {:>7} ms {:>6.1} ms {:>6.1} ms {:>7.1} ms  {:<7} {}",
            block.name,
            block.service,
            figures.failed,
            figures.p50.as_millis(),
            figures.p95.as_millis(),
            block.p95.as_millis(),
            figures.max.as_millis(),
            millis(figures.known),
            millis(figures.tunnel),
            millis(figures.added()),
            figures.way,
            if well { "reached" } else { "MISSED" },
        );
    }
    println!("targets: 0 of {AT_ONSET} failed; p95 as given; added once known at most {} ms", KNOWN.as_millis());
    Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

/// One block on a fresh country with a fresh byway that believes that the direct way works.
async fn measure(block: &Block) -> Result<Figures> {
    let country = World::new().rtt(DIRECT_RTT).tunnel_rtt(TUNNEL_RTT).start()?;
    let (byway, plain) = (live_in(&country, "")?, live_in(&country, "")?);
    let service = ServiceId::from(block.service);
    // The same product and the same tunnel, with nothing to find out.
    plain.board().force(service.clone(), Some(Forced { transport: TransportId::from(TUNNEL), until: None }));
    let app = App::of(block.service);
    let person = Person::new(&country, door(&byway)?, 1)?;
    let beside = Person::new(&country, door(&plain)?, 2)?;

    // A name that was asked for is remembered, and a forgery would not be met for minutes.
    let before = if block.name.starts_with("DNS") { 0 } else { BEFORE };
    let learned = Tally::of(&person, &app, before, AFTERWARDS_EVERY).await;
    let _warm = Tally::of(&beside, &app, BEFORE, AFTERWARDS_EVERY).await;
    if !learned.mishaps().is_empty() {
        return Err(anyhow!("not even unblocked does everything work: {:?}", learned.mishaps()));
    }
    country.censor().add((block.rule)(&country));
    let onset = Tally::of(&person, &app, AT_ONSET, ONSET_EVERY).await;
    let (after, tunnelled) = tokio::join!(Tally::of(&person, &app, AFTERWARDS, AFTERWARDS_EVERY), async {
        // Between two of the others, so that neither waits for the other.
        tokio::time::sleep(AFTERWARDS_EVERY / 2).await;
        Tally::of(&beside, &app, AFTERWARDS, AFTERWARDS_EVERY).await
    });
    let way = way(&byway, &service);
    tokio::join!(byway.stop(), plain.stop());

    let of = |tally: &Tally, percent| tally.first_byte(percent).context("nothing was opened");
    Ok(Figures {
        failed: onset.mishaps().len() + after.mishaps().len(),
        p50: of(&onset, 50)?,
        p95: of(&onset, 95)?,
        max: of(&onset, 100)?,
        known: of(&after, 50)?,
        tunnel: of(&tunnelled, 50)?,
        way,
    })
}

/// A real door of a byway.
fn door(byway: &Arc<Byway>) -> Result<Door> {
    let open = byway.open_doors()?.first().copied().context("no door is open")?;
    Ok(Arc::new(move || Box::pin(async move { OsNetwork.connect(open).await })))
}

/// The way that the next connection would take.
fn way(byway: &Byway, service: &ServiceId) -> String {
    let plan = byway.sessions().routing().plan_for(service, Facet::Text, L4::Tcp, byway.board());
    plan.attempts.first().map_or_else(|| String::from("none"), |attempt| attempt.transport.to_string())
}
