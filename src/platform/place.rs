//! Which network the machine is on, as far as can be told without asking anybody: the default route's interface,
//! its gateway and the gateway's hardware address. None of them leaves this file but as a keyed hash.

use crate::model::NetworkId;
use aws_lc_rs::hmac;
use std::net::IpAddr;

/// Where the default route leads.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The interface's name, or on systems where routes are not read, its networks.
    interface: String,
    /// The gateway; `None` on a point-to-point link.
    gateway: Option<IpAddr>,
    /// The gateway's hardware address, once it has been spoken to.
    hardware: Option<[u8; 6]>,
}

impl Place {
    /// The network's id under this installation's key, which no other installation shares.
    pub(super) fn id(&self, key: &[u8; 32]) -> NetworkId {
        let mut text = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
        text.update(self.interface.as_bytes());
        text.update(&[0]);
        text.update(self.gateway.map_or_else(String::new, |ip| ip.to_string()).as_bytes());
        text.update(&[0]);
        text.update(&self.hardware.unwrap_or_default());
        let hash = text.sign();
        let first: [u8; 4] = std::array::from_fn(|i| hash.as_ref().get(i).copied().unwrap_or_default());
        NetworkId(u32::from_be_bytes(first))
    }

    /// Whether both can be the same network. A hardware address that is not known yet contradicts nothing.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let hardware = match (self.hardware, other.hardware) {
            (Some(one), Some(two)) => one == two,
            _ => true,
        };
        self.interface == other.interface && self.gateway == other.gateway && hardware
    }

    #[cfg(test)]
    pub(super) fn at(interface: &str, gateway: &str, hardware: Option<[u8; 6]>) -> Self {
        Self { interface: interface.to_owned(), gateway: gateway.parse().ok(), hardware }
    }

    /// Whether all that can be known is known.
    pub(super) const fn is_complete(&self) -> bool {
        self.gateway.is_none() || self.hardware.is_some()
    }
}

/// Whether there is a default route (control C0). When that cannot be read, the answer is yes: the other controls
/// find out.
pub fn has_default_route() -> bool {
    system::has_default_route()
}

/// The place the default route leads to now; `None` without one.
pub(super) fn here() -> Option<Place> {
    system::here()
}

#[cfg(target_os = "linux")]
mod system {
    use super::Place;
    use std::fs::read_to_string;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    /// `RTF_UP` and `RTF_REJECT` of `linux/route.h`.
    const UP: u32 = 0x1;
    const REJECT: u32 = 0x200;

    pub(super) fn has_default_route() -> bool {
        let v4 = read_to_string("/proc/self/net/route");
        let v6 = read_to_string("/proc/self/net/ipv6_route");
        if v4.is_err() && v6.is_err() {
            return true;
        }
        let leads = |interface: String| has_carrier(&interface);
        v4.is_ok_and(|t| default_v4(&t).is_some_and(|(interface, _)| leads(interface)))
            || v6.is_ok_and(|t| default_v6(&t).is_some_and(|(interface, _)| leads(interface)))
    }

    /// Whether there is a cable in it, or a station around it. Routes that were set by hand outlive a pulled cable.
    /// What cannot be read (an interface that is being set up, a kernel that hides it) is taken for a yes.
    fn has_carrier(interface: &str) -> bool {
        read_to_string(format!("/sys/class/net/{interface}/carrier")).map_or(true, |text| text.trim() != "0")
    }

    pub(super) fn here() -> Option<Place> {
        let v4 = read_to_string("/proc/self/net/route").unwrap_or_default();
        if let Some((interface, gateway)) = default_v4(&v4).filter(|(interface, _)| has_carrier(interface)) {
            let neighbours = read_to_string("/proc/self/net/arp").unwrap_or_default();
            let hardware = gateway.and_then(|ip| hardware_of(&neighbours, ip, &interface));
            return Some(Place { interface, gateway: gateway.map(IpAddr::V4), hardware });
        }
        let v6 = read_to_string("/proc/self/net/ipv6_route").unwrap_or_default();
        let (interface, gateway) = default_v6(&v6).filter(|(interface, _)| has_carrier(interface))?;
        // IPv6 neighbours are not in /proc. A router's link-local address mostly holds its hardware address.
        Some(Place { interface, gateway: Some(IpAddr::V6(gateway)), hardware: Some([0; 6]) })
    }

    /// Interface and gateway of the default route with the smallest metric in `/proc/net/route`.
    pub(super) fn default_v4(table: &str) -> Option<(String, Option<Ipv4Addr>)> {
        let routes = table.lines().skip(1).filter_map(|line| {
            let cells: Vec<&str> = line.split_ascii_whitespace().collect();
            let [interface, destination, gateway, flags, _, _, metric, mask, ..] = cells.as_slice() else {
                return None;
            };
            let flags = u32::from_str_radix(flags, 16).ok()?;
            let is_default = *destination == "00000000" && *mask == "00000000" && flags & (UP | REJECT) == UP;
            let gateway = u32::from_str_radix(gateway, 16).ok().filter(|_| is_default)?;
            // The kernel prints the address as the machine's own integer.
            let gateway = (gateway != 0).then(|| Ipv4Addr::from(gateway.to_ne_bytes()));
            Some((metric.parse::<u32>().ok()?, (*interface).to_owned(), gateway))
        });
        routes.min_by_key(|(metric, ..)| *metric).map(|(_, interface, gateway)| (interface, gateway))
    }

