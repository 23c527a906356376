//! Which addresses are near: the private ranges, and the networks that this machine's own interfaces are on.

use ipnet::IpNet;
use std::net::IpAddr;

/// Whether nobody on the internet has this address, and nobody beyond the person's own router either: carriers' shared
/// addresses (RFC 6598) are neighbours', not the household's.
pub fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// The networks that these interfaces are on now.
#[cfg(unix)]
pub fn networks_of(interfaces: &[String]) -> Vec<IpNet> {
    let Ok(all) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    let ours = all.filter(|found| interfaces.contains(&found.interface_name));
    let address = |storage: &nix::sys::socket::SockaddrStorage| -> Option<IpAddr> {
        let four = storage.as_sockaddr_in().map(|at| IpAddr::V4(at.ip()));
        four.or_else(|| storage.as_sockaddr_in6().map(|at| IpAddr::V6(at.ip())))
    };
    let network = |found: nix::ifaddrs::InterfaceAddress| {
        let (ip, mask) = (address(found.address.as_ref()?)?, address(found.netmask.as_ref()?)?);
        IpNet::with_netmask(ip, mask).ok().map(|net| net.trunc())
    };
    ours.filter_map(network).collect()
}

/// Elsewhere they are not known.
#[cfg(not(unix))]
pub fn networks_of(_: &[String]) -> Vec<IpNet> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_is_private_and_a_carriers_neighbours_are_not() {
        for (ip, private) in [
            ("192.168.1.7", true),
            ("127.0.0.1", true),
            ("::ffff:10.1.2.3", true),
            ("fd00::7", true),
            ("fe80::7", true),
            ("100.64.0.1", false),
            ("198.51.100.1", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_private(ip.parse().unwrap()), private, "{ip}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_loopbacks_network_is_known() {
        assert!(networks_of(&["lo".to_owned()]).contains(&"127.0.0.0/8".parse().unwrap()));
        assert!(networks_of(&["nosuch0".to_owned()]).is_empty());
    }
}
