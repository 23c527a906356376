//! Taking turns: who has much to carry stops now and then, for those who have little.

use std::pin::pin;
use std::task::Context;

/// Lets others go first, and with them those for whom something has come meanwhile: who merely wakes itself is ahead of
/// these, and with much to carry keeps ahead.
pub(crate) fn step_back(cx: &mut Context<'_>) {
    let turn = pin!(tokio::task::yield_now());
    // The first poll of it arranges for the next turn.
    let _later = turn.poll(cx);
}
