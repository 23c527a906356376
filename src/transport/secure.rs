//! TLS to our own server or its CDN's edge: which of its failures is which, for whoever has to mend them.

use super::tunnels::{Ech, ServerTls};
use crate::model::{Cause, Failure};
use crate::net::tls::{Dates, Names, TlsClient, TlsError, TlsStream};
use crate::net::{Deadline, Resolver, Stream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long what an HTTPS record said is believed; CDNs change their keys every hour or so.
const FRESH: Duration = Duration::from_secs(600);

/// A client for one server.
pub(super) struct Secure {
    client: TlsClient,
    names: Names,
    offered: Option<Offered>,
}

/// Hides the name where its HTTPS record offers a key for that.
struct Offered {
    spec: ServerTls,
    alpn: Vec<String>,
    resolver: Arc<Resolver>,
    /// The client that the record asks for, and when it was asked.
    found: Mutex<Option<(Instant, Option<TlsClient>)>>,
}

impl Secure {
    pub(super) fn new(spec: &ServerTls, alpn: &[&str], resolver: &Arc<Resolver>) -> Result<Self, TlsError> {
        let names = Names { shown: spec.shown.clone(), checked: spec.checked.clone() };
        let client = match &spec.ech {
            Ech::Keys(keys) => TlsClient::hiding(&spec.trust, alpn, keys)?,
            Ech::Never | Ech::Offered => TlsClient::new(&spec.trust, alpn)?,
        };
        let offered = (spec.ech == Ech::Offered).then(|| Offered {
            spec: spec.clone(),
            alpn: alpn.iter().map(|name| (*name).to_owned()).collect(),
            resolver: Arc::clone(resolver),
            found: Mutex::default(),
        });
        Ok(Self { client, names, offered })
    }

    /// Shakes hands. A failure is of the near leg.
    pub(super) async fn shake_hands(&self, stream: Stream, deadline: Deadline) -> Result<TlsStream, Failure> {
        let hiding = match &self.offered {
            Some(offered) => offered.client(deadline).await,
            None => None,
        };
        let client = hiding.as_ref().unwrap_or(&self.client);
        client.connect(stream, &self.names, deadline).await.map_err(|error| {
            let cause = match error.dates {
                Some(Dates::Past) => Cause::CertificateExpired,
                Some(Dates::Future) => Cause::CertificateNotYetValid,
                None => error.failure.cause,
            };
            Failure { cause, ..error.failure.near() }
        })
    }
}

impl Offered {
    /// The client that hides the name, where there is a key for it.
    async fn client(&self, deadline: Deadline) -> Option<TlsClient> {
        let name = self.spec.shown.as_ref()?.name()?;
        let known = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, client)) = known.filter(|(asked, _)| asked.elapsed() < FRESH) {
            return client;
        }
        let keys = self.resolver.ech(name, deadline).await;
        let alpn: Vec<&str> = self.alpn.iter().map(String::as_str).collect();
        // Keys of a kind that is not known are as good as none (RFC 9849 §6.1).
        let client = keys.and_then(|keys| TlsClient::hiding(&self.spec.trust, &alpn, &keys).ok());
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), client.clone()));
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Host;
    use crate::net::tls::Trust;
    use crate::net::{OsNetwork, resolve};
    use tokio::io::AsyncReadExt;

    /// RFC 9849 §4: one key of X25519 with HKDF-SHA256 and AES-128-GCM, under the name `public.example`.
    fn keys() -> Vec<u8> {
        let name = b"public.example";
        let mut contents = vec![7, 0, 0x20, 0, 32];
        contents.extend([9; 32]);
        contents.extend([0, 4, 0, 1, 0, 1, 0, name.len() as u8]);
        contents.extend_from_slice(name);
        contents.extend([0, 0]);
        let length = contents.len() as u8;
        [&[0, length + 4, 0xFE, 0x0D, 0, length][..], &contents].concat()
    }

    #[tokio::test]
    async fn a_hello_under_a_key_shows_the_public_name_alone() {
        let resolver = resolve::Settings::system_only();
        let resolver = Arc::new(Resolver::new(Arc::new(OsNetwork), resolver).unwrap());
        let roots =
            Trust::Only(vec![rcgen::generate_simple_self_signed(["x".to_owned()]).unwrap().cert.der().to_vec()].into());
        for (ech, shown, hidden) in [
            (Ech::Keys(keys()), "public.example", "hidden.example"),
            (Ech::Never, "hidden.example", "public.example"),
            (Ech::Offered, "hidden.example", "public.example"),
        ] {
            let spec = ServerTls { ech, ..ServerTls::same(Host::parse("hidden.example").unwrap(), roots.clone()) };
            let secure = Secure::new(&spec, &["http/1.1"], &resolver).unwrap();
            let (near, mut far) = tokio::io::duplex(64 * 1024);
            let hello = async move {
                let mut hello = vec![0; 8192];
                let length = far.read(&mut hello).await.unwrap();
                String::from_utf8_lossy(&hello[..length]).into_owned()
            };
            let deadline = Deadline::after(Duration::from_secs(5));
            let (outcome, hello) = tokio::join!(secure.shake_hands(Box::new(near), deadline), hello);
            assert!(outcome.is_err(), "nobody answers");
            assert!(hello.contains(shown) && !hello.contains(hidden), "{shown}");
        }
    }

    #[test]
    fn keys_that_are_none_are_told_before_anything_is_dialled() {
        assert!(TlsClient::hiding(&Trust::Platform, &[], b"nonsense").is_err());
    }
}
