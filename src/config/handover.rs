//! From what a configuration says to what a room below is built from, where the two are not one type.

use super::settings::{Resolver, Tls, TransportKind, TransportSpec};
use crate::model::{Host, Secret};
use crate::net::resolve;
use crate::net::tls::Trust;
use crate::transport::{
    FrontedServer, HttpServer, InterfaceDevice, Kind, Login, ServerTls, ShadowsocksServer, Socks5Server, Spec, TlsSpec,
    TrojanServer, VlessServer,
};
use std::sync::Arc;

impl From<&TransportSpec> for Spec {
    fn from(spec: &TransportSpec) -> Self {
        let kind = match &spec.kind {
            TransportKind::Direct => Kind::Direct,
            TransportKind::Split { recipe } => Kind::Split { recipe: recipe.clone() },
            TransportKind::Shadowsocks { server, method, password, prefix, plugin } => {
                Kind::Shadowsocks(ShadowsocksServer {
                    server: server.clone(),
                    plugin: plugin.clone(),
                    method: method.name().to_owned(),
                    password: password.clone(),
                    prefix: prefix.clone(),
                })
            }
            TransportKind::Socks5 { server, login } => {
                Kind::Socks5(Socks5Server { server: server.clone(), login: self::login(login.as_ref()) })
            }
            TransportKind::Http { server, tls, sni, login, roots } => {
                let trust = roots.clone().map_or(Trust::Platform, Trust::Only);
                let name = sni.as_deref().map(|name| Host::Name(name.into()));
                let tls = tls.then_some(TlsSpec { name, trust });
                Kind::Http(HttpServer { server: server.clone(), tls, login: self::login(login.as_ref()) })
            }
            TransportKind::Vless { server, user, tls, websocket } => Kind::Vless(VlessServer {
                server: server.clone(),
                user: user.clone(),
                tls: tls.into(),
                websocket: websocket.clone(),
            }),
            TransportKind::Trojan { server, password, tls, websocket } => Kind::Trojan(TrojanServer {
                server: server.clone(),
                password: password.clone(),
                tls: tls.into(),
                websocket: websocket.clone(),
            }),
            TransportKind::Fronted { connect, tls, host, path, carrier, user } => Kind::Fronted(FrontedServer {
                connect: connect.clone(),
                tls: tls.into(),
                host: host.clone(),
                path: path.clone(),
                carrier: *carrier,
                user: user.clone(),
            }),
            TransportKind::WireGuard { peer, ignored: _ } => Kind::WireGuard(peer.clone()),
            TransportKind::Interface { device, dns } => {
                Kind::Interface(InterfaceDevice { device: device.clone(), dns: dns.clone() })
            }
            TransportKind::External { program, input: _ } => Kind::External(program.clone()),
        };
        Self { id: spec.id.clone(), via: spec.via.clone(), kind }
    }
}

impl From<&Tls> for ServerTls {
    fn from(tls: &Tls) -> Self {
        let trust = match (tls.insecure, &tls.roots) {
            (true, _) => Trust::Any,
            (false, Some(roots)) => Trust::Only(Arc::clone(roots)),
            (false, None) => Trust::Platform,
        };
        Self { shown: tls.shown.clone(), checked: tls.checked.clone(), trust, ech: tls.ech.clone() }
    }
}

fn login(login: Option<&(String, Secret<String>)>) -> Option<Login> {
    login.map(|(user, password)| Login { user: user.clone(), password: password.clone() })
}

impl Resolver {
    /// The settings of the resolver, which still has to be told which names are listed and whom to tell of lies.
    pub fn settings(&self) -> resolve::Settings {
        resolve::Settings {
            servers: self.secure.clone(),
            system_alone: self.system_alone,
            allow_private: self.allow_private,
            ..resolve::Settings::system_only()
        }
    }
}
