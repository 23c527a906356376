//! The ClientHello of a QUIC connection (RFC 9001 §4): TLS 1.3 only, with transport parameters, and without a record
//! around it. Offers the classic key shares alone, so that it fits one packet as those of phones' apps do. Shakes no
//! hands: nobody's certificate is ever seen.

use super::{TlsError, Trust, server_name, verify};
use crate::model::Host;
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::quic::{ClientConnection, Version};
use rustls::version::TLS13;
use rustls::{ClientConfig, Error};
use std::sync::Arc;

/// A fresh ClientHello that shows `name`, offers `alpn` (RFC 7301) and carries `parameters` (RFC 9000 §18).
pub fn quic_hello(name: &Host, alpn: &[&str], parameters: Vec<u8>) -> Result<Vec<u8>, TlsError> {
    let mut provider = default_provider();
    provider.kx_groups = vec![kx_group::X25519, kx_group::SECP256R1];
    let provider = Arc::new(provider);
    let trust = verify::verifier(&Trust::Any, &provider)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(trust)
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    config.enable_sni = name.name().is_some();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = server_name(name).map_err(|_| Error::General("the name is no host name".into()))?;
    let mut connection = ClientConnection::new(Arc::new(config), Version::V1, name, parameters)?;
    let mut hello = Vec::new();
    connection.write_hs(&mut hello);
    Ok(hello)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::quic::server::{Asked, read};
    use crate::wire::quic::{Client, Ids, transport_parameters};

    #[test]
    fn the_hello_fits_one_packet_and_shows_the_name_and_the_protocol() {
        let ids = Ids { to: [1; 8], from: [2; 8] };
        let host = Host::parse("a-rather-long-name-of-some.media.service.example").unwrap();
        let hello = quic_hello(&host, &["h3"], transport_parameters(ids)).unwrap();
        assert!(hello.len() < 600, "{}", hello.len());
        let packet = Client::new(ids, hello).unwrap().initial().unwrap();
        let Some(Asked::Initial(initial)) = read(&packet) else { panic!("it opens") };
        let shown = initial.hello().unwrap();
        assert_eq!(shown.server_name.as_deref(), host.name());
        assert_eq!(shown.alpn, ["h3"]);
    }
}
