//! Certificate authorities made at start: the web's, Signal's own, the censor's. Ed25519 throughout, so that
//! every handshake has the same size in every run.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ED25519, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Why the land could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BadWorld {
    /// A certificate could not be made.
    #[error("a certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS does not take the certificate.
    #[error("tls does not take the certificate: {0}")]
    Tls(#[from] rustls::Error),
    /// A tunnel server could not be set up.
    #[error("the shadowsocks server could not be set up: {0}")]
    Shadowsocks(String),
    /// Two parts of the land want the same address.
    #[error("an address is taken twice: {0}")]
    Address(#[from] std::io::Error),
}

/// A server's certificate was issued so long ago,
pub(super) const ISSUED: Duration = Duration::from_secs(30 * 86_400);
/// and expires so far from now.
pub(super) const EXPIRES: Duration = Duration::from_secs(60 * 86_400);

/// An authority that signs server certificates.
pub(super) struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// A new authority of this name.
    pub(super) fn new(name: &str) -> Result<Self, BadWorld> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate_for(&PKCS_ED25519)?;
        Ok(Self { root: CertifiedIssuer::self_signed(params, key)? })
    }

    /// Its certificate as PEM (RFC 7468).
    pub(super) fn pem(&self) -> String {
        self.root.pem()
    }

    /// Its certificate as DER.
    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.root.der().clone()
    }

    /// What a server with these names (or addresses) needs to speak TLS.
    pub(super) fn server(&self, names: &[String]) -> Result<Arc<ServerConfig>, BadWorld> {
        let epoch = date_time_ymd(1970, 1, 1);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, names.first().map_or("server", String::as_str));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        (params.not_before, params.not_after) = (epoch + now.saturating_sub(ISSUED), epoch + now + EXPIRES);
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate_for(&PKCS_ED25519)?;
        let leaf = params.signed_by(&key, &self.root)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let private = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|_| rustls::Error::General("the key is not usable".into()))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone(), self.der()], private)?;
        config.alpn_protocols = [&b"h2"[..], b"http/1.1", b"apns-security-v3"].map(<[u8]>::to_vec).into();
        // No tickets: their number and time would differ from run to run, and every probe meets a full handshake.
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }
}
