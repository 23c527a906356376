//! The commands, against a running one and without.
