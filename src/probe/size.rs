//! Do large packets vanish on this line (control C10)? A TLS hello with a post-quantum share takes two packets of full
//! size; one without fits a third of a packet. Where neutral places take connections, swallow the large hello and
//! acknowledge the small one, the size is what matters, and nobody's name.

use super::ask::Asker;
use super::pair::Neutral;
use super::spec::Spec;
use crate::judge::mtu::{Sizes, Tried};
use crate::model::{Cause, Destination, Failure, Stage};
use crate::transport::Transport;
use futures_util::future::join_all;

/// Places asked again in small: as many as must agree.
const PLACES: usize = 2;

/// Whether a connection was taken, and then nothing, or not all, came.
pub(super) const fn is_swallowed(failure: &Failure) -> bool {
    matches!(failure.stage, Stage::FirstFlight | Stage::Handshake)
        && matches!(failure.cause, Cause::GenericTimeoutError | Cause::StalledAfterBytes)
}

/// Asks some of the places that swallowed a large hello again with a small one. `exchanges` small ones have passed
/// before.
pub(super) async fn compare(
    asker: &Asker,
    way: &Transport,
    swallowed: &[(&Spec, &Destination)],
    exchanges: usize,
) -> Sizes {
    let mut sizes = Sizes::default();
    sizes.large.sent = count(swallowed.len());
    if swallowed.len() < PLACES {
        return sizes;
    }
    let exchanges = count(exchanges);
    sizes.small = Tried { sent: exchanges, passed: exchanges };
    let small = |(spec, target): &(&Spec, &'_ Destination)| {
        let (half, target) = (Neutral::small_of(spec, target), (*target).clone());
        async move {
            match half {
                Some(half) => Some(half.arrives(asker, way, &target).await),
                None => None,
            }
        }
    };
    // Both at once: a person may be waiting for the controls.
    let passed = join_all(swallowed.iter().take(PLACES).map(small)).await;
    for passed in passed.into_iter().flatten() {
        sizes.small.sent += 1;
        sizes.small.passed += u32::from(passed);
    }
    sizes
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
