//! The words of the control protocol: what is asked, what is told. One JSON value a line, each with its schema
//! number; a reader skips empty lines (a quiet stream sends them to notice that nobody listens any more).

use super::Stamp;
use super::doctor::Step;
use super::doors::Doors;
use super::fetched::{FetchedList, Unshown};
use super::report::{Account, Measurement, Status, Why};
use crate::model::{Confidence, Examined, Facet, Ground, L4, Record, ServiceId, Technique, TransportId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;

/// The version of every answer and of `--json`. It rises when a field changes its meaning or goes away.
pub const SCHEMA: u32 = 1;

/// The longest question. The longest real one is far below 1 KiB.
pub(super) const MAX_ASK: usize = 16 << 10;
/// The longest answer. A `why` with a full evidence list of 40 routes is below 1 MiB.
pub(super) const MAX_TELL: usize = 4 << 20;

/// A value with its schema number beside its own fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schemed<T> {
    /// The schema number.
    pub schema: u32,
    /// The fields.
    #[serde(flatten)]
    pub body: T,
}

impl<T> Schemed<T> {
    /// `body` in the present schema.
    pub const fn new(body: T) -> Self {
        Self { schema: SCHEMA, body }
    }
}

/// A question or an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ask")]
pub enum Ask {
    /// Are you there, and which version? Answer: [`Tell::Pong`].
    Ping,
    /// What works, and how? Answer: [`Tell::Status`].
    Status,
    /// Why does this service go the way it goes? Answer: [`Tell::Why`].
    Why {
        /// Which service.
        service: ServiceId,
    },
    /// The last records and, when asked, those to come. Answer: a stream of [`Tell::Entry`].
    Log {
        /// Whether to wait for more.
        #[serde(default)]
        follow: bool,
        /// Only records younger than this many seconds.
        #[serde(default)]
        since_secs: Option<u64>,
        /// Only the last so many of the past.
        #[serde(default)]
        limit: Option<u32>,
    },
    /// The past of one service or all. Answer: a stream of [`Tell::Entry`].
    History {
        /// Which service; `None` for all.
        #[serde(default)]
        service: Option<ServiceId>,
        /// Only records younger than this many seconds.
        #[serde(default)]
        since_secs: Option<u64>,
    },
    /// Force a way, or give the choice back. Answer: [`Tell::Used`].
    Use {
        /// For which service.
        service: ServiceId,
        /// Which way; `None` for automatic.
        #[serde(default)]
        transport: Option<TransportId>,
        /// For how many seconds; `None` until told otherwise.
        #[serde(default)]
        for_secs: Option<u64>,
    },
    /// Read the configuration again. Answer: [`Tell::Reloaded`].
    Reload,
    /// Test now. Answer: a stream of [`Tell::Probe`].
    Probe {
        /// Which service; `None` for all.
        #[serde(default)]
        service: Option<ServiceId>,
        /// Over which way; `None` for all.
        #[serde(default)]
        via: Option<TransportId>,
    },
    /// Examine one service in full, with what that shows to an observer. Answer: a stream of [`Tell::Examined`].
    /// Hanging up stops it.
    Diagnose {
        /// Which service.
        service: ServiceId,
    },
    /// Check everything up. Answer: a stream of [`Tell::Checked`]. Hanging up stops it.
    Doctor,
    /// Fetch a list of servers that is not known yet. Answer: [`Tell::Fetched`].
    Fetch {
        /// Where it is.
        url: Unshown,
        /// Over which way; `None` for whichever brings it.
        #[serde(default)]
        via: Option<TransportId>,
    },
    /// Which way worked when? Answer: [`Tell::Report`].
    Report {
        /// Of so many seconds back from now.
        since_secs: u64,
    },
    /// Where can programs and phones come in? Answer: [`Tell::Doors`].
    Doors {
        /// Whether to tell the login too.
        #[serde(default)]
        login: bool,
    },
    /// A link that opens the status page once; the page is opened for it. Answer: [`Tell::Ui`].
    Ui,
    /// What a monitoring system reads. Answer: [`Tell::Metrics`].
    Metrics,
    /// The tests of the direct way in OONI's format. Answer: [`Tell::Measurements`].
    Measurements {
        /// Of so many seconds back from now.
        since_secs: u64,
    },
}

