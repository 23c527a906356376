//! Which service a destination belongs to, and which ways are tried for it, in which order, and why not the others.
//! Pure: what is believed, the time and the dice come in as arguments.

mod matcher;
pub mod pac;
mod plan;

pub use matcher::{Matcher, Rule};
pub use plan::{Question, plan};
