//! The last good copy of a list, as it is kept in the state folder: what came, when, and what the server said with it.
//! It belongs to one address; another one's is not read. It holds keys, so whoever writes it makes it private.

use crate::model::Secret;
use crate::wire::http::HttpsAddress;
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::Path;

/// The version of the file.
const VERSION: u32 = 1;
/// No copy is larger: a list of 1 MiB, every byte of it escaped.
const LARGEST: u64 = 8 << 20;

/// A list that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// When it was last the server's word, in seconds since 1970.
    pub at: u64,
    /// Its text.
    pub text: Secret<String>,
    /// `ETag`.
    pub tag: Option<String>,
    /// `Last-Modified`.
    pub modified: Option<String>,
    /// How often the server would have it fetched (`profile-update-interval`), in hours.
    pub every_hours: Option<u32>,
    /// What of the subscription is used up, when the server says so.
    pub usage: Option<Usage>,
}

/// What of a subscription is used up (`subscription-userinfo`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Bytes carried, both ways.
    pub used: Option<u64>,
    /// Bytes that may be.
    pub total: Option<u64>,
    /// When it ends, in seconds since 1970.
    pub expires: Option<u64>,
}

/// The file.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    /// SHA-256 of the address: which list this is, and not where.
    address: String,
    at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    every_hours: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    text: String,
}

impl Copy {
    /// The copy at `path`, when there is one of this address that can be read.
    pub(super) fn read(path: &Path, address: &HttpsAddress) -> Option<Self> {
        if std::fs::metadata(path).ok()?.len() > LARGEST {
            return None;
        }
        Self::parse(&std::fs::read(path).ok()?, address)
    }

    /// Reads the bytes of the file; `None` when they are none, or of another address.
    pub fn parse(bytes: &[u8], address: &HttpsAddress) -> Option<Self> {
        let kept: Kept = serde_json::from_slice(bytes).ok()?;
        let is_this = kept.version == VERSION && kept.address == mark(address);
        is_this.then(|| Self {
            at: kept.at,
            text: Secret::new(kept.text),
            tag: kept.tag,
            modified: kept.modified,
            every_hours: kept.every_hours,
            usage: kept.usage,
        })
    }

    /// The bytes of the file. They hold keys.
    pub fn to_bytes(&self, address: &HttpsAddress) -> Vec<u8> {
        let kept = Kept {
            version: VERSION,
            address: mark(address),
            at: self.at,
            tag: self.tag.clone(),
            modified: self.modified.clone(),
            every_hours: self.every_hours,
            usage: self.usage,
            text: self.text.expose().clone(),
        };
        serde_json::to_vec(&kept).unwrap_or_default()
    }
}

impl Usage {
    /// Reads `upload=1; download=2; total=3; expire=4`; nothing of it is a must, and 0 means that there is no limit.
    pub fn parse(header: &str) -> Option<Self> {
        let mut usage = Self::default();
        for (key, value) in header.split(';').filter_map(|pair| pair.split_once('=')) {
            // Some panels write bytes as a fraction.
            let Ok(value) = value.trim().split('.').next().unwrap_or_default().parse::<u64>() else { continue };
            match key.trim().to_ascii_lowercase().as_str() {
                "upload" | "download" => usage.used = Some(usage.used.unwrap_or_default().saturating_add(value)),
                "total" if value > 0 => usage.total = Some(value),
                "expire" if value > 0 => usage.expires = Some(value),
                _ => {}
            }
        }
        (usage != Self::default()).then_some(usage)
    }
}

fn mark(address: &HttpsAddress) -> String {
    let mut text = String::new();
    for byte in digest(&SHA256, address.text().expose().as_bytes()).as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_read_back_for_its_own_address_only() {
        let address = HttpsAddress::parse("https://panel.example/TOKEN").unwrap();
        let copy = Copy {
            at: 1_700_000_000,
            text: Secret::new("ss://secret\n".to_owned()),
            tag: Some("\"7\"".to_owned()),
            modified: None,
            every_hours: Some(12),
            usage: Some(Usage { used: Some(3), total: None, expires: Some(9) }),
        };
        let bytes = copy.to_bytes(&address);
        assert!(!String::from_utf8_lossy(&bytes).contains("TOKEN"));
        assert_eq!(Copy::parse(&bytes, &address), Some(copy));
        let other = HttpsAddress::parse("https://panel.example/OTHER").unwrap();
        assert_eq!(Copy::parse(&bytes, &other), None);
        assert_eq!(Copy::parse(b"{}", &address), None);
    }

    #[test]
    fn what_is_used_up_is_read_as_panels_write_it() {
        let usage = |used, total, expires| Some(Usage { used, total, expires });
        for (header, read) in [
            ("upload=1; download=2; total=10; expire=1700000000", usage(Some(3), Some(10), Some(1_700_000_000))),
            ("upload=0;download=5.0;total=0;expire=0", usage(Some(5), None, None)),
            ("expire=; total=7", usage(None, Some(7), None)),
            ("upload=18446744073709551615;download=1", usage(Some(u64::MAX), None, None)),
            ("nothing of it", None),
        ] {
            assert_eq!(Usage::parse(header), read, "{header}");
        }
    }
}
