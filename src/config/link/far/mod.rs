//! Links that byway does not carry itself and another program does: VLESS and Trojan with REALITY, XTLS Vision, gRPC or
//! HTTPUpgrade; VMess, Hysteria 2, TUIC, AnyTLS. What comes out is that program's configuration, with a SOCKS5 door that
//! byway fills in at each start. Only what is understood is passed on: nothing of a link is copied whole.

mod parse;
mod sing_box;
mod xray;

#[cfg(test)]
mod tests;

use super::BadLink;
use super::tunnel::Insecure;
use crate::model::{Destination, Secret};
use serde_json::Value;

/// A server that another program reaches.
pub(super) struct Far {
    server: Destination,
    speaks: Speaks,
    tls: Option<FarTls>,
    carriage: Carriage,
}

/// What is spoken with it.
enum Speaks {
    Vless { user: String, flow: Option<String> },
    Trojan { password: String },
    Vmess { user: String, security: String, alter_id: u16 },
    Hysteria2 { password: String, obfuscation: Option<String>, ports: Vec<String> },
    Tuic { user: String, password: String, congestion: String, relay: String },
    AnyTls { password: String },
}

/// TLS to it.
struct FarTls {
    name: Option<String>,
    alpn: Vec<String>,
    fingerprint: Option<String>,
    reality: Option<Reality>,
    insecure: bool,
}

/// The handshake of somebody else's web server.
struct Reality {
    public_key: String,
    short_id: String,
}

/// What its stream is inside.
enum Carriage {
    Plain,
    WebSocket { host: Option<String>, path: String },
    HttpUpgrade { host: Option<String>, path: String },
    Grpc { service: String },
    Xhttp { host: Option<String>, path: String, mode: String },
}

/// A program that reaches such servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Runner {
    SingBox,
    Xray,
}

impl Runner {
    /// Those there are, the one that reaches more first.
    pub(in crate::config) const ALL: [Self; 2] = [Self::SingBox, Self::Xray];

    /// As it is called on PATH.
    pub(in crate::config) const fn program(self) -> &'static str {
        match self {
            Self::SingBox => "sing-box",
            Self::Xray => "xray",
        }
    }

    /// How it is told to read its configuration from its input, where no file with keys lies about half-written.
    pub(in crate::config) const fn arguments(self) -> [&'static str; 3] {
        match self {
            Self::SingBox => ["run", "-c", "stdin"],
            Self::Xray => ["run", "-c", "stdin:"],
        }
    }
}

/// The name and the server of a link that another program carries. `None` when it is none of these; an error when it is one
/// and cannot be used.
pub(in crate::config) fn read(text: &str, insecure: Insecure) -> Option<Result<(Option<String>, FarLink), BadLink>> {
    parse::read(text, insecure).map(|found| found.map(|(name, far)| (name, FarLink(far))))
}

/// A server that another program reaches.
pub(in crate::config) struct FarLink(Far);

impl FarLink {
    /// The configuration of `runner` that reaches it; `None` when that program cannot.
    pub(in crate::config) fn configuration(&self, runner: Runner) -> Option<Secret<String>> {
        let document = match runner {
            Runner::SingBox => sing_box::configuration(&self.0),
            Runner::Xray => xray::configuration(&self.0),
        }?;
        let text = serde_json::to_string_pretty(&document).ok()?;
        // A number, and byway knows it only when the program starts.
        Some(Secret::new(text.replace("\"{port}\"", "{port}")))
    }
}

/// Sets a key where there is a value.
fn put(object: &mut Value, key: &str, value: Option<impl Into<Value>>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(key.to_owned(), value.into());
    }
}
