//! Where a running byway is found: a unix socket, or a token file that names a loopback port. It only knows
//! paths; it opens nothing.

use crate::platform::Paths;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where a byway listens that serves the whole machine.
const SYSTEM: &str = "/run/byway/control.sock";

/// A control place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A unix socket.
    Socket(PathBuf),
    /// A file that holds a loopback address and the token to show there.
    Token(PathBuf),
}

impl Place {
    /// What the operator named: a path that ends in `.token` is a token file, any other a socket; where there
    /// are no unix sockets, every path is a token file.
    pub fn named(path: &Path) -> Self {
        if cfg!(not(unix)) || path.extension().is_some_and(|e| e == "token") {
            Self::Token(path.to_owned())
        } else {
            Self::Socket(path.to_owned())
        }
    }

    /// Where this user's byway listens when nothing was named. `env` looks up an environment variable.
    ///
    /// In this order: the folder that systemd made for the service (`RUNTIME_DIRECTORY`), the platform's folder for
    /// what lives no longer than the session, and, for a user without a home, `/run/byway`.
    pub fn default_for(env: impl Fn(&str) -> Option<OsString>) -> Self {
        let made = env("RUNTIME_DIRECTORY").map(PathBuf::from).filter(|folder| cfg!(unix) && folder.is_absolute());
        match made.map(|folder| folder.join("control.sock")) {
            Some(path) => Self::named(&path),
            None => Self::named(&Paths::from_env(env).map_or_else(|_| SYSTEM.into(), |paths| paths.control_socket())),
        }
    }

    /// Where a command looks, best first: this user's own, then the system's.
    pub fn candidates(env: impl Fn(&str) -> Option<OsString>) -> Vec<Self> {
        let mut places = vec![Self::default_for(env)];
        let system = Self::named(Path::new(SYSTEM));
        if cfg!(unix) && !places.contains(&system) {
            places.push(system);
        }
        places
    }

    /// The path itself.
    pub fn path(&self) -> &Path {
        match self {
            Self::Socket(path) | Self::Token(path) => path,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.path().display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn the_nearest_private_folder_is_taken() {
        let first = |pairs: &[(&str, &str)]| {
            let env = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
            let places = Place::candidates(env);
            assert_eq!(places.last(), Some(&Place::Socket(SYSTEM.into())), "a command also asks the system's byway");
            (places[0].path().to_str().unwrap().to_owned(), places.len())
        };
        let all = [("RUNTIME_DIRECTORY", "/run/by"), ("XDG_RUNTIME_DIR", "/run/user/7"), ("HOME", "/home/a")];
        assert_eq!(first(&all), ("/run/by/control.sock".into(), 2));
        assert_eq!(first(&all[1..]), ("/run/user/7/byway/control.sock".into(), 2));
        assert_eq!(first(&all[2..]), ("/home/a/.local/state/byway/run/control.sock".into(), 2));
        assert_eq!(first(&[("RUNTIME_DIRECTORY", "relative")]), (SYSTEM.into(), 1));
    }

    #[test]
    fn a_token_file_is_told_by_its_ending() {
        assert_eq!(Place::named(Path::new("/x/c.token")), Place::Token(PathBuf::from("/x/c.token")));
    }
}
