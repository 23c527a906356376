//! The addresses by which neighbours reach this machine.

use std::net::IpAddr;

/// The private addresses of this machine's networks, IPv4 first; none where that cannot be told.
pub fn lan_addresses() -> Vec<IpAddr> {
    let mut all = system::addresses();
    all.retain(|ip| match ip {
        IpAddr::V4(ip) => ip.is_private(),
        IpAddr::V6(ip) => ip.is_unique_local(),
    });
    all.sort_by_key(|ip| (ip.is_ipv6(), *ip));
    all.dedup();
    all
}

#[cfg(unix)]
mod system {
    use std::net::IpAddr;

    pub(super) fn addresses() -> Vec<IpAddr> {
        let Ok(all) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
        let ip = |interface: nix::ifaddrs::InterfaceAddress| {
            let address = interface.address?;
            let v4 = address.as_sockaddr_in().map(|at| IpAddr::V4(at.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|at| IpAddr::V6(at.ip())))
        };
        all.filter_map(ip).collect()
    }
}

#[cfg(not(unix))]
mod system {
    use std::net::{IpAddr, Ipv4Addr, UdpSocket};

    /// A UDP socket that is connected, but never written to, shows which of our addresses would be used (RFC 5737).
    pub(super) fn addresses() -> Vec<IpAddr> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok();
        let own = socket.and_then(|socket| {
            socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
            socket.local_addr().ok()
        });
        own.map(|at| at.ip()).into_iter().collect()
    }
}