/// An answer, or one item of a stream of answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "tell", content = "body")]
pub enum Tell {
    /// To [`Ask::Ping`].
    Pong(Pong),
    /// To [`Ask::Status`].
    Status(Box<Status>),
    /// To [`Ask::Why`].
    Why(Box<Why>),
    /// One record.
    Entry(Entry),
    /// So many records were lost, because the reader was slower than the writer.
    Missed(u64),
    /// To [`Ask::Use`].
    Used(Used),
    /// To [`Ask::Reload`].
    Reloaded(Reloaded),
    /// One step of a probe.
    Probe(ProbeItem),
    /// One step of an examination.
    Examined(Examined),
    /// One step of a check-up.
    Checked(Step),
    /// To [`Ask::Fetch`].
    Fetched(FetchedList),
    /// To [`Ask::Report`].
    Report(Box<Account>),
    /// To [`Ask::Measurements`].
    Measurements(Vec<Measurement>),
    /// To [`Ask::Doors`].
    Doors(Box<Doors>),
    /// To [`Ask::Metrics`].
    Metrics(String),
    /// To [`Ask::Ui`].
    Ui(PageLink),
    /// A stream is complete.
    End,
    /// No.
    Error(Refusal),
}

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// The version of the running byway.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Seconds since it started.
    pub uptime_secs: u64,
}

/// A record and when it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When; what comes from the journal is rounded to the minute.
    pub at: Stamp,
    /// What.
    #[serde(flatten)]
    pub record: Record,
}

/// A way into the status page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageLink {
    /// Where the page listens.
    pub at: SocketAddr,
    /// The link: it opens the page once.
    pub link: Unshown,
    /// For how many seconds it can be used.
    pub valid_secs: u64,
}

/// What `use` did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// For which service.
    pub service: ServiceId,
    /// The way; `None` for automatic.
    pub transport: Option<TransportId>,
    /// Until when; `None` until told otherwise.
    pub until: Option<Stamp>,
    /// What the operator should know: that the way is blocked just now, for example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// What a reload did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// What changed, one sentence each; empty when nothing did.
    pub changes: Vec<String>,
    /// What is not as it should be, and did not stop the reload.
    pub warnings: Vec<String>,
}

/// One step of a probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
pub enum ProbeItem {
    /// So many routes will be tested.
    Started {
        /// How many.
        routes: u32,
    },
    /// What the link's controls say; until they are good, a failure blames nobody.
    Controls {
        /// The link's state.
        link: crate::model::LinkState,
        /// Why it is in that state.
        #[serde(default)]
        ground: Ground,
    },
    /// One route was tested.
    Cell(Cell),
}

/// The outcome on one route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The service.
    pub service: ServiceId,
    /// Its name for people.
    pub title: String,
    /// The facet.
    pub facet: Facet,
    /// The way.
    pub transport: TransportId,
    /// Streams or packets.
    pub l4: L4,
    /// Whether a validated answer came; `None` when nothing was tested (no packets there, not set up).
    pub answered: Option<bool>,
    /// From the start to the answer or the failure, in milliseconds.
    pub took_ms: u32,
    /// The kind of block that the failure alone points at.
    pub technique: Option<Technique>,
    /// How sure that is.
    pub confidence: Confidence,
    /// One sentence.
    pub words: String,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// For machines.
    pub code: RefusalCode,
    /// For people.
    pub message: String,
    /// The known name nearest to the unknown one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
}

/// The kinds of no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// Not a JSON object with the fields of its ask.
    Malformed,
    /// A line over the limit.
    TooLong,
    /// Another schema.
    Schema,
    /// No such ask.
    UnknownAsk,
    /// The token is wrong or missing.
    Unauthorised,
    /// Too many are asking at once, or what can only be done once at a time is being done.
    Busy,
    /// The answer was not ready in time.
    TookTooLong,
    /// No such service.
    UnknownService,
    /// No such way.
    UnknownTransport,
    /// The configuration is invalid; nothing was changed.
    Config,
    /// Not with this configuration: the history is off, the rule of the service forbids it.
    NotAllowed,
    /// It was tried and failed.
    Failed,
    /// A kind that this version does not know.
    #[serde(other)]
    Other,
}

impl Refusal {
    /// A no with its reason.
    pub fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), nearest: None }
    }

    /// No such service, with the nearest of the known ones.
    pub fn unknown_service<'a>(asked: &str, known: impl IntoIterator<Item = &'a ServiceId>) -> Self {
        let near = nearest(asked, known.into_iter().map(ServiceId::as_str));
        Self { nearest: near, ..Self::new(RefusalCode::UnknownService, format!("there is no service \"{asked}\"")) }
    }

    /// No such way, with the nearest of the known ones.
    pub fn unknown_transport<'a>(asked: &str, known: impl IntoIterator<Item = &'a TransportId>) -> Self {
        let near = nearest(asked, known.into_iter().map(TransportId::as_str));
        Self { nearest: near, ..Self::new(RefusalCode::UnknownTransport, format!("there is no transport \"{asked}\"")) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.nearest {
            Some(near) => write!(f, "; did you mean \"{near}\"?"),
            None => Ok(()),
        }
    }
}

/// The known name most like `asked`, if one is near enough to be a slip of the keyboard.
pub fn nearest<'a>(asked: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let asked = asked.to_lowercase();
    let scored = known.into_iter().map(|name| (strsim::jaro_winkler(&asked, &name.to_lowercase()), name));
    scored.filter(|(score, _)| *score >= 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name.to_owned())
}
