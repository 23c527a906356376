//! Certificates of an authority of our own.

use byway::net::tls::Trust;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

static AUTHORITIES: AtomicU32 = AtomicU32::new(1);

/// An authority, and a certificate of its for `names`.
pub(crate) struct Papers {
    pub(crate) root: Vec<u8>,
    chain: String,
    key: String,
}

/// When a certificate is valid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dates {
    Now,
    Past,
    Future,
}

impl Papers {
    pub(crate) fn new(names: &[&str], dates: Dates) -> Self {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        // Each authority has a name of its own, as real ones have.
        let number = AUTHORITIES.fetch_add(1, Ordering::Relaxed);
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("Test Root {number}"));
        let key = rcgen::KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().to_vec();
        let issuer = rcgen::Issuer::new(params, key);
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        let years = match dates {
            Dates::Now => (2020, 2090),
            Dates::Past => (2020, 2021),
            Dates::Future => (2089, 2090),
        };
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let chain = params.signed_by(&key, &issuer).unwrap().pem();
        Self { root, chain, key: key.serialize_pem() }
    }

    /// Lays `chain.pem` and `key.pem` down for a peer.
    pub(crate) fn lay(&self, folder: &Path) -> (String, String) {
        let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
        std::fs::write(&chain, &self.chain).unwrap();
        std::fs::write(&key, &self.key).unwrap();
        (chain.to_str().unwrap().to_owned(), key.to_str().unwrap().to_owned())
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::Only(vec![self.root.clone()].into())
    }

    pub(crate) fn pem(&self) -> (Vec<u8>, Vec<u8>) {
        (self.chain.clone().into_bytes(), self.key.clone().into_bytes())
    }
}
