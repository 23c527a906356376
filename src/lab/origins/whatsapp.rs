//! A WhatsApp chat server: answers the Noise hello with a certificate chain to the lab's own root, then fills
//! orders.

use super::bulk;
use crate::lab::tcp::Wire;
use crate::wire::noise::{Authority, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Serves one client; `random` feeds the server's keys.
pub(in crate::lab) async fn whatsapp(mut wire: Wire, authority: &Authority, random: [u8; 64]) {
    let mut hello = Vec::new();
    let mut buf = [0; 4096];
    let answer = loop {
        let size = match wire.read(&mut buf).await {
            Ok(0) | Err(_) => return,
            Ok(size) => size,
        };
        hello.extend_from_slice(&buf[..size]);
        match serve(&hello, authority, &random) {
            Ok(Some(answer)) => break answer,
            Ok(None) => {}
            Err(_) => return,
        }
    };
    if wire.write_all(&answer).await.is_ok() {
        // A client that goes away in the middle of an order is no news.
        let _gone = bulk::fill_orders(&mut wire, <[u8]>::to_vec).await;
    }
}
