//! A line that is slow and loses packets: each waits 20 ms, one in a hundred is lost, in both directions.

use crate::ground::{Ground, enter, in_namespace, run};
use anyhow::Result;
use nfq::{Queue, Verdict};
use std::collections::VecDeque;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const DELAY: Duration = Duration::from_millis(20);
const LOST_IN: u32 = 100;
const RULES: &str = "table ip line {
    chain come { type filter hook prerouting priority -300; iifname far0 queue num 0 }
    chain go { type filter hook postrouting priority 300; oifname far0 queue num 1 }
}";

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
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(RULES.as_bytes())?;
        run(in_namespace(&far, Path::new("nft")).arg("-f").arg(file.path()))?;
        Ok(line)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _gone = run(in_namespace(&self.far, Path::new("nft")).args(["delete", "table", "ip", "line"]));
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
