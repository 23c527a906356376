//! The operating system's own network: what [`Network`] is when nothing is simulated. Opens sockets and asks the
//! system's resolver; decides nothing, and holds no timeout.

use super::bulk::BulkSocket;
use super::io::{Datagrams, Stream};
use super::mark::marked;
use super::network::Network;
use super::runs::in_runs;
use super::stream::OsStream;
use futures_util::future::BoxFuture;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::task::{Context, Poll};
use tokio::io::ReadBuf;
use tokio::net::{TcpSocket, UdpSocket};

/// The operating system's network.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsNetwork;

impl Network for OsNetwork {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>> {
        Box::pin(async move {
            let socket = if to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            marked(&(&socket).into());
            OsStream::connected(socket, to).await
        })
    }

    fn bind_udp(&self, like: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>> {
        Box::pin(async move { Ok(in_runs(udp(like).await?)) })
    }

    fn bind_bulk_udp(&self, like: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>> {
        Box::pin(async move {
            let socket: Box<dyn Datagrams> = Box::new(BulkSocket::new(udp(like).await?)?);
            Ok(socket)
        })
    }

    fn system_lookup<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await.map_err(sort_lookup_error)?;
            let mut addrs: Vec<IpAddr> = Vec::new();
            for addr in found {
                if !addrs.contains(&addr.ip()) {
                    addrs.push(addr.ip());
                }
            }
            if addrs.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(addrs) }
        })
    }

    fn system_resolvers(&self) -> Vec<SocketAddr> {
        let read = |file| std::fs::read_to_string(file).map(|text| name_servers(&text)).unwrap_or_default();
        beyond_dnsmasq(read("/etc/resolv.conf"), || {
            // Elsewhere anybody could write a file of that name.
            Path::new("/etc/openwrt_release").exists().then(|| read("/tmp/resolv.conf.d/resolv.conf.auto"))
        })
    }
}

/// A socket of the family of `like` on a free port.
async fn udp(like: SocketAddr) -> io::Result<UdpSocket> {
    let any = if like.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    marked(&(&socket).into());
    Ok(socket)
}

/// On OpenWrt resolv.conf names the router's own dnsmasq, which may have been told to ask byway; whom it asks by itself,
/// its providers' resolvers, stands in a file of its own.
fn beyond_dnsmasq(own: Vec<SocketAddr>, providers: impl FnOnce() -> Option<Vec<SocketAddr>>) -> Vec<SocketAddr> {
    let is_near = own.iter().all(|server| server.ip().is_loopback());
    if is_near { providers().unwrap_or(own) } else { own }
}

/// The name servers of resolv.conf(5). A stub on this machine (`127.0.0.53`) is asked itself: what it asks is not ours to
/// read. Nowhere else are they known.
fn name_servers(resolv_conf: &str) -> Vec<SocketAddr> {
    let server = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let address = words.next().filter(|key| *key == "nameserver").and(words.next())?;
        // A scope (`fe80::1%eth0`) cannot be dialled without its interface's number.
        address.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, 53))
    };
    resolv_conf.lines().filter_map(server).collect()
}

/// `getaddrinfo` reports its own codes (`EAI_*`), which std turns into words; the words of glibc, musl, macOS and
/// the codes of Windows for "no such name" and "no address" become `NotFound`. Anything else stays as it is.
fn sort_lookup_error(error: io::Error) -> io::Error {
    const NO_SUCH_NAME: [&str; 5] = [
        "Name or service not known",
        "No address associated with",
        "nodename nor servname provided",
        "Name does not resolve",
        "Name has no usable address",
    ];
    const WSAHOST_NOT_FOUND: i32 = 11001;
    const WSANO_DATA: i32 = 11004;
    let words = error.to_string();
    let not_found = NO_SUCH_NAME.iter().any(|known| words.contains(known))
        || (cfg!(windows) && matches!(error.raw_os_error(), Some(WSAHOST_NOT_FOUND | WSANO_DATA)));
    if not_found { io::ErrorKind::NotFound.into() } else { error }
}

impl Datagrams for UdpSocket {
    fn poll_send_to(&self, cx: &mut Context<'_>, packet: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        self.poll_send_to(cx, packet, to)
    }
    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>> {
        self.poll_recv_from(cx, buf)
    }
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[test]
    fn a_routers_own_dnsmasq_is_passed_by_where_the_providers_are_known() {
        let (stub, given) =
            (name_servers("nameserver 127.0.0.1\nnameserver ::1\n"), name_servers("nameserver 192.0.2.1\n"));
        let auto = || Some(name_servers("# Interface wan\nnameserver 192.0.2.53\n"));
        assert_eq!(beyond_dnsmasq(stub.clone(), auto), auto().unwrap());
        assert_eq!(beyond_dnsmasq(stub.clone(), || Some(Vec::new())), Vec::new(), "no provider yet: nobody to ask");
        assert_eq!(beyond_dnsmasq(stub.clone(), || None), stub);
        assert_eq!(beyond_dnsmasq(given.clone(), auto), given);
    }

    #[tokio::test]
    async fn a_connection_knows_its_endpoint_and_can_end_with_a_reset() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let mut client = OsNetwork.connect(at).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        assert_eq!(client.endpoint(), Some(at));
        assert!(client.as_tcp().unwrap().nodelay().unwrap());
        client.write_all(b"x").await.unwrap();
        server.read_exact(&mut [0]).await.unwrap();

        client.abort_on_drop();
        drop(client);
        let error = server.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn datagrams_come_back_from_where_they_were_sent() {
        let a = OsNetwork.bind_udp("127.0.0.1:1".parse().unwrap()).await.unwrap();
        let b = super::super::bind_datagrams("127.0.0.1:0".parse().unwrap()).await.unwrap();
        a.send_to(b"ping", b.local_addr().unwrap()).await.unwrap();
        let mut buf = [0; 16];
        let (n, from) = b.recv_from(&mut buf).await.unwrap();
        assert_eq!((&buf[..n], from.port()), (&b"ping"[..], a.local_addr().unwrap().port()));
    }

    #[test]
    fn name_servers_are_read_as_the_c_library_reads_them() {
        let text = "# a comment\nsearch lan\nnameserver 192.0.2.1\n\tnameserver  2001:db8::1 \nnameserver fe80::1%eth0\n\
                    options edns0\nnameserver\n;nameserver 192.0.2.9\n";
        let want: Vec<SocketAddr> = ["192.0.2.1:53", "[2001:db8::1]:53"].map(|at| at.parse().unwrap()).into();
        assert_eq!(name_servers(text), want);
    }

    #[test]
    fn no_such_name_is_told_from_a_resolver_that_failed() {
        let nx = io::Error::new(
            io::ErrorKind::InvalidInput,
            "failed to lookup address information: Name or service not known",
        );
        assert_eq!(sort_lookup_error(nx).kind(), io::ErrorKind::NotFound);
        let again = io::Error::new(
            io::ErrorKind::InvalidInput,
            "failed to lookup address information: Temporary failure in name resolution",
        );
        assert_ne!(sort_lookup_error(again).kind(), io::ErrorKind::NotFound);
    }
}
