//! What stands behind the server: a source and a sink of hashed bytes, echoes, and a resolver.

use crate::ground::{INNER, INNER_SIX};
use crate::resident::Resident;
use aws_lc_rs::digest::{Context, SHA256};
use hickory_proto::op::{Message, MessageType};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{RData, Record, RecordType};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// Sends as many bytes as an eight-byte number asks for, then ends.
pub(crate) const SOURCE: u16 = 7001;
/// Reads to the end and answers with the hash.
pub(crate) const SINK: u16 = 7002;
/// Echoes bytes, and datagrams.
pub(crate) const ECHO: u16 = 7003;
/// Nobody listens here.
pub(crate) const CLOSED: u16 = 7009;
/// The name that the resolver knows; one whose answer is too long for a datagram; and one that there is not.
pub(crate) const NAME: &str = "inside.test";
pub(crate) const LONG_NAME: &str = "long.inside.test";

/// How often the resolver was asked.
pub(crate) type Asked = Arc<AtomicU32>;

/// The bytes of a source, at a place.
pub(crate) fn pattern(at: u64, buf: &mut [u8]) {
    for (i, byte) in (at..).zip(buf) {
        *byte = ((i ^ (i >> 13)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
    }
}

/// Opens everything in the namespace `server`, on the tunnel's addresses.
pub(crate) fn open(server: &str) -> (Resident, Asked) {
    let asked = Asked::default();
    let count = asked.clone();
    let resident = Resident::of(server, |ready| async move {
        for ip in [INNER, INNER_SIX].map(|ip| ip.parse::<IpAddr>().unwrap()) {
            let at = |port| SocketAddr::new(ip, port);
            listen(at(SOURCE), source).await;
            listen(at(SINK), sink).await;
            listen(at(ECHO), echo).await;
            let datagrams = UdpSocket::bind(at(ECHO)).await.unwrap();
            tokio::spawn(echo_datagrams(datagrams));
            let questions = UdpSocket::bind(at(53)).await.unwrap();
            tokio::spawn(answer_datagrams(questions, count.clone()));
            listen(at(53), answer_stream).await;
        }
        ready.send(()).unwrap();
        std::future::pending::<()>().await;
    });
    (resident, asked)
}

async fn listen<F: Future<Output = std::io::Result<()>> + Send + 'static>(at: SocketAddr, serve: fn(TcpStream) -> F) {
    let listener = TcpListener::bind(at).await.unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
}

async fn source(mut stream: TcpStream) -> std::io::Result<()> {
    let length = stream.read_u64().await?;
    let mut buf = vec![0; 1 << 16];
    let mut at = 0;
    while at < length {
        let n = usize::try_from(length - at).unwrap().min(buf.len());
        pattern(at, &mut buf[..n]);
        stream.write_all(&buf[..n]).await?;
        at += n as u64;
    }
    stream.shutdown().await
}

async fn sink(mut stream: TcpStream) -> std::io::Result<()> {
    let mut hash = Context::new(&SHA256);
    let mut buf = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buf).await? {
            0 => break,
            n => hash.update(&buf[..n]),
        }
    }
    stream.write_all(hash.finish().as_ref()).await?;
    stream.shutdown().await
}

async fn echo(stream: TcpStream) -> std::io::Result<()> {
    let (mut from, mut to) = stream.into_split();
    tokio::io::copy(&mut from, &mut to).await?;
    to.shutdown().await
}

async fn echo_datagrams(socket: UdpSocket) {
    let mut buf = vec![0; 65_536];
    while let Ok((length, from)) = socket.recv_from(&mut buf).await {
        let _lost = socket.send_to(&buf[..length], from).await;
    }
}

async fn answer_datagrams(socket: UdpSocket, asked: Asked) {
    let mut buf = vec![0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut buf).await {
        asked.fetch_add(1, Ordering::Relaxed);
        let _lost = socket.send_to(&answer(&buf[..length], true), from).await;
    }
}

async fn answer_stream(mut stream: TcpStream) -> std::io::Result<()> {
    let mut question = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut question).await?;
    let answer = answer(&question, false);
    stream.write_u16(answer.len().try_into().unwrap()).await?;
    stream.write_all(&answer).await
}

fn answer(question: &[u8], by_datagram: bool) -> Vec<u8> {
    let mut message = Message::from_vec(question).unwrap();
    message.metadata.message_type = MessageType::Response;
    let query = message.queries[0].clone();
    let name = query.name().to_ascii();
    if by_datagram && name.trim_end_matches('.') == LONG_NAME {
        message.metadata.truncation = true;
        return message.to_vec().unwrap();
    }
    if ![NAME, LONG_NAME].contains(&name.trim_end_matches('.')) {
        message.metadata.response_code = hickory_proto::op::ResponseCode::NXDomain;
        return message.to_vec().unwrap();
    }
    let data = match query.query_type() {
        RecordType::A => RData::A(A(INNER.parse().unwrap())),
        _ => RData::AAAA(AAAA(INNER_SIX.parse().unwrap())),
    };
    message.answers.push(Record::from_rdata(query.name().clone(), 300, data));
    message.to_vec().unwrap()
}
