//! Shadowsocks' frames as bytes: many sealed and opened at a time, from one buffer into another, since a stream's cost
//! is its copies and system calls (SIP004; SIP022 §3.1). Knows no socket and no clock. The first flight, with its salt and
//! its identities, is the library's to make.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA1_FOR_LEGACY_USE_ONLY, Salt};
use shadowsocks::crypto::CipherKind;

/// What a frame's length is written with.
const LENGTH: usize = 2;
const TAG: usize = 16;
/// What a frame adds to its bytes.
pub(super) const OVERHEAD: usize = LENGTH + TAG + TAG;
/// The most bytes in a frame: two bits of the length are reserved (SIP004), or none are (SIP022 §3.1.3).
const LONGEST_2004: usize = 0x3FFF;
const LONGEST_2022: usize = 0xFFFF;
/// The longest frame as it is on the wire.
pub(super) const LARGEST: usize = LONGEST_2022 + OVERHEAD;
/// From here on a frame is worth a read of its own.
const LONG: usize = LONGEST_2022 / 2;
/// SIP022 §3.1.1.
const CONTEXT_2022: &str = "shadowsocks 2022 session subkey";
/// Of an answer's header (SIP022 §3.1.3), and by how many seconds its time may differ from ours.
const FROM_SERVER: u8 = 1;
const SKEW: u64 = 30;

/// What a server's answer can be that nobody with the key has written, or not for us, or not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Undecipherable {
    #[error("the server's bytes are not encrypted with this key: check password and method")]
    Frame,
    #[error("the server's answer belongs to another request")]
    ForeignAnswer,
    #[error("the server's answer is not of this minute: check the clock here and the server's")]
    Untimely,
}

impl From<Unspecified> for Undecipherable {
    fn from(_: Unspecified) -> Self {
        Self::Frame
    }
}

/// One direction's key, and how often it was used.
pub(super) struct Cipher {
    key: LessSafeKey,
    used: u64,
    longest: usize,
}

impl Cipher {
    /// The key of the direction that begins with `salt`. `used` is how often it was used already.
    pub(super) fn new(method: CipherKind, master: &[u8], salt: &[u8], used: u64) -> Result<Self, Unspecified> {
        let algorithm = algorithm(method)?;
        let (key, longest) = if method.is_aead_2022() {
            let derived = blake3::derive_key(CONTEXT_2022, &[master, salt].concat());
            (UnboundKey::new(algorithm, derived.get(..algorithm.key_len()).ok_or(Unspecified)?)?, LONGEST_2022)
        } else {
            let pseudorandom = Salt::new(HKDF_SHA1_FOR_LEGACY_USE_ONLY, salt).extract(master);
            (UnboundKey::from(pseudorandom.expand(&[b"ss-subkey"], algorithm)?), LONGEST_2004)
        };
        Ok(Self { key: LessSafeKey::new(key), used, longest })
    }

    /// Counts up, the least byte first (SIP004).
    fn nonce(&mut self) -> Nonce {
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&self.used.to_le_bytes());
        self.used += 1;
        Nonce::assume_unique_for_key(nonce)
    }

    /// Seals `bytes` into the front of `space`, as many as it holds in frames that are worth it. How many were taken,
    /// and how much of the space that is.
    pub(super) fn seal(&mut self, bytes: &[u8], space: &mut [u8]) -> Result<(usize, usize), Unspecified> {
        let (mut taken, mut filled) = (0, 0);
        while taken < bytes.len() {
            let whole = self.longest.min(bytes.len() - taken);
            let length = whole.min(space.len().saturating_sub(filled + OVERHEAD));
            if length == 0 || (length < whole && taken > 0) {
                break;
            }
            let begin = u16::try_from(length).map_err(|_| Unspecified)?.to_be_bytes();
            filled += self.seal_one(&begin, &mut space[filled..])?;
            filled += self.seal_one(&bytes[taken..taken + length], &mut space[filled..])?;
            taken += length;
        }
        Ok((taken, filled))
    }

    fn seal_one(&mut self, bytes: &[u8], space: &mut [u8]) -> Result<usize, Unspecified> {
        let nonce = self.nonce();
        let (sealed, rest) = space.split_at_mut_checked(bytes.len()).ok_or(Unspecified)?;
        let tag = rest.get_mut(..TAG).ok_or(Unspecified)?;
        self.key.seal_out_of_place_scatter(nonce, Aad::empty(), bytes, sealed, &[], tag)?;
        Ok(bytes.len() + TAG)
    }

    /// Opens the first `length` bytes of `sealed` and their tag.
    fn open(&mut self, sealed: &[u8], length: usize, out: &mut [u8]) -> Result<(), Unspecified> {
        let nonce = self.nonce();
        let (bytes, tag) = sealed.split_at_checked(length).ok_or(Unspecified)?;
        let tag = tag.get(..TAG).ok_or(Unspecified)?;
        self.key.open_separate_gather(nonce, Aad::empty(), bytes, tag, out.get_mut(..length).ok_or(Unspecified)?)
    }
}

fn algorithm(method: CipherKind) -> Result<&'static Algorithm, Unspecified> {
    match method {
        CipherKind::AES_128_GCM | CipherKind::AEAD2022_BLAKE3_AES_128_GCM => Ok(&AES_128_GCM),
        CipherKind::AES_256_GCM | CipherKind::AEAD2022_BLAKE3_AES_256_GCM => Ok(&AES_256_GCM),
        CipherKind::CHACHA20_POLY1305 | CipherKind::AEAD2022_BLAKE3_CHACHA20_POLY1305 => Ok(&CHACHA20_POLY1305),
        _ => Err(Unspecified),
    }
}