    /// Interface and gateway of the default route with the smallest metric in `/proc/net/ipv6_route`.
    pub(super) fn default_v6(table: &str) -> Option<(String, Ipv6Addr)> {
        let routes = table.lines().filter_map(|line| {
            let cells: Vec<&str> = line.split_ascii_whitespace().collect();
            let [destination, "00", _, _, gateway, metric, _, _, flags, interface] = cells.as_slice() else {
                return None;
            };
            let flags = u32::from_str_radix(flags, 16).ok()?;
            let is_default = destination.bytes().all(|b| b == b'0') && flags & (UP | REJECT) == UP;
            let gateway = u128::from_str_radix(gateway, 16).ok().filter(|_| is_default && *interface != "lo")?;
            Some((u32::from_str_radix(metric, 16).ok()?, (*interface).to_owned(), Ipv6Addr::from(gateway)))
        });
        routes.min_by_key(|(metric, ..)| *metric).map(|(_, interface, gateway)| (interface, gateway))
    }

    /// The hardware address of `ip` on `interface` in `/proc/net/arp`; `None` while it is unresolved.
    pub(super) fn hardware_of(table: &str, ip: Ipv4Addr, interface: &str) -> Option<[u8; 6]> {
        let cells = table.lines().skip(1).find_map(|line| {
            let cells: Vec<&str> = line.split_ascii_whitespace().collect();
            let ours = cells.first()?.parse() == Ok(ip) && cells.last() == Some(&interface);
            ours.then_some(cells)
        })?;
        let mut bytes = cells.get(3)?.split(':').map(|part| u8::from_str_radix(part, 16).ok());
        let address: [u8; 6] = std::array::from_fn(|_| bytes.next().flatten().unwrap_or_default());
        (address != [0; 6]).then_some(address)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::Place;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

    pub(super) fn has_default_route() -> bool {
        here().is_some()
    }

    /// A UDP socket that is connected, but never written to, shows which of our addresses would be used. The
    /// addresses asked for are documentation prefixes (RFC 5737, RFC 3849).
    pub(super) fn here() -> Option<Place> {
        let v4 = (IpAddr::from(Ipv4Addr::UNSPECIFIED), IpAddr::from(Ipv4Addr::new(192, 0, 2, 1)));
        let v6 = (IpAddr::from(Ipv6Addr::UNSPECIFIED), IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)));
        [v4, v6].into_iter().find_map(|(any, far)| {
            let socket = UdpSocket::bind(SocketAddr::new(any, 0)).ok()?;
            socket.connect(SocketAddr::new(far, 9)).ok()?;
            let own = socket.local_addr().ok()?.ip();
            let interface = match own {
                IpAddr::V4(ip) => format!("{:?}/24", &ip.octets()[..3]),
                IpAddr::V6(ip) => format!("{:?}/64", &ip.segments()[..4]),
            };
            Some(Place { interface, gateway: None, hardware: None })
        })
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::system::{default_v4, default_v6, hardware_of};
    use super::*;
    use std::net::Ipv4Addr;

    const ROUTES: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
        wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
        eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
        eth0\t000200C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n";
    const ARP: &str = "IP address       HW type     Flags       HW address            Mask     Device\n\
        192.0.2.1        0x1         0x2         02:fc:00:00:00:05     *        eth0\n\
        192.168.1.1      0x1         0x0         00:00:00:00:00:00     *        wlan0\n";

    fn place(hardware: Option<[u8; 6]>) -> Place {
        Place { interface: "eth0".into(), gateway: Some("192.0.2.1".parse().unwrap()), hardware }
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn the_default_route_with_the_smallest_metric_is_the_place() {
        assert_eq!(default_v4(ROUTES), Some(("eth0".into(), Some(Ipv4Addr::new(192, 0, 2, 1)))));
    }

    #[test]
    fn a_table_without_a_default_route_or_in_pieces_has_none() {
        let only_local = "Iface\n eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0\n";
        let down = "Iface\n eth0 00000000 010200C0 0000 0 0 0 00000000 0 0 0\n";
        for table in ["", "Iface", only_local, down, "Iface\neth0 00000000"] {
            assert_eq!(default_v4(table), None, "{table:?}");
        }
    }

    #[test]
    fn a_reject_route_is_no_way_out() {
        let zero = "0".repeat(32);
        let reject = format!("{zero} 00 {zero} 00 {zero} ffffffff 1 0 00200200 lo\n");
        let real = format!("{zero} 00 {zero} 00 fd000000000000000000000000000001 00000400 2 0 00000003 eth0\n");
        assert_eq!(default_v6(&reject), None);
        assert_eq!(default_v6(&(reject + &real)).map(|(interface, _)| interface), Some("eth0".into()));
    }

    #[test]
    fn an_unresolved_neighbour_has_no_hardware_address() {
        assert_eq!(hardware_of(ARP, Ipv4Addr::new(192, 0, 2, 1), "eth0"), Some([2, 0xfc, 0, 0, 0, 5]));
        assert_eq!(hardware_of(ARP, Ipv4Addr::new(192, 0, 2, 1), "wlan0"), None);
        assert_eq!(hardware_of(ARP, Ipv4Addr::new(192, 168, 1, 1), "wlan0"), None);
    }

    #[test]
    fn two_routers_with_one_address_are_two_networks_and_two_keys_two_ids() {
        let (home, cafe) = (place(Some([1; 6])), place(Some([2; 6])));
        assert!(!home.is_like(&cafe) && home.is_like(&place(None)));
        assert_ne!(home.id(&[0; 32]), cafe.id(&[0; 32]));
        assert_ne!(home.id(&[0; 32]), home.id(&[1; 32]));
        assert!(!place(None).is_complete());
    }
}
