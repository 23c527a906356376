//! A web server's QUIC side, as far as the first packets (RFC 9000, RFC 9001): an Initial gets an Initial with the real
//! ServerHello, a version that is not spoken gets the list of those that are. The handshake goes no further.

use crate::net::Datagrams;
use crate::wire::quic::V1;
use crate::wire::quic::server::{Asked, Initial, read, version_negotiation};
use rustls::ServerConfig;
use rustls::quic::{ServerConnection, Version};
use std::sync::Arc;

/// Version 2 (RFC 9369) and version 1.
const VERSIONS: [u32; 2] = [0x6b33_43cf, V1];
/// One transport parameter (RFC 9000 §18.2): an idle time-out of 30 s. More is not read by anybody here.
const PARAMETERS: [u8; 4] = [0x01, 0x02, 0x75, 0x30];

/// Answers until the task is dropped; `own_id` gives connection ids.
pub(in crate::lab) async fn quic(
    socket: impl Datagrams + 'static,
    tls: Arc<ServerConfig>,
    own_id: impl Fn() -> [u8; 8],
) {
    let mut config = (*tls).clone();
    config.alpn_protocols = vec![b"h3".to_vec()];
    let config = Arc::new(config);
    let socket: &dyn Datagrams = &socket;
    let mut buf = [0; 1500];
    while let Ok((size, from)) = socket.recv_from(&mut buf).await {
        let own = own_id();
        let answer = read(&buf[..size]).and_then(|asked| match asked {
            Asked::Initial(initial) => initial.answer(own, &server_hello(&config, &initial)?).ok(),
            Asked::OtherVersion { to, from, .. } => Some(version_negotiation(&to, &from, own[0], &VERSIONS)),
        });
        if let Some(answer) = answer
            && socket.send_to(&answer, from).await.is_err()
        {
            return;
        }
    }
}

/// The ServerHello to a client's hello; nothing yet when that goes on in another packet, `None` when it is refused.
fn server_hello(config: &Arc<ServerConfig>, initial: &Initial) -> Option<Vec<u8>> {
    let mut connection = ServerConnection::new(config.clone(), Version::V1, PARAMETERS.into()).ok()?;
    connection.read_hs(initial.crypto()).ok()?;
    let mut hello = Vec::new();
    connection.write_hs(&mut hello);
    Some(hello)
}
