//! T9's pair: one question of a few dozen bytes in one packet, and the same in some thirty, 50 ms apart. Nothing harmless
//! minds the difference; a censor that counts packets freezes the second. On the bare line only in an examination, and once
//! where transfers have seemed to freeze: it is what no app does. Inside a tunnel nobody sees it, and there it is how a tunnel is asked after: a handshake passes
//! where transfers freeze.

use super::ask::{Asker, Spoken};
use super::exchange::{Exchange, Fault, close};
use super::spec::{Kind, Spec};
use super::tap::Tap;
use super::{noise, telegram, tls};
use crate::judge::packets::{Half, Pair};
use crate::model::{Cause, Destination, Grade, Stage};
use crate::net::{Deadline, Stream};
use crate::transport::Transport;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;

/// Into so many packets the question is cut at most: more than the 25 that censors count to.
const PIECES: usize = 32;
/// What such a question costs at most, both ways, with a handshake before it and through a tunnel.
pub(super) const PRICE: u32 = 10_000;
/// So far apart that no kernel puts two into one.
const APART: Duration = Duration::from_millis(50);
/// As long as the request of those who found the freeze.
const REQUEST: usize = 64;

/// Puts the question of `spec` to `target` both ways, the harmless one first.
pub(super) async fn pair(asker: &Asker, way: &Transport, spec: &Spec, target: &Destination) -> Pair {
    let whole = half(asker, way, spec, target, 1).await;
    let many = match whole {
        Half::Answered => half(asker, way, spec, target, PIECES).await,
        Half::Stopped | Half::Failed => Half::Failed,
    };
    Pair { whole, many }
}

/// Puts the question in many packets, and says whether it was answered.
pub(super) async fn in_many(asker: &Asker, way: &Transport, spec: &Spec, target: &Destination) -> Half {
    half(asker, way, spec, target, PIECES).await
}

async fn half(asker: &Asker, way: &Transport, spec: &Spec, target: &Destination, pieces: usize) -> Half {
    let _slot = asker.slot().await;
    let deadline = Deadline::after(asker.settings.probe_timeout);
    let Ok(stream) = asker.dial(way, target, deadline).await else { return Half::Failed };
    let (tap, stream) = Tap::on(stream);
    match asker.watch(&tap, deadline, speak(stream, spec, target, asker, &tap, pieces)).await {
        Ok(spoken) => {
            asker.linger(spoken.farewell);
            Half::Answered
        }
        Err(failure) if matches!(failure.cause, Cause::GenericTimeoutError | Cause::StalledAfterBytes) => Half::Stopped,
        Err(_) => Half::Failed,
    }
}

async fn speak(
    stream: Stream,
    spec: &Spec,
    target: &Destination,
    asker: &Asker,
    tap: &Tap,
    pieces: usize,
) -> Result<Spoken, Fault> {
    let exchange = match &spec.kind {
        Kind::Telegram { dc, fingerprints } => telegram::begin(*dc, fingerprints, &asker.sources),
        Kind::Noise { root } => noise::begin(root, &asker.sources),
        Kind::Https(https) | Kind::Often(https) | Kind::Tls(https) | Kind::WebSocket { https, .. } => {
            let session = tls::open(stream, https, &["http/1.1".to_owned()], target, asker).await?;
            tap.at(Stage::App);
            let host = tls::host(https, target)?;
            let request = request(&Destination::new(host, target.port), &asker.settings.user_agent);
            return say(Box::new(session), &request, pieces).await;
        }
        Kind::Stun | Kind::Quic(_) => return Err(Fault::INVALID),
    };
    let Exchange { hello, .. } = exchange.map_err(Fault::Failed)?;
    say(stream, &hello, pieces).await
}

/// Says `question` in so many pieces, and hears whether anything comes back.
async fn say(mut stream: Stream, question: &[u8], pieces: usize) -> Result<Spoken, Fault> {
    let pieces = pieces.min(question.len()).max(1);
    for place in 0..pieces {
        if place > 0 {
            sleep(APART).await;
        }
        let (from, to) = (question.len() * place / pieces, question.len() * (place + 1) / pieces);
        stream.write_all(question.get(from..to).unwrap_or_default()).await?;
        stream.flush().await?;
    }
    match stream.read(&mut [0; 2048]).await? {
        0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
        _ => Ok(Spoken::new(Grade::B, Box::pin(close(stream)))),
    }
}

/// A request as short as can be, filled up to its length (RFC 9112 §3).
fn request(host: &Destination, user_agent: &str) -> Vec<u8> {
    let full = host.authority();
    let name = full.strip_suffix(":443").unwrap_or(&full);
    let head = format!("HEAD / HTTP/1.1\r\nHost: {name}\r\nUser-Agent: ");
    let rest = REQUEST.saturating_sub(head.len() + "\r\n\r\n".len()).max(1);
    let agent: String = user_agent.chars().take(rest).collect();
    format!("{head}{}\r\n\r\n", agent.trim_end()).into_bytes()
}
