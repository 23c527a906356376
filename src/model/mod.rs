//! The nouns everyone speaks. Values only: nothing here knows a clock, a socket or a file.

mod destination;
mod evidence;
mod examination;
mod failure;
mod id;
mod link;
mod moment;
mod plan;
mod record;
mod secret;
mod service;
mod standing;
mod verdict;

pub use destination::{BadDestination, Destination, Host};
pub use evidence::{Anchors, Evidence, Grade, Sign, Source, Twin};
pub use examination::{Conclusion, Examined, Exhibit, Outcome, Trial};
pub use failure::{Cause, Failure, Leg, Stage, TcpFacts, Whose};
pub use id::{EndpointTag, Facet, Family, Keyed, L4, NetworkId, Route, ServiceId, TransportId};
pub use link::{Ground, LinkState};
pub use moment::Moment;
pub use plan::{Attempt, Need, Plan, Reason, Way};
pub use record::{Carried, Record, SignCount, Transition, WayChange};
pub use secret::{Private, Secret};
pub use service::{DirectRule, FirstFlight, Service};
pub use standing::{Forced, Partial, Phase, Snapshot, Standing};
pub use verdict::{Confidence, Technique, Verdict};
