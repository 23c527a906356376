//! The symmetric state of Noise (revision 34 §5.2) with AES-256-GCM and SHA-256, and the key agreement.
//!
//! One deviation, made by WhatsApp: while there is no key, an empty payload is not mixed into the hash. So the
//! first message ends after its ephemeral key.

use crate::wire::{Error, Protocol};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{self, HMAC_SHA256};

/// Padded to 32 bytes it is the first hash itself (§5.2: a name of at most 32 bytes is not hashed).
const NAME: &[u8; 32] = b"Noise_XX_25519_AESGCM_SHA256\0\0\0\0";
/// Bytes that sealing adds.
pub(super) const TAG: usize = 16;

/// A pair of keys.
pub(super) struct KeyPair {
    private: PrivateKey,
    /// The half to show.
    pub(super) public: [u8; 32],
}

impl KeyPair {
    /// From 32 random bytes.
    pub(super) fn new(private: &[u8; 32]) -> Result<Self, Error> {
        let failed = || Error::Cipher(Protocol::Noise);
        let private = PrivateKey::from_private_key(&X25519, private).map_err(|_| failed())?;
        let public = private.compute_public_key().map_err(|_| failed())?;
        let public = public.as_ref().try_into().map_err(|_| failed())?;
        Ok(Self { private, public })
    }
}

/// The running hash, the chaining key and, once keys were agreed on, the cipher.
pub(super) struct Symmetric {
    hash: [u8; 32],
    chaining: [u8; 32],
    cipher: Option<LessSafeKey>,
    counter: u32,
}

impl Symmetric {
    /// At the start, the prologue mixed in.
    pub(super) fn new(prologue: &[u8]) -> Self {
        let mut state = Self { hash: *NAME, chaining: *NAME, cipher: None, counter: 0 };
        state.mix_hash(prologue);
        state
    }

    /// MixHash.
    pub(super) fn mix_hash(&mut self, data: &[u8]) {
        let hash = digest(&SHA256, &[&self.hash, data].concat());
        self.hash.copy_from_slice(hash.as_ref());
    }

    /// MixKey of what two keys agree on.
    pub(super) fn mix_agreement(&mut self, mine: &KeyPair, theirs: &[u8; 32]) -> Result<(), Error> {
        let theirs = UnparsedPublicKey::new(&X25519, theirs);
        // Fails for a public key of small order: nothing secret could come of it.
        let small = super::malformed("the server's key is of small order");
        let (chaining, key) = agreement::agree(&mine.private, theirs, small, |shared| Ok(self.hkdf(shared)))?;
        self.chaining = chaining;
        let key = UnboundKey::new(&AES_256_GCM, &key).map_err(|_| Error::Cipher(Protocol::Noise))?;
        self.cipher = Some(LessSafeKey::new(key));
        self.counter = 0;
        Ok(())
    }

    /// HKDF with two outputs (§4.3).
    fn hkdf(&self, input: &[u8]) -> ([u8; 32], [u8; 32]) {
        let sign = |key: &[u8], data: &[u8]| {
            let tag = hmac::sign(&hmac::Key::new(HMAC_SHA256, key), data);
            let mut out = [0; 32];
            out.copy_from_slice(tag.as_ref());
            out
        };
        let temporary = sign(&self.chaining, input);
        let first = sign(&temporary, &[1]);
        let second = sign(&temporary, &[&first[..], &[2]].concat());
        (first, second)
    }

    /// EncryptAndHash.
    pub(super) fn seal(&mut self, clear: &[u8]) -> Result<Vec<u8>, Error> {
        let failed = Error::Cipher(Protocol::Noise);
        let mut out = clear.to_vec();
        let nonce = self.nonce();
        let cipher = self.cipher.as_ref().ok_or(failed.clone())?;
        cipher.seal_in_place_append_tag(nonce, Aad::from(self.hash), &mut out).map_err(|_| failed)?;
        self.mix_hash(&out);
        Ok(out)
    }

    /// DecryptAndHash; `None` when the seal is broken.
    pub(super) fn open(&mut self, sealed: &[u8]) -> Option<Vec<u8>> {
        let nonce = self.nonce();
        let mut out = sealed.to_vec();
        let length = self.cipher.as_ref()?.open_in_place(nonce, Aad::from(self.hash), &mut out).ok()?.len();
        self.mix_hash(sealed);
        out.truncate(length);
        Some(out)
    }

    /// Eight zero bytes and the counter, most significant byte first.
    fn nonce(&mut self) -> Nonce {
        let mut nonce = [0; 12];
        nonce[8..].copy_from_slice(&self.counter.to_be_bytes());
        self.counter += 1;
        Nonce::assume_unique_for_key(nonce)
    }
}

#[cfg(test)]
impl Symmetric {
    pub(super) const fn hash_for_test(&self) -> &[u8; 32] {
        &self.hash
    }
}
