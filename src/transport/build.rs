//! From settings to ways: each on its own, any over any. A way that cannot be built is told with its reason and
//! stops no other.

use super::direct::{Direct, Lookup};
use super::external::{Children, External, ExternalProgram, Plugin, plugged};
use super::http::{HttpProxy, TlsSpec};
use super::interface::{Interface, InterfaceDevice};
use super::reach::{Reach, Under};
use super::shadowsocks::{Account, PacketStreams, Streams};
use super::socks5::{Socks5Packets, Socks5Streams};
use super::split::Split;
use super::tagged::Tagged;
use super::tunnels::{FrontedServer, TrojanServer, VlessServer};
use super::wireguard::{Base, WireGuard, WireGuardServer};
use super::{Life, PacketDialer, StreamDialer, Transport, Trouble};
use super::{trojan, vless};
use crate::model::{Destination, Keyed, Secret, TransportId};
use crate::net::tls::TlsError;
use crate::net::{Network, Resolver};
use crate::wire::pluggable::BadArguments;
use crate::wire::split::Recipe;
use std::sync::Arc;

/// The settings of one way out.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name.
    pub id: TransportId,
    /// The way by which its server is reached; straight when `None`.
    pub via: Option<TransportId>,
    /// What it is.
    pub kind: Kind,
}

/// The kinds of ways.
#[derive(Clone, Debug)]
pub enum Kind {
    /// The person's own line.
    Direct,
    /// The person's own line, the first write cut.
    Split {
        /// How it is cut.
        recipe: Recipe,
    },
    /// A Shadowsocks server.
    Shadowsocks(ShadowsocksServer),
    /// A SOCKS5 proxy.
    Socks5(Socks5Server),
    /// An HTTP proxy that knows CONNECT.
    Http(HttpServer),
    /// A VLESS server.
    Vless(VlessServer),
    /// A Trojan server.
    Trojan(TrojanServer),
    /// A VLESS server behind a CDN.
    Fronted(FrontedServer),
    /// A WireGuard or AmneziaWG peer.
    WireGuard(Box<WireGuardServer>),
    /// A device that another program made.
    Interface(InterfaceDevice),
    /// A program that byway runs.
    External(Box<ExternalProgram>),
}

/// A Shadowsocks server.
#[derive(Clone, Debug)]
pub struct ShadowsocksServer {
    /// Where it is.
    pub server: Destination,
    /// The cipher's name.
    pub method: String,
    /// The password, or the key in base64 for the 2022 ciphers (with identity keys before it, by colons).
    pub password: Secret<String>,
    /// What the first bytes of a stream shall be (Outline's `prefix`): taken from the salt, so a short one.
    pub prefix: Vec<u8>,
    /// The program that carries its streams (SIP003), where it has one.
    pub plugin: Option<Plugin>,
}

/// A SOCKS5 proxy.
#[derive(Clone, Debug)]
pub struct Socks5Server {
    /// Where it is.
    pub server: Destination,
    /// How to log in, where it asks.
    pub login: Option<Login>,
}

/// An HTTP proxy.
#[derive(Clone, Debug)]
pub struct HttpServer {
    /// Where it is.
    pub server: Destination,
    /// Talk to it over TLS.
    pub tls: Option<TlsSpec>,
    /// How to log in, where it asks (Basic, RFC 7617).
    pub login: Option<Login>,
}

/// A user and a password.
#[derive(Clone, Debug)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret<String>,
}

