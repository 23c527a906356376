//! Whether a program is ready: a SOCKS5 greeting is answered (RFC 1928 §3), a plugin takes a connection, a pluggable
//! transport says so. Nothing is asked of the far side.

use super::contract::Door;
use super::said::{Lines, Said};
use super::supervise::End;
use crate::net::{Deadline, Stream};
use crate::transport::StreamDialer;
use crate::transport::direct::Direct;
use crate::wire::pluggable::{self, Line};
use crate::wire::socks::{Method, encode_greeting, parse_choice};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

/// How often it is asked at first, and at last.
const FIRST: Duration = Duration::from_millis(20);
const LAST: Duration = Duration::from_millis(500);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(2);

/// Waits until somebody takes a connection at `door`, and answers a greeting where `socks`.
pub(super) async fn answers(inner: &Direct, door: &Door, socks: bool) -> Result<(), End> {
    let mut pause = FIRST;
    loop {
        if let Ok(stream) = inner.dial(&door.at.into(), Deadline::after(ANSWER)).await {
            if !socks {
                return Ok(());
            }
            match greet(stream, door.login.is_some()).await {
                Some(true) => return Ok(()),
                Some(false) => return Err(End::NotSocks),
                None => {}
            }
        }
        tokio::time::sleep(pause).await;
        pause = LAST.min(pause * 2);
    }
}

/// Whether it is SOCKS5 that answers; `None` when nothing does.
async fn greet(mut stream: Stream, login: bool) -> Option<bool> {
    let ask = async {
        stream.write_all(&encode_greeting(&[if login { Method::Login } else { Method::NoAuth }])).await.ok()?;
        stream.flush().await.ok()?;
        let mut answer = [0; 2];
        stream.read_exact(&mut answer).await.ok()?;
        Some(matches!(parse_choice(&answer), Ok(Some(_))))
    };
    Deadline::after(ANSWER).run(ask).await.flatten()
}

/// Whether something is at `at` already.
pub(super) async fn is_taken(inner: &Direct, at: SocketAddr) -> bool {
    inner.dial(&at.into(), Deadline::after(ANSWER)).await.is_ok()
}

/// What a pluggable transport says until it is ready: its door.
pub(super) async fn agrees<R: AsyncRead + Unpin>(
    lines: &mut Lines<R>,
    transport: &str,
    said: &Said,
) -> Result<Door, End> {
    let mut found = None;
    let refused = |why: &str| End::Refused(said.clean(why));
    while let Some(text) = lines.next().await {
        match pluggable::line(&text) {
            Line::Version(version) if version == pluggable::VERSION => {}
            Line::Version(_) | Line::NoVersion => return Err(End::Version),
            Line::EnvError(why) | Line::ProxyError(why) => return Err(refused(&why)),
            Line::MethodError { name, why } if name == transport => return Err(refused(&why)),
            Line::Method { name, door: pluggable::Door::Socks4, .. } if name == transport => return Err(End::NotSocks),
            Line::Method { name, at, .. } if name == transport => found = Some(Door { at, login: None }),
            Line::MethodsDone => return found.ok_or_else(|| End::NoMethod(transport.to_owned())),
            other => heard(other, &text, said),
        }
    }
    // Its output ended: so will it.
    std::future::pending().await
}

/// What a pluggable transport says beside that.
pub(super) fn heard(line: Line, text: &str, said: &Said) {
    match line {
        Line::Log { message, .. } => said.heard(&message),
        Line::Other => said.heard(text),
        _ => {}
    }
}
