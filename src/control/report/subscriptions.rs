//! What is told of the lists that somebody else keeps. Never an address: it is as good as a password.

use crate::control::Stamp;
use crate::model::TransportId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A list of servers that somebody else keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionLine {
    /// Its name.
    pub name: String,
    /// Whether it is fetched; otherwise it is a file.
    pub is_fetched: bool,
    /// Its members, in its own order.
    pub members: Vec<TransportId>,
    /// What of the list is not among them.
    #[serde(default)]
    pub skipped: Vec<SkippedLine>,
    /// When it was last the server's word.
    pub last_good: Option<Stamp>,
    /// The way it last came over.
    #[serde(default)]
    pub over: Option<TransportId>,
    /// When it is fetched next.
    pub next: Option<Stamp>,
    /// What went wrong the last time; `None` when nothing did.
    pub trouble: Option<FetchTrouble>,
    /// Bytes that were carried, as the server has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_bytes: Option<u64>,
    /// Bytes that may be carried, as the server has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_bytes: Option<u64>,
    /// When it ends, as the server has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Stamp>,
}

/// An entry of a list that is no member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedLine {
    /// What to call it.
    pub name: String,
    /// Why, without secrets.
    pub reason: String,
}

/// A fetch that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchTrouble {
    /// How far it came over the way that brought it farthest.
    pub stage: FetchStage,
    /// What was wrong, way by way, without addresses.
    pub words: String,
    /// When.
    pub at: Stamp,
}

/// How far a fetch came; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FetchStage {
    /// No way is allowed that is there.
    Way,
    /// Turning the name into addresses.
    Dns,
    /// Reaching the server.
    Connect,
    /// The handshake, or the certificate.
    Tls,
    /// The answer.
    Http,
    /// What came is no list that can be used.
    Format,
    /// It came, and could not be kept or put in force.
    Keeping,
    /// A stage that this version does not know.
    #[serde(other)]
    Other,
}

impl fmt::Display for FetchStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Way => "way",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Format => "format",
            Self::Keeping => "keeping",
            Self::Other => "other",
        })
    }
}
