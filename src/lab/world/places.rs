//! Who lives where. Addresses of the messengers that are recognised by prefix are the real ones, for nothing
//! leaves the process; everything else has a documentation address (RFC 5737).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub(super) const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn at(ip: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(ip, port)
}

/// The IPv6 address of a server besides its IPv4 one, in its operator's own prefix; relays and resolvers have none.
pub(super) fn twin(ip: IpAddr) -> Option<IpAddr> {
    let IpAddr::V4(four) = ip else { return None };
    let [a, b, c, d] = four.octets();
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    let six = match [a, b] {
        [149, 154] | [95, 161] => Ipv6Addr::new(0x2001, 0x67c, 0x4e8, 0xf00f, 0, 0, high, low),
        [157, 240] | [31, 13] => Ipv6Addr::new(0x2a03, 0x2880, 0xf00f, 0, 0xface, 0xb00c, high, low),
        [76, 223] => Ipv6Addr::new(0x2600, 0x9000, 0xa507, 0xab6d, 0x575d, 0x9d9f, 0x64af, 0x7a5a),
        [15, 197] => Ipv6Addr::new(0x2600, 0x9000, 0xa61f, 0x527c, 0x8e4a, 0x4b48, 0xbbfd, 0xc9bb),
        _ => Ipv6Addr::new(0x2001, 0xdb8, 0xb, 0, 0, 0, high, low),
    };
    Some(IpAddr::V6(six))
}

/// Telegram's data centres 1 to 5, and one by IPv6.
pub(super) const TELEGRAM: [IpAddr; 8] = [
    v4(149, 154, 175, 50),
    v4(149, 154, 167, 51),
    v4(149, 154, 167, 41),
    v4(95, 161, 76, 100),
    v4(149, 154, 175, 100),
    v4(149, 154, 167, 91),
    v4(149, 154, 171, 5),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x67c, 0x4e8, 0xf002, 0, 0, 0, 0xa)),
];
pub(super) const TELEGRAM_PORTS: [u16; 3] = [443, 80, 5222];
pub(super) const TELEGRAM_WEB: IpAddr = v4(149, 154, 167, 99);
pub(super) const TELEGRAM_NAMES: [&str; 6] = [
    "web.telegram.org",
    "telegram.org",
    "t.me",
    "venus.web.telegram.org",
    "vesta.web.telegram.org",
    "core.telegram.org",
];

/// WhatsApp's chat servers and their names.
pub(super) const WHATSAPP: [(IpAddr, &[&str]); 3] = [
    (v4(157, 240, 253, 61), &["g.whatsapp.net", "g-fallback.whatsapp.net"]),
    (v4(157, 240, 22, 53), &["e1.whatsapp.net", "e2.whatsapp.net", "e3.whatsapp.net"]),
    (
        v4(31, 13, 64, 53),
        &["e4.whatsapp.net", "e5.whatsapp.net", "e6.whatsapp.net", "e7.whatsapp.net", "e8.whatsapp.net"],
    ),
];
pub(super) const WHATSAPP_PORTS: [u16; 3] = [443, 5222, 80];
pub(super) const WHATSAPP_WEB: IpAddr = v4(157, 240, 253, 60);
pub(super) const WHATSAPP_NAMES: [&str; 7] = [
    "web.whatsapp.com",
    "whatsapp.com",
    "www.whatsapp.com",
    "mmg.whatsapp.net",
    "static.whatsapp.net",
    "v.whatsapp.net",
    "graph.whatsapp.net",
];

/// Signal's servers, all behind its own roots.
pub(super) const SIGNAL: [(IpAddr, &[&str]); 4] = [
    (v4(76, 223, 66, 180), &["chat.signal.org", "grpc.chat.signal.org"]),
    (v4(15, 197, 251, 99), &["chat.signal.org", "storage.signal.org"]),
    (v4(203, 0, 113, 40), &["cdn.signal.org", "cdn2.signal.org", "cdn3.signal.org", "sfu.voip.signal.org"]),
    (v4(40, 122, 45, 194), &["cdsi.signal.org", "svr2.signal.org", "svrb.signal.org", "contentproxy.signal.org"]),
];
pub(super) const SIGNAL_CALLS: IpAddr = v4(203, 0, 113, 41);
pub(super) const SIGNAL_CALLS_NAMES: [&str; 2] = ["turn3.voip.signal.org", "turn.voip.signal.org"];

