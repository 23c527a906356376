//! The answer to `report`: which transport works. Per service, facet and way the share of time it worked, what was
//! found against it and how fast, and how people's connections fared; and one sentence per service.

use super::ledger::{Finding, Ledger, Line, Present, Window};
use super::words::{count, facet_words, listed};
use crate::control::{Entry, Stamp};
use crate::model::{Confidence, Facet, L4, Route, Service, ServiceId, TransportId, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The answer to `report`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// When it was true.
    pub at: Stamp,
    /// From when it counts.
    pub since: Stamp,
    /// Seconds of that in which byway ran.
    pub ran_secs: u64,
    /// Seconds of these in which the link was well; shares are of this time.
    pub online_secs: u64,
    /// The services of which anything is known, in the configured order.
    pub services: Vec<ServiceAccount>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceAccount {
    /// Its id.
    pub id: ServiceId,
    /// Its name for people.
    pub title: String,
    /// The whole in one sentence.
    pub sentence: String,
    /// Connections that were answered, over any way.
    pub answered: u64,
    /// Those of them that a way before had failed.
    pub saved: u64,
    /// Connections that ended in a failure the app saw.
    pub lost: u64,
    /// Its facets.
    pub facets: Vec<FacetAccount>,
}

/// One facet of a service, over streams or over packets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FacetAccount {
    /// Which.
    pub facet: Facet,
    /// Streams or packets.
    pub l4: L4,
    /// Seconds in which it had no way left.
    pub no_way_secs: u64,
    /// Its ways, in the configured order.
    pub ways: Vec<WayAccount>,
}

/// One way of a facet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WayAccount {
    /// Which.
    pub transport: TransportId,
    /// Seconds in which it worked.
    pub worked_secs: u64,
    /// Seconds in which it did not: suspect, blocked, or the service itself down.
    pub failed_secs: u64,
    /// Seconds online in which nothing was known of it.
    pub unknown_secs: u64,
    /// Seconds in which it was the way in use.
    pub used_secs: u64,
    /// What was found against it, commonest first.
    pub verdicts: Vec<VerdictCount>,
    /// From the first bad sign to the verdict, in milliseconds.
    pub detect_ms: Option<Spread>,
    /// From the verdict until it worked again, in seconds; known to the minute.
    pub recover_secs: Option<Spread>,
    /// Connections on which the destination answered.
    pub answered: u64,
    /// Those of them that a way before had failed.
    pub saved: u64,
    /// Connections that ended in a failure the app saw, with this way as the last one tried.
    pub lost: u64,
}

/// What was found, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictCount {
    /// What.
    pub verdict: Verdict,
    /// The surest of them.
    pub confidence: Confidence,
    /// How often.
    pub times: u32,
}

/// The middle and the end of a set of spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// How many.
    pub times: u32,
    /// The median; of two middle ones the longer.
    pub median: u64,
    /// The longest.
    pub max: u64,
}

/// The answer to `report`, from the journal's `entries` (oldest first, and from before the window, so that what held
/// at its beginning is known) and from what a running byway knows beside them.
pub fn account(entries: &[Entry], present: Option<&Present>, services: &[&Service], window: Window) -> Account {
    let ledger = Ledger::of(entries, present, window);
    let mut found: BTreeMap<&ServiceId, Facets<'_>> = BTreeMap::new();
    for (route, line) in ledger.routes.iter().filter(|(_, line)| line.says_something()) {
        found.entry(&route.service).or_default().entry((route.facet, route.l4)).or_default().push((route, line));
    }
    let place = |id: &ServiceId| services.iter().position(|service| service.id == *id).unwrap_or(usize::MAX);
    let mut in_order: Vec<_> = found.into_iter().collect();
    in_order.sort_by_key(|(id, _)| place(id));
    let told = in_order.into_iter().map(|(id, facets)| {
        let known = services.iter().find(|service| service.id == *id);
        let order = known.map_or(&[][..], |service| &service.order);
        let facets = facets.into_iter().map(|((facet, l4), lines)| facet_account(&ledger, facet, l4, order, lines));
        service_account(id, known.map_or(id.as_str(), |service| &service.title), facets.collect())
    });
    Account {
        at: window.until,
        since: window.since,
        ran_secs: ledger.ran,
        online_secs: ledger.online,
        services: told.collect(),
    }
}

/// A service's facets with their routes.
type Facets<'a> = BTreeMap<(Facet, L4), Vec<(&'a Route, &'a Line)>>;

impl Line {
    fn says_something(&self) -> bool {
        self.worked + self.failed + self.answered + self.lost > 0 || !self.verdicts.is_empty()
    }
}

fn facet_account(
    ledger: &Ledger,
    facet: Facet,
    l4: L4,
    order: &[TransportId],
    mut lines: Vec<(&Route, &Line)>,
) -> FacetAccount {
    lines.sort_by_key(|(route, _)| order.iter().position(|way| *way == route.transport).unwrap_or(usize::MAX));
    let used = lines.first().and_then(|(route, _)| ledger.used.get(&(route.service.clone(), facet)));
    let used = |way: Option<&TransportId>| used.and_then(|used| used.get(&way.cloned())).copied().unwrap_or_default();
    FacetAccount {
        facet,
        l4,
        no_way_secs: used(None),
        ways: lines
            .iter()
            .map(|(route, line)| way_account(ledger, route, line, used(Some(&route.transport))))
            .collect(),
    }
}

