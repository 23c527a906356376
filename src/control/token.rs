//! Secrets that let somebody in: made at random, compared without telling how much of a guess is right.

use crate::model::Secret;
use std::io;

/// 32 random bytes as hex digits.
pub(super) fn fresh() -> io::Result<Secret<String>> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| io::Error::from(io::ErrorKind::ResourceBusy))?;
    Ok(Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// Whether two tokens are the same, in a time that does not tell how much of them is.
pub(super) fn same(ours: &Secret<String>, shown: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(ours.expose().as_bytes(), shown.as_bytes()).is_ok()
}
