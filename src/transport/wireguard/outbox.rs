//! Datagrams that wait for the socket, those of one size side by side so that one call sends many.

use std::collections::VecDeque;

/// What one call may carry at most: a UDP payload, with a little to spare.
const LONGEST: usize = 64_000;

#[derive(Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    runs: VecDeque<Run>,
    /// Handshakes begun.
    pub(super) initiations: u64,
}

/// Datagrams of `size` bytes each, side by side; the last may be shorter, and ends the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    begin: usize,
    length: usize,
    size: usize,
}

impl Run {
    fn takes(self, length: usize) -> bool {
        self.length.is_multiple_of(self.size) && length <= self.size && self.length + length <= LONGEST
    }
}

impl Outbox {
    /// Adds the datagram that `write` puts behind what it is given; it says how long that is.
    pub(super) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>) -> usize) {
        let begin = self.bytes.len();
        let length = write(&mut self.bytes);
        if length == 0 {
            return;
        }
        match self.runs.back_mut() {
            Some(run) if run.takes(length) => run.length += length,
            _ => self.runs.push_back(Run { begin, length, size: length }),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The next datagrams, at most `most` of them, and the size of each.
    pub(super) fn next(&self, most: usize) -> Option<(&[u8], usize)> {
        let run = self.runs.front()?;
        let length = run.length.min(run.size.saturating_mul(most.max(1)));
        Some((self.bytes.get(run.begin..run.begin + length)?, run.size))
    }

    /// The first `length` bytes have gone.
    pub(super) fn gone(&mut self, length: usize) {
        if let Some(run) = self.runs.front_mut() {
            run.begin += length;
            run.length = run.length.saturating_sub(length);
            if run.length == 0 {
                self.runs.pop_front();
            }
        }
        if self.runs.is_empty() {
            self.bytes.clear();
        }
    }

    /// Drops everything.
    pub(super) fn clear(&mut self) {
        self.runs.clear();
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(outbox: &mut Outbox, datagram: &[u8]) {
        outbox.push(|wire| {
            wire.extend_from_slice(datagram);
            datagram.len()
        });
    }

    #[test]
    fn datagrams_of_one_size_go_together_and_a_shorter_one_ends_the_run() {
        let mut outbox = Outbox::default();
        for length in [100, 100, 40, 100, 120, 120] {
            add(&mut outbox, &vec![u8::try_from(length).unwrap(); length]);
        }
        let mut sent = Vec::new();
        while let Some((run, size)) = outbox.next(64) {
            sent.push((run.len(), size));
            let length = run.len();
            outbox.gone(length);
        }
        assert_eq!(sent, [(240, 100), (100, 100), (240, 120)]);
        assert!(outbox.is_empty() && outbox.bytes.is_empty());
    }

    #[test]
    fn a_run_is_cut_to_what_the_socket_takes() {
        let mut outbox = Outbox::default();
        (0..3).for_each(|n| add(&mut outbox, &[n; 10]));
        assert_eq!(outbox.next(1), Some((&[0; 10][..], 10)));
        outbox.gone(10);
        assert_eq!(outbox.next(9), Some((&[[1; 10], [2; 10]].concat()[..], 10)));
    }
}
