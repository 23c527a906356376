//! What stands at the provider's and answers in other people's place: a page for whoever is sent there, a town with the
//! wrong keys, a voice that answers questions for names before the true resolver does.

use crate::ground::{CLIENT, GATEWAY};
use crate::resident::{Resident, command_in, finish};
use crate::town::{accept, world};
use nfq::{Queue, Verdict};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Where the page is, at the provider's own address.
pub(crate) const PAGE_PORT: u16 = 8081;
/// Where the impostor is.
pub(crate) const IMPOSTOR_PORT: u16 = 8443;

/// Redirects whoever comes to `location`.
pub(crate) fn page(namespace: &str, location: &'static str) -> Resident {
    Resident::of(namespace, move |ready| async move {
        let listener = TcpListener::bind((GATEWAY, PAGE_PORT)).await.unwrap();
        ready.send(()).unwrap();
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                if client.read(&mut request).await? > 0 {
                    let answer = format!(
                        "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    );
                    client.write_all(answer.as_bytes()).await?;
                }
                client.shutdown().await
            });
        }
    })
}

/// Another country of the same servers, whose keys nobody trusts: whoever is sent there meets what lives at `at`.
pub(crate) fn impostor(namespace: &str, at: SocketAddr) -> Resident {
    Resident::of(namespace, move |ready| async move {
        let country = world().start().unwrap();
        let listener = TcpListener::bind((GATEWAY, IMPOSTOR_PORT)).await.unwrap();
        ready.send(()).unwrap();
        accept(country, listener, at).await;
    })
}

/// Answers the customer's questions to `resolver` that hold `word` with "no such name", and lets them go on to the
/// resolver after 80 ms, so that the true answer comes second. How often it did is counted.
pub(crate) fn forger(namespace: &str, resolver: SocketAddr, word: &'static str) -> (Resident, Arc<AtomicU64>) {
    let told = Arc::new(AtomicU64::new(0));
    let count = told.clone();
    let resident = Resident::of(namespace, move |ready| async move {
        let mut queue = Queue::open().unwrap();
        queue.bind(1).unwrap();
        queue.set_nonblocking(true);
        // A socket with somebody else's address.
        let voice = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).unwrap();
        voice.set_ip_transparent_v4(true).unwrap();
        voice.bind(&resolver.into()).unwrap();
        ready.send(()).unwrap();
        let mut late = VecDeque::new();
        loop {
            while late.front().is_some_and(|(due, _)| *due <= Instant::now()) {
                let (_, question) = late.pop_front().unwrap();
                queue.verdict(question).unwrap();
            }
            let mut question = match queue.recv() {
                Ok(question) => question,
                Err(why) if why.kind() == ErrorKind::WouldBlock => {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    continue;
                }
                Err(why) => panic!("the queue: {why}"),
            };
            question.set_verdict(Verdict::Accept);
            let packet = question.get_payload();
            let ip = usize::from(packet[0] & 0xf) * 4;
            let (port, dns) = (u16::from_be_bytes([packet[ip], packet[ip + 1]]), &packet[ip + 8..]);
            if !dns.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes())) {
                queue.verdict(question).unwrap();
                continue;
            }
            let client = SocketAddr::new(CLIENT.parse().unwrap(), port);
            voice.send_to(&no_such_name(dns), &client.into()).unwrap();
            count.fetch_add(1, Ordering::Relaxed);
            late.push_back((Instant::now() + Duration::from_millis(80), question));
        }
    });
    let mut rule = command_in(namespace, "iptables-nft");
    rule.args(["-A", "FORWARD", "-i", "cust0", "-p", "udp", "--dport", "53", "-j", "NFQUEUE", "--queue-num", "1"]);
    finish(rule, "");
    (resident, told)
}

/// A DNS question (RFC 1035 §4.1) turned into its own denial: the header says answer, recursion, NXDOMAIN; what comes
/// after the question is left out.
fn no_such_name(question: &[u8]) -> Vec<u8> {
    let mut answer = question.to_vec();
    answer[2] |= 0x80;
    answer[3] = 0x83;
    // One question and nothing else.
    answer[6..12].fill(0);
    let end = 12 + answer[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
    answer.truncate(end);
    answer
}
