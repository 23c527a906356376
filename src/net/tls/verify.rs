//! Certificate verifiers: the platform's, a pinned set, none; and a wrapper that checks a name other than the one
//! shown and remembers what was presented.

use super::{Calendar, TlsError, Trust};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

/// Makes the verifier of `trust`.
pub(super) fn verifier(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    match trust {
        Trust::Platform => Ok(shared_platform(provider)),
        Trust::PlatformAnd(extra) => Ok(Arc::new(Late::new(certificates(extra)?, provider))),
        Trust::Only(roots) => {
            let mut store = RootCertStore::empty();
            for (index, root) in certificates(roots)?.into_iter().enumerate() {
                store.add(root).map_err(|error| TlsError::BadRoot { number: index + 1, error })?;
            }
            webpki(store, provider)
        }
        Trust::Any => Ok(Arc::new(Anyone(provider.clone()))),
    }
}

/// Refuses what is no certificate before a verifier silently ignores it.
fn certificates(ders: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let mut list = Vec::with_capacity(ders.len());
    for (index, der) in ders.iter().enumerate() {
        let certificate = CertificateDer::from(der.clone());
        RootCertStore::empty()
            .add(certificate.clone())
            .map_err(|error| TlsError::BadRoot { number: index + 1, error })?;
        list.push(certificate);
    }
    Ok(list)
}

/// The platform's verifier, shared while anybody uses it.
fn shared_platform(provider: &Arc<CryptoProvider>) -> Arc<dyn ServerCertVerifier> {
    static SHARED: Mutex<Option<Weak<Late>>> = Mutex::new(None);
    let Ok(mut shared) = SHARED.lock() else { return Arc::new(Late::new(Vec::new(), provider)) };
    if let Some(verifier) = shared.as_ref().and_then(Weak::upgrade) {
        return verifier;
    }
    let verifier = Arc::new(Late::new(Vec::new(), provider));
    *shared = Some(Arc::downgrade(&verifier));
    verifier
}

/// The platform's store, read when the first certificate is to be judged: that takes ten milliseconds and two hundred
/// files, which neither the start nor a byway that never speaks TLS should pay.
#[derive(Debug)]
struct Late {
    extra: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
    read: OnceLock<Result<Arc<dyn ServerCertVerifier>, Error>>,
}

impl Late {
    fn new(extra: Vec<CertificateDer<'static>>, provider: &Arc<CryptoProvider>) -> Self {
        Self { extra, provider: Arc::clone(provider), read: OnceLock::new() }
    }
}

impl ServerCertVerifier for Late {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let read = self.read.get_or_init(|| platform(self.extra.clone(), &self.provider));
        read.as_ref().map_err(Clone::clone)?.verify_server_cert(leaf, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn platform(
    extra: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    use rustls_platform_verifier::Verifier;
    // With extra roots the platform verifier would not complain about an empty store, so ask for the store alone.
    match Verifier::new(provider.clone()) {
        Ok(plain) if extra.is_empty() => Ok(Arc::new(plain)),
        Ok(_) => Ok(Arc::new(Verifier::new_with_extra_roots(extra, provider.clone())?)),
        Err(error) => {
            tracing::warn!(%error, "the system has no root certificates, using Mozilla's list");
            let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            store.add_parsable_certificates(extra);
            webpki(store, provider).map_err(|error| Error::General(error.to_string()))
        }
    }
}

fn webpki(store: RootCertStore, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    let built = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone()).build();
    Ok(built.map_err(|_| TlsError::NoRoots)?)
}

/// A calendar as the library takes it.
pub(super) struct Dated(pub(super) Calendar);

impl fmt::Debug for Dated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dated")
    }
}

impl TimeProvider for Dated {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs((self.0)())))
    }
}

/// The leaf that a server presented.
#[derive(Debug, Default)]
pub(super) struct Presented(Mutex<Option<CertificateDer<'static>>>);

impl Presented {
    /// Its issuer as a distinguished name (RFC 4514 form), cut to 200 characters.
    pub(super) fn issuer(&self) -> Option<String> {
        let leaf = self.0.lock().ok()?.clone()?;
        let (_, certificate) = x509_parser::parse_x509_certificate(&leaf).ok()?;
        Some(certificate.issuer().to_string().chars().filter(|c| !c.is_control()).take(200).collect())
    }
}

/// Checks with another verifier, but always for the name that must be in the certificate, whatever was shown.
#[derive(Debug)]
pub(super) struct Watching {
    inner: Arc<dyn ServerCertVerifier>,
    checked: ServerName<'static>,
    presented: Arc<Presented>,
}

impl Watching {
    pub(super) fn new(
        inner: Arc<dyn ServerCertVerifier>,
        checked: ServerName<'static>,
        presented: Arc<Presented>,
    ) -> Self {
        Self { inner, checked, presented }
    }
}

impl ServerCertVerifier for Watching {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _shown: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Ok(mut presented) = self.presented.0.lock() {
            *presented = Some(leaf.clone().into_owned());
        }
        self.inner.verify_server_cert(leaf, intermediates, &self.checked, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, leaf, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, leaf, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Believes any certificate, but still that the server holds its key.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
