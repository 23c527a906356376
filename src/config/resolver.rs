//! `[resolver]`: DNS over HTTPS servers by address, because a name would have to be looked up first.

use super::Reading;
use super::reader::{Item, Section};
use super::settings::Resolver;
use crate::model::Host;
use crate::net::resolve::SecureServer;
use crate::net::tls::Trust;
use std::net::{IpAddr, SocketAddr};

const SECURE: &str = "expected { url = \"https://dns.example/dns-query\", ip = \"192.0.2.1\" }";

impl Default for Resolver {
    /// Three operators in three networks: one that is blocked or down leaves two.
    fn default() -> Self {
        let server = |name: &str, ip: [u8; 4]| SecureServer {
            address: SocketAddr::from((ip, 443)),
            name: Host::Name(name.into()),
            shown: None,
            path: "/dns-query".to_owned(),
            trust: Trust::Platform,
        };
        let secure = vec![
            server("dns.quad9.net", [9, 9, 9, 9]),
            server("cloudflare-dns.com", [1, 1, 1, 1]),
            server("dns.google", [8, 8, 8, 8]),
        ];
        Self { secure, system_alone: false, allow_private: false }
    }
}

impl Reading<'_> {
    pub(super) fn resolver(&self, root: &Section<'_>) -> Resolver {
        let usual = Resolver::default();
        let Some(section) = root.section("resolver") else { return usual };
        let system_alone = section.or("system_alone", usual.system_alone, Item::flag);
        let allow_private = section.or("allow_private", usual.allow_private, Item::flag);
        let secure = match section.item("secure") {
            None => usual.secure,
            Some(item) => {
                let items = item.list().unwrap_or_default();
                if items.is_empty() && item.list().is_some() {
                    let _: Option<()> = item.fail("there is no secure resolver left", SECURE);
                }
                items.iter().filter_map(|item| self.secure(item)).collect()
            }
        };
        section.finish();
        Resolver { secure, system_alone, allow_private }
    }

    /// `url` and `ip`; `sni` shows another name in the hello, `roots` is a PEM file to believe instead.
    fn secure(&self, item: &Item<'_>) -> Option<SecureServer> {
        let section = item.section()?;
        let url = section.required("url", SECURE);
        let ip = section.required("ip", SECURE);
        let ip = ip.and_then(|item| item.parsed("expected an IP address", str::parse::<IpAddr>));
        let url = url.and_then(|item| {
            let text = item.word_or(SECURE)?;
            address(text).map_or_else(|| item.fail("this is no https address", SECURE), Some)
        });
        let shown = section.item("sni").and_then(|item| item.parsed("expected a host name", Host::parse));
        let roots = section.item("roots").map(|item| self.certificates(&item));
        section.finish();
        let trust = match roots {
            None => Trust::Platform,
            Some(roots) => Trust::Only(roots?),
        };
        let (name, port, path) = url?;
        Some(SecureServer { address: SocketAddr::new(ip?, port), name, shown, path, trust })
    }
}

/// The name, port and path of an `https://` address.
fn address(url: &str) -> Option<(Host, u16, String)> {
    let rest = url.strip_prefix("https://")?;
    let (authority, path) = rest.find('/').map_or((rest, "/dns-query"), |slash| rest.split_at(slash));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !port.contains(']') => (host, port.parse().ok().filter(|p| *p != 0)?),
        _ => (authority, 443),
    };
    Some((Host::parse(host).ok()?, port, path.to_owned()))
}