/// Discord, whose gateway speaks first.
pub(super) const DISCORD: IpAddr = v4(203, 0, 113, 50);
pub(super) const DISCORD_NAMES: [&str; 4] =
    ["discord.com", "gateway.discord.gg", "cdn.discordapp.com", "media.discordapp.net"];

/// The other messengers, as plain web servers.
pub(super) const OTHERS: [(IpAddr, &[&str]); 4] = [
    (
        v4(203, 0, 113, 51),
        &[
            "edge-mqtt.facebook.com",
            "b-graph.facebook.com",
            "www.facebook.com",
            "www.messenger.com",
            "graph.instagram.com",
            "i.instagram.com",
            "gateway.instagram.com",
            "www.instagram.com",
        ],
    ),
    (v4(203, 0, 113, 52), &["www.viber.com", "share.viber.com"]),
    (v4(203, 0, 113, 53), &["facetime.apple.com", "gateway.icloud.com"]),
    (
        v4(203, 0, 113, 54),
        &[
            "gcp.api.snapchat.com",
            "aws.api.snapchat.com",
            "web.snapchat.com",
            "api.x.com",
            "x.com",
            "pbs.twimg.com",
            "abs.twimg.com",
        ],
    ),
];

/// Apple's push servers.
pub(super) const PUSH: IpAddr = v4(203, 0, 113, 55);
pub(super) const PUSH_NAMES: [&str; 1] = ["1-courier.push.apple.com"];
pub(super) const PUSH_PORT: u16 = 5223;

/// Neutral places abroad, on three networks; the last has no name.
pub(super) const ANCHORS: [(IpAddr, &str); 4] = [
    (v4(198, 51, 100, 11), "anchor-one.example"),
    (v4(198, 51, 100, 140), "anchor-two.example"),
    (v4(203, 0, 113, 20), "anchor-three.example"),
    (v4(203, 0, 113, 36), ""),
];

/// Places inside the country.
pub(super) const DOMESTIC: [(IpAddr, &str); 3] = [
    (v4(192, 0, 2, 130), "post.domestic.example"),
    (v4(192, 0, 2, 131), "bank.domestic.example"),
    (v4(192, 0, 2, 132), "news.domestic.example"),
];

/// Where operating systems ask whether there is a portal.
pub(super) const CANARY: IpAddr = v4(198, 51, 100, 200);
pub(super) const CANARY_NAMES: [&str; 5] = [
    "connectivitycheck.gstatic.com",
    "captive.apple.com",
    "www.msftconnecttest.com",
    "detectportal.firefox.com",
    "canary.example",
];

/// STUN servers of no messenger.
pub(super) const STUN: [(SocketAddr, &str); 2] =
    [(at(v4(198, 51, 100, 210), 3478), "stun.example"), (at(v4(203, 0, 113, 37), 3478), "stun.other.example")];
/// Messenger's, on the edge that it shares with WhatsApp.
pub(super) const MESSENGER_CALLS: (SocketAddr, &str) = (at(v4(157, 240, 253, 63), 3478), "stun.fbsbx.com");
/// Where each messenger's calls are relayed; the relays speak STUN too.
pub(super) const WHATSAPP_RELAYS: [SocketAddr; 4] = [
    at(v4(157, 240, 253, 62), 3478),
    at(v4(157, 240, 253, 62), 3480),
    at(v4(31, 13, 64, 62), 3478),
    at(v4(31, 13, 64, 62), 3480),
];
pub(super) const TELEGRAM_RELAYS: [SocketAddr; 4] = [
    at(v4(91, 108, 8, 1), 597),
    at(v4(91, 108, 8, 1), 1400),
    at(v4(91, 108, 12, 1), 597),
    at(v4(91, 108, 12, 1), 1400),
];
pub(super) const SIGNAL_RELAYS: [SocketAddr; 1] = [at(SIGNAL_CALLS, 3478)];

/// A time server: UDP that is neither DNS nor STUN.
pub(super) const TIME: (SocketAddr, &str) = (at(v4(198, 51, 100, 123), 123), "time.example");

/// A resolver over HTTPS, asked by address.
pub(super) const RESOLVER: IpAddr = v4(198, 51, 100, 53);

/// Tunnel servers.
pub(super) const TOKYO: IpAddr = v4(203, 0, 113, 130);
pub(super) const OSLO: IpAddr = v4(203, 0, 113, 131);
pub(super) const FRIEND: IpAddr = v4(203, 0, 113, 132);
