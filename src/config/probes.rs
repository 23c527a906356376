//! `[[service.NAME.probes]]`: how a service is asked whether it is there. Each probe has targets and exactly one
//! kind as a key: `mtproto`, `noise`, `https`, `websocket`, `tls`, `stun` or `quic`.

use super::Reading;
use super::document::Value;
use super::embedded::ROOTS;
use super::fault::Place;
use super::reader::{Item, Section, each};
use crate::model::{Destination, Facet, L4, ServiceId};
use crate::probe::{Https, Kind, Method, Roots, Spec, Talk};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::sync::Arc;

const KINDS: [&str; 7] = ["mtproto", "noise", "https", "websocket", "tls", "stun", "quic"];

const FACETS: [(&str, Facet); 4] =
    [("text", Facet::Text), ("media", Facet::Media), ("calls", Facet::Calls), ("web", Facet::Web)];

const TARGET: &str = "expected \"host:port\"";

/// What a service says once for all its probes.
struct Shared {
    roots: Roots,
    noise_root: Option<[u8; 32]>,
    fingerprints: Arc<[u64]>,
}

impl Reading<'_> {
    pub(super) fn probes(&self, section: &Section<'_>, service: &ServiceId) -> Vec<Spec> {
        let shared = Shared {
            roots: section.item("roots").and_then(|item| self.roots(&item)).unwrap_or(Roots::Platform),
            noise_root: section.item("noise_root").and_then(|item| noise_root(&item)),
            fingerprints: each(section.list("fingerprints"), fingerprint).into(),
        };
        section.list("probes").iter().filter_map(|item| self.probe(item, service, &shared)).collect()
    }

    fn probe(&self, item: &Item<'_>, service: &ServiceId, shared: &Shared) -> Option<Spec> {
        let section = item.section()?;
        let facet = section.or("facet", Facet::Text, |item| item.one_of(&FACETS));
        let targets = self.targets(&section);
        let kinds: Vec<Item<'_>> = KINDS.iter().filter_map(|kind| section.item(kind)).collect();
        let kind = match kinds.as_slice() {
            [kind] => self.probe_kind(kind, shared),
            [] => section.fail("no kind is given", format!("expected one of {}", KINDS.join(", "))),
            _ => section.fail("more than one kind is given", format!("expected one of {}", KINDS.join(", "))),
        };
        section.finish();
        let kind = kind?;
        let l4 = if matches!(kind, Kind::Stun | Kind::Quic(_)) { L4::Udp } else { L4::Tcp };
        Some(Spec { service: service.clone(), facet, l4, targets: targets?, kind })
    }

    fn targets(&self, section: &Section<'_>) -> Option<Vec<Destination>> {
        let item = section.required("targets", "expected a list of \"host:port\"")?;
        let list = item.list()?;
        let count = list.len();
        let targets = each(list, |item| item.parsed(TARGET, Destination::parse));
        if count == 0 {
            return item.fail("there is no target", "expected at least one \"host:port\"");
        }
        (targets.len() == count).then_some(targets)
    }

    fn probe_kind(&self, item: &Item<'_>, shared: &Shared) -> Option<Kind> {
        let section = item.section()?;
        let name = item.path.last();
        let kind = match name {
            "mtproto" => mtproto(&section, shared).map(|(dc, fingerprints)| Kind::Telegram { dc, fingerprints }),
            "noise" => noise(&section, shared).map(|root| Kind::Noise { root }),
            "https" => Some(Kind::Https(self.https(&section, &shared.roots, &["http/1.1"]))),
            "tls" => Some(Kind::Tls(self.https(&section, &shared.roots, &[]))),
            "websocket" => self.websocket(&section, shared),
            "quic" => Some(Kind::Quic(self.https(&section, &shared.roots, &["h3"]))),
            _ => Some(Kind::Stun),
        };
        section.finish();
        kind
    }

    /// The TLS and HTTP part of a probe.
    pub(super) fn https(&self, section: &Section<'_>, roots: &Roots, alpn: &[&str]) -> Https {
        let alpn = alpn.iter().map(|name| (*name).to_owned()).collect();
        Https {
            name: section.item("name").and_then(|item| item.word().map(str::to_owned)),
            alpn: section.or("alpn", alpn, |item| Some(each(item.list()?, |i| i.word().map(str::to_owned)))),
            roots: section.or("roots", roots.clone(), |item| self.roots(item)),
            method: section
                .or("method", Method::Get, |item| item.one_of(&[("GET", Method::Get), ("HEAD", Method::Head)])),
            path: section.or("path", "/".to_owned(), path),
            proof_header: section.item("proof_header").and_then(|item| item.word().map(str::to_lowercase)),
            body_bytes: section.or("body_bytes", 0, |item| u32::try_from(item.integer(0..=16 << 20)?).ok()),
        }
    }

    fn websocket(&self, section: &Section<'_>, shared: &Shared) -> Option<Kind> {
        let https = self.https(section, &shared.roots, &["http/1.1"]);
        let subprotocol = section.item("subprotocol").and_then(|item| item.word().map(str::to_owned));
        let origin = section.item("origin").and_then(|item| item.word().map(str::to_owned));
        let words = [("discord", 0), ("mtproto", 1), ("noise", 2)];
        let talk = section.required("talk", "expected one of discord, mtproto, noise")?.one_of(&words)?;
        let talk = match talk {
            0 => Talk::DiscordHello,
            1 => mtproto(section, shared).map(|(dc, fingerprints)| Talk::Telegram { dc, fingerprints })?,
            _ => Talk::Noise { root: noise(section, shared)? },
        };
        Some(Kind::WebSocket { https, subprotocol, origin, talk })
    }

    /// `"platform"`, `"any"`, or a PEM file.
    fn roots(&self, item: &Item<'_>) -> Option<Roots> {
        match item.word()? {
            "platform" => Some(Roots::Platform),
            "any" => Some(Roots::Any),
            _ => self.certificates(item).map(Roots::Pinned),
        }
    }

    /// The certificates of a PEM file, which lies beside what names it.
    pub(super) fn certificates(&self, item: &Item<'_>) -> Option<Arc<[Vec<u8>]>> {
        const PEM: &str = "expected a PEM file with at least one certificate";
        let name = item.word()?;
        let text = if let Place::Embedded { .. } = item.node.place {
            ROOTS.iter().find(|file| file.path.ends_with(name)).map(|file| file.text.as_bytes().to_vec())
        } else {
            let path = self.path(item)?;
            match std::fs::read(&path) {
                Ok(bytes) => Some(bytes),
                Err(why) => return item.fail(unread(why.kind()), PEM),
            }
        };
        let parsed: Result<Vec<Vec<u8>>, _> = CertificateDer::pem_slice_iter(&text.unwrap_or_default())
            .map(|certificate| certificate.map(|der| der.as_ref().to_vec()))
            .collect();
        match parsed {
            Ok(all) if !all.is_empty() => Some(all.into()),
            Ok(_) => item.fail("there is no certificate in the file", PEM),
            Err(_) => item.fail("the file is not PEM", PEM),
        }
    }
}

