//! Plays one scenario as often as asked, each time with another seed, and proves its row.

use crate::judge::{self, Judged};
use crate::log::Log;
use crate::report;
use crate::scene::{Course, Scene};
use crate::stage::{Stage, mins, secs};
use crate::table;
use tokio::time::sleep;

/// Runs of each scenario, unless `BYWAY_SEEDS` says otherwise. Five take about two minutes on two idle cores; the checks
/// ask for twenty.
const SEEDS: u64 = 5;

/// Runs per scenario.
fn seeds() -> u64 {
    std::env::var("BYWAY_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS)
}

/// The first seed; others give other runs.
fn first_seed() -> u64 {
    std::env::var("BYWAY_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Plays scenario `number` and fails unless its row is right.
pub(crate) fn prove(number: u8) {
    let scene = table::scene(number);
    let began = std::time::Instant::now();
    let runs: Vec<Judged> = (first_seed()..first_seed() + seeds()).map(|seed| play(scene, seed)).collect();
    let row = report::Row::of(scene, &runs, began.elapsed());
    let wrong = row.faults.clone();
    report::file(row);
    assert!(wrong.is_empty(), "scenario {number} ({}):\n{}", scene.name, wrong.join("\n"));
}

/// One run, from an empty house to the judgement.
fn play(scene: &'static Scene, seed: u64) -> Judged {
    let log = Log::default();
    let _writing = log.begin();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let stage = Stage::set(scene, seed, log);
        stage.begin();
        match scene.course {
            Course::Falls(falls, lasts) => {
                befalls(&stage, falls).await;
                sleep(mins(lasts) + stage.draw(0, 30)).await;
            }
            Course::Passes(falls, lasts, after) => {
                befalls(&stage, falls).await;
                sleep(mins(lasts) + stage.draw(0, 30)).await;
                stage.country.censor().lift_all();
                sleep(mins(after)).await;
            }
            Course::Story(story) => {
                sleep(secs(1)).await;
                story(&stage).await;
            }
        }
        judge::judge(scene, &stage.end().await)
    })
}

/// People live for a while, then it falls.
async fn befalls(stage: &Stage, falls: fn(&Stage)) {
    sleep(stage.draw(60, 240)).await;
    stage.onset();
    falls(stage);
}
