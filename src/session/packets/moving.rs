//! How the packets of an association move: what has come together is looked at together, one destination at a time, and
//! goes on within the same poll. What a socket would not take is kept, in its order, and until it is gone nothing more is
//! taken from where it came. Which way a packet takes is decided elsewhere.

use super::{HELD_PACKETS, Link, Relay};
use crate::model::{Destination, TransportId};
use crate::net::{Kept, Run, Train, step_back, with_train};
use futures_util::stream::StreamExt;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Trains each way before other associations get their turn.
const TURN: usize = 4;

/// What a socket would not take yet.
pub(super) type Rest = VecDeque<(Destination, Kept)>;

impl Relay<'_> {
    /// Carries packets until the client is gone.
    pub(super) async fn run(mut self) {
        let mut tick = interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        poll_fn(|cx| self.poll(cx, &mut tick)).await;
    }

    fn poll(&mut self, cx: &mut Context<'_>, tick: &mut Interval) -> Poll<()> {
        while tick.poll_tick(cx).is_ready() {
            self.look(cx);
        }
        while self.poll_opened(cx).is_ready() {}
        // What has nothing more is not asked again: it wakes this task.
        let (mut up, mut down) = (true, true);
        for _ in 0..TURN {
            if up {
                match self.poll_up(cx) {
                    Poll::Ready(ControlFlow::Break(())) => return Poll::Ready(()),
                    polled => up = polled.is_ready(),
                }
            }
            down = down && self.poll_down(cx).is_ready();
            if !up && !down {
                // A way may have been wanted meanwhile; one that opens has to be listened to.
                down = self.poll_opened(cx).is_ready();
                if !down {
                    return Poll::Pending;
                }
            }
        }
        step_back(cx);
        Poll::Pending
    }

    /// What has come from the client. Breaks where the association is over.
    fn poll_up(&mut self, cx: &mut Context<'_>) -> Poll<ControlFlow<()>> {
        ready!(self.poll_rest_up(cx));
        with_train(|train| match ready!(self.client.packets.poll_recv_train(cx, train)) {
            Ok(()) => {
                self.leave_hostile();
                Poll::Ready(train.runs().try_for_each(|(to, run)| self.outward(cx, run, to)))
            }
            Err(_) => Poll::Ready(ControlFlow::Break(())),
        })
    }

    /// What has come by any way. Ready where something has.
    fn poll_down(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some((from, kept)) = self.down.front_mut() {
            let mut run = kept.run();
            let sent = self.client.packets.poll_send_run(cx, &mut run, from);
            let left = run.len();
            if sent.is_pending() {
                kept.leave(left);
                return Poll::Pending;
            }
            self.down.pop_front();
        }
        with_train(|train| {
            let links = std::mem::take(&mut self.links);
            let mut came = Poll::Pending;
            for (way, link) in &links {
                let Link::Open(link) = link else { continue };
                // A way's error says nothing of the others.
                if let Poll::Ready(Ok(())) = link.poll_recv_train(cx, train) {
                    self.inward(cx, way, train);
                    came = Poll::Ready(());
                }
            }
            self.links = links;
            came
        })
    }

    fn poll_opened(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.opening.is_empty() {
            return Poll::Pending;
        }
        if let Some((way, outcome)) = ready!(self.opening.poll_next_unpin(cx)) {
            self.opened(cx, way, outcome);
        }
        Poll::Ready(())
    }

    /// Packets of the client's to one place.
    fn outward(&mut self, cx: &mut Context<'_>, run: Run<'_>, to: &Destination) -> ControlFlow<()> {
        if !self.peers.contains_key(to)
            && let Some(Err(why)) = run.first().map(|first| self.admit(first, to))
        {
            return run.packets().try_for_each(|packet| self.refuse(cx, packet, to, why));
        }
        self.send(cx, run, to);
        ControlFlow::Continue(())
    }

    /// Sends packets to a destination that was admitted, by the way it has.
    pub(super) fn send(&mut self, cx: &mut Context<'_>, run: Run<'_>, to: &Destination) {
        let Some(peer) = self.peers.get_mut(to) else { return };
        peer.sends(self.sessions, run);
        let way = peer.way.clone();
        self.ensure_open(&way);
        self.pass_to_way(cx, run, to);
    }

    /// Hands packets to the way of their destination, behind what waits for one.
    pub(super) fn pass_to_way(&mut self, cx: &mut Context<'_>, mut run: Run<'_>, to: &Destination) {
        let Some(peer) = self.peers.get(to) else { return };
        match self.links.get_mut(&peer.way) {
            Some(Link::Open(link)) => {
                if !self.up.is_empty() || link.poll_send_run(cx, &mut run, to).is_pending() {
                    self.up.push_back((to.clone(), run.keep()));
                }
            }
            Some(Link::Opening(held)) => {
                let room = HELD_PACKETS.saturating_sub(held.len());
                held.extend(run.packets().take(room).map(|packet| (Kept::one(packet.to_vec()), to.clone())));
            }
            Some(Link::Failed) | None => {}
        }
    }

    /// Goes on with what the ways would not take. What was forgotten meanwhile, or has lost its way, is not sent.
    fn poll_rest_up(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some((to, kept)) = self.up.front_mut() {
            let way = self.peers.get(to).map(|peer| &peer.way);
            if let Some(Link::Open(link)) = way.and_then(|way| self.links.get(way)) {
                let mut run = kept.run();
                let sent = link.poll_send_run(cx, &mut run, to);
                let left = run.len();
                if sent.is_pending() {
                    kept.leave(left);
                    return Poll::Pending;
                }
            }
            self.up.pop_front();
        }
        Poll::Ready(())
    }

    fn inward(&mut self, cx: &mut Context<'_>, way: &TransportId, train: &Train) {
        for (from, run) in train.runs() {
            self.hears(way, from);
            self.pass_to_client(cx, run, from);
        }
    }

    /// Hands packets to the client, behind what waits for it.
    pub(super) fn pass_to_client(&mut self, cx: &mut Context<'_>, mut run: Run<'_>, from: &Destination) {
        let waits = !self.down.is_empty();
        if waits || self.client.packets.poll_send_run(cx, &mut run, from).is_pending() {
            self.down.push_back((from.clone(), run.keep()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_association_holds_no_room_for_packets() {
        assert!(size_of::<Relay<'_>>() < 1024, "{}", size_of::<Relay<'_>>());
        assert_eq!(Rest::new().capacity(), 0);
    }
}
