//! From what the configuration says to what each room wants to know. Values only.

use crate::config::{self, Detect, TransportKind, TransportSpec};
use crate::health::{self, Params};
use crate::model::{Host, Secret, TransportId};
use crate::net::resolve::SecureServer;
use crate::net::tls::Trust;
use crate::transport::{self, Kind, Login, TlsSpec};
use crate::wire::split::Recipe;
use crate::{probe, session};
use std::net::SocketAddr;
use std::sync::Arc;

/// The numbers of belief.
pub(super) fn params(detect: &Detect, bare: Vec<TransportId>) -> Params {
    Params {
        mode: match detect.mode {
            config::Mode::Off => health::Mode::Off,
            config::Mode::Passive => health::Mode::Passive,
            config::Mode::Normal => health::Mode::Normal,
            config::Mode::Diagnose => health::Mode::Diagnose,
        },
        line: match detect.line {
            config::Line::Unmetered => health::Line::Unmetered,
            config::Line::Metered => health::Line::Metered,
        },
        bare,
        connect_timeout: detect.connect_timeout,
        first_byte_timeout: detect.first_byte_timeout,
        stall_timeout: detect.stall_timeout,
        dns_timeout: detect.dns_timeout,
        dns_late_window: detect.dns_late_window,
        race_first_byte: detect.race_first_byte,
        race_connect: detect.race_connect,
        endpoint_stagger: detect.endpoint_stagger,
        max_inflight_per_sni: detect.max_inflight_per_sni,
        score_half_life: detect.score_half_life,
        switch_at: detect.switch_at,
        block_at: detect.block_at,
        anchor_min_ok: detect.anchor_min_ok.0,
        anchor_max_loss: detect.anchor_max_loss.0,
        anchor_every: detect.anchor_every,
        taint: health::TaintTimes {
            sni_rst: detect.taint.sni_rst,
            sni_drop: detect.taint.sni_drop,
            quic: detect.taint.quic,
            burst: detect.taint.burst,
            unknown: detect.taint.unknown,
        },
        block: health::BlockGate {
            endpoints: detect.block.endpoints,
            tries: detect.block.tries,
            span: detect.block.span,
        },
        suspect: health::Suspect { at: detect.suspect.at.clone(), recheck: detect.suspect.recheck },
        hold: health::Hold {
            start: detect.hold.start,
            factor: detect.hold.factor,
            cap: detect.hold.cap,
            jitter: detect.hold.jitter.0,
            relapse_start: detect.hold.relapse_start,
            relapse_cap: detect.hold.relapse_cap,
        },
        recover: recover(&detect.recover),
        idle: idle(&detect.idle),
        budget: health::Budget {
            per_service: detect.budget.per_service.0,
            total: detect.budget.total.0,
            metered: detect.budget.metered.0,
            daily: detect.budget.daily.0,
            body_checks_per_day: detect.budget.body_checks_per_day,
        },
        state: health::Keep { ttl: detect.state.ttl, persist: detect.state.persist },
    }
}

fn recover(recover: &config::Recover) -> health::Recover {
    health::Recover {
        successes: recover.successes,
        min_gap: recover.min_gap,
        min_span: recover.min_span,
        body_bytes: recover.body_bytes,
        canary: recover.canary.iter().map(|share| share.0).collect(),
        canary_step: recover.canary_step,
    }
}

const fn idle(idle: &config::Idle) -> health::Idle {
    health::Idle {
        every: idle.every,
        tls_every: idle.tls_every,
        jitter: idle.jitter.0,
        only_used_within: idle.only_used_within,
        quiet_after: idle.quiet_after,
        unused_every: idle.unused_every,
        active_every: idle.active_every,
        standby_every: idle.standby_every,
    }
}

/// The patience of connections.
pub(super) fn session(detect: &Detect) -> session::Settings {
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
pub(super) fn probe(detect: &Detect) -> probe::Settings {
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