fn way_account(ledger: &Ledger, route: &Route, line: &Line, used_secs: u64) -> WayAccount {
    let verdict = |finding: &Finding| VerdictCount {
        verdict: finding.verdict,
        confidence: finding.confidence,
        times: finding.times,
    };
    WayAccount {
        transport: route.transport.clone(),
        worked_secs: line.worked,
        failed_secs: line.failed,
        unknown_secs: ledger.online.saturating_sub(line.worked + line.failed),
        used_secs,
        verdicts: line.verdicts.iter().map(verdict).collect(),
        detect_ms: Spread::of(&line.detected),
        recover_secs: Spread::of(&line.recovered),
        answered: line.answered,
        saved: line.saved,
        lost: line.lost,
    }
}

impl Spread {
    /// Of some spans; `None` of none.
    pub fn of(spans: &[u64]) -> Option<Self> {
        let mut spans = spans.to_vec();
        spans.sort_unstable();
        let (median, max) = (*spans.get(spans.len() / 2)?, *spans.last()?);
        Some(Self { times: u32::try_from(spans.len()).unwrap_or(u32::MAX), median, max })
    }
}

impl WayAccount {
    /// The share of the time in which its state was known that it worked, as people read it; `None` when nothing was.
    pub fn worked_words(&self) -> Option<String> {
        percent(self.worked_secs, self.worked_secs + self.failed_secs)
    }
}

/// `62 %`; all and nothing only when it was all or nothing.
pub fn percent(part: u64, whole: u64) -> Option<String> {
    let rounded = (part * 100 + whole / 2).checked_div(whole)?;
    Some(match rounded {
        0 if part > 0 => "under 1 %".into(),
        100 if part < whole => "over 99 %".into(),
        rounded => format!("{rounded} %"),
    })
}

fn service_account(id: &ServiceId, title: &str, facets: Vec<FacetAccount>) -> ServiceAccount {
    let sum = |of: fn(&WayAccount) -> u64| facets.iter().flat_map(|facet| &facet.ways).map(of).sum();
    let mut account = ServiceAccount {
        id: id.clone(),
        title: title.to_owned(),
        sentence: String::new(),
        answered: sum(|way| way.answered),
        saved: sum(|way| way.saved),
        lost: sum(|way| way.lost),
        facets,
    };
    account.sentence = sentence(&account);
    account
}

/// `Telegram: direct worked 62 % of the time; tokyo carried the rest; 41 connections saved, 0 lost.`
fn sentence(account: &ServiceAccount) -> String {
    let ways = || account.facets.iter().flat_map(|facet| &facet.ways);
    let Some(first) = ways().find(|way| way.worked_secs + way.failed_secs > 0).map(|way| &way.transport) else {
        return format!("{}: {}.", account.title, connections(account));
    };
    let failed: u64 = ways().filter(|way| way.transport == *first).map(|way| way.failed_secs).sum();
    let mut said = format!("{}: {first} {}", account.title, shares(account, first));
    let others = ways().filter(|way| way.transport != *first && (way.answered > 0 || way.used_secs > 0));
    let mut others: Vec<_> = others.map(|way| way.transport.to_string()).collect();
    others.sort();
    others.dedup();
    if !others.is_empty() && failed > 0 {
        let whole = account.lost == 0 && account.facets.iter().all(|facet| facet.no_way_secs == 0);
        said += &format!("; {} {}", listed(&others), if whole { "carried the rest" } else { "stood in" });
    }
    if account.answered + account.lost > 0 {
        said += &format!("; {}", connections(account));
    }
    said + "."
}

/// `worked 62 % of the time`; where facets differ, `worked 62 % of the time for messages, all the time for calls`.
fn shares(account: &ServiceAccount, transport: &TransportId) -> String {
    let mut shares: Vec<(String, Vec<String>)> = Vec::new();
    for facet in &account.facets {
        let way = facet.ways.iter().find(|way| way.transport == *transport);
        let Some((way, share)) = way.and_then(|way| Some((way, way.worked_words()?))) else { continue };
        let share = if way.failed_secs == 0 { "all the time".to_owned() } else { format!("{share} of the time") };
        let subject = facet_words(facet.facet).to_owned();
        match shares.iter_mut().find(|(same, _)| *same == share) {
            Some((_, subjects)) if subjects.contains(&subject) => {}
            Some((_, subjects)) => subjects.push(subject),
            None => shares.push((share, vec![subject])),
        }
    }
    match shares.as_slice() {
        [(share, _)] => format!("worked {share}"),
        many => {
            let told = many.iter().map(|(share, of)| format!("{share} for {}", listed(of)));
            format!("worked {}", told.collect::<Vec<_>>().join(", "))
        }
    }
}

fn connections(account: &ServiceAccount) -> String {
    match account.saved {
        0 => format!("{}, {} lost", count(account.answered, "connection", "connections"), account.lost),
        saved => format!("{} saved, {} lost", count(saved, "connection", "connections"), account.lost),
    }
}
