//! The provider's box that looks into packets: a user-space verdict program on NFQUEUE. It holds a client's first
//! message until it has the whole of it, as such boxes do with a hello of two packets, and looks for words in it; what
//! it finds decides over the whole connection.

use crate::resident::{command_in, enter, finish};
use nfq::{Message, Queue, Verdict};
use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

/// What becomes of a connection whose client has said the word. The number is its mark in netfilter; what is done with
/// marked packets stands in [`CHAIN`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The client gets a reset, and nothing more passes either way.
    Reset = 1,
    /// Whatever the client says from here on vanishes.
    DropHello = 2,
    /// Whatever the server says vanishes; its bare acknowledgements pass.
    MuteAnswer = 3,
}

/// The fate of marked connections, in the order in which netfilter looks at it.
pub(crate) const CHAIN: &str = "\
chain marked {
  type filter hook forward priority 5; policy accept;
  meta mark != 0 ct mark set meta mark
  meta mark 1 meta l4proto tcp reject with tcp reset
  ct mark 1 drop
  ct mark 2 ct direction original meta length > 100 drop
  ct mark 3 ct direction reply meta length > 100 drop
}
";

/// The box while it looks.
pub(crate) struct Dpi {
    stop: Arc<AtomicBool>,
    seen: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Dpi {
    /// Looks for any of `words` in what clients send over TCP through `namespace`.
    pub(crate) fn watch(namespace: &str, words: &[&str], then: Then) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::new(AtomicU64::new(0));
        let words: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        let (bound, is_bound) = mpsc::channel();
        let thread = std::thread::spawn({
            let (namespace, stop, seen) = (namespace.to_owned(), stop.clone(), seen.clone());
            move || {
                enter(&namespace);
                let mut queue = Queue::open().unwrap();
                queue.bind(0).unwrap();
                queue.set_nonblocking(true);
                bound.send(()).unwrap();
                let mut eye = Eye { words, then, seen, flows: HashMap::new() };
                while !stop.load(Ordering::Relaxed) {
                    eye.look(&mut queue);
                }
            }
        });
        is_bound.recv().unwrap();
        let mut rule = command_in(namespace, "iptables-nft");
        rule.args(["-A", "FORWARD", "-i", "cust0", "-p", "tcp", "-j", "NFQUEUE", "--queue-num", "0", "--queue-bypass"]);
        finish(rule, "");
        Self { stop, seen, thread: Some(thread) }
    }

    /// How many connections it has marked.
    pub(crate) fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }
}

impl Drop for Dpi {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// A first message as far as it has come, and the packets that wait for its end.
type Reading = (Vec<u8>, Vec<Message>);

/// What the box remembers.
struct Eye {
    words: Vec<Vec<u8>>,
    then: Then,
    seen: Arc<AtomicU64>,
    /// Connections by both ends; `None` once their first message is judged.
    flows: HashMap<Vec<u8>, Option<Reading>>,
}

impl Eye {
    fn look(&mut self, queue: &mut Queue) {
        let packet = match queue.recv() {
            Ok(packet) => packet,
            Err(why) if why.kind() == ErrorKind::WouldBlock => {
                // The queue cannot be waited for together with the wish to stop.
                std::thread::park_timeout(Duration::from_millis(1));
                return;
            }
            Err(why) => panic!("the queue: {why}"),
        };
        let (ends, payload) = segment(packet.get_payload());
        let payload = payload.to_vec();
        if payload.is_empty() {
            return pass(queue, packet, None);
        }
        let flow = self.flows.entry(ends).or_insert_with(|| Some((Vec::new(), Vec::new())));
        let Some((read, waiting)) = flow else { return pass(queue, packet, None) };
        read.extend_from_slice(&payload);
        waiting.push(packet);
        if !is_whole(read) {
            return;
        }
        let found = self.words.iter().any(|word| read.windows(word.len()).any(|part| part == word.as_slice()));
        self.seen.fetch_add(u64::from(found), Ordering::Relaxed);
        for packet in flow.take().into_iter().flat_map(|(_, waiting)| waiting) {
            pass(queue, packet, found.then_some(self.then));
        }
    }
}

fn pass(queue: &mut Queue, mut packet: Message, mark: Option<Then>) {
    if let Some(then) = mark {
        packet.set_nfmark(then as u32);
    }
    packet.set_verdict(Verdict::Accept);
    queue.verdict(packet).unwrap();
}

/// Whether a first message is all there: a TLS record (RFC 8446 §5.1) up to its end, anything else as it comes.
fn is_whole(read: &[u8]) -> bool {
    match read {
        [0x16, 3, _, high, low, rest @ ..] => rest.len() >= usize::from(u16::from_be_bytes([*high, *low])),
        _ => true,
    }
}

/// The ends of a TCP segment in an IPv4 packet, and what it carries (RFC 791, RFC 9293).
fn segment(packet: &[u8]) -> (Vec<u8>, &[u8]) {
    let nibble = |at: usize, shift: u8| packet.get(at).map_or(0, |byte| usize::from(byte >> shift & 0xf) * 4);
    let part = |from: usize, to: usize| packet.get(from..to).unwrap_or_default();
    let ip = nibble(0, 0);
    let ends = [part(12, 20), part(ip, ip + 4)].concat();
    (ends, packet.get(ip + nibble(ip + 12, 4)..).unwrap_or_default())
}
