//! From what the configuration says to what each room wants to know. Values only.

use crate::config::{self, TransportKind, TransportSpec};
use crate::health::Params;
use crate::model::{Host, Secret};
use crate::net::resolve::SecureServer;
use crate::net::tls::Trust;
use crate::transport::{self, Kind, Login, TlsSpec};
use crate::wire::split::Recipe;
use crate::{probe, session};
use std::net::SocketAddr;
use std::sync::Arc;

/// The patience of connections.
pub(super) fn session(detect: &Params) -> session::Settings {
    let usual = session::Settings::default();
    session::Settings {
        race_connect_min: usual.race_connect_min.min(detect.race_connect),
        race_connect_max: detect.race_connect,
        race_first_byte_min: usual.race_first_byte_min.min(detect.race_first_byte),
        race_first_byte_max: detect.race_first_byte,
        connect_timeout: detect.connect_timeout,
        first_byte_timeout: detect.first_byte_timeout,
        stall_timeout: detect.stall_timeout,
        ..usual
    }
}

/// The patience of probes.
pub(super) fn probe(detect: &Params) -> probe::Settings {
    probe::Settings {
        connect_timeout: detect.connect_timeout,
        dns_timeout: detect.dns_timeout,
        first_byte_timeout: detect.first_byte_timeout,
        stall_timeout: detect.stall_timeout,
        ..probe::Settings::default()
    }
}

/// A secure resolver.
pub(super) fn secure_server(server: &config::SecureResolver, trust: Trust) -> SecureServer {
    SecureServer {
        address: SocketAddr::new(server.ip, server.port),
        name: Host::parse(&server.name).unwrap_or(Host::Ip(server.ip)),
        shown: None,
        path: server.path.clone(),
        trust,
    }
}

/// A way out. `None` for a recipe that `config` has let pass and `wire` does not know, which a test rules out.
pub(super) fn way(spec: &TransportSpec) -> Option<transport::Spec> {
    let kind = match &spec.kind {
        TransportKind::Direct => Kind::Direct,
        TransportKind::Split { recipe } => Kind::Split { recipe: recipe.parse::<Recipe>().ok()? },
        TransportKind::Shadowsocks { server, method, password, prefix } => {
            Kind::Shadowsocks(transport::ShadowsocksServer {
                server: server.clone(),
                method: method.name().to_owned(),
                password: password.clone(),
                prefix: prefix.clone(),
            })
        }
        TransportKind::Socks5 { server, login } => {
            Kind::Socks5(transport::Socks5Server { server: server.clone(), login: login.as_ref().map(credentials) })
        }
        TransportKind::Http { server, tls, sni, login, roots } => Kind::Http(transport::HttpServer {
            server: server.clone(),
            tls: tls.then(|| TlsSpec {
                name: sni.as_deref().and_then(|name| Host::parse(name).ok()),
                trust: roots.as_ref().map_or(Trust::Platform, |roots| Trust::Only(Arc::clone(roots))),
            }),
            login: login.as_ref().map(credentials),
        }),
    };
    Some(transport::Spec { id: spec.id.clone(), via: spec.via.clone(), kind })
}

fn credentials((user, password): &(String, Secret<String>)) -> Login {
    Login { user: user.clone(), password: password.clone() }
}
