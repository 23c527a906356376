//! A Telegram data centre: answers the obfuscated `req_pq` with a `resPQ` that holds the production key's
//! fingerprint (MTProto 2.0, "Creating an authorization key"), then fills orders.

use super::bulk;
use crate::lab::tcp::Wire;
use crate::wire::mtproto::{PRODUCTION_KEY, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Serves one client; whoever speaks something else is cut off, as the real one does.
pub(in crate::lab) async fn telegram(mut wire: Wire, server_nonce: [u8; 16]) {
    let mut server = Server::new();
    let mut buf = [0; 4096];
    let nonce = loop {
        let size = match wire.read(&mut buf).await {
            Ok(0) | Err(_) => return,
            Ok(size) => size,
        };
        match server.receive(&buf[..size]) {
            Ok(Some(nonce)) => break nonce,
            Ok(None) => {}
            Err(_) => return,
        }
    };
    if wire.write_all(&server.res_pq(&nonce, &server_nonce, &[PRODUCTION_KEY])).await.is_ok() {
        // A client that goes away in the middle of an order is no news.
        let _gone = bulk::fill_orders(&mut wire, |payload| server.frame(payload)).await;
    }
}