/// Opens what a server sends.
pub(super) struct Opener {
    method: CipherKind,
    stage: Stage,
    cipher: Option<Cipher>,
    fault: Option<Undecipherable>,
}

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The salt, and in the 2022 edition the header.
    Start,
    Length,
    Body(usize),
}

/// Whose answer is awaited.
pub(super) struct Asked<'a> {
    /// The key both sides know.
    pub(super) master: &'a [u8],
    /// The request's salt, which an answer of the 2022 edition names.
    pub(super) salt: &'a [u8],
    /// Now, in seconds of the calendar.
    pub(super) unix: u64,
}

impl Opener {
    pub(super) const fn new(method: CipherKind) -> Self {
        Self { method, stage: Stage::Start, cipher: None, fault: None }
    }

    /// Opens frames from the front of `came` into `out`, as many as are whole and fit: how much was used, and how much
    /// of `out` is filled. What follows a fault is not looked at.
    pub(super) fn open(&mut self, came: &[u8], out: &mut [u8], asked: &Asked<'_>) -> (usize, usize) {
        let (mut used, mut filled) = (0, 0);
        while self.fault.is_none() {
            match self.step(&came[used..], &mut out[filled..], asked) {
                Err(fault) => self.fault = Some(fault),
                Ok(None) => break,
                Ok(Some((more, opened))) => {
                    used += more;
                    filled += opened;
                }
            }
        }
        (used, filled)
    }

    /// Why nothing more can be opened, when that is so.
    pub(super) const fn fault(&self) -> Option<Undecipherable> {
        self.fault
    }

    /// Whether a whole frame is at the front of `came`, which did not fit.
    pub(super) const fn is_held_up(&self, came: &[u8]) -> bool {
        matches!(self.stage, Stage::Body(length) if came.len() >= length + TAG) && self.fault.is_none()
    }

    /// How much of a frame is still to come of which `came` bytes are here.
    pub(super) const fn missing(&self, came: usize) -> usize {
        match self.stage {
            Stage::Body(length) => (length + TAG).saturating_sub(came),
            Stage::Start | Stage::Length => 0,
        }
    }

    /// What is left of a long frame of which `came` bytes are here, and the length of the next: who reads just that has no
    /// part of a frame over.
    pub(super) const fn rest_of_long(&self, came: usize) -> Option<usize> {
        match self.stage {
            Stage::Body(length) if length > LONG => Some(self.missing(came) + LENGTH + TAG),
            _ => None,
        }
    }

    /// Whether the answer has begun.
    pub(super) fn has_begun(&self) -> bool {
        self.stage != Stage::Start
    }

    /// Whether a stream may end here, `rest` being all that is left.
    pub(super) fn may_end(&self, rest: &[u8]) -> bool {
        matches!(self.stage, Stage::Start | Stage::Length) && (rest.is_empty() || !self.has_begun())
    }

    /// One step: `None` when it needs more bytes, or more room.
    fn step(
        &mut self,
        came: &[u8],
        out: &mut [u8],
        asked: &Asked<'_>,
    ) -> Result<Option<(usize, usize)>, Undecipherable> {
        let Some(cipher) = &mut self.cipher else { return self.begin(came, asked) };
        if let Stage::Body(length) = self.stage {
            if came.len() < length + TAG || out.len() < length {
                return Ok(None);
            }
            cipher.open(came, length, out)?;
            self.stage = Stage::Length;
            return Ok(Some((length + TAG, length)));
        }
        if came.len() < LENGTH + TAG {
            return Ok(None);
        }
        let mut length = [0; LENGTH];
        cipher.open(came, LENGTH, &mut length)?;
        let length = usize::from(u16::from_be_bytes(length));
        if length > cipher.longest {
            return Err(Undecipherable::Frame);
        }
        self.stage = Stage::Body(length);
        Ok(Some((LENGTH + TAG, 0)))
    }

    /// The salt, which gives the key, and in the 2022 edition the header.
    fn begin(&mut self, came: &[u8], asked: &Asked<'_>) -> Result<Option<(usize, usize)>, Undecipherable> {
        let salt_length = self.method.salt_len();
        let header = if self.method.is_aead_2022() { 1 + 8 + salt_length + LENGTH } else { 0 };
        let whole = if header == 0 { salt_length } else { salt_length + header + TAG };
        if came.len() < whole {
            return Ok(None);
        }
        let (salt, sealed) = came.split_at(salt_length);
        let mut cipher = Cipher::new(self.method, asked.master, salt, 0)?;
        self.stage = Stage::Length;
        if header > 0 {
            let mut opened = vec![0; header];
            cipher.open(sealed, header, &mut opened)?;
            self.stage = Stage::Body(read_header(&opened, asked)?);
        }
        self.cipher = Some(cipher);
        Ok(Some((whole, 0)))
    }
}

/// The length of the first frame; an answer of the 2022 edition names its kind, its time and its request (§3.1.3).
fn read_header(header: &[u8], asked: &Asked<'_>) -> Result<usize, Undecipherable> {
    let mut at = header;
    let mut take = |length| at.split_off(..length).ok_or(Undecipherable::Frame);
    let kind = take(1)?;
    let time = u64::from_be_bytes(take(8)?.try_into().map_err(|_| Undecipherable::Frame)?);
    let salt = take(asked.salt.len())?;
    let length = u16::from_be_bytes(take(LENGTH)?.try_into().map_err(|_| Undecipherable::Frame)?);
    if kind != [FROM_SERVER] {
        return Err(Undecipherable::Frame);
    }
    if time.abs_diff(asked.unix) > SKEW {
        return Err(Undecipherable::Untimely);
    }
    if salt != asked.salt {
        return Err(Undecipherable::ForeignAnswer);
    }
    Ok(length.into())
}

#[cfg(test)]
mod tests;
