//! Buffers that a thread lends for one read or write, so that nobody holds one while nothing moves.

use std::cell::Cell;

/// The most that is read at once.
pub(super) const MOST: usize = 256 * 1024;
/// The size of a lent buffer: what is read, and what a tunnel adds to it.
pub(crate) const LENT: usize = MOST + 16 * 1024;

/// Lends a buffer of this thread's to `work`, for one read or write; within that, the next one.
pub(crate) fn with_lent<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    thread_local! {
        static BUFFERS: Cell<Vec<Box<[u8]>>> = const { Cell::new(Vec::new()) };
    }
    let mut buffers = BUFFERS.take();
    let mut buffer = buffers.pop().unwrap_or_else(|| vec![0; LENT].into_boxed_slice());
    BUFFERS.set(buffers);
    let result = work(&mut buffer);
    let mut buffers = BUFFERS.take();
    buffers.push(buffer);
    BUFFERS.set(buffers);
    result
}
