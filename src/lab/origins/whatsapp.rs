//! A WhatsApp chat server: answers the Noise hello with a certificate chain to the lab's own root, then fills
//! orders. One that was changed refuses a hello without a routing hint, as apps with a cached one never send it.

use super::bulk;
use crate::lab::tcp::Wire;
use crate::wire::noise::{Authority, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How a hello with a routing hint begins.
const ROUTING: &[u8] = b"ED\0\x01";

/// Serves one client; `random` feeds the server's keys. One that needs a routing hint closes when there is none.
pub(in crate::lab) async fn whatsapp(mut wire: Wire, authority: &Authority, random: [u8; 64], needs_hint: bool) {
    let mut hello = Vec::new();
    let mut buf = [0; 4096];
    let answer = loop {
        let size = match wire.read(&mut buf).await {
            Ok(0) | Err(_) => return,
            Ok(size) => size,
        };
        hello.extend_from_slice(&buf[..size]);
        if needs_hint && !hello.starts_with(&ROUTING[..hello.len().min(ROUTING.len())]) {
            return;
        }
        match serve(&hello, authority, &random) {
            Ok(Some(answer)) => break answer,
            Ok(None) => {}
            Err(_) => return,
        }
    };
    if wire.write_all(&answer).await.is_ok() {
        // A client that goes away in the middle of an order is no news.
        let _gone = bulk::fill_orders(&mut wire, bulk::noise_frame).await;
    }
}
