//! What a middlebox makes of a flow's first bytes: a protocol and, where there is one, a name. It knows no more
//! than the bytes tell.

use super::rule::Protocol;
use crate::wire::{http, tls};

/// What has been recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sight {
    /// The server name of a ClientHello or the Host of an HTTP request, lower-case.
    pub(super) name: Option<String>,
    /// The protocol.
    pub(super) protocol: Protocol,
}

/// Recognises `first`; `None` while more bytes are needed.
pub(super) fn sight(first: &[u8]) -> Option<Sight> {
    let nameless = |protocol| Some(Sight { name: None, protocol });
    match tls::client_hello(first) {
        tls::Hello::Hello(hello) => {
            return Some(Sight { name: hello.server_name.map(lower), protocol: Protocol::Tls });
        }
        tls::Hello::Incomplete => return None,
        tls::Hello::NotTls => {}
    }
    if matches!(first, [b'W', b'A', 6 | 5, ..] | [b'E', b'D', 0, 1, ..]) {
        return nameless(Protocol::Noise);
    }
    if first.first().is_some_and(u8::is_ascii_uppercase)
        && let Ok(head) = http::request_head(first)
    {
        return match head {
            http::Head::Incomplete => None,
            http::Head::Head(head, _) => Some(Sight { name: host(&head), protocol: Protocol::Http }),
        };
    }
    nameless(if looks_random(first) { Protocol::Random } else { Protocol::Other })
}

fn lower(name: String) -> String {
    name.to_ascii_lowercase()
}

fn host(head: &http::RequestHead) -> Option<String> {
    let host = head.fields.get("host")?;
    Some(lower(host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned()))
}

/// The fully-encrypted test of the Great Firewall (Wu et al., USENIX Security '23): random unless the share of
/// set bits, a printable start, half printable bytes or a long printable run exempts it.
fn looks_random(first: &[u8]) -> bool {
    if first.is_empty() {
        return false;
    }
    let printable = |byte: &u8| (0x20..=0x7e).contains(byte);
    let bits = first.iter().map(|byte| f64::from(byte.count_ones())).sum::<f64>() / first.len() as f64;
    let longest = first.split(|byte| !printable(byte)).map(<[u8]>::len).max().unwrap_or(0);
    (3.4..=4.6).contains(&bits)
        && !first.iter().take(6).all(printable)
        && first.iter().filter(|byte| printable(byte)).count() * 2 <= first.len()
        && longest <= 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_are_told_from_text() {
        let mut rng = fastrand::Rng::with_seed(3);
        let noise: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(400).collect();
        assert!(looks_random(&noise));
        assert!(!looks_random(b"EHLO mail.example and much more text"));
        assert!(!looks_random(&[0; 64]));
    }
}
