//! Does a service answer inside a WebSocket (RFC 6455)? TLS, the upgrade, and one exchange: Discord's gateway speaks
//! first; Telegram and WhatsApp are asked as over a bare stream. A refused upgrade is still a server that spoke.

use super::ask::{Asker, Spoken};
use super::exchange::{Exchange, Fault};
use super::spec::{Https, Talk};
use super::tap::Tap;
use super::{noise, telegram, tls};
use crate::model::{Cause, Destination, Grade, Stage, Whose};
use crate::net::Stream;
use crate::net::tls::TlsStream;
use futures_util::{SinkExt, StreamExt};
use std::io;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::{Error, Message};

/// What is asked.
pub(super) struct Call<'a> {
    pub(super) https: &'a Https,
    pub(super) subprotocol: &'a Option<String>,
    pub(super) origin: &'a Option<String>,
    pub(super) talk: &'a Talk,
}

/// Asks `target` over an open stream.
pub(super) async fn ask(
    stream: Stream,
    call: Call<'_>,
    target: &Destination,
    asker: &Asker,
    tap: &Tap,
) -> Result<Spoken, Fault> {
    let request = request(&call, target, asker)?;
    // RFC 6455 is HTTP/1.1; a server that were offered HTTP/2 would take it.
    let alpn: Vec<String> = call.https.alpn.iter().filter(|name| *name != "h2").cloned().collect();
    let session = tls::open(stream, call.https, &alpn, target, asker).await?;
    tap.at(Stage::App);
    let socket = match tokio_tungstenite::client_async(request, session).await {
        Ok((socket, _)) => socket,
        Err(Error::Http(_)) => return Ok(Spoken::new(Grade::B, Box::pin(async {}))),
        Err(error) => return Err(fault(error)),
    };
    match call.talk {
        Talk::DiscordHello => {
            let exchange = Exchange { hello: Vec::new(), listen: Box::new(discord_hello) };
            converse(socket, exchange).await
        }
        Talk::Telegram { dc, fingerprints } => {
            let exchange = telegram::begin(*dc, fingerprints, &asker.sources).map_err(Fault::Failed)?;
            converse(socket, exchange).await
        }
        Talk::Noise { root } => {
            let exchange = noise::begin(root, &asker.sources).map_err(Fault::Failed)?;
            converse(socket, exchange).await
        }
    }
}

async fn converse(mut socket: WebSocketStream<TlsStream>, mut exchange: Exchange) -> Result<Spoken, Fault> {
    if !exchange.hello.is_empty() {
        socket.send(Message::binary(exchange.hello)).await.map_err(fault)?;
    }
    loop {
        let message = socket.next().await.ok_or(io::Error::from(io::ErrorKind::UnexpectedEof))?;
        let came = match message.map_err(fault)? {
            Message::Binary(bytes) => bytes,
            Message::Text(text) => text.into(),
            Message::Close(_) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
        };
        if let Some(grade) = (exchange.listen)(&came)? {
            return Ok(Spoken::new(grade, Box::pin(close(socket))));
        }
    }
}

async fn close(mut socket: WebSocketStream<TlsStream>) {
    if socket.close(None).await.is_ok() {
        while let Some(Ok(_)) = socket.next().await {}
    }
}

/// Discord's gateway says hello first: `{"op":10,"d":{"heartbeat_interval":41250}}`.
fn discord_hello(came: &[u8]) -> Result<Option<Grade>, Fault> {
    let value: serde_json::Value = serde_json::from_slice(came).map_err(|_| Fault::INVALID)?;
    let is_hello = value.get("op").and_then(serde_json::Value::as_u64) == Some(10);
    let interval = value.pointer("/d/heartbeat_interval").and_then(serde_json::Value::as_u64);
    if is_hello && interval.is_some() { Ok(Some(Grade::A)) } else { Err(Fault::INVALID) }
}

type ClientRequest = tokio_tungstenite::tungstenite::handshake::client::Request;

fn request(call: &Call<'_>, target: &Destination, asker: &Asker) -> Result<ClientRequest, Fault> {
    let unaskable = || Fault::Found(Cause::LocalResource, Whose::Local);
    let host = tls::host(call.https, target)?;
    let full = Destination::new(host, target.port).authority();
    let authority = full.strip_suffix(":443").unwrap_or(&full);
    let uri = format!("wss://{authority}{}", call.https.path);
    let mut request = uri.into_client_request().map_err(|_| unaskable())?;
    let fields = [
        (header::USER_AGENT, Some(&asker.settings.user_agent)),
        (header::ORIGIN, call.origin.as_ref()),
        (header::SEC_WEBSOCKET_PROTOCOL, call.subprotocol.as_ref()),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            request.headers_mut().insert(name, HeaderValue::from_str(value).map_err(|_| unaskable())?);
        }
    }
    Ok(request)
}

fn fault(error: Error) -> Fault {
    match error {
        Error::Io(error) => Fault::Io(error),
        _ => Fault::Layer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_op_10_with_an_interval_is_discords_hello() {
        let hello = br#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250,"_trace":[]}}"#;
        assert_eq!(discord_hello(hello).unwrap(), Some(Grade::A));
        for other in [&br#"{"op":9,"d":{"heartbeat_interval":1}}"#[..], br#"{"op":10,"d":{}}"#, b"<html>", b""] {
            assert!(discord_hello(other).is_err());
        }
    }
}
