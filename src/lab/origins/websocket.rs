//! A messenger in a browser: its protocol inside WebSocket messages (RFC 6455), one binary message for each
//! piece, as Telegram's `/apiws`, WhatsApp's `/ws/chat` and Discord's gateway do.

use crate::wire::mtproto::{PRODUCTION_KEY, Server};
use crate::wire::noise;
use futures_util::{SinkExt, StreamExt};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// What is said once a WebSocket is open.
#[derive(Clone)]
pub(in crate::lab) enum Talk {
    /// Discord's gateway speaks first: op 10, Hello.
    Discord,
    /// A Telegram data centre.
    Telegram,
    /// A WhatsApp chat server of this authority.
    WhatsApp(Arc<noise::Authority>),
}

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// Takes the upgrade a request asks for; `None` when it asks for none.
pub(super) fn upgrade(request: &mut Request<Incoming>, talk: Talk) -> Option<Response<Full<Bytes>>> {
    let key = derive_accept_key(request.headers().get(SEC_WEBSOCKET_KEY)?.as_bytes());
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, HeaderValue::from_str(&key).ok()?);
    if let Some(protocol) = request.headers().get(SEC_WEBSOCKET_PROTOCOL) {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol.clone());
    }
    let upgraded = hyper::upgrade::on(request);
    tokio::spawn(async move {
        if let Ok(stream) = upgraded.await {
            let socket = WebSocketStream::from_raw_socket(TokioIo::new(stream), Role::Server, None).await;
            // How a browser leaves is its own business.
            let _left = speak(socket, talk).await;
        }
    });
    Some(response)
}

async fn speak(mut socket: Socket, talk: Talk) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    let hello = r#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}"#;
    if let Talk::Discord = talk {
        socket.send(Message::text(hello)).await?;
    }
    let mut telegram = Server::new();
    let mut heard = Vec::new();
    while let Some(message) = socket.next().await {
        let Message::Binary(bytes) = message? else { continue };
        let answer = match &talk {
            Talk::Discord => None,
            Talk::Telegram => match telegram.receive(&bytes) {
                Ok(asked) => asked.map(|nonce| telegram.res_pq(&nonce, &[0x42; 16], &[PRODUCTION_KEY])),
                Err(_) => break,
            },
            Talk::WhatsApp(authority) => {
                heard.extend_from_slice(&bytes);
                let random = std::array::from_fn(|_| fastrand::u8(..));
                match noise::serve(&heard, authority, &random) {
                    Ok(answer) => answer,
                    Err(_) => break,
                }
            }
        };
        if let Some(answer) = answer {
            heard.clear();
            socket.send(Message::binary(answer)).await?;
        }
    }
    socket.close(None).await
}
