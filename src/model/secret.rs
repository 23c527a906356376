//! Values that must never be printed: keys and passwords ([`Secret`]), and where people go ([`Private`]).

use std::fmt;
use zeroize::Zeroize;

/// A key, password or token. Prints as `***` and is wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes `value` into custody.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the one place that must put it on the wire.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T: Zeroize> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Something that would tell where a person goes (a host, an address, a name in a hello). Prints as `‹private›`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Private<T>(pub T);

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹private›")
    }
}

impl<T> fmt::Display for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹private›")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints_itself() {
        let key = Secret::new(String::from("hunter2"));
        assert_eq!(format!("{key} {key:?} {key:#?}"), "*** *** ***");
        assert_eq!(key.expose(), "hunter2");
    }

    #[test]
    fn a_private_value_never_prints_itself() {
        let host = Private("web.telegram.org");
        assert_eq!(format!("{host} {host:?}"), "‹private› ‹private›");
    }
}
