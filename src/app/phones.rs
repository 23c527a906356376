//! What phones and other devices of the house need of a running byway: the door for WhatsApp's own proxy setting with
//! its certificate, the script for Wi-Fi settings, and the path that it is asked for by.

use super::Byway;
use crate::control::Unshown;
use crate::inbound::Script;
use crate::inbound::relay::Certificate;
use crate::inbound::whatsapp::{Port, Settings, WhatsApp};
use crate::model::{Destination, Host, Secret, ServiceId};
use crate::net::Listener;
use crate::net::tls::TlsError;
use crate::platform;
use crate::policy::{Matcher, pac};
use futures_util::FutureExt;
use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Weak};
use tokio_util::sync::CancellationToken;
use tracing::warn;

impl Byway {
    /// Receives phones at one port until `stop`.
    pub(super) async fn receive_phones(
        self: Arc<Self>,
        listener: Listener,
        port: Port,
        door: WhatsApp,
        stop: CancellationToken,
    ) {
        let next = async || {
            let (room, pass) = (door.enter().await, self.gate.enter().await);
            let (stream, peer) = listener.accept().await;
            (stream, peer, (room, pass.used()))
        };
        // All waits are cancel-safe.
        while let Some((stream, peer, (room, pass))) = stop.run_until_cancelled(next()).await {
            let (door, byway, sessions) = (door.clone(), Arc::clone(&self), Arc::clone(&self.sessions));
            self.tasks().spawn_until_stop("phone visit", async move {
                let mut served = door.serve(port, stream, peer, move |request| sessions.run(request).boxed()).await;
                let rest = served.as_mut().ok().and_then(|(_, rest)| rest.take());
                pass.ended(&served.map(|(served, _)| served));
                byway.leave(rest, (room, pass));
            });
        }
    }
}

/// The door for WhatsApp's own setting, under the certificate of yesterday where there is one.
pub(super) fn whatsapp(settings: &Settings, matcher: &Arc<Matcher>) -> Result<WhatsApp, TlsError> {
    let matcher = Arc::clone(matcher);
    let knows = move |name: &str| {
        let Ok(host) = Host::parse(name) else { return false };
        matcher.classify(&Destination::new(host, 443)).0 == ServiceId::from("whatsapp")
    };
    let kept =
        fs::read(&settings.certificate).ok().map(|pem| Certificate { key: Secret::new(pem.clone()), chain: pem });
    if let Some(door) = kept.and_then(|kept| WhatsApp::new(settings, &kept, Arc::new(knows.clone())).ok()) {
        return Ok(door);
    }
    let made = certificate().map_err(|_| TlsError::NoKey)?;
    keep(&settings.certificate, &[&made.chain[..], made.key.expose()].concat(), "the certificate for phones");
    WhatsApp::new(settings, &made, Arc::new(knows))
}

/// A certificate signed by itself. Apps take any; it names nothing, and its dates tell nothing of this machine.
fn certificate() -> Result<Certificate, rcgen::Error> {
    let mut params = CertificateParams::new([String::from("localhost")])?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2049, 12, 31));
    let key = KeyPair::generate()?;
    let chain = params.self_signed(&key)?.pem().into_bytes();
    Ok(Certificate { chain, key: Secret::new(key.serialize_pem().into_bytes()) })
}

/// What the operator is told, and nobody else.
pub(super) fn unshown(secret: &Secret<String>) -> Unshown {
    Unshown(secret.expose().clone())
}

/// Keeps something for tomorrow. Where that cannot be, today's holds as long as the process.
fn keep(path: &Path, bytes: &[u8], what: &str) {
    let folder = path.parent().unwrap_or(path);
    let kept = platform::private_dir(folder).and_then(|()| platform::write_private(path, bytes));
    if let Err(error) = kept {
        warn!(%error, "{what} will be another one after a restart");
    }
}

/// The path of the script: random, made at the first start and kept, so that settings that name it hold tomorrow.
pub(super) fn script_path(state: &Path) -> Option<Secret<String>> {
    let file = state.join("pac.path");
    let fits = |path: &String| {
        let token = path.strip_prefix('/').and_then(|rest| rest.strip_suffix("/proxy.pac"));
        token.is_some_and(|token| token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    if let Some(path) = fs::read_to_string(&file).ok().filter(fits) {
        return Some(Secret::new(path));
    }
    let mut token = [0; 16];
    aws_lc_rs::rand::fill(&mut token).ok()?;
    let token: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = format!("/{token}/proxy.pac");
    keep(&file, path.as_bytes(), "the path of the proxy script");
    Some(Secret::new(path))
}

/// The script of the configuration in force when it is asked for.
pub(super) fn script(byway: &Arc<Byway>, path: Secret<String>) -> Script {
    let byway: Weak<Byway> = Arc::downgrade(byway);
    let text = move |at: SocketAddr| byway.upgrade().map(|byway| script_text(&byway, at)).unwrap_or_default();
    Script::new(path, Arc::new(text))
}

fn script_text(byway: &Byway, at: SocketAddr) -> String {
    let generation = byway.generation.load();
    let settings = &generation.settings;
    let services: Vec<_> = settings.services.iter().map(|spec| (&spec.service, &spec.rules[..])).collect();
    // Every door asks the same login, or none does.
    let login = settings.listens.iter().any(|listen| listen.login.is_some());
    pac::Script { services: &services, at, login }.text()
}
