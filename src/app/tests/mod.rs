//! byway whole, in the lab.
