//! What an observation means: all the knowledge of censorship, one file per technique family. Facts in,
//! signs and verdict-grade findings out; no clock, no socket.

use crate::model::{Failure, Sign};

/// Which kind of way a failure was met on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// The person's own line to the destination itself: the kernel's facts describe that very path.
    Bare,
    /// A tunnel: the kernel's facts describe the connection to the tunnel's server.
    Tunnel,
}

/// What a failed attempt is a sign of; `None` when it is no evidence at all (a local fault, a race we lost).
pub fn sign_of(failure: &Failure, on: On) -> Option<Sign> {
    let _ = (failure, on);
    todo!()
}
