//! Whether the loops that people depend on still turn. Each has a heart that beats when it is felt; one whose loop hangs
//! does not. It says nothing of how well they do their work.

use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// What feels the hearts of some loops.
#[derive(Clone, Debug, Default)]
pub(super) struct Pulse(Vec<mpsc::Sender<oneshot::Sender<()>>>);

/// The heart of one loop.
#[derive(Debug)]
pub(super) struct Heart(mpsc::Receiver<oneshot::Sender<()>>);

/// A loop did not answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Still;

impl Pulse {
    /// A heart for one more loop.
    pub(super) fn heart(&mut self) -> Heart {
        // One who feels is enough; a second waits for its turn.
        let (felt, heart) = mpsc::channel(1);
        self.0.push(felt);
        Heart(heart)
    }

    /// Feels every heart. A loop that ended is as good as one that hangs.
    pub(super) async fn felt(&self, patience: Duration) -> Result<(), Still> {
        for heart in &self.0 {
            let (beat, beats) = oneshot::channel();
            let round = async {
                heart.send(beat).await.map_err(|_| Still)?;
                beats.await.map_err(|_| Still)
            };
            tokio::time::timeout(patience, round).await.map_err(|_| Still)??;
        }
        Ok(())
    }
}

impl Heart {
    /// Beats when it is felt. To be waited for beside what the loop waits for. Cancel-safe.
    pub(super) async fn beat(&mut self) {
        match self.0.recv().await {
            // Who felt may have lost patience.
            Some(felt) => drop(felt.send(())),
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_turns_is_felt_and_one_that_hangs_is_not() {
        let mut pulse = Pulse::default();
        assert_eq!(pulse.felt(PATIENCE).await, Ok(()), "nothing to feel");
        let mut heart = pulse.heart();
        let turning = tokio::spawn(async move {
            loop {
                heart.beat().await;
            }
        });
        assert_eq!(pulse.felt(PATIENCE).await, Ok(()));
        assert_eq!(pulse.felt(PATIENCE).await, Ok(()));
        let hanging = pulse.heart();
        assert_eq!(pulse.felt(PATIENCE).await, Err(Still));
        drop(hanging);
        assert_eq!(pulse.felt(PATIENCE).await, Err(Still));
        turning.abort();
    }
}
