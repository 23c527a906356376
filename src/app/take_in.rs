//! `byway import` of a link that leads to a list: it is fetched once, by the running byway when there is one (which knows
//! what works), else in this process over the ways of the configuration; and what stays is the subscription, not its servers.

use super::instance::Byway;
use super::operator::Desk;
use super::run;
use super::source::Source;
use super::subscriptions::{self, Over, Reply, fetch};
use crate::cli::{Exit, Failed, ImportRow, ImportWish, Imported, Launch};
use crate::config::{self, Copy, Fetching, Settings};
use crate::control::{Ask, Client, ControlError, FetchedList, Refusal, RefusalCode, Tell, Unshown};
use crate::model::TransportId;
use crate::wire::http::HttpsAddress;
use std::time::Duration;

/// For the whole of it: the asker waits.
const PATIENCE: Duration = Duration::from_secs(25);

/// A list that was fetched to be taken in.
pub(super) struct TakenIn {
    /// The table for the configuration.
    pub(super) table: String,
    /// Its name.
    pub(super) id: TransportId,
    /// What is shown of it.
    pub(super) imported: Imported,
    fetching: Fetching,
    copy: Copy,
}

/// Fetches the list that `wish` leads to, with the byway that `alone` starts when none is running.
pub(super) async fn take_in(
    launch: &Launch,
    source: &Source,
    settings: &Settings,
    wish: &ImportWish,
    alone: impl FnOnce() -> Result<std::sync::Arc<Byway>, Failed>,
) -> Result<TakenIn, Failed> {
    let link = wish.text.expose();
    let address = config::list_address(link).map_err(|why| Failed::new(Exit::Usage, format!("the link: {why}")))?;
    let mut place = run::place(launch, settings);
    let found = match Client::find(std::slice::from_mut(&mut place)).await {
        Ok(mut client) => {
            let url = Unshown(address.text().expose().clone());
            match client.ask(&Ask::Fetch { url, via: wish.via.clone() }).await? {
                Tell::Fetched(found) => (found, "by the running byway"),
                _ => return Err(Failed::new(Exit::Failed, "the running byway answered another question")),
            }
        }
        Err(ControlError::NotRunning { .. }) => {
            let byway = alone()?;
            let found = fetch_for(&byway, &address, wish.via.as_ref()).await;
            byway.stop().await;
            (found.map_err(|refusal| Failed::new(Exit::Failed, refusal.to_string()))?, "by this command")
        }
        Err(error) => return Err(error.into()),
    };
    let (FetchedList { over, copy }, whom) = found;
    let name = config::list_name(link, settings);
    let fetching = Fetching::usual(address, settings, source.state(), &name);
    let strange = || Failed::new(Exit::Failed, "the running byway gave a list of another version");
    let copy = Copy::parse(copy.0.as_bytes(), &fetching.address).ok_or_else(strange)?;
    let rows = config::list_rows(copy.text.expose(), &name, settings);
    let rows = rows.into_iter().map(|(name, kind, skipped)| ImportRow { name, kind, skipped }).collect();
    let table = config::list_table(&name, &fetching.address);
    let notes = vec![
        format!("fetched over {over}, {whom}"),
        format!("what is taken in is the subscription \"{name}\": its list is fetched again about every 18 hours"),
    ];
    let imported = Imported { rows, file: None, notes };
    Ok(TakenIn { table, id: name.as_str().into(), imported, fetching, copy })
}

impl TakenIn {
    /// Keeps the list, so that it is in force from the next reload on.
    pub(super) async fn keep(&self) -> Result<(), Failed> {
        let kept = subscriptions::keep_copy(&self.fetching, &self.copy).await;
        kept.map_err(|why| Failed::new(Exit::Failed, why))
    }
}

/// Fetches a list of no subscription yet, over the ways that one would have.
pub(super) async fn fetch_for(
    byway: &Byway,
    address: &HttpsAddress,
    via: Option<&TransportId>,
) -> Result<FetchedList, Refusal> {
    let generation = byway.generation.load_full();
    let fetching = Fetching::usual(address.clone(), &generation.settings, std::path::Path::new(""), "");
    let known: Vec<_> = generation.settings.transports.iter().map(|spec| &spec.id).collect();
    if let Some(way) = via.filter(|way| !known.contains(way)) {
        return Err(Refusal::unknown_transport(way.as_str(), known));
    }
    let over = Over::of(byway, &fetching, via);
    let refused = |words| Refusal::new(RefusalCode::Failed, format!("the list could not be fetched: {words}"));
    let fetched = fetch(&over, &(&fetching).into(), None, PATIENCE).await;
    let (over, reply) = fetched.map_err(|misses| refused(subscriptions::words(&misses)))?;
    let Reply::Document(document) = reply else {
        return Err(refused("the server says that nothing has changed, and was asked for everything".to_owned()));
    };
    let now = (byway.world.sources.unix_now)();
    let copy = subscriptions::copy_of(&document, now).map_err(|why| refused(why.to_string()))?;
    let text = String::from_utf8(copy.to_bytes(address)).map_err(|_| refused("what came is not text".to_owned()))?;
    Ok(FetchedList { over, copy: Unshown(text) })
}

impl Desk {
    /// The same for whoever asks this byway.
    pub(super) async fn fetch_list(&self, url: &str, via: Option<&TransportId>) -> Result<FetchedList, Refusal> {
        let address = HttpsAddress::parse(url);
        let address = address.map_err(|why| Refusal::new(RefusalCode::Malformed, format!("the address: {why}")))?;
        fetch_for(&self.byway, &address, via).await
    }
}
