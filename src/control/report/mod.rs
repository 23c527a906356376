//! What is told to people and programs, computed from beliefs, plans and records. Pure: no clock, no socket;
//! every sentence names what was observed, never a motive.

mod account;
mod examined;
mod grounds;
mod history;
mod ledger;
mod ooni;
mod outline;
mod spoken;
mod status;
mod subscriptions;
mod tally;
mod timeline;
mod why;
mod words;

pub use account::{Account, FacetAccount, ServiceAccount, Spread, VerdictCount, WayAccount, account, percent};
pub use examined::examined_outline;
pub use grounds::{EvidenceLine, RouteWhy};
pub use history::{Share, Shares, record_words, shares};
pub use ledger::{Present, Window};
pub use ooni::{FacetKeys, Measurement, TEST_NAME, TEST_VERSION, TestKeys, measurements};
pub use outline::Outline;
pub use spoken::Spoken;
pub use status::{
    Counters, FacetFacts, FacetLine, FlowLine, ForcedLine, Running, Seen, ServiceFacts, ServiceLine, Status,
    TransportLine, Up, WayCell, status,
};
pub use subscriptions::{FetchStage, FetchTrouble, SkippedLine, SubscriptionLine};
pub use timeline::{Lane, LaneSpan, lanes};
pub use why::{AttemptLine, FacetWhy, PassedLine, PlanLines, Why, why};
pub use words::{facet_words, link_reason, link_words, sign_words, trouble_words, way_words};
