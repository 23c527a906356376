//! Names the transport at fault in every failure that passes, so that in a chain of ways the innermost one that
//! failed is known, and remembers what is wrong with its own server.

use super::{PacketDialer, StreamDialer, Trouble};
use crate::model::{Destination, Failure, Leg, TransportId};
use crate::net::{Deadline, Packets, Stream};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// A dialer that signs its failures.
pub(super) struct Tagged<D: ?Sized> {
    id: TransportId,
    inner: Arc<D>,
    trouble: Arc<Trouble>,
}

impl<D: ?Sized> Tagged<D> {
    pub(super) fn new(id: TransportId, inner: Arc<D>, trouble: Arc<Trouble>) -> Self {
        Self { id, inner, trouble }
    }

    fn sign<T>(&self, outcome: Result<T, Failure>) -> Result<T, Failure> {
        match outcome {
            Ok(open) => {
                self.trouble.reached();
                Ok(open)
            }
            Err(mut failure) => {
                if *failure.transport.get_or_insert_with(|| self.id.clone()) == self.id {
                    self.trouble.met(&failure);
                }
                Err(failure)
            }
        }
    }
}

impl StreamDialer for Tagged<dyn StreamDialer> {
    fn dial<'a>(&'a self, to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        self.inner.dial(to, deadline).map(|outcome| self.sign(outcome)).boxed()
    }
}

impl PacketDialer for Tagged<dyn PacketDialer> {
    fn associate(&self, deadline: Deadline) -> BoxFuture<'_, Result<Packets, Failure>> {
        self.inner.associate(deadline).map(|outcome| self.sign(outcome)).boxed()
    }
}

/// What a failure to reach our own server is for the tunnel that runs through it: of the near leg. When the way
/// below reached its own end and only our server failed, the tunnel itself is at fault, not that way.
pub(super) fn at_server(failure: Failure) -> Failure {
    let transport = match failure.leg {
        Leg::Near => failure.transport.clone(),
        Leg::Far => None,
    };
    Failure { transport, ..failure.near() }
}