/// Why a way could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// `via` names no way.
    #[error("via \"{0}\": there is no such transport")]
    UnknownVia(TransportId),
    /// `via` leads in a circle.
    #[error("via \"{0}\" leads in a circle")]
    Circle(TransportId),
    /// `via` names a way that could not be built itself.
    #[error("via \"{0}\": that transport could not be built")]
    BrokenVia(TransportId),
    /// Two ways of one name.
    #[error("there are two transports of this name")]
    Doubled,
    /// An unknown or refused cipher.
    #[error("method \"{method}\" is not supported, or not safe; expected one of {known}")]
    Method {
        /// As it was given.
        method: String,
        /// What may be given.
        known: String,
    },
    /// An empty password.
    #[error("the password is empty")]
    NoPassword,
    /// A 2022 key that is none.
    #[error("the key does not fit {method}; expected {bytes} bytes in base64")]
    Key {
        /// The cipher.
        method: String,
        /// The length of its key.
        bytes: usize,
    },
    /// A prefix that would leave too little of the salt to chance.
    #[error("the prefix is {length} bytes long; with this method it may be at most {longest}")]
    Prefix {
        /// Its length.
        length: usize,
        /// The most it may have.
        longest: usize,
    },
    /// A user or password that the protocol cannot carry.
    #[error("user and password must be 1 to 255 bytes each")]
    Login,
    /// A user that Basic credentials cannot carry (RFC 7617 §2).
    #[error("the user must not hold a colon")]
    ColonInUser,
    /// A tunnel of packets over a way that carries none.
    #[error("via \"{0}\": that transport carries no packets, and this tunnel is made of them")]
    NoPackets(TransportId),
    /// A device goes through nothing of ours.
    #[error("via \"{0}\": a device of the machine's goes through no other transport")]
    ViaUnderDevice(TransportId),
    /// A program dials by itself.
    #[error("via \"{0}\": the program dials by itself, and goes through no other transport")]
    ViaUnderProgram(TransportId),
    /// No program.
    #[error("the command names no program")]
    NoProgram,
    /// A pluggable transport's arguments.
    #[error(transparent)]
    Arguments(#[from] BadArguments),
    /// No address inside the tunnel.
    #[error("the tunnel has no address of its own")]
    NoAddress,
    /// TLS settings that do not work.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Builds every way of `specs`, in their order. The programs that ways run are theirs alone.
pub fn build(
    specs: &[Spec],
    network: &Arc<dyn Network>,
    resolver: &Arc<Resolver>,
) -> Vec<(TransportId, Result<Transport, BuildError>)> {
    rebuild(specs, network, resolver, &Keyed::default(), &Children::default())
}

/// The same; a way that is among `kept` goes on as it is, and a program of `children` that is as it was serves its new way.
pub fn rebuild(
    specs: &[Spec],
    network: &Arc<dyn Network>,
    resolver: &Arc<Resolver>,
    kept: &Keyed<TransportId, Transport>,
    children: &Children,
) -> Vec<(TransportId, Result<Transport, BuildError>)> {
    let mut by_id: Keyed<&TransportId, &Spec> = Keyed::default();
    for spec in specs {
        by_id.entry(&spec.id).or_insert(spec);
    }
    let yard = Yard { by_id, network, resolver, kept, children };
    let build_one = |(index, spec): (usize, &Spec)| {
        let doubled = specs.iter().take(index).any(|earlier| earlier.id == spec.id);
        let outcome = if doubled { Err(BuildError::Doubled) } else { yard.build(spec, &mut Vec::new()) };
        (spec.id.clone(), outcome)
    };
    specs.iter().enumerate().map(build_one).collect()
}

struct Yard<'a> {
    by_id: Keyed<&'a TransportId, &'a Spec>,
    network: &'a Arc<dyn Network>,
    resolver: &'a Arc<Resolver>,
    children: &'a Children,
    kept: &'a Keyed<TransportId, Transport>,
}

/// What a way stands on.
struct Ground {
    streams: Arc<dyn StreamDialer>,
    packets: Option<Arc<dyn PacketDialer>>,
    bare: bool,
    life: Option<Arc<dyn Life>>,
}

impl Ground {
    /// Streams and packets by VLESS: packets travel in streams, so the way below needs none.
    fn vless(account: vless::Account) -> Self {
        let account = Arc::new(account);
        let packets = Some(Arc::new(vless::PacketStreams(account.clone())) as _);
        Self { streams: Arc::new(vless::Streams(account)), packets, bare: false, life: None }
    }
}

