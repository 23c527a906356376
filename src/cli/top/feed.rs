//! The side of `byway top` that talks: asks for the status and the history every two seconds, passes orders on, and
//! brings what came of them.

use super::super::ask::Asker;
use crate::control::report::Status;
use crate::control::{Ask, ControlError, Entry, ProbeItem, Tell, Used};
use crate::model::{ServiceId, TransportId};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(2);
/// What the timeline shows, and as much again before it.
const PAST: u64 = 48 * 3600;
/// How long a way is forced for by one key.
const FORCED_SECS: u64 = 3600;

/// What a person wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// A service over a way for an hour, or automatic again.
    Use(ServiceId, Option<TransportId>),
    /// A service tested now.
    Test(ServiceId),
}

/// What came.
#[derive(Debug)]
pub(super) enum News {
    /// A look.
    Seen(Box<Status>, Vec<Entry>),
    /// A way was forced or given back.
    Used(Used),
    /// So many of so many tests were answered.
    Tested(usize, usize),
    /// byway does not answer, or said no.
    Trouble(String),
    /// The system says that this is to end.
    Stop,
}

/// Starts talking. It ends when nobody gives orders any more.
pub(super) fn start(asker: Asker) -> (UnboundedSender<Order>, mpsc::Receiver<News>) {
    let (orders, wanted) = unbounded_channel();
    let (told, news) = mpsc::channel();
    thread::spawn(move || match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(talk(Arc::new(asker), wanted, &told)),
        Err(error) => drop(told.send(News::Trouble(error.to_string()))),
    });
    (orders, news)
}

async fn talk(asker: Arc<Asker>, mut wanted: UnboundedReceiver<Order>, told: &mpsc::Sender<News>) {
    let mut looks = tokio::time::interval(EVERY);
    let mut ended = std::pin::pin!(ended());
    loop {
        // All arms are cancel-safe: a look is begun only after its tick. An order is carried out
        // beside the looks: a test takes its time.
        let news = tokio::select! {
            () = &mut ended => News::Stop,
            order = wanted.recv() => match order {
                Some(order) => {
                    let (asker, told) = (Arc::clone(&asker), told.clone());
                    tokio::spawn(async move { drop(told.send(done(&asker, order).await)) });
                    continue;
                }
                None => return,
            },
            _ = looks.tick() => look(&asker).await,
        };
        if told.send(news).is_err() {
            return;
        }
    }
}

async fn look(asker: &Asker) -> News {
    let looked = async {
        let status = match asker.client().await?.ask(&Ask::Status).await? {
            Tell::Status(status) => status,
            _ => return Ok(None),
        };
        Ok::<_, ControlError>(Some((status, past(asker).await?)))
    };
    match looked.await {
        Ok(Some((status, past))) => News::Seen(status, past),
        Ok(None) => News::Trouble("another answer than was asked for".into()),
        Err(error) => News::Trouble(error.to_string()),
    }
}

/// The history; none where it is off.
async fn past(asker: &Asker) -> Result<Vec<Entry>, ControlError> {
    let mut answers = asker.stream(&Ask::History { service: None, since_secs: Some(PAST) }).await?;
    let mut past = Vec::new();
    loop {
        match answers.next().await {
            Ok(Some(Tell::Entry(entry))) => past.push(entry),
            Ok(Some(_)) => {}
            Ok(None) | Err(ControlError::Refused(_)) => return Ok(past),
            Err(error) => return Err(error),
        }
    }
}

async fn done(asker: &Asker, order: Order) -> News {
    let worked = match order {
        Order::Use(service, transport) => {
            let for_secs = transport.is_some().then_some(FORCED_SECS);
            let ask = Ask::Use { service, transport, for_secs };
            async { asker.client().await?.ask(&ask).await }.await.map(|tell| match tell {
                Tell::Used(used) => News::Used(used),
                _ => News::Trouble("another answer than was asked for".into()),
            })
        }
        Order::Test(service) => test(asker, service).await,
    };
    worked.unwrap_or_else(|error| News::Trouble(error.to_string()))
}

async fn test(asker: &Asker, service: ServiceId) -> Result<News, ControlError> {
    let mut steps = asker.stream(&Ask::Probe { service: Some(service), via: None }).await?;
    let (mut well, mut all) = (0, 0);
    while let Some(step) = steps.next().await? {
        if let Tell::Probe(ProbeItem::Cell(cell)) = step
            && let Some(answered) = cell.answered
        {
            well += usize::from(answered);
            all += 1;
        }
    }
    Ok(News::Tested(well, all))
}

/// Waits until the system asks us to end.
async fn ended() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let mut signals: Vec<_> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
        std::future::poll_fn(|cx| {
            if signals.iter_mut().any(|signal| signal.poll_recv(cx).is_ready()) {
                return std::task::Poll::Ready(());
            }
            std::task::Poll::Pending
        })
        .await;
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
