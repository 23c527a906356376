//! What a service manager is told of this process, in systemd's protocol (sd_notify(3)): ready, reading again, stopping,
//! alive, and one line on how it is. Without such a manager nothing is sent, and nothing fails.

use std::time::Duration;

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// It serves; or it has read its configuration again.
    Ready,
    /// It reads its configuration again.
    Reloading,
    /// It is about to end.
    Stopping,
    /// It does what it is there for.
    Alive,
    /// How it is, in one line.
    Status(&'a str),
}

/// Tells the service manager, if there is one. What cannot be told is no fault of the service.
#[cfg(target_os = "linux")]
pub fn tell(words: &[Word<'_>]) {
    use sd_notify::NotifyState as State;
    let states = words.iter().flat_map(|word| match word {
        Word::Ready => vec![State::Ready],
        // The time tells the manager which reload this is the answer to (Type=notify-reload).
        Word::Reloading => std::iter::once(State::Reloading).chain(State::monotonic_usec_now().ok()).collect(),
        Word::Stopping => vec![State::Stopping],
        Word::Alive => vec![State::Watchdog],
        Word::Status(line) => vec![State::Status(line)],
    });
    if let Err(error) = sd_notify::notify(&states.collect::<Vec<_>>()) {
        tracing::debug!(%error, "the service manager does not hear");
    }
}

/// There is no such protocol here.
#[cfg(not(target_os = "linux"))]
pub fn tell(_: &[Word<'_>]) {}

/// How long the service manager waits for [`Word::Alive`] before it starts the service anew; `None` when it does not.
#[cfg(target_os = "linux")]
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|span| !span.is_zero())
}

/// There is no such protocol here.
#[cfg(not(target_os = "linux"))]
pub const fn watchdog() -> Option<Duration> {
    None
}

/// Whether anybody is told.
pub fn is_told() -> bool {
    cfg!(target_os = "linux") && std::env::var_os("NOTIFY_SOCKET").is_some()
}
