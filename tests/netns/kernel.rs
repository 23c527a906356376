//! The table of what a client really sees (detection rules §1.2), read off real sockets: errors of a connect, and the
//! kernel's counters after a first message, as byway's own network reads them.

use crate::ground::Ground;
use crate::provider::Provider;
use crate::resident::inside;
use crate::town::Town;
use byway::model::TcpFacts;
use byway::net::{Io, Network, OsNetwork, Stream};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Patience with silence: the kernel has sent a first message again at .2, .6 and 1.4 s by then.
const SILENT: Duration = Duration::from_secs(2);

struct Line {
    provider: Provider,
    at: SocketAddr,
    ground: Ground,
    _town: Town,
}

impl Line {
    fn new() -> Option<Self> {
        let ground = Ground::lay()?;
        let town = Town::open(&ground);
        let provider = Provider::open(&ground, &town.country);
        let at = SocketAddr::new(town.country.anchors()[0].0, 80);
        Some(Self { provider, at, ground, _town: town })
    }

    /// The rule in force, about the one server: `{at}` is its address.
    fn rule(&self, rule: &str) {
        self.provider.rules(&rule.replace("{at}", &self.at.ip().to_string()));
    }

    /// How a connect ends.
    fn connect(&self) -> Result<(), Option<ErrorKind>> {
        let at = self.at;
        inside(&self.ground.client, move || async move {
            match tokio::time::timeout(SILENT, OsNetwork.connect(at)).await {
                Err(_) => Err(None),
                Ok(outcome) => outcome.map(drop).map_err(|why| Some(why.kind())),
            }
        })
    }

    /// Asks for a body, reads until nothing comes any more, and gives the kernel's counters at that moment, with what
    /// was read and how the stream ended.
    fn ask(&self) -> (TcpFacts, usize, Option<ErrorKind>) {
        self.ask_with(90)
    }

    /// The same with a question that is longer by `padding`.
    fn ask_with(&self, padding: usize) -> (TcpFacts, usize, Option<ErrorKind>) {
        let at = self.at;
        inside(&self.ground.client, move || async move {
            let mut stream: Stream = OsNetwork.connect(at).await.unwrap();
            let request =
                format!("GET /bulk?bytes=200000 HTTP/1.1\r\nHost: {}\r\nX: {:0>padding$}\r\n\r\n", at.ip(), 0);
            stream.write_all(request.as_bytes()).await.unwrap();
            let (mut read, mut buf, mut error) = (0, vec![0; 65_536], None);
            while read < 200_000 {
                match tokio::time::timeout(SILENT, stream.read(&mut buf)).await {
                    Ok(Ok(0)) | Err(_) => break,
                    Ok(Ok(size)) => read += size,
                    Ok(Err(why)) => {
                        error = Some(why.kind());
                        break;
                    }
                }
            }
            (stream.tcp_facts().unwrap(), read, error)
        })
    }
}

#[test]
fn a_connect_ends_as_the_table_says() {
    let Some(line) = Line::new() else { return };
    for (rule, expected) in [
        ("", Ok(())),
        ("ip daddr {at} drop", Err(None)),
        ("ip saddr {at} drop", Err(None)),
        ("ip daddr {at} meta l4proto tcp reject with tcp reset", Err(Some(ErrorKind::ConnectionRefused))),
        ("ip daddr {at} reject with icmp type admin-prohibited", Err(Some(ErrorKind::HostUnreachable))),
        ("ip daddr {at} reject with icmp type host-unreachable", Err(Some(ErrorKind::HostUnreachable))),
        ("ip daddr {at} reject with icmp type net-unreachable", Err(Some(ErrorKind::NetworkUnreachable))),
        ("ip daddr {at} reject with icmp type port-unreachable", Err(Some(ErrorKind::ConnectionRefused))),
    ] {
        line.rule(rule);
        let began = Instant::now();
        assert_eq!(line.connect(), expected, "{rule}");
        assert!(expected == Err(None) || began.elapsed() < Duration::from_secs(1), "{rule}: at once");
    }
}

#[test]
fn the_counters_of_a_first_message_are_those_of_the_table() {
    let Some(line) = Line::new() else { return };
    let (clean, read, error) = line.ask();
    let hello = clean.bytes_acked;
    assert!(hello > 100 && read >= 200_000 && error.is_none(), "{clean:?}");
    assert_eq!((clean.unacked, clean.retransmits), (0, 0), "{clean:?}");

    line.rule("ip daddr {at} meta length > 100 drop");
    let (dropped, read, _) = line.ask();
    println!("hello dropped: {dropped:?}");
    assert_eq!((dropped.bytes_acked, dropped.bytes_received, read), (1, 0, 0), "{dropped:?}");
    assert!(dropped.unacked >= 1 && dropped.retransmits >= 2, "{dropped:?}");

    // A packet of a wire's size passes, the rest of the question does not.
    line.rule("ip daddr {at} meta length > 100 meta length < 1400 drop");
    let (half, read, _) = line.ask_with(1600);
    println!("second segment dropped: {half:?}");
    assert!((1400..1500).contains(&half.bytes_acked) && (half.bytes_received, read) == (0, 0), "{half:?}");
    assert!(half.unacked >= 1 && half.retransmits >= 2, "{half:?}");

    line.rule("ip saddr {at} meta length > 100 drop");
    let (muted, read, _) = line.ask();
    println!("hello muted: {muted:?}");
    assert_eq!((muted.bytes_acked, muted.unacked, muted.bytes_received, read), (hello, 0, 0, 0), "{muted:?}");
    assert_eq!(muted.retransmits, 0, "{muted:?}");

    line.rule("ip daddr {at} meta l4proto tcp meta length > 100 reject with tcp reset");
    let (reset, read, error) = line.ask();
    println!("reset: {reset:?}");
    assert_eq!((reset.bytes_received, read, error), (0, 0, Some(ErrorKind::ConnectionReset)), "{reset:?}");

    line.rule("ip saddr {at} ct reply bytes > 16000 drop");
    let (frozen, read, _) = line.ask();
    println!("frozen after 16 000 bytes: {frozen:?}");
    assert!((10_000..16_000).contains(&read) && frozen.bytes_received == read as u64, "{read} {frozen:?}");
    assert_eq!((frozen.bytes_acked, frozen.unacked), (hello, 0), "{frozen:?}");

    line.rule("ip saddr {at} ct packets > 25 drop");
    let (frozen, read, _) = line.ask();
    println!("frozen after 25 packets: {frozen:?}");
    assert!((10_000..40_000).contains(&read), "{read} {frozen:?}");
}
