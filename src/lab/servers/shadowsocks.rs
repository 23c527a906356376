//! A Shadowsocks server, TCP and UDP, AEAD (SIP004) and 2022 (SIP022), on the `shadowsocks` crate's own server
//! side. It serves one user and has no rules.

use super::{carry, find, open};
use crate::lab::land::Land;
use crate::lab::pki::BadWorld;
use crate::lab::tcp::Wire;
use crate::model::{Destination, Host};
use crate::net::{Datagrams, Io};
use bytes::BytesMut;
use shadowsocks::config::{ServerConfig, ServerType};
use shadowsocks::context::{Context, SharedContext};
use shadowsocks::crypto::CipherKind;
use shadowsocks::relay::socks5::Address;
use shadowsocks::relay::tcprelay::ProxyServerStream;
use shadowsocks::relay::udprelay::crypto_io::{decrypt_client_payload, encrypt_server_payload};
use shadowsocks::relay::udprelay::options::UdpSocketControlData;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// A server and its account.
#[derive(Clone)]
pub(in crate::lab) struct Shadowsocks {
    at: SocketAddr,
    method: CipherKind,
    key: Arc<[u8]>,
    /// What a client needs.
    account: Arc<ServerConfig>,
    context: SharedContext,
}

impl Shadowsocks {
    /// A server at `at` for a method and a password (2022: the key in base64).
    pub(in crate::lab) fn new(at: SocketAddr, method: &str, password: &str) -> Result<Self, BadWorld> {
        let kind: CipherKind = method.parse().map_err(|_| BadWorld::Shadowsocks(format!("no method \"{method}\"")))?;
        let account = ServerConfig::new(at, password, kind).map_err(|why| BadWorld::Shadowsocks(why.to_string()))?;
        let key = account.key().into();
        Ok(Self { at, method: kind, key, account: account.into(), context: Context::new_shared(ServerType::Server) })
    }

    /// Where it listens.
    pub(in crate::lab) const fn at(&self) -> SocketAddr {
        self.at
    }

    /// The account as a SIP002 link.
    pub(in crate::lab) fn link(&self) -> String {
        self.account.to_url()
    }

    /// Serves one client connection. Nothing is answered to one that does not know the key.
    pub(in crate::lab) async fn stream(self, land: Arc<Land>, wire: Wire) {
        let mut client = ProxyServerStream::from_stream(self.context.clone(), wire, self.method, &self.key);
        let outcome = async {
            let to = destination(client.handshake().await?)?;
            let origin = open(&land, self.at.ip(), &to).await?;
            carry(&mut client, origin).await
        };
        if outcome.await.is_err() {
            // As a real server: what breaks behind it breaks before it.
            client.get_mut().abort_on_drop();
        }
    }

    /// Serves datagrams until the task is dropped, with one socket towards the world for each client.
    pub(in crate::lab) async fn packets(self, land: Arc<Land>, socket: impl Datagrams + 'static) {
        let socket: Arc<dyn Datagrams> = Arc::new(socket);
        // In the 2022 edition a session is a client of its own, though an earlier one had the same port.
        let mut clients: BTreeMap<(SocketAddr, Option<u64>), Arc<dyn Datagrams>> = BTreeMap::new();
        let mut answers = tokio::task::JoinSet::new();
        let mut buf = vec![0; 65_536];
        while let Ok((size, client)) = socket.recv_from(&mut buf).await {
            let opened = decrypt_client_payload(&self.context, self.method, &self.key, &mut buf[..size], None);
            let Ok((size, to, control)) = opened else { continue };
            let Ok(to) = destination(to) else { continue };
            let Ok(at) = find(&land, self.at.ip(), &to).await else { continue };
            let session = control.map(|control| control.client_session_id);
            let outer = match clients.get(&(client, session)) {
                Some(outer) => outer.clone(),
                None => {
                    let Ok(bound) = land.bind(SocketAddr::new(self.at.ip(), 0)) else { continue };
                    let outer: Arc<dyn Datagrams> = Arc::new(bound);
                    clients.insert((client, session), outer.clone());
                    answers.spawn(self.clone().answers(outer.clone(), socket.clone(), client, session));
                    outer
                }
            };
            if outer.send_to(&buf[..size], at).await.is_err() {
                return;
            }
        }
    }

    async fn answers(self, outer: Arc<dyn Datagrams>, inner: Arc<dyn Datagrams>, to: SocketAddr, session: Option<u64>) {
        let mut control = UdpSocketControlData::default();
        control.client_session_id = session.unwrap_or_default();
        control.server_session_id = u64::from(to.port()) + 1;
        let mut buf = vec![0; 65_536];
        while let Ok((size, from)) = outer.recv_from(&mut buf).await {
            control.packet_id += 1;
            let mut sealed = BytesMut::new();
            let from = Address::SocketAddress(from);
            encrypt_server_payload(&self.context, self.method, &self.key, &from, &control, &buf[..size], &mut sealed);
            if inner.send_to(&sealed, to).await.is_err() {
                return;
            }
        }
    }
}

fn destination(address: Address) -> io::Result<Destination> {
    match address {
        Address::SocketAddress(at) => Ok(at.into()),
        Address::DomainNameAddress(name, port) => {
            Host::parse(&name).map(|host| Destination::new(host, port)).map_err(|_| io::ErrorKind::InvalidInput.into())
        }
    }
}
