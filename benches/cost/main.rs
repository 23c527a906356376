//! What byway adds to each connection on top of a plain relay, and how that grows with what it is told to know.
//!
//! `cargo bench --bench cost` prints a time for each; words behind `--` pick some. The difference of `connection::held` and
//! `connection::plain` is what classification, plan and the held first flight cost: 5 µs at the most. A look-up among
//! 100 000 names and prefixes takes 1 µs at the most, and they fit into 10 MB.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark shows its figures, and ends where it cannot go on"
)]

mod ends;
mod known;

use byway::board::Board;
use byway::health::Params;
use byway::model::{Destination, NetworkId};
use divan::{Bencher, black_box};

fn main() {
    println!("a matcher with 100 000 names and prefixes holds {:.1} MB (10 at the most)", known::megabytes(100_000));
    divan::main();
}

/// A whole connection, from the request to its end, between two ends that need no waiting.
mod connection {
    use super::{Bencher, ends};

    /// Dialled, answered, relayed.
    #[divan::bench]
    fn plain(bencher: Bencher) {
        let runtime = ends::runtime();
        bencher.bench(|| runtime.block_on(ends::plain()));
    }

    /// The same by a session: told apart, planned, its first flight held until an answer, watched over.
    /// By the number of other routes that byway has an opinion of.
    #[divan::bench(args = [0, 20, 150])]
    fn held(bencher: Bencher, others: usize) {
        let runtime = ends::runtime();
        let sessions = runtime.block_on(async { ends::sessions(others) });
        bencher.bench(|| runtime.block_on(ends::held(&sessions)));
    }
}

/// Which service is this? By the number of services, of ten names and ten prefixes each.
#[divan::bench(args = [10, 100, 1000])]
fn classify(bencher: Bencher, services: usize) {
    let (matcher, places) = (known::matcher(services, 10), known::places(services, 10));
    let mut next = places.iter().cycle();
    bencher.bench_local(|| matcher.classify(black_box(next.next().unwrap())));
}

/// Which ways, in which order? By the number of ways, all with a history.
#[divan::bench(args = [2, 10, 50])]
fn plan(bencher: Bencher, ways: usize) {
    let world = known::World::of(ways);
    bencher.bench(|| world.plan());
}

/// What is believed, as each connection reads it.
#[divan::bench(threads = [1, 2])]
fn snapshot(bencher: Bencher) {
    let (board, _keeper) = Board::new(Params::default(), Vec::new(), NetworkId(1));
    bencher.bench(|| board.snapshot());
}

/// One look-up among 100 000.
mod matcher {
    use super::{Bencher, Destination, black_box, known};

    fn ask(bencher: Bencher, wanted: impl Fn(&&Destination) -> bool) {
        let (matcher, places) = (known::matcher(100, 1000), known::places(100, 1000));
        let asked: Vec<_> = places.iter().filter(wanted).collect();
        let mut next = asked.iter().cycle();
        bencher.bench_local(|| matcher.classify(black_box(next.next().unwrap())));
    }

    #[divan::bench]
    fn by_name(bencher: Bencher) {
        ask(bencher, |to| to.host.ip().is_none());
    }

    #[divan::bench]
    fn by_address(bencher: Bencher) {
        ask(bencher, |to| to.host.ip().is_some());
    }

    #[divan::bench]
    fn by_nobody(bencher: Bencher) {
        let (matcher, stranger) = (known::matcher(100, 1000), Destination::parse("a.b.c.stranger.test:443").unwrap());
        bencher.bench_local(|| matcher.classify(black_box(&stranger)));
    }
}
