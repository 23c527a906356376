//! A time server (SNTP, RFC 5905 §14): UDP that is neither DNS nor STUN, and the true time.

use crate::net::Datagrams;
use std::time::{Duration, SystemTime};

/// The length of a message without extensions.
const LENGTH: usize = 48;
/// Version 4, mode 4 (server).
const SERVER: u8 = 4 << 3 | 4;
/// The low three bits of a client's first byte.
const CLIENT: u8 = 3;
/// From 1900 to 1970.
const ERA: Duration = Duration::from_secs(2_208_988_800);

/// Answers clients until the task is dropped.
pub(super) async fn serve(socket: impl Datagrams + 'static) {
    let socket: &dyn Datagrams = &socket;
    let mut buf = [0; LENGTH + 1];
    while let Ok((size, from)) = socket.recv_from(&mut buf).await {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default() + ERA;
        if let Some(answer) = answer(&buf[..size], now)
            && socket.send_to(&answer, from).await.is_err()
        {
            return;
        }
    }
}

fn answer(asked: &[u8], since_1900: Duration) -> Option<[u8; LENGTH]> {
    let asked: &[u8; LENGTH] = asked.try_into().ok()?;
    if asked[0] & 7 != CLIENT {
        return None;
    }
    let seconds = (since_1900.as_secs() & u64::from(u32::MAX)) << 32;
    let fraction = (u64::from(since_1900.subsec_nanos()) << 32) / 1_000_000_000;
    let now = (seconds | fraction).to_be_bytes();
    let mut answer = [0; LENGTH];
    (answer[0], answer[1]) = (SERVER, 2);
    answer[16..24].copy_from_slice(&now);
    // The origin timestamp is the client's own transmit timestamp.
    answer[24..32].copy_from_slice(&asked[40..48]);
    answer[32..40].copy_from_slice(&now);
    answer[40..48].copy_from_slice(&now);
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_holds_the_clients_own_stamp_and_the_time() {
        let mut asked = [0; LENGTH];
        (asked[0], asked[47]) = (4 << 3 | CLIENT, 9);
        let answer = answer(&asked, Duration::from_millis(5_500)).unwrap();
        assert_eq!((answer[0], &answer[24..32]), (0x24, &[0, 0, 0, 0, 0, 0, 0, 9][..]));
        assert_eq!(answer[40..48], [0, 0, 0, 5, 0x80, 0, 0, 0]);
        assert_eq!(super::answer(&asked[..40], Duration::ZERO), None);
    }
}
