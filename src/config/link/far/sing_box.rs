//! sing-box's configuration (sing-box.sagernet.org/configuration): a SOCKS door on loopback with a login of each start's
//! own, and the server.

use super::{Carriage, Far, FarTls, Speaks, put};
use crate::model::Host;
use serde_json::{Value, json};

pub(super) fn configuration(far: &Far) -> Option<Value> {
    let mut outbound = match &far.speaks {
        Speaks::Vless { user, flow } => {
            let mut vless = json!({ "type": "vless", "uuid": user, "packet_encoding": "xudp" });
            put(&mut vless, "flow", flow.clone());
            vless
        }
        Speaks::Trojan { password } => json!({ "type": "trojan", "password": password }),
        Speaks::Vmess { user, security, alter_id } => {
            // Without it all packets of an association go where its first one went.
            json!({
                "type": "vmess", "uuid": user, "security": security, "alter_id": alter_id, "packet_encoding": "xudp",
            })
        }
        Speaks::Hysteria2 { password, obfuscation, ports } => {
            let mut hysteria = json!({ "type": "hysteria2", "password": password });
            let obfuscation = obfuscation.as_ref().map(|key| json!({ "type": "salamander", "password": key }));
            put(&mut hysteria, "obfs", obfuscation);
            put(&mut hysteria, "server_ports", (!ports.is_empty()).then(|| ports.clone()));
            hysteria
        }
        Speaks::Tuic { user, password, congestion, relay } => json!({
            "type": "tuic", "uuid": user, "password": password,
            "congestion_control": congestion, "udp_relay_mode": relay,
        }),
        Speaks::AnyTls { password } => json!({ "type": "anytls", "password": password }),
    };
    let host = match &far.server.host {
        Host::Name(name) => name.to_string(),
        Host::Ip(ip) => ip.to_string(),
    };
    put(&mut outbound, "server", Some(host));
    let hops = outbound.get("server_ports").is_some();
    put(&mut outbound, "server_port", (!hops).then_some(far.server.port));
    put(&mut outbound, "tls", far.tls.as_ref().map(tls));
    let carriage = match &far.carriage {
        Carriage::Plain => None,
        Carriage::WebSocket { host, path } => Some(web(json!({ "type": "ws" }), host.as_ref(), path, true)),
        Carriage::HttpUpgrade { host, path } => Some(web(json!({ "type": "httpupgrade" }), host.as_ref(), path, false)),
        Carriage::Grpc { service } => Some(json!({ "type": "grpc", "service_name": service })),
        // sing-box does not know it.
        Carriage::Xhttp { .. } => return None,
    };
    put(&mut outbound, "transport", carriage);
    Some(json!({
        "log": { "level": "warn", "timestamp": false },
        "dns": { "servers": [{ "type": "local", "tag": "local" }] },
        "inbounds": [{
            "type": "socks", "listen": "127.0.0.1", "listen_port": "{port}",
            "users": [{ "username": "{user}", "password": "{password}" }],
        }],
        "outbounds": [outbound],
        "route": { "default_domain_resolver": "local" },
    }))
}

fn tls(tls: &FarTls) -> Value {
    let mut object = json!({ "enabled": true });
    put(&mut object, "server_name", tls.name.clone());
    put(&mut object, "alpn", (!tls.alpn.is_empty()).then(|| tls.alpn.clone()));
    put(&mut object, "insecure", tls.insecure.then_some(true));
    let fingerprint = tls.fingerprint.as_ref().map(|name| json!({ "enabled": true, "fingerprint": name }));
    put(&mut object, "utls", fingerprint);
    let reality = tls
        .reality
        .as_ref()
        .map(|reality| json!({ "enabled": true, "public_key": reality.public_key, "short_id": reality.short_id }));
    put(&mut object, "reality", reality);
    object
}

fn web(mut object: Value, host: Option<&String>, path: &str, in_headers: bool) -> Value {
    put(&mut object, "path", Some(path));
    let host = host.map(String::as_str);
    if in_headers {
        put(&mut object, "headers", host.map(|host| json!({ "Host": host })));
    } else {
        put(&mut object, "host", host);
    }
    object
}
