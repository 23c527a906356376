//! Secrets that let somebody in: made at random, compared without telling how much of a guess is right.

use crate::model::Secret;
use std::io;

/// A token that somebody made up is this long at least.
const SHORTEST: usize = 16;

/// 32 random bytes as hex digits.
pub(super) fn fresh() -> io::Result<Secret<String>> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| io::Error::from(io::ErrorKind::ResourceBusy))?;
    Ok(Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// The token in the file at `path`; a new one is put there, for its owner alone, when there is no file.
pub fn kept(path: &std::path::Path) -> Result<Secret<String>, crate::platform::Error> {
    use crate::platform::{Error, private_dir, write_private};
    let failed = |doing: &'static str| move |source| Error::File { doing, path: path.to_owned(), source };
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let text = text.trim();
            if text.len() < SHORTEST {
                let short = io::Error::new(io::ErrorKind::InvalidData, "a token of 16 characters or more is needed");
                return Err(failed("use")(short));
            }
            Ok(Secret::new(text.to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let token = fresh().map_err(failed("make a token for"))?;
            if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
                private_dir(folder)?;
            }
            write_private(path, token.expose().as_bytes())?;
            Ok(token)
        }
        Err(error) => Err(failed("read")(error)),
    }
}

/// Whether two tokens are the same, in a time that does not tell how much of them is.
pub(super) fn same(ours: &Secret<String>, shown: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(ours.expose().as_bytes(), shown.as_bytes()).is_ok()
}
