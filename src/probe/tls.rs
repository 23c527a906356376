//! The TLS part of a probe, and the probe that is only that: whether a ServerHello comes and the chain is right.
//! A completed handshake alone is an answer of grade B.

use super::ask::{Asker, Spoken};
use super::exchange::{Fault, close};
use super::spec::{Https, Roots};
use super::tap::Tap;
use crate::model::{Cause, Destination, Grade, Host, Stage, Whose};
use crate::net::tls::{Names, TlsClient, TlsStream, Trust};
use crate::net::{Deadline, Stream};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// TLS clients by what they offer: reading the platform's store is slow, so it is read once.
#[derive(Clone, Default)]
pub(super) struct Clients(Arc<Mutex<HashMap<Vec<String>, TlsClient>>>);

/// Roots that cannot be read are a fault of the configuration, never of the network.
const UNMADE: Fault = Fault::Found(Cause::LocalResource, Whose::Local);

impl Clients {
    /// A client for these roots that offers `alpn`.
    fn client(&self, roots: &Roots, alpn: &[String]) -> Result<TlsClient, Fault> {
        let offered: Vec<&str> = alpn.iter().map(String::as_str).collect();
        let make = |trust: &Trust| TlsClient::new(trust, &offered).map_err(|_| UNMADE);
        match roots {
            Roots::Pinned(der) => make(&Trust::Only(Arc::clone(der))),
            Roots::Any => make(&Trust::Any),
            Roots::Platform => {
                let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(client) = known.get(alpn) {
                    return Ok(client.clone());
                }
                let client = make(&Trust::Platform)?;
                known.insert(alpn.to_vec(), client.clone());
                Ok(client)
            }
        }
    }
}

/// Shakes hands and closes.
pub(super) async fn ask(
    stream: Stream,
    https: &Https,
    target: &Destination,
    asker: &Asker,
    tap: &Tap,
) -> Result<Spoken, Fault> {
    let session = open(stream, https, &https.alpn, target, asker).await?;
    tap.at(Stage::App);
    Ok(Spoken::new(Grade::B, Box::pin(close(Box::new(session)))))
}

/// Shakes hands with a hello that fits one packet, believes any certificate, and closes.
pub(super) async fn ask_small(
    stream: Stream,
    https: &Https,
    target: &Destination,
    asker: &Asker,
    tap: &Tap,
) -> Result<Spoken, Fault> {
    let alpn: Vec<&str> = https.alpn.iter().map(String::as_str).collect();
    let client = TlsClient::small(&Trust::Any, &alpn).map_err(|_| UNMADE)?;
    let session = shake(&client, stream, https, target, asker).await?;
    tap.at(Stage::App);
    Ok(Spoken::new(Grade::B, Box::pin(close(Box::new(session)))))
}

/// Shakes hands as `https` says, offering `alpn`.
pub(super) async fn open(
    stream: Stream,
    https: &Https,
    alpn: &[String],
    target: &Destination,
    asker: &Asker,
) -> Result<TlsStream, Fault> {
    let client = asker.clients.client(&https.roots, alpn)?.dated(Arc::clone(&asker.sources.unix_now));
    shake(&client, stream, https, target, asker).await
}

async fn shake(
    client: &TlsClient,
    stream: Stream,
    https: &Https,
    target: &Destination,
    asker: &Asker,
) -> Result<TlsStream, Fault> {
    let names = Names::same(host(https, target)?);
    // The one who watches is less patient than this.
    let deadline = Deadline::after(asker.settings.probe_timeout);
    client.connect(stream, &names, deadline).await.map_err(|refused| Fault::Failed(refused.failure))
}

/// The name that is shown, checked and asked for.
pub(super) fn host(https: &Https, target: &Destination) -> Result<Host, Fault> {
    match &https.name {
        None => Ok(target.host.clone()),
        Some(name) => Host::parse(name).map_err(|_| Fault::Found(Cause::LocalResource, Whose::Local)),
    }
}
