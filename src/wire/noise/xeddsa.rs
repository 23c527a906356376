//! Signatures with X25519 keys: XEdDSA (signal.org/docs/specifications/xeddsa), and the form of it in libsignal that
//! WhatsApp's certificates use, where the sign of the signer's point travels in the top bit of the signature.

use aws_lc_rs::digest::{self, SHA512};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use curve25519_dalek::{EdwardsPoint, MontgomeryPoint, Scalar, scalar::clamp_integer};

/// Whether `signature` over `message` is by the owner of `key`. In the specification's own form the top bit is zero,
/// which is one of the two cases.
pub(super) fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let sign = signature[63] >> 7;
    let Some(point) = MontgomeryPoint(*key).to_edwards(sign) else { return false };
    if point.is_small_order() {
        return false;
    }
    let mut plain = *signature;
    plain[63] &= 0x7F;
    UnparsedPublicKey::new(&ED25519, point.compress().as_bytes()).verify(message, &plain).is_ok()
}

/// The public half of a key.
pub(super) fn public(private: &[u8; 32]) -> [u8; 32] {
    MontgomeryPoint::mul_base_clamped(*private).to_bytes()
}

/// Signs. `random` keeps the secret nonce apart from that of every other signature.
pub(super) fn sign(private: &[u8; 32], message: &[u8], random: &[u8; 64]) -> [u8; 64] {
    let clamped = clamp_integer(*private);
    let secret = Scalar::from_bytes_mod_order(clamped);
    let key = EdwardsPoint::mul_base(&secret).compress();
    // The specification's hash1: a prefix that no Ed25519 hash begins with.
    let mut prefix = [0xFF; 32];
    prefix[0] = 0xFE;
    let nonce = hash(&[&prefix, &clamped, message, random]);
    let commitment = EdwardsPoint::mul_base(&nonce).compress();
    let challenge = hash(&[commitment.as_bytes(), key.as_bytes(), message]);
    let mut out = [0; 64];
    out[..32].copy_from_slice(commitment.as_bytes());
    out[32..].copy_from_slice((nonce + challenge * secret).as_bytes());
    out[63] |= key.as_bytes()[31] & 0x80;
    out
}

fn hash(parts: &[&[u8]]) -> Scalar {
    let mut context = digest::Context::new(&SHA512);
    parts.iter().for_each(|part| context.update(part));
    let mut wide = [0; 64];
    wide.copy_from_slice(context.finish().as_ref());
    Scalar::from_bytes_mod_order_wide(&wide)
}
