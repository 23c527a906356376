//! The table of all scenarios: what was expected, what was seen, how often it was right, how long it took.

use crate::errors::{self, Told};
use crate::judge::{Judged, may_not_block};
use crate::open::missing;
use crate::scene::{Never, Says, Scene};
use crate::table::SCENES;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Mutex;
use std::time::Duration;

/// The latest a first byte may be, for nineteen connections of twenty.
const FIRST_BYTE: Duration = Duration::from_secs(3);
/// How often a technique's name must be what the network really did, of a hundred.
const NAMED: usize = 95;

/// One scenario's row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    number: u8,
    name: &'static str,
    what: &'static str,
    expected: String,
    seen: String,
    runs: usize,
    right: usize,
    named: Option<usize>,
    false_blocked: usize,
    may_not_block: bool,
    detected: Vec<Duration>,
    first_bytes: Vec<Duration>,
    mishaps: usize,
    told: Vec<Told>,
    took: Duration,
    /// What is wrong with the row.
    pub(crate) faults: Vec<String>,
}

impl Row {
    pub(crate) fn of(scene: &Scene, runs: &[Judged], took: Duration) -> Self {
        let mut detected: Vec<Duration> = runs.iter().filter_map(|run| run.detected).collect();
        let mut first_bytes: Vec<Duration> = runs.iter().flat_map(|run| run.first_bytes.clone()).collect();
        detected.sort_unstable();
        first_bytes.sort_unstable();
        let named: Vec<bool> = runs.iter().filter_map(|run| run.is_named).collect();
        let mut faults: Vec<String> = runs
            .iter()
            .filter(|run| !run.faults.is_empty())
            .map(|run| format!("  seed {}: {}", run.seed, run.faults.join("; ")))
            .collect();
        if scene.never.contains(&Never::Late) {
            let late = percentile(&first_bytes, 95);
            if late.is_none_or(|late| late > FIRST_BYTE) {
                faults.push(format!("  first bytes: 95 of 100 within {late:?}"));
            }
        }
        Self {
            number: scene.number,
            name: scene.name,
            what: scene.what,
            expected: expected(scene),
            seen: commonest(runs),
            runs: runs.len(),
            right: runs.iter().filter(|run| run.faults.is_empty()).count(),
            named: (!named.is_empty()).then(|| named.iter().filter(|yes| **yes).count()),
            false_blocked: runs.iter().filter(|run| run.false_blocked).count(),
            may_not_block: may_not_block(scene),
            detected,
            first_bytes,
            mishaps: runs.iter().map(|run| run.mishaps).sum(),
            told: runs.iter().map(|run| run.told.clone()).collect(),
            took,
            faults,
        }
    }

    fn cells(&self) -> [String; 10] {
        let time = |at: Option<Duration>| at.map_or_else(|| String::from("–"), |at| format!("{:.1}", at.as_secs_f64()));
        [
            self.number.to_string(),
            self.name.to_owned(),
            self.expected.clone(),
            self.seen.clone(),
            format!("{}/{}", self.right, self.runs),
            self.named.map_or_else(|| String::from("–"), |named| format!("{named}/{}", self.runs)),
            time(percentile(&self.detected, 50)),
            time(percentile(&self.detected, 100)),
            time(percentile(&self.first_bytes, 50)),
            time(percentile(&self.first_bytes, 95)),
        ]
    }

    fn json(&self) -> serde_json::Value {
        let millis = |at: Option<Duration>| at.map(|at| at.as_millis() as u64);
        json!({
            "number": self.number,
            "name": self.name,
            "the_network_does": self.what,
            "expected": self.expected,
            "seen": self.seen,
            "runs": self.runs,
            "right": self.right,
            "named": self.named,
            "may_not_block": self.may_not_block,
            "false_blocked": self.false_blocked,
            "detected_ms": { "median": millis(percentile(&self.detected, 50)), "max": millis(percentile(&self.detected, 100)) },
            "first_byte_ms": { "p50": millis(percentile(&self.first_bytes, 50)), "p95": millis(percentile(&self.first_bytes, 95)) },
            "mishaps": self.mishaps,
        })
    }
}

const HEAD: [&str; 10] =
    ["#", "scenario", "expected", "seen", "right", "named", "detected s, median", "max", "first byte s, p50", "p95"];

