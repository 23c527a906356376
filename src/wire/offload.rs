//! What stands before each packet of a TUN device whose packets come and go uncut: `struct virtio_net_hdr` (VIRTIO 1.3
//! §5.1.6), in the machine's byte order and without a number of buffers, as the kernel's networking/tuntap has it.

/// Its length in bytes.
pub const LENGTH: usize = 10;

const NEEDS_CHECKSUM: u8 = 1;
const WHOLE: u8 = 0;
const TCP_4: u8 = 1;
const TCP_6: u8 = 4;
/// The sender wishes to hear of congestion (RFC 3168): said beside the kind.
const ECN: u8 = 0x80;

/// What has not been done to a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// The checksum, where it is.
    pub checksum: Option<Checksum>,
    /// The packet is a TCP segment that is to be cut.
    pub cut: Option<Cut>,
}

/// A checksum (RFC 1071) of which only the pseudo-header has been summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// Where the bytes to be summed up begin.
    pub begin: u16,
    /// How far behind that the sum stands.
    pub offset: u16,
}

/// How a long TCP segment is to be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Over IPv4, not IPv6.
    pub four: bool,
    /// How many bytes of headers each piece begins with.
    pub headers: u16,
    /// How many bytes of the payload each piece has, but the last.
    pub size: u16,
}

/// Reads a header; `None` for one that is cut off, or of a kind that was not asked for.
pub fn read(bytes: &[u8]) -> Option<Undone> {
    let header: &[u8; LENGTH] = bytes.first_chunk()?;
    let field = |at: usize| u16::from_ne_bytes([header[at], header[at + 1]]);
    let begin_offset = Checksum { begin: field(6), offset: field(8) };
    let checksum = (header[0] & NEEDS_CHECKSUM != 0).then_some(begin_offset);
    let cut = match header[1] & !ECN {
        WHOLE => None,
        kind @ (TCP_4 | TCP_6) => Some(Cut { four: kind == TCP_4, headers: field(2), size: field(4) }),
        _ => return None,
    };
    Some(Undone { checksum, cut })
}

/// Writes a header.
pub fn write(undone: &Undone) -> [u8; LENGTH] {
    let mut header = [0; LENGTH];
    let mut field = |at: usize, value: u16| header[at..at + 2].copy_from_slice(&value.to_ne_bytes());
    if let Some(cut) = undone.cut {
        field(2, cut.headers);
        field(4, cut.size);
    }
    if let Some(checksum) = undone.checksum {
        field(6, checksum.begin);
        field(8, checksum.offset);
        header[0] = NEEDS_CHECKSUM;
    }
    header[1] = undone.cut.map_or(WHOLE, |cut| if cut.four { TCP_4 } else { TCP_6 });
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let checksum = Some(Checksum { begin: 20, offset: 16 });
        let cut = |four| Some(Cut { four, headers: 52, size: 1368 });
        for undone in [
            Undone::default(),
            Undone { checksum, cut: None },
            Undone { checksum, cut: cut(true) },
            Undone { checksum, cut: cut(false) },
        ] {
            assert_eq!(read(&write(&undone)), Some(undone));
        }
    }

    #[test]
    fn as_the_kernel_writes_it() {
        let mut header = [1, TCP_4 | ECN, 0, 0, 0, 0, 0, 0, 0, 0];
        for (at, value) in [(2, 52_u16), (4, 1368), (6, 20), (8, 16)] {
            header[at..at + 2].copy_from_slice(&value.to_ne_bytes());
        }
        let undone = read(&header).unwrap();
        assert_eq!(undone.checksum, Some(Checksum { begin: 20, offset: 16 }));
        assert_eq!(undone.cut, Some(Cut { four: true, headers: 52, size: 1368 }));
        assert_eq!(read(&header[..9]), None);
        // UDP, which is not asked for.
        header[1] = 5;
        assert_eq!(read(&header), None);
    }
}
