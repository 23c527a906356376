//! Whether a run was right: the way taken, the word said, and what must not happen.

use crate::errors::Told;
use crate::scene::{Goes, Never, Says, Scene};
use crate::seen::{Belief, Seen};
use byway::lab::Crossing;
use byway::model::{Ground, LinkState, Phase, Record, Technique};
use std::time::Duration;

/// What no memory and no log may hold: names and addresses of the country, by parts that no other word has.
const TELLING: [&str; 14] = [
    "signal.org",
    "whatsapp.",
    "telegram.org",
    "discord.com",
    "discord.gg",
    ".example",
    "149.154.",
    "157.240.",
    "76.223.",
    "15.197.",
    "95.161.",
    "203.0.113",
    "198.51.100",
    "192.0.2.",
];

/// What a run was.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) seed: u64,
    /// What was said at the end, in short.
    pub(crate) said: String,
    /// Which way was taken at the end.
    pub(crate) way: String,
    /// Whether the technique's name is what the network really did; `None` where it did nothing that has one.
    pub(crate) is_named: Option<bool>,
    /// From the onset until the right thing was said.
    pub(crate) detected: Option<Duration>,
    pub(crate) first_bytes: Vec<Duration>,
    /// How many connections failed visibly since the onset.
    pub(crate) mishaps: usize,
    /// Whether somebody was called blocked who must not be.
    pub(crate) false_blocked: bool,
    /// Which techniques were told.
    pub(crate) told: Told,
    /// What was wrong.
    pub(crate) faults: Vec<String>,
}

pub(crate) fn judge(scene: &Scene, seen: &Seen) -> Judged {
    let mut faults = seen.fouls.clone();
    faults.extend(verdict(scene, seen));
    faults.extend(route(scene, seen));
    faults.extend(scene.never.iter().filter_map(|never| breach(*never, seen)));
    faults.extend(blamed(scene, seen).into_iter().map(|who| format!("{who} is blamed")));
    faults.extend(traces(seen));
    faults.extend((scene.besides)(seen));
    let last = seen.belief();
    Judged {
        seed: seen.seed,
        said: said(seen),
        way: seen.ways(seen.subject, seen.facet).pop().map_or_else(String::new, |(_, way)| way),
        is_named: match scene.verdict {
            Says::Named(_, techniques, _) => Some(last.technique.is_some_and(|how| techniques.contains(&how))),
            Says::Works | Says::Line(..) | Says::In(_) => None,
        },
        detected: detected(scene, seen),
        first_bytes: seen.first_bytes(),
        mishaps: seen.mishaps().len(),
        false_blocked: called_blocked(seen).next().is_some() && may_not_block(scene),
        told: Told::of(scene, seen),
        faults,
    }
}

/// Whether nobody at all may be called blocked in this scenario.
pub(crate) fn may_not_block(scene: &Scene) -> bool {
    scene.never.contains(&Never::Blocked)
}

/// Whether a belief is what the scenario expects.
fn is_right(says: Says, belief: Belief) -> bool {
    let named = belief.technique;
    match says {
        // What is said of the line is looked for where it was said.
        Says::Works | Says::Line(..) => matches!(belief.phase, Phase::Ok | Phase::Unknown) && named.is_none(),
        Says::Named(phases, techniques, least) => {
            phases.contains(&belief.phase)
                && named.is_some_and(|how| techniques.contains(&how))
                && belief.confidence >= least
        }
        Says::In(phase) => belief.phase == phase,
    }
}

/// When the line was first said to be so.
fn line_said(seen: &Seen, state: LinkState, grounds: &[Ground]) -> Option<tokio::time::Instant> {
    seen.lines().iter().find(|(_, line)| line.0 == state && grounds.contains(&line.1)).map(|(at, _)| *at)
}

fn verdict(scene: &Scene, seen: &Seen) -> Option<String> {
    let line_right = match scene.verdict {
        Says::Line(state, grounds) => line_said(seen, state, grounds).is_some(),
        _ => true,
    };
    (!line_right || !is_right(scene.verdict, seen.belief())).then(|| format!("it says {}", said(seen)))
}

/// From the onset until the right thing was said; nothing where there is nothing to be said.
fn detected(scene: &Scene, seen: &Seen) -> Option<Duration> {
    let at = match scene.verdict {
        Says::Works => None,
        Says::Line(state, grounds) => line_said(seen, state, grounds),
        says => seen.beliefs().iter().find(|(_, belief)| is_right(says, *belief)).map(|(at, _)| *at),
    };
    at.map(|at| at.saturating_duration_since(seen.onset))
}

