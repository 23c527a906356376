//! What is told to people and programs, computed from beliefs, plans and records. Pure: no clock, no socket;
//! every sentence names what was observed, never a motive.

mod grounds;
mod history;
mod status;
mod tally;
mod why;
mod words;

pub use grounds::{EvidenceLine, RouteWhy};
pub use history::{Share, Shares, record_words, shares};
pub use status::{
    Counters, FacetFacts, FacetLine, ForcedLine, Outline, Running, Seen, ServiceFacts, ServiceLine, Status,
    TransportLine, Up, WayCell, status,
};
pub use why::{AttemptLine, FacetWhy, PassedLine, PlanLines, Why, why};
pub use words::{facet_words, link_words, sign_words, way_words};
