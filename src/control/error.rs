//! What can go wrong between a command and the running byway: at which stage, whose fault, what to do.

use super::{Place, Refusal};
use crate::platform;
use std::io;
use std::net::SocketAddr;

/// A control failure.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody listens there.
    #[error("no byway is running at {place}; start one with `byway run`, or name another with --control")]
    NotRunning {
        /// Where it was looked for.
        place: Place,
    },
    /// A running byway holds the place.
    #[error("another byway is already running at {place}; stop it, or give this one another --control")]
    AlreadyRunning {
        /// Which place.
        place: Place,
    },
    /// The operating system forbids it.
    #[error("not permitted to use {place}: {source}; run this as the user that runs byway")]
    Permission {
        /// Which place.
        place: Place,
        /// What the system said.
        source: io::Error,
    },
    /// The folder would let other users reach the control socket.
    #[error("the folder of {place} is open to other users (mode {mode:03o}); use one that only you can enter (0700)")]
    OpenFolder {
        /// Which place.
        place: Place,
        /// The folder's mode.
        mode: u32,
    },
    /// Something else lives at the path; it is not touched.
    #[error("{place} exists and is no control socket; remove it, or name another with --control")]
    Occupied {
        /// Which place.
        place: Place,
    },
    /// The token file cannot be understood.
    #[error("{place} is no control token of a running byway")]
    BadToken {
        /// Which place.
        place: Place,
    },
    /// This system has no unix sockets.
    #[error("{place}: this system has no unix sockets; name a file that ends in .token")]
    NoUnixSockets {
        /// Which place.
        place: Place,
    },
    /// The status page would be open to others.
    #[error("the status page is for this machine only, and {at} is not a loopback address; use 127.0.0.1:0")]
    PageNotLocal {
        /// Where it was to listen.
        at: SocketAddr,
    },
    /// The status page has no place to listen.
    #[error("the status page could not listen on {at}: {source}; use port 0 for any that is free")]
    Page {
        /// Where it was to listen.
        at: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A folder or file could not be made, or kept to its owner.
    #[error("the control place could not be made: {0}")]
    Private(#[from] platform::Error),
    /// Setting up or using the connection failed.
    #[error("control {stage} at {place} failed: {source}")]
    Io {
        /// What was being done.
        stage: &'static str,
        /// Where.
        place: Place,
        /// What the system said.
        source: io::Error,
    },
    /// The other side does not speak this protocol.
    #[error("the byway at {place} answered something this one does not understand ({why}); are they the same version?")]
    Protocol {
        /// Where.
        place: Place,
        /// What is wrong with the answer.
        why: &'static str,
    },
    /// It was there, and is gone.
    #[error("the byway at {place} hung up; has it stopped?")]
    Gone {
        /// Where.
        place: Place,
    },
    /// No answer in time.
    #[error("the byway at {place} did not answer within {secs} s")]
    TookTooLong {
        /// Where.
        place: Place,
        /// How long was waited.
        secs: u64,
    },
    /// The running byway understood and said no.
    #[error("{0}")]
    Refused(Refusal),
}

impl ControlError {
    /// Sorts an I/O error met at `stage`.
    pub(super) fn io(stage: &'static str, place: &Place, source: io::Error) -> Self {
        let place = place.clone();
        match source.kind() {
            io::ErrorKind::PermissionDenied => Self::Permission { place, source },
            _ => Self::Io { stage, place, source },
        }
    }
}
