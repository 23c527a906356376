//! What the kernel knows of a TCP connection. Linux only, by `getsockopt(TCP_INFO)`; elsewhere it answers `None`.
//! The layout is `struct tcp_info` of `linux/tcp.h`, which only ever grows at its end: every field is read only
//! when the length that the kernel returned covers it.

use crate::model::TcpFacts;

/// Lets the kernel cut datagrams that a line does not hold (ip(7), IP_MTU_DISCOVER), as every WireGuard does: a tunnel whose
/// MTU is a little too large then costs two packets for one, rather than all of them.
#[cfg(target_os = "linux")]
pub(super) fn allow_fragments(socket: &tokio::net::UdpSocket) {
    use std::os::fd::AsRawFd;
    let six = socket.local_addr().is_ok_and(|at| at.is_ipv6());
    let (level, option, value) = if six {
        (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_DONT)
    } else {
        (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_DONT)
    };
    #[expect(unsafe_code, reason = "IP_MTU_DISCOVER has no safe wrapper; the kernel reads one int")]
    // SAFETY: the descriptor is open while `socket` is borrowed, and `value` is an int of the length that is given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result != 0 {
        tracing::debug!("the kernel does not cut this tunnel's datagrams");
    }
}

/// Elsewhere the system's own rule holds.
#[cfg(not(target_os = "linux"))]
pub(super) fn allow_fragments(_: &tokio::net::UdpSocket) {}

/// The kernel's facts about `stream`, where the system offers them.
#[cfg(target_os = "linux")]
pub(super) fn tcp_facts(stream: &socket2::SockRef<'_>) -> Option<TcpFacts> {
    use std::os::fd::AsRawFd;

    let mut info = [0_u8; 512];
    let mut length = info.len() as libc::socklen_t;
    #[expect(unsafe_code, reason = "TCP_INFO has no safe wrapper; the kernel writes at most `length` bytes")]
    // SAFETY: the descriptor is open for as long as `stream` is borrowed, `info` is writable for `length` bytes,
    // and every bit pattern is a valid `u8`.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return None;
    }
    parse(info.get(..length as usize)?)
}

/// Elsewhere the kernel is not asked.
#[cfg(not(target_os = "linux"))]
pub(super) fn tcp_facts(_: &socket2::SockRef<'_>) -> Option<TcpFacts> {
    None
}

/// Reads the fields byway uses at their offsets in `struct tcp_info`.
#[cfg(any(target_os = "linux", test))]
fn parse(info: &[u8]) -> Option<TcpFacts> {
    use std::time::Duration;
    const UNACKED: usize = 24;
    const LAST_DATA_RECEIVED: usize = 52;
    const RTT: usize = 68;
    const TOTAL_RETRANS: usize = 100;
    const BYTES_ACKED: usize = 120;
    const BYTES_RECEIVED: usize = 128;

    let u32_at = |at: usize| info.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
    let u64_at = |at: usize| info.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes);
    Some(TcpFacts {
        bytes_acked: u64_at(BYTES_ACKED)?,
        unacked: u32_at(UNACKED)?,
        retransmits: u32_at(TOTAL_RETRANS)?,
        bytes_received: u64_at(BYTES_RECEIVED)?,
        rtt: Duration::from_micros(u32_at(RTT)?.into()),
        last_data_received: Duration::from_millis(u32_at(LAST_DATA_RECEIVED)?.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_kernels_shorter_answer_is_no_facts() {
        assert_eq!(parse(&[0; 104]), None);
        assert!(parse(&[0; 136]).is_some());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_loopback_connection_shows_what_was_acknowledged_and_received() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        client.write_all(&[7; 517]).await.unwrap();
        server.read_exact(&mut [0; 517]).await.unwrap();
        server.write_all(&[9; 100]).await.unwrap();
        client.read_exact(&mut [0; 100]).await.unwrap();

        let facts = tcp_facts(&(&client).into()).unwrap();
        assert_eq!((facts.bytes_acked, facts.unacked), (518, 0), "the SYN counts as one byte");
        assert_eq!(facts.bytes_received, 100);
        assert_eq!(facts.retransmits, 0);
    }
}