/// By nearest rank, of sorted values.
fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    sorted.get((sorted.len() * percent).div_ceil(100).max(1) - 1).copied()
}

fn expected(scene: &Scene) -> String {
    let route = format!("{:?}", scene.route).to_lowercase();
    let verdict = match scene.verdict {
        Says::Works => String::from("ok"),
        Says::Named(phases, techniques, least) => {
            let phases: Vec<String> = phases.iter().map(ToString::to_string).collect();
            format!("{} {} ({least})", phases.join(" or "), techniques[0])
        }
        Says::Line(state, grounds) => format!("line {state}, {:?}", grounds[0]),
        Says::In(phase) => phase.to_string(),
    };
    format!("{route} / {verdict}")
}

/// What most runs ended with.
fn commonest(runs: &[Judged]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for run in runs {
        *counts.entry(format!("{} / {}", run.way, run.said)).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map_or_else(String::new, |(text, count)| if count == runs.len() { text } else { format!("{text} ({count})") })
}

static FILED: Mutex<BTreeMap<u8, Row>> = Mutex::new(BTreeMap::new());

/// Takes in a row and shows it; the last one shows the whole table and judges what holds over all of it.
pub(crate) fn file(row: Row) {
    let line = row.cells().join(" | ");
    let took = row.took.as_secs_f64();
    say(&format!("| {line} | {took:.1} s of work, {} mishaps\n{}", row.mishaps, row.faults.join("\n")));
    let mut filed = FILED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    filed.insert(row.number, row);
    if filed.len() < SCENES.len() {
        return;
    }
    let rows: Vec<Row> = filed.values().cloned().collect();
    drop(filed);
    let table = markdown(&rows);
    say(&format!("\n{table}"));
    if let Some(folder) = std::env::var_os("BYWAY_SCENES_OUT") {
        let folder = std::path::Path::new(&folder);
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("scenes.md"), &table).unwrap();
        let rows: Vec<_> = rows.iter().map(Row::json).collect();
        std::fs::write(folder.join("scenes.json"), serde_json::to_string_pretty(&rows).unwrap()).unwrap();
    }
    over_all(&rows);
}

/// What holds over all scenarios together, those aside that are known not to be right yet.
fn over_all(rows: &[Row]) {
    let rows: Vec<&Row> = rows.iter().filter(|row| missing(row.number).is_none()).collect();
    let false_blocked: usize = rows.iter().map(|row| row.false_blocked).sum();
    assert_eq!(false_blocked, 0, "routes called blocked where nobody may be");
    let (named, all) = rows
        .iter()
        .filter_map(|row| Some((row.named?, row.runs)))
        .fold((0, 0), |(named, all), (right, runs)| (named + right, all + runs));
    assert!(named * 100 >= all * NAMED, "{named} of {all} techniques have their right name");
}

fn markdown(rows: &[Row]) -> String {
    let mut text = format!("| {} |\n|{}\n", HEAD.join(" | "), "---|".repeat(HEAD.len()));
    for row in rows {
        let _written = writeln!(text, "| {} |", row.cells().join(" | "));
    }
    let sum = |of: fn(&Row) -> usize| rows.iter().map(of).sum::<usize>();
    let named: usize = rows.iter().filter_map(|row| row.named).sum();
    let nameable: usize = rows.iter().filter(|row| row.named.is_some()).map(|row| row.runs).sum();
    let _written = writeln!(
        text,
        "\n{} of {} runs right; {named} of {nameable} techniques named rightly; {} of {} called blocked where nobody may be",
        sum(|row| row.right),
        sum(|row| row.runs),
        sum(|row| row.false_blocked),
        sum(|row| if row.may_not_block { row.runs } else { 0 }),
    );
    let told: Vec<Told> = rows.iter().flat_map(|row| row.told.clone()).collect();
    let _written = writeln!(text, "\n{}", errors::table(&told));
    for row in rows {
        if let Some(missing) = missing(row.number) {
            let _written = writeln!(text, "\nNot asserted yet: {} ({}): {missing}.", row.number, row.name);
        }
    }
    text
}

/// Shown even when a test's own output is captured.
pub(crate) fn say(text: &str) {
    let _shown = std::io::stderr().write_all(format!("{}\n", text.trim_end()).as_bytes());
}
