//! Who answers: the trait that whoever runs the proxy implements, so that this room needs to know nothing of
//! how it is put together.

use super::doctor::Step;
use super::doors::Doors;
use super::report::{Account, Measurement, Status, Why};
use super::{Entry, FetchedList, Pong, ProbeItem, Refusal, Reloaded, Stamp, Unshown, Used};
use crate::journal;
use crate::model::{Examined, Record, ServiceId, TransportId};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::time::Duration;
use tokio::sync::broadcast;

/// An answer on its way.
type Answer<'a, T> = BoxFuture<'a, Result<T, Refusal>>;

/// One item of a followed log.
#[derive(Clone, Debug, PartialEq)]
pub enum Follow {
    /// A record.
    Entry(Box<Entry>),
    /// So many records were lost, because the reader was slower than the writer.
    Missed(u64),
}

/// Whoever runs the proxy. Every method may be called many times at once; none may block.
pub trait Operator: Send + Sync + 'static {
    /// Which version, since when.
    fn pong(&self) -> Pong;

    /// What works, and how.
    fn status(&self) -> Answer<'_, Status>;

    /// Why a service goes the way it goes.
    fn why<'a>(&'a self, service: &'a ServiceId) -> Answer<'a, Why>;

    /// The last records, at most `limit` and younger than `since`, oldest first, and those to come when `live`.
    fn log(&self, live: bool, since: Option<Duration>, limit: Option<u32>) -> Answer<'_, BoxStream<'static, Follow>>;

    /// The past of one service, or of all, oldest first.
    fn history<'a>(&'a self, service: Option<&'a ServiceId>, since: Option<Duration>) -> Answer<'a, Vec<Entry>>;

    /// Forces a way for a service, or gives the choice back.
    fn use_way<'a>(
        &'a self,
        service: &'a ServiceId,
        transport: Option<&'a TransportId>,
        lasting: Option<Duration>,
    ) -> Answer<'a, Used>;

    /// Reads the configuration again; on a fault nothing changes and the refusal says what is wrong.
    fn reload(&self) -> Answer<'_, Reloaded>;

    /// Tests routes now; the stream ends when all are done. Dropping it stops the tests.
    fn probe<'a>(
        &'a self,
        service: Option<&'a ServiceId>,
        via: Option<&'a TransportId>,
    ) -> Answer<'a, BoxStream<'static, ProbeItem>>;

    /// Examines one service in full; one at a time. Dropping the stream stops it.
    fn diagnose<'a>(&'a self, service: &'a ServiceId) -> Answer<'a, BoxStream<'static, Examined>>;

    /// Checks everything up, in order; one at a time, and not beside an examination. Dropping the stream stops it.
    fn doctor(&self) -> Answer<'_, BoxStream<'static, Step>>;

    /// Fetches a list of servers that is not known yet, over `via` or whichever way brings it.
    fn fetch<'a>(&'a self, url: &'a Unshown, via: Option<&'a TransportId>) -> Answer<'a, FetchedList>;

    /// Which way worked when, over the last `since`.
    fn report(&self, since: Duration) -> Answer<'_, Account>;

    /// Where programs and phones can come in; the login only when it is asked for.
    fn doors(&self, login: bool) -> Doors;
    /// What a monitoring system reads.
    fn metrics(&self) -> Answer<'_, String>;

    /// The tests of the direct way over the last `since`, in OONI's format.
    fn measurements(&self, since: Duration) -> Answer<'_, Vec<Measurement>>;
}

/// What the board announces, at the time it is heard.
impl From<Record> for Entry {
    fn from(record: Record) -> Self {
        Self { at: Stamp::now(), record }
    }
}

/// What the journal holds.
impl From<journal::Entry> for Entry {
    fn from(kept: journal::Entry) -> Self {
        Self { at: Stamp::from_secs(kept.time), record: kept.record }
    }
}

/// A log to follow: `past`, then whatever `live` brings; a bare record is stamped as it comes.
///
/// Subscribe to `live` before reading `past`, or a record between the two is lost.
pub fn follow<T>(past: Vec<Entry>, live: Option<broadcast::Receiver<T>>) -> BoxStream<'static, Follow>
where
    T: Into<Entry> + Clone + Send + 'static,
{
    let past = stream::iter(past.into_iter().map(|entry| Follow::Entry(Box::new(entry))));
    let Some(live) = live else { return past.boxed() };
    let live = stream::unfold(live, |mut live| async move {
        match live.recv().await {
            Ok(record) => Some((Follow::Entry(Box::new(record.into())), live)),
            Err(broadcast::error::RecvError::Lagged(count)) => Some((Follow::Missed(count), live)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    });
    past.chain(live).boxed()
}