fn mtproto(section: &Section<'_>, shared: &Shared) -> Option<(i16, Arc<[u64]>)> {
    let dc = section.required("dc", "expected the number of the data centre")?.integer(-20_000..=20_000)?;
    if shared.fingerprints.is_empty() {
        return section
            .fail("the service has no fingerprints", "expected fingerprints = [\"16 hex digits\"] beside probes");
    }
    Some((i16::try_from(dc).ok()?, shared.fingerprints.clone()))
}

fn noise(section: &Section<'_>, shared: &Shared) -> Option<[u8; 32]> {
    shared.noise_root.or_else(|| {
        section.fail("the service has no noise_root", "expected noise_root = \"64 hex digits\" beside probes")
    })
}

fn fingerprint(item: &Item<'_>) -> Option<u64> {
    let text = item.word()?;
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let number = (digits.len() == 16).then(|| u64::from_str_radix(digits, 16).ok()).flatten();
    number.or_else(|| item.fail("this is no fingerprint", "expected 16 hex digits"))
}

fn noise_root(item: &Item<'_>) -> Option<[u8; 32]> {
    let digits = item.word()?.as_bytes();
    let mut key = [0; 32];
    let read = digits.len() == 64
        && key.iter_mut().zip(digits.chunks_exact(2)).all(|(byte, pair)| {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()));
            pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).map(|value| *byte = value).is_some()
        });
    if read { Some(key) } else { item.fail("this is no key", "expected 64 hex digits") }
}

fn path(item: &Item<'_>) -> Option<String> {
    let text = item.word()?;
    if text.starts_with('/') && text.bytes().all(|b| b.is_ascii_graphic()) {
        return Some(text.to_owned());
    }
    item.fail("this is no path", "expected one that begins with / and has no spaces")
}

/// Why a file could not be read, in the same words on every system.
pub(super) fn unread(why: std::io::ErrorKind) -> &'static str {
    match why {
        std::io::ErrorKind::NotFound => "there is no such file",
        std::io::ErrorKind::PermissionDenied => "byway may not read the file",
        _ => "the file cannot be read",
    }
}

/// Whether a value is a table, for lists that also take short forms.
pub(super) fn is_table(item: &Item<'_>) -> bool {
    matches!(item.node.value, Value::Table(_))
}
