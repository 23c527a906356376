//! How a command asks: finds the running byway, waits for the answer, and lets Ctrl-C end the wait.

use super::exit::{Exit, Failed};
use crate::control::{Answers, Ask, Client, ControlError, Place, Tell};
use tokio::runtime::{Builder, Runtime};

/// Asks the byway at one of these places.
pub(super) struct Asker {
    places: Vec<Place>,
}

impl Asker {
    /// Will look at `places`, best first.
    pub(super) const fn new(places: Vec<Place>) -> Self {
        Self { places }
    }

    /// Connects.
    pub(super) async fn client(&self) -> Result<Client, ControlError> {
        Client::find(&self.places).await
    }

    /// One question, one answer.
    pub(super) fn once(&self, ask: &Ask) -> Result<Tell, Failed> {
        attend(async { Ok(self.client().await?.ask(ask).await?) })
    }

    /// One question, one answer; Ctrl-C still ends the process, also afterwards, for a person is asked next.
    pub(super) fn before_consent(&self, ask: &Ask) -> Result<Tell, Failed> {
        runtime()?.block_on(async { Ok(self.client().await?.ask(ask).await?) })
    }

    /// Whether a byway is running there. Ctrl-C still ends the process, also afterwards.
    pub(super) fn finds_one(&self) -> Result<bool, Failed> {
        match runtime()?.block_on(self.client()) {
            Ok(_) => Ok(true),
            Err(ControlError::NotRunning { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// One question, a stream of answers.
    pub(super) async fn stream(&self, ask: &Ask) -> Result<Answers, ControlError> {
        self.client().await?.stream(ask).await
    }
}

fn runtime() -> Result<Runtime, Failed> {
    let built = Builder::new_current_thread().enable_all().build();
    built.map_err(|error| Failed::new(Exit::Failed, format!("cannot start: {error}")))
}

/// Runs `work` to its end, or until Ctrl-C. From then on the process no longer dies of Ctrl-C by itself.
pub(super) fn attend<T>(work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    runtime()?.block_on(async {
        // Either arm ends everything, so that neither needs to be cancel-safe.
        tokio::select! {
            done = work => done,
            _ = tokio::signal::ctrl_c() => Err(Failed::silent(Exit::Interrupted)),
        }
    })
}

/// The error for an answer to another question.
pub(super) fn strange() -> Failed {
    Failed::new(Exit::Failed, "the running byway answered another question; are they the same version?")
}
