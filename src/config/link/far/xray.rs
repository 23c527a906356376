//! Xray's configuration (xtls.github.io/config): the same, for what Xray reaches.

use super::{Carriage, Far, Speaks, put};
use crate::model::Host;
use serde_json::{Value, json};

pub(super) fn configuration(far: &Far) -> Option<Value> {
    let address = match &far.server.host {
        Host::Name(name) => name.to_string(),
        Host::Ip(ip) => ip.to_string(),
    };
    let port = far.server.port;
    let (protocol, settings) = match &far.speaks {
        Speaks::Vless { user, flow } => {
            let mut user = json!({ "id": user, "encryption": "none" });
            put(&mut user, "flow", flow.clone());
            ("vless", json!({ "vnext": [{ "address": address, "port": port, "users": [user] }] }))
        }
        Speaks::Vmess { user, security, alter_id } => {
            let user = json!({ "id": user, "security": security, "alterId": alter_id });
            ("vmess", json!({ "vnext": [{ "address": address, "port": port, "users": [user] }] }))
        }
        Speaks::Trojan { password } => {
            ("trojan", json!({ "servers": [{ "address": address, "port": port, "password": password }] }))
        }
        Speaks::Hysteria2 { .. } | Speaks::Tuic { .. } | Speaks::AnyTls { .. } => return None,
    };
    Some(json!({
        "log": { "loglevel": "warning" },
        "inbounds": [{
            "listen": "127.0.0.1", "port": "{port}", "protocol": "socks",
            "settings": { "auth": "password", "udp": true, "accounts": [{ "user": "{user}", "pass": "{password}" }] },
        }],
        "outbounds": [{ "protocol": protocol, "settings": settings, "streamSettings": stream(far) }],
    }))
}

fn stream(far: &Far) -> Value {
    let web = |host: Option<&String>, path: &str| {
        let mut object = json!({ "path": path });
        put(&mut object, "host", host.cloned());
        object
    };
    let mut stream = match &far.carriage {
        Carriage::Plain => json!({ "network": "tcp" }),
        Carriage::WebSocket { host, path } => json!({ "network": "ws", "wsSettings": web(host.as_ref(), path) }),
        Carriage::HttpUpgrade { host, path } => {
            json!({ "network": "httpupgrade", "httpupgradeSettings": web(host.as_ref(), path) })
        }
        Carriage::Grpc { service } => json!({ "network": "grpc", "grpcSettings": { "serviceName": service } }),
        Carriage::Xhttp { host, path, mode } => {
            let mut settings = web(host.as_ref(), path);
            put(&mut settings, "mode", Some(mode.clone()));
            json!({ "network": "xhttp", "xhttpSettings": settings })
        }
    };
    let Some(tls) = &far.tls else { return stream };
    let mut settings = json!({});
    put(&mut settings, "serverName", tls.name.clone());
    put(&mut settings, "fingerprint", tls.fingerprint.clone());
    if let Some(reality) = &tls.reality {
        put(&mut settings, "publicKey", Some(reality.public_key.clone()));
        put(&mut settings, "shortId", Some(reality.short_id.clone()));
        put(&mut stream, "security", Some("reality"));
        put(&mut stream, "realitySettings", Some(settings));
    } else {
        put(&mut settings, "alpn", (!tls.alpn.is_empty()).then(|| tls.alpn.clone()));
        put(&mut settings, "allowInsecure", tls.insecure.then_some(true));
        put(&mut stream, "security", Some("tls"));
        put(&mut stream, "tlsSettings", Some(settings));
    }
    stream
}
