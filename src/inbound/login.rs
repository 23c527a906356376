//! Whether a user and a password open the door. Compares digests in constant time, so that neither the
//! length nor a common beginning shows in the time taken.

use crate::model::Secret;
use aws_lc_rs::{constant_time, digest};

/// A user and the password that goes with it.
pub type Login = (String, Secret<String>);

/// Whether what was `given` is the `wanted` login.
pub(super) fn admits(wanted: &Login, user: &[u8], password: &[u8]) -> bool {
    let user_fits = same(wanted.0.as_bytes(), user);
    let password_fits = same(wanted.1.expose().as_bytes(), password);
    user_fits & password_fits
}

fn same(wanted: &[u8], given: &[u8]) -> bool {
    let wanted = digest::digest(&digest::SHA256, wanted);
    let given = digest::digest(&digest::SHA256, given);
    constant_time::verify_slices_are_equal(wanted.as_ref(), given.as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_pair_is_admitted() {
        let wanted = (String::from("anna"), Secret::new(String::from("pass word")));
        for (user, password, open) in [
            ("anna", "pass word", true),
            ("anna", "pass", false),
            ("anna", "", false),
            ("Anna", "pass word", false),
            ("", "pass word", false),
            ("annapass", " word", false),
        ] {
            assert_eq!(admits(&wanted, user.as_bytes(), password.as_bytes()), open, "{user}:{password}");
        }
    }
}