impl Yard<'_> {
    /// Builds one way and those below it; `above` are the ways that stand on it.
    fn build(&self, spec: &Spec, above: &mut Vec<TransportId>) -> Result<Transport, BuildError> {
        if let Some(way) = self.kept.get(&spec.id) {
            return Ok(way.clone());
        }
        above.push(spec.id.clone());
        let ground = match &spec.via {
            None => self.straight(spec),
            Some(via) if above.contains(via) => return Err(BuildError::Circle(via.clone())),
            Some(via) => {
                let below = self.by_id.get(via).ok_or_else(|| BuildError::UnknownVia(via.clone()))?;
                let below = self.build(below, above).map_err(|error| match error {
                    BuildError::Circle(_) => BuildError::Circle(via.clone()),
                    _ => BuildError::BrokenVia(via.clone()),
                })?;
                Ground { streams: below.streams, packets: below.packets, bare: below.bare, life: None }
            }
        };
        above.pop();
        let trouble = Arc::<Trouble>::default();
        let (kind, built) = self.stand(spec, ground, &trouble)?;
        let streams: Arc<dyn StreamDialer> = Arc::new(Tagged::new(spec.id.clone(), built.streams, trouble.clone()));
        let tag = |packets| Arc::new(Tagged::new(spec.id.clone(), packets, trouble.clone())) as Arc<dyn PacketDialer>;
        let packets = built.packets.map(tag);
        let (bare, life) = (built.bare, built.life);
        Ok(Transport { id: spec.id.clone(), kind, bare, streams, packets, trouble, life })
    }

    fn straight(&self, spec: &Spec) -> Ground {
        let lookup = match spec.kind {
            Kind::Direct | Kind::Split { .. } => Lookup::Destination,
            _ => Lookup::Server,
        };
        let direct = self.direct(lookup);
        Ground { streams: direct.clone(), packets: Some(direct), bare: true, life: None }
    }

    fn direct(&self, lookup: Lookup) -> Arc<Direct> {
        Arc::new(Direct::new(self.network.clone(), self.resolver.clone(), lookup))
    }

    fn under(&self, ground: Ground) -> Under {
        Under { streams: ground.streams, resolver: Arc::clone(self.resolver) }
    }

    fn stand(&self, spec: &Spec, ground: Ground, trouble: &Arc<Trouble>) -> Result<(&'static str, Ground), BuildError> {
        Ok(match &spec.kind {
            Kind::Direct => ("direct", ground),
            Kind::Split { recipe } => {
                // Packets have no first write to cut, so this way would be `direct` for them.
                let streams = Arc::new(Split::new(ground.streams, recipe.clone()));
                ("split", Ground { streams, packets: None, bare: ground.bare, life: None })
            }
            Kind::Shadowsocks(settings) => {
                let account = Arc::new(Account::new(settings)?);
                let ground = match &settings.plugin {
                    Some(plugin) => self.plugged(spec, settings, plugin)?,
                    None => ground,
                };
                let life = ground.life.clone();
                let streams = Arc::new(Streams { account: account.clone(), inner: ground.streams });
                let packets = ground.packets.map(|inner| Arc::new(PacketStreams { account, inner }) as _);
                ("shadowsocks", Ground { streams, packets, bare: false, life })
            }
            Kind::Socks5(settings) => {
                let streams = Socks5Streams::new(settings, ground.streams)?;
                let packets =
                    ground.packets.map(|inner| Arc::new(Socks5Packets::new(&streams, inner, ground.bare)) as _);
                ("socks5", Ground { streams: Arc::new(streams), packets, bare: false, life: None })
            }
            Kind::Http(settings) => {
                let streams = Arc::new(HttpProxy::new(settings, ground.streams)?);
                ("http", Ground { streams, packets: None, bare: false, life: None })
            }
            Kind::Vless(settings) => {
                let (server, websocket) = (&settings.server, settings.websocket.as_ref());
                let reach = Reach::straight(server, &settings.tls, websocket, self.under(ground))?;
                ("vless", Ground::vless(vless::Account::new(reach, settings.user.clone(), trouble.clone())))
            }
            Kind::Trojan(settings) => {
                let account = Arc::new(trojan::Account::new(settings, self.under(ground), trouble.clone())?);
                let packets = Some(Arc::new(trojan::PacketStreams(account.clone())) as _);
                ("trojan", Ground { streams: Arc::new(trojan::Streams(account)), packets, bare: false, life: None })
            }
            Kind::Fronted(settings) => {
                let reach = Reach::fronted(settings, self.under(ground))?;
                ("fronted", Ground::vless(vless::Account::new(reach, settings.user.clone(), trouble.clone())))
            }
            Kind::Interface(settings) => {
                if let Some(via) = &spec.via {
                    return Err(BuildError::ViaUnderDevice(via.clone()));
                }
                let device = Arc::new(Interface::new(settings, self.resolver)?);
                let life: Arc<dyn Life> = device.clone();
                let packets: Arc<dyn PacketDialer> = device.clone();
                ("interface", Ground { streams: device, packets: Some(packets), bare: false, life: Some(life) })
            }
            Kind::External(settings) => ("external", self.external(spec, settings)?),
            Kind::WireGuard(settings) => ("wireguard", self.wireguard(settings, spec.via.as_ref(), ground)?),
        })
    }

    fn external(&self, spec: &Spec, settings: &ExternalProgram) -> Result<Ground, BuildError> {
        if let Some(via) = &spec.via {
            return Err(BuildError::ViaUnderProgram(via.clone()));
        }
        let External { streams, packets, life } =
            External::new(settings, &spec.id, self.children, self.direct(Lookup::Server))?;
        Ok(Ground { streams, packets, bare: false, life: Some(life) })
    }

    /// What a Shadowsocks server behind a plugin stands on: streams alone, for a plugin carries no packets (SIP003).
    fn plugged(&self, spec: &Spec, settings: &ShadowsocksServer, plugin: &Plugin) -> Result<Ground, BuildError> {
        if let Some(via) = &spec.via {
            return Err(BuildError::ViaUnderProgram(via.clone()));
        }
        let (streams, life) = plugged(plugin, &settings.server, &spec.id, self.children, self.direct(Lookup::Server));
        Ok(Ground { streams, packets: None, bare: false, life: Some(life) })
    }

    fn wireguard(
        &self,
        settings: &WireGuardServer,
        via: Option<&TransportId>,
        ground: Ground,
    ) -> Result<Ground, BuildError> {
        let base = match via {
            None => Base::Straight { network: self.network.clone(), resolver: self.resolver.clone() },
            Some(via) => Base::Over(ground.packets.ok_or_else(|| BuildError::NoPackets(via.clone()))?),
        };
        if settings.addresses.is_empty() {
            return Err(BuildError::NoAddress);
        }
        let tunnel = Arc::new(WireGuard::new(settings, base, self.resolver)?);
        Ok(Ground { streams: tunnel.clone(), life: Some(tunnel.life()), packets: Some(tunnel), bare: false })
    }
}

#[cfg(test)]
mod tests;
