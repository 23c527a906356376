//! One list, fetched over the first way that brings it. Bare ways are taken only where that is allowed; tunnels that work
//! for something go before those of which nothing good is known. Redirects are few, and over https only.

use super::super::Byway;
use super::super::generation::Generation;
use crate::board::Board;
use crate::config::Fetching;
use crate::control::report::FetchStage;
use crate::model::{Cause, DirectRule, Failure, Leg, Phase, Secret, Snapshot, Stage, TransportId};
use crate::net::tls::{Calendar, TlsClient, Trust};
use crate::net::{self, Deadline, Document, FetchError, Fetched, Headers, Mark, Wanted};
use crate::transport::Transport;
use crate::wire::http::HttpsAddress;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// The most bytes of a list.
const MOST: usize = 1 << 20;
/// For one way, redirects included.
const PATIENCE: Duration = Duration::from_secs(15);
/// Ways that are tried in one turn.
const WAYS: usize = 4;
/// Redirects that are followed.
const REDIRECTS: usize = 4;

/// What is fetched.
#[derive(Clone)]
pub(in crate::app) struct List {
    pub(in crate::app) address: HttpsAddress,
    pub(in crate::app) user_agent: String,
    pub(in crate::app) headers: Vec<(String, Secret<String>)>,
}

impl From<&Fetching> for List {
    fn from(from: &Fetching) -> Self {
        Self { address: from.address.clone(), user_agent: from.user_agent.clone(), headers: from.headers.clone() }
    }
}

/// The ways, in the order to try them, and what certificates are judged by.
pub(in crate::app) struct Over {
    ways: Vec<Transport>,
    trust: Trust,
    calendar: Calendar,
}

/// What came.
#[derive(Debug)]
pub(in crate::app) enum Reply {
    Document(Document),
    Unchanged(Headers),
}

/// What went wrong over one way.
#[derive(Clone, Debug)]
pub(in crate::app) struct Miss {
    /// Over which; `None` when it has nothing to do with a way.
    pub(in crate::app) way: Option<TransportId>,
    pub(in crate::app) stage: FetchStage,
    /// Holds neither an address nor a name.
    pub(in crate::app) words: String,
    /// Whether another way would say the same.
    pub(in crate::app) is_final: bool,
}

impl Miss {
    /// What came cannot be used.
    pub(in crate::app) fn of_format(words: &str) -> Self {
        Self { way: None, stage: FetchStage::Format, words: words.to_owned(), is_final: true }
    }
}

impl Over {
    /// Those that `fetching` allows; only `via`, when that is named and allowed.
    pub(in crate::app) fn of(byway: &Byway, fetching: &Fetching, via: Option<&TransportId>) -> Self {
        let generation = byway.generation.load_full();
        let ways = ways(&generation, &byway.board, &fetching.order, fetching.direct, via);
        let sources = &byway.world.sources;
        let trust = match (&fetching.roots, &byway.world.web_roots) {
            (Some(roots), _) | (None, Some(roots)) => Trust::Only(Arc::clone(roots)),
            (None, None) => Trust::Platform,
        };
        Self { ways, trust, calendar: sources.true_time.calendar(Arc::clone(&sources.unix_now)) }
    }
}

fn ways(
    generation: &Generation,
    board: &Board,
    order: &[TransportId],
    direct: DirectRule,
    via: Option<&TransportId>,
) -> Vec<Transport> {
    let snapshot = board.snapshot();
    let named = via.map(std::slice::from_ref).unwrap_or(order);
    let built = named.iter().filter_map(|id| generation.routing.transports.get(id));
    let mut allowed: Vec<_> = built.filter(|way| !way.bare || direct != DirectRule::Never).cloned().collect();
    allowed.sort_by_key(|way| doubt(&snapshot, &way.id));
    allowed.truncate(WAYS);
    allowed
}

/// 0 for a way that something works over, 2 for one that nothing does, 1 where nothing is known.
fn doubt(snapshot: &Snapshot, way: &TransportId) -> u8 {
    let phases = snapshot.standings.iter().filter(|(route, _)| route.transport == *way).map(|(_, s)| s.phase);
    let known: Vec<_> = phases.filter(|phase| *phase != Phase::Unknown).collect();
    let works = |phase: &Phase| matches!(phase, Phase::Ok | Phase::Degraded | Phase::Recovering | Phase::ProbeStale);
    match known.as_slice() {
        [] => 1,
        some if some.iter().any(works) => 0,
        _ => 2,
    }
}