/// What is said at the end, in short.
fn said(seen: &Seen) -> String {
    let Belief { phase, technique, confidence } = seen.belief();
    let mut lines: Vec<String> = Vec::new();
    for (_, (state, ground)) in seen.lines() {
        let text = format!("{state}, {ground:?}");
        if state != LinkState::Online && !lines.contains(&text) {
            lines.push(text);
        }
    }
    let line = if lines.is_empty() { String::new() } else { format!(" [line: {}]", lines.join("; ")) };
    match technique {
        Some(how) => format!("{phase} {how} ({confidence}){line}"),
        None => format!("{phase}{line}"),
    }
}

/// Services whose first ways people see.
const EVERYBODY: [&str; 4] = ["telegram", "whatsapp", "signal", "discord"];

pub(crate) fn is_bare(way: &str) -> bool {
    matches!(way, "direct" | "split")
}

fn route(scene: &Scene, seen: &Seen) -> Vec<String> {
    let mut faults = Vec::new();
    for service in EVERYBODY {
        let ways = seen.ways(service, scene.facet);
        let (first, last) = (&ways[0].1, &ways[ways.len() - 1].1);
        let mine = service == seen.subject;
        let wrong = match scene.route {
            Goes::Direct => ways.iter().any(|(_, way)| way != "direct"),
            Goes::Hold => first != last,
            _ if !mine => ways.iter().any(|(_, way)| way != "direct"),
            Goes::Tunnel => is_bare(last),
            Goes::Back => last != "direct",
            Goes::Any => false,
        };
        if wrong {
            let ways: Vec<&str> = ways.iter().map(|(_, way)| way.as_str()).collect();
            faults.push(format!("{service} went {}", ways.join(" → ")));
        }
    }
    faults
}

/// Routes that were called blocked since the onset.
fn called_blocked(seen: &Seen) -> impl Iterator<Item = String> {
    seen.watched.beliefs.iter().filter_map(|(route, beliefs)| {
        let blocked = beliefs.iter().find(|(at, belief)| belief.phase == Phase::Blocked && *at >= seen.onset)?;
        Some(format!("{route} ({})", blocked.1.technique.map_or("?", Technique::name)))
    })
}

/// Who else is called blocked or degraded.
fn blamed(scene: &Scene, seen: &Seen) -> Vec<String> {
    let tunnels_too = scene.number == 44;
    let strangers = seen.watched.beliefs.iter().filter(|(route, _)| {
        route.service.as_str() != seen.subject && (!tunnels_too || is_bare(route.transport.as_str()))
    });
    let wrongly = strangers.filter_map(|(route, beliefs)| {
        let wrong = |belief: &Belief| matches!(belief.phase, Phase::Blocked | Phase::Degraded);
        let (_, belief) = beliefs.iter().find(|(at, belief)| *at >= seen.onset && wrong(belief))?;
        Some(format!("{route} ({})", belief.technique.map_or("?", Technique::name)))
    });
    wrongly.collect()
}

fn breach(never: Never, seen: &Seen) -> Option<String> {
    match never {
        Never::Blocked => called_blocked(seen).next().map(|who| format!("{who} is called blocked")),
        Never::Named(how) => {
            let said = seen.beliefs().iter().any(|(_, belief)| belief.technique == Some(how));
            said.then(|| format!("it is called {how}"))
        }
        Never::Moves(most) => {
            let moves = seen.ways(seen.subject, seen.facet).len() - 1;
            (moves > most).then(|| format!("{moves} changes of way"))
        }
        Never::Mishap => {
            let mishaps = seen.mishaps();
            mishaps.first().map(|first| format!("{} connections failed, the first: {first}", mishaps.len()))
        }
        // Over all runs, by the report.
        Never::Late => None,
    }
}

/// Names and addresses in what is remembered and logged.
fn traces(seen: &Seen) -> Vec<String> {
    let records = format!("{}\n{:?}", serde_json::to_string(&seen.records).unwrap(), seen.records);
    let mut faults = Vec::new();
    if seen.records.is_empty() || seen.log.is_empty() {
        faults.push(String::from("nothing was remembered or logged"));
    }
    for word in TELLING {
        if records.contains(word) {
            faults.push(format!("the history holds \"{word}\""));
        }
        if let Some(line) = seen.log.lines().find(|line| line.contains(word)) {
            faults.push(format!("the log holds \"{word}\": {line}"));
        }
    }
    if seen.records.iter().all(|record| !matches!(record, Record::Started)) {
        faults.push(String::from("the history does not begin"));
    }
    faults
}

/// Connections on the line to these addresses, opened since then.
pub(crate) fn connections_to(seen: &Seen, within: &[ipnet::IpNet], since: tokio::time::Instant) -> usize {
    let mine = seen.crossings.iter().filter(|crossing| match crossing {
        Crossing::Connection { to, opened, .. } => *opened >= since && within.iter().any(|net| net.contains(&to.ip())),
        _ => false,
    });
    mine.count()
}
