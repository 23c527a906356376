//! The far end's source and sink, and the near end's streams: bulk both ways, connections by the thousand, hashes.

use crate::ground::{FAR, INNER, enter, within};
use anyhow::{Context, Result, ensure};
use aws_lc_rs::digest::{self, SHA256};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Barrier;
use std::time::{Duration, Instant};

const PORT: u16 = 7001;
/// Where a client's SOCKS5 door is.
pub(crate) const DOOR: u16 = 1080;
/// A prime, so that no shift of the bytes goes unseen.
const PATTERN: usize = 1_048_573;
/// A stream that stands still for so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

fn pattern() -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let byte = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..PATTERN).map(byte).collect()
}

/// What the far end is to do with the number that a stream begins with.
const SEND: u8 = 0;
const READ: u8 = 1;
const READ_AND_HASH: u8 = 2;

/// Opens the source and sink at the far end, for as long as this program runs. What was read is answered when it is
/// whole, not at its end, for some peers do not pass a half-close on.
pub(crate) fn serve(namespace: &str) -> Result<()> {
    let namespace = namespace.to_owned();
    let listener = within(&namespace, || TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)))??;
    std::thread::spawn(move || {
        let pattern: &'static [u8] = pattern().leak();
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || served(stream, pattern));
        }
    });
    Ok(())
}

fn served(mut stream: TcpStream, pattern: &[u8]) -> Result<()> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let length = u64::from_be_bytes(head[..8].try_into()?);
    if head[8] == SEND {
        send(&mut stream, pattern, length)?;
    } else {
        let (read, hash) = drain(&mut stream, length, head[8] == READ_AND_HASH)?;
        stream.write_all(&read.to_be_bytes())?;
        stream.write_all(&hash)?;
    }
    Ok(stream.shutdown(Shutdown::Write)?)
}

fn send(stream: &mut TcpStream, pattern: &[u8], length: u64) -> Result<()> {
    let mut left = length;
    while left > 0 {
        let n = usize::try_from(left)?.min(PATTERN);
        stream.write_all(&pattern[..n])?;
        left -= n as u64;
    }
    Ok(())
}

fn drain(stream: &mut TcpStream, length: u64, hashed: bool) -> Result<(u64, Vec<u8>)> {
    let (mut hash, mut buf, mut read) = (digest::Context::new(&SHA256), vec![0; 1 << 18], 0);
    while read < length {
        let n = stream.read(&mut buf)?;
        if n == 0 {
            break;
        }
        read += n as u64;
        if hashed {
            hash.update(&buf[..n]);
        }
    }
    Ok((read, if hashed { hash.finish().as_ref().to_vec() } else { Vec::new() }))
}

fn expected(pattern: &[u8], length: u64) -> Result<Vec<u8>> {
    let (mut hash, mut left) = (digest::Context::new(&SHA256), length);
    while left > 0 {
        let n = usize::try_from(left)?.min(PATTERN);
        hash.update(&pattern[..n]);
        left -= n as u64;
    }
    Ok(hash.finish().as_ref().to_vec())
}

/// How the near end reaches the far one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// A SOCKS5 door at [`DOOR`].
    Door,
    /// Plainly.
    Wire,
    /// Plainly, to an address inside a VPN of the machine's.
    Vpn,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    Down,
    Up,
}

fn open(by: By) -> Result<TcpStream> {
    let to = |ip| SocketAddr::from((ip, PORT));
    let mut stream = match by {
        By::Door => TcpStream::connect((Ipv4Addr::LOCALHOST, DOOR)),
        By::Wire => TcpStream::connect(to(FAR)),
        By::Vpn => TcpStream::connect(to(INNER)),
    }?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    if by == By::Door {
        stream.write_all(&[5, 1, 0])?;
        let mut answer = [0; 2];
        stream.read_exact(&mut answer)?;
        let mut request = vec![5, 1, 0, 1];
        request.extend_from_slice(&INNER.octets());
        request.extend_from_slice(&PORT.to_be_bytes());
        stream.write_all(&request)?;
        let mut reply = [0; 10];
        stream.read_exact(&mut reply).context("SOCKS reply")?;
        ensure!(reply[1] == 0, "SOCKS reply {}", reply[1]);
    }
    Ok(stream)
}

/// `bytes` over `streams` streams: how long it took from the moment when all were open.
pub(crate) fn bulk(namespace: &str, by: By, direction: Direction, streams: u64, bytes: u64) -> Result<Duration> {
    let each = bytes / streams;
    let pattern = pattern();
    let barrier = Barrier::new(usize::try_from(streams)?);
    let one = || -> Result<Duration> {
        enter(namespace)?;
        let opened = open(by);
        barrier.wait();
        let began = Instant::now();
        transfer(opened?, direction, each, &pattern, false)?;
        Ok(began.elapsed())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..streams).map(|_| scope.spawn(one)).collect();
        let spans = threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread died"))?);
        spans.collect::<Result<Vec<_>>>().map(|spans| spans.into_iter().max().unwrap_or_default())
    })
}

fn transfer(mut stream: TcpStream, direction: Direction, bytes: u64, pattern: &[u8], hashed: bool) -> Result<()> {
    let mut head = [0; 9];
    head[..8].copy_from_slice(&bytes.to_be_bytes());
    if direction == Direction::Down {
        stream.write_all(&head)?;
        let (read, hash) = drain(&mut stream, bytes, hashed)?;
        ensure!(read == bytes, "{read} of {bytes} bytes came");
        ensure!(!hashed || hash == expected(pattern, bytes)?, "the bytes are not those that were sent");
    } else {
        head[8] = if hashed { READ_AND_HASH } else { READ };
        stream.write_all(&head)?;
        send(&mut stream, pattern, bytes)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        ensure!(answer.len() >= 8, "no answer to an upload");
        let read = u64::from_be_bytes(answer[..8].try_into()?);
        ensure!(read == bytes, "{read} of {bytes} bytes arrived");
        ensure!(!hashed || answer[8..] == expected(pattern, bytes)?, "the bytes are not those that were sent");
    }
    Ok(())
}

/// One transfer whose hash is compared.
pub(crate) fn intact(namespace: &str, by: By, direction: Direction, bytes: u64) -> Result<Duration> {
    let pattern = pattern();
    let began = Instant::now();
    within(namespace, || transfer(open(by)?, direction, bytes, &pattern, true))??;
    Ok(began.elapsed())
}

/// Opens and closes `count` connections with a few bytes each, 16 at a time.
pub(crate) fn connections(namespace: &str, by: By, count: u64) -> Result<()> {
    let pattern = pattern();
    let one = || -> Result<()> {
        enter(namespace)?;
        (0..count / 16).try_for_each(|_| transfer(open(by)?, Direction::Down, 2000, &pattern, false))
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(one)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread died"))?)
    })
}