/// Fetches over one way after the other, `patience` for all; which way it was, or what was wrong with each.
pub(in crate::app) async fn fetch(
    over: &Over,
    list: &List,
    known: Option<&Mark>,
    patience: Duration,
) -> Result<(TransportId, Reply), Vec<Miss>> {
    let whole = Deadline::after(patience);
    let tls = TlsClient::new(&over.trust, &["http/1.1"])
        .map_err(|error| vec![Miss { way: None, stage: FetchStage::Tls, words: error.to_string(), is_final: true }])?;
    let tls = tls.dated(Arc::clone(&over.calendar));
    let mut misses = Vec::new();
    for way in &over.ways {
        match fetch_over(way, &tls, list, known, whole.at_most(PATIENCE)).await {
            Ok(reply) => return Ok((way.id.clone(), reply)),
            Err(miss) => {
                let is_final = miss.is_final;
                misses.push(Miss { way: Some(way.id.clone()), ..miss });
                if is_final {
                    break;
                }
            }
        }
    }
    if misses.is_empty() {
        let words = "no way is left that it may be fetched over (order, direct); `byway import` takes a saved list";
        misses.push(Miss { way: None, stage: FetchStage::Way, words: words.to_owned(), is_final: true });
    }
    Err(misses)
}

async fn fetch_over(
    way: &Transport,
    tls: &TlsClient,
    list: &List,
    known: Option<&Mark>,
    deadline: Deadline,
) -> Result<Reply, Miss> {
    let mut address = list.address.clone();
    for _ in 0..=REDIRECTS {
        let stream = way.streams.dial(address.server(), deadline).await.map_err(|failure| dialled(&failure))?;
        let is_own = *address.server() == *list.address.server();
        // What the user set for one server is nobody else's.
        let headers = if is_own { list.headers.as_slice() } else { &[] };
        let wanted = Wanted { address: &address, user_agent: &list.user_agent, headers, known, most: MOST };
        address = match net::fetch(stream, tls, wanted, deadline).await.map_err(|error| answered(&error))? {
            Fetched::Document(document) => return Ok(Reply::Document(document)),
            Fetched::Unchanged(headers) => return Ok(Reply::Unchanged(headers)),
            Fetched::Elsewhere(location) => address.redirected(location.expose()).map_err(|why| Miss {
                way: None,
                stage: FetchStage::Http,
                words: format!("the server sends elsewhere, and that is not followed: {why}"),
                is_final: true,
            })?,
        };
    }
    let words = format!("the server sends elsewhere more than {REDIRECTS} times");
    Err(Miss { way: None, stage: FetchStage::Http, words, is_final: true })
}

fn dialled(failure: &Failure) -> Miss {
    let (stage, words) = match (failure.stage, failure.leg) {
        (_, Leg::Near) => (FetchStage::Connect, format!("the way's own server: {}", failure.cause)),
        (Stage::Resolve, Leg::Far) => (FetchStage::Dns, failure.cause.to_string()),
        (_, Leg::Far) => (FetchStage::Connect, failure.cause.to_string()),
    };
    Miss { way: None, stage, words, is_final: false }
}

fn answered(error: &FetchError) -> Miss {
    let (stage, is_final) = match error {
        FetchError::Tls(_) => (FetchStage::Tls, false),
        FetchError::Broken(_) => (FetchStage::Http, false),
        // The server itself, by its certificate, knows no such list.
        FetchError::Status(401 | 404 | 410) => (FetchStage::Http, true),
        FetchError::Status(_) => (FetchStage::Http, false),
        FetchError::TooLarge(_) | FetchError::Compressed | FetchError::Header => (FetchStage::Format, true),
    };
    let words = match error {
        FetchError::Tls(error) => error.failure.cause.to_string(),
        FetchError::Broken(failure) if failure.cause == Cause::GenericTimeoutError => "no answer in time".to_owned(),
        FetchError::Broken(failure) => failure.cause.to_string(),
        other => other.to_string(),
    };
    Miss { way: None, stage, words, is_final }
}

/// What was wrong, way by way, in one line.
pub(in crate::app) fn words(misses: &[Miss]) -> String {
    let mut words = String::new();
    for miss in misses {
        let between = if words.is_empty() { "" } else { "; " };
        let _ = match &miss.way {
            Some(way) => write!(words, "{between}over {way}: {}: {}", miss.stage, miss.words),
            None => write!(words, "{between}{}", miss.words),
        };
    }
    words
}
