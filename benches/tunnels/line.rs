//! A line that is slow and loses packets: each waits 20 ms, one in a hundred is lost, in both directions.

use crate::ground::{Ground, enter, in_namespace, run, widen};
use anyhow::Result;
use nfq::{Queue, Verdict};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const DELAY: Duration = Duration::from_millis(20);
const LOST_IN: u32 = 100;
/// Where packets of both directions are handed over.
const HOOKS: [[&str; 5]; 2] =
    [["-t", "mangle", "PREROUTING", "-i", "far0"], ["-t", "mangle", "POSTROUTING", "-o", "far0"]];

/// In force until dropped.
pub(crate) struct Line {
    ends: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<()>>>,
    far: String,
}

impl Line {
    pub(crate) fn lay(ground: &Ground) -> Result<Self> {
        let ends = Arc::new(AtomicBool::new(false));
        let far = ground.far.clone();
        let mut line = Self { ends: ends.clone(), threads: Vec::new(), far: far.clone() };
        for number in 0..2 {
            let (ends, far) = (ends.clone(), far.clone());
            line.threads.push(std::thread::spawn(move || {
                enter(&far)?;
                hold(number, &ends)
            }));
        }
        line.rules("-A")?;
        Ok(line)
    }
}

impl Line {
    fn rules(&self, change: &str) -> Result<()> {
        for (number, [table, named, chain, side, device]) in HOOKS.into_iter().enumerate() {
            let number = number.to_string();
            let words = [table, named, change, chain, side, device, "-j", "NFQUEUE", "--queue-num", &number];
            run(in_namespace(&self.far, Path::new("iptables-nft")).args(words))?;
        }
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _gone = self.rules("-D");
        self.ends.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ended = thread.join();
        }
    }
}

fn hold(number: u16, ends: &AtomicBool) -> Result<()> {
    let mut queue = Queue::open()?;
    queue.bind(number)?;
    queue.set_queue_max_len(number, 20_000)?;
    queue.set_copy_range(number, 64)?;
    queue.set_nonblocking(true);
    widen(std::process::id())?;
    let mut held = VecDeque::new();
    let mut random = fastrand::Rng::with_seed(u64::from(number) + 1);
    while !ends.load(Ordering::Relaxed) {
        while let Ok(mut packet) = queue.recv() {
            let lost = random.u32(0..LOST_IN) == 0;
            packet.set_verdict(if lost { Verdict::Drop } else { Verdict::Accept });
            held.push_back((Instant::now() + DELAY, packet));
        }
        while held.front().is_some_and(|(at, _)| *at <= Instant::now()) {
            if let Some((_, packet)) = held.pop_front() {
                queue.verdict(packet)?;
            }
        }
        std::thread::sleep(Duration::from_micros(300));
    }
    Ok(())
}
