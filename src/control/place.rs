//! Where a running byway is found: a unix socket, or a token file that names a loopback port. It only knows
//! paths; it opens nothing.

use std::fmt;
use std::path::{Path, PathBuf};

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
    /// In this order: the folder systemd made (`RUNTIME_DIRECTORY`), the user's runtime folder
    /// (`XDG_RUNTIME_DIR`, XDG Base Directory 0.8), the user's state folder, `/run/byway`. On Windows: `LOCALAPPDATA`.
    pub fn default_for(env: impl Fn(&str) -> Option<PathBuf>) -> Self {
        let folder = |name: &str| env(name).filter(|path| path.is_absolute());
        if cfg!(windows) {
            let base = folder("LOCALAPPDATA").unwrap_or_else(std::env::temp_dir);
            return Self::Token(base.join("byway").join("control.token"));
        }
        let base = folder("RUNTIME_DIRECTORY")
            .or_else(|| Some(folder("XDG_RUNTIME_DIR")?.join("byway")))
            .or_else(|| Some(folder("HOME").filter(|home| home != Path::new("/"))?.join(".local/state/byway")))
            .unwrap_or_else(|| PathBuf::from("/run/byway"));
        Self::Socket(base.join("control.sock"))
    }

    /// Where a command looks, best first: this user's own, then the system's.
    pub fn candidates(env: impl Fn(&str) -> Option<PathBuf>) -> Vec<Self> {
        let mut places = vec![Self::default_for(env)];
        let system = Self::Socket(PathBuf::from("/run/byway/control.sock"));
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

    fn env(pairs: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<PathBuf> {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value))
    }

    #[cfg(unix)]
    #[test]
    fn the_nearest_private_folder_is_taken() {
        let socket = |path: &str| Place::Socket(PathBuf::from(path));
        let all = &[("RUNTIME_DIRECTORY", "/run/byway"), ("XDG_RUNTIME_DIR", "/run/user/7"), ("HOME", "/home/a")];
        assert_eq!(Place::default_for(env(all)), socket("/run/byway/control.sock"));
        assert_eq!(Place::default_for(env(&all[1..])), socket("/run/user/7/byway/control.sock"));
        assert_eq!(Place::default_for(env(&all[2..])), socket("/home/a/.local/state/byway/control.sock"));
        assert_eq!(Place::default_for(env(&[("HOME", "relative")])), socket("/run/byway/control.sock"));
    }

    #[cfg(unix)]
    #[test]
    fn a_command_also_looks_for_the_systems_byway() {
        let places = Place::candidates(env(&[("HOME", "/home/a")]));
        assert_eq!(places.len(), 2);
        assert_eq!(places[1].path(), Path::new("/run/byway/control.sock"));
        assert_eq!(Place::candidates(env(&[])).len(), 1);
    }

    #[test]
    fn a_token_file_is_told_by_its_ending() {
        assert_eq!(Place::named(Path::new("/x/c.token")), Place::Token(PathBuf::from("/x/c.token")));
    }
}
