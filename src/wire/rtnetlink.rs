//! The few requests of rtnetlink(7) that make a device usable: switch it on with an MTU, give it an address, route
//! everything to it. Byte order is the machine's, as with every netlink message.

use std::net::IpAddr;

const NEW_LINK: u16 = 16;
const NEW_ADDRESS: u16 = 20;
const NEW_ROUTE: u16 = 24;
/// NLM_F_REQUEST and NLM_F_ACK.
const ASK: u16 = 0x1 | 0x4;
/// NLM_F_CREATE.
const CREATE: u16 = 0x400;
const ERROR: u16 = 2;
const FOUR: u8 = 2;
const SIX: u8 = 10;
/// The header of netlink(7).
const HEADER: usize = 16;

/// Switches the device of this number on, for packets of at most `mtu` bytes.
pub fn switch_on(index: u32, mtu: u32) -> Vec<u8> {
    const IFF_UP: u32 = 1;
    const MTU: u16 = 4;
    let mut body = vec![0; 4];
    body.extend(index.to_ne_bytes());
    body.extend(IFF_UP.to_ne_bytes());
    body.extend(IFF_UP.to_ne_bytes());
    attribute(&mut body, MTU, &mtu.to_ne_bytes());
    message(NEW_LINK, ASK, &body)
}

/// Gives the device an address, its own alone.
pub fn add_address(index: u32, address: IpAddr) -> Vec<u8> {
    const ADDRESS: u16 = 1;
    const LOCAL: u16 = 2;
    /// IFA_F_NODAD: nobody else is there.
    const ALONE: u8 = 0x02;
    let (family, length, bytes) = parts(address);
    let mut body = vec![family, length, ALONE, 0];
    body.extend(index.to_ne_bytes());
    attribute(&mut body, LOCAL, &bytes);
    attribute(&mut body, ADDRESS, &bytes);
    message(NEW_ADDRESS, ASK | CREATE, &body)
}

/// Sends everything of the family of `like` to the device.
pub fn route_everything(index: u32, like: IpAddr) -> Vec<u8> {
    const MAIN: u8 = 254;
    const BOOT: u8 = 3;
    const LINK: u8 = 253;
    const UNICAST: u8 = 1;
    const DEVICE: u16 = 4;
    let (family, ..) = parts(like);
    let scope = if like.is_ipv4() { LINK } else { 0 };
    let mut body = vec![family, 0, 0, 0, MAIN, BOOT, scope, UNICAST, 0, 0, 0, 0];
    attribute(&mut body, DEVICE, &index.to_ne_bytes());
    message(NEW_ROUTE, ASK | CREATE, &body)
}

/// What the kernel said to a request: `Ok`, the error's number, or `None` when this is no answer.
pub fn verdict(answer: &[u8]) -> Option<Result<(), i32>> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    let code = i32::from_ne_bytes(answer.get(HEADER..HEADER + 4)?.try_into().ok()?);
    (kind == ERROR).then_some(if code == 0 { Ok(()) } else { Err(-code) })
}

fn parts(address: IpAddr) -> (u8, u8, Vec<u8>) {
    match address {
        IpAddr::V4(four) => (FOUR, 32, four.octets().to_vec()),
        IpAddr::V6(six) => (SIX, 128, six.octets().to_vec()),
    }
}

fn attribute(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
    body.extend(length.to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX);
    let mut message = Vec::with_capacity(HEADER + body.len());
    message.extend(length.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    // The sequence number and the port are the kernel's to choose.
    message.extend([0; 8]);
    message.extend(body);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_its_own_length_and_is_padded() {
        for message in [
            switch_on(7, 1280),
            add_address(7, "10.0.0.2".parse().unwrap()),
            add_address(7, "fd00::2".parse().unwrap()),
            route_everything(7, "fd00::2".parse().unwrap()),
        ] {
            assert_eq!(message[..4], u32::try_from(message.len()).unwrap().to_ne_bytes());
            assert!(message.len().is_multiple_of(4));
        }
    }

    #[test]
    fn an_acknowledgement_is_an_error_of_number_zero() {
        let answer = |code: i32| message(ERROR, 0, &code.to_ne_bytes());
        assert_eq!(verdict(&answer(0)), Some(Ok(())));
        assert_eq!(verdict(&answer(-1)), Some(Err(1)));
        assert_eq!(verdict(&[0; 8]), None);
    }
}
