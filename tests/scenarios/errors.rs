//! How often each technique was told where the network did it, and where it did not: the error rates of the verdicts,
//! counted over every run of every scenario.

use crate::scene::{Says, Scene};
use crate::seen::Seen;
use byway::model::{Phase, Technique};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What one run did, and what was told in it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// The first is what the network did, the others are names it may be given as well. None where it did nothing.
    truth: &'static [Technique],
    /// Names that were told of any plain way of anybody since the onset; a suspicion tells none.
    names: BTreeSet<&'static str>,
}

impl Told {
    pub(crate) fn of(scene: &Scene, seen: &Seen) -> Self {
        let plain = seen.watched.beliefs.keys().filter(|route| crate::judge::is_bare(route.transport.as_str()));
        let beliefs = plain.flat_map(|route| seen.beliefs_of(route)).map(|(_, belief)| belief);
        let told = beliefs.filter(|belief| belief.phase != Phase::Suspect);
        Self { truth: truth(scene), names: told.filter_map(|belief| belief.technique).map(Technique::name).collect() }
    }
}

/// What the network does in a scenario.
fn truth(scene: &Scene) -> &'static [Technique] {
    match (scene.verdict, scene.number) {
        (Says::Named(_, techniques, _), _) => techniques,
        // A block that is lifted, one version of IP that is dropped, a tunnel that dies behind a block.
        (_, 37 | 42 | 44) => &[Technique::IpDrop],
        _ => &[],
    }
}

#[derive(Default)]
struct Count {
    there: usize,
    told: usize,
    elsewhere: usize,
    wrongly: usize,
}

/// The table: one row a technique that was there or told.
pub(crate) fn table(runs: &[Told]) -> String {
    let mut counts: BTreeMap<&'static str, Count> = BTreeMap::new();
    for name in runs.iter().flat_map(|run| run.truth.first().map(|how| how.name()).into_iter().chain(run.names.clone()))
    {
        counts.entry(name).or_default();
    }
    for run in runs {
        for (name, count) in &mut counts {
            let is_told = run.names.contains(name);
            if run.truth.first().is_some_and(|how| how.name() == *name) {
                count.there += 1;
                count.told += usize::from(is_told);
            } else if !run.truth.iter().any(|how| how.name() == *name) {
                count.elsewhere += 1;
                count.wrongly += usize::from(is_told);
            }
        }
    }
    let mut text =
        String::from("| technique | runs with it | told | runs without it | told wrongly |\n|---|---|---|---|---|\n");
    for (name, Count { there, told, elsewhere, wrongly }) in counts {
        let _written = writeln!(text, "| `{name}` | {there} | {told} | {elsewhere} | {wrongly} |");
    }
    text
}
