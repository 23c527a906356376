//! `[resolver]`: DNS over HTTPS servers by address, because a name would have to be looked up first.

use super::Reading;
use super::reader::{Item, Section};
use super::settings::{Resolver, SecureResolver};
use crate::model::Host;
use std::net::{IpAddr, Ipv4Addr};

const SECURE: &str = "expected { url = \"https://dns.example/dns-query\", ip = \"192.0.2.1\" }";

impl Default for Resolver {
    /// Three operators in three networks: one that is blocked or down leaves two.
    fn default() -> Self {
        let server = |name: &str, ip: [u8; 4]| SecureResolver {
            name: name.to_owned(),
            port: 443,
            path: "/dns-query".to_owned(),
            ip: IpAddr::V4(Ipv4Addr::from(ip)),
        };
        let secure = vec![
            server("dns.quad9.net", [9, 9, 9, 9]),
            server("cloudflare-dns.com", [1, 1, 1, 1]),
            server("dns.google", [8, 8, 8, 8]),
        ];
        Self { secure, cross_check: true }
    }
}

impl Reading<'_> {
    pub(super) fn resolver(&self, root: &Section<'_>) -> Resolver {
        let usual = Resolver::default();
        let Some(section) = root.section("resolver") else { return usual };
        let cross_check = section.or("cross_check", usual.cross_check, Item::flag);
        let secure = match section.item("secure") {
            None => usual.secure,
            Some(item) => {
                let items = item.list().unwrap_or_default();
                if items.is_empty() && item.list().is_some() {
                    let _: Option<()> = item.fail("there is no secure resolver left", SECURE);
                }
                items.iter().filter_map(secure).collect()
            }
        };
        section.finish();
        Resolver { secure, cross_check }
    }
}

fn secure(item: &Item<'_>) -> Option<SecureResolver> {
    let section = item.section()?;
    let url = section.required("url", SECURE);
    let ip =
        section.required("ip", SECURE).and_then(|item| item.parsed("expected an IP address", str::parse::<IpAddr>));
    let url = url.and_then(|item| {
        let text = item.word()?;
        address(text).map_or_else(|| item.fail("this is no https address", SECURE), Some)
    });
    section.finish();
    let (name, port, path) = url?;
    Some(SecureResolver { name, port, path, ip: ip? })
}

/// The name, port and path of an `https://` address.
fn address(url: &str) -> Option<(String, u16, String)> {
    let rest = url.strip_prefix("https://")?;
    let (authority, path) = rest.find('/').map_or((rest, "/dns-query"), |slash| rest.split_at(slash));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !port.contains(']') => (host, port.parse().ok().filter(|p| *p != 0)?),
        _ => (authority, 443),
    };
    let name = match Host::parse(host).ok()? {
        Host::Name(name) => name.to_string(),
        Host::Ip(ip) => ip.to_string(),
    };
    Some((name, port, path.to_owned()))
}
