//! Where byway's files belong: the XDG base directories on Unix, `Library` on macOS, the profile on Windows.
//! It makes nothing; see [`super::private_dir`].

use super::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// byway's own folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// What the user writes.
    pub config: PathBuf,
    /// What byway writes and keeps.
    pub state: PathBuf,
    /// What lives no longer than the session: the control socket.
    pub runtime: PathBuf,
}

impl Paths {
    /// The folders of the user who runs this process.
    pub fn find() -> Result<Self, Error> {
        Self::from_env(|name| std::env::var_os(name))
    }

    /// The folders according to the given environment.
    #[cfg(all(unix, not(target_os = "macos")))]
    pub fn from_env(env: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let home = absolute(env("HOME"));
        let under = |variable: &'static str, below: &str| match (absolute(env(variable)), &home) {
            (Some(base), _) => Ok(base.join("byway")),
            (None, Some(home)) => Ok(home.join(below).join("byway")),
            (None, None) => Err(Error::NoHome { variable: "HOME" }),
        };
        // The folder that systemd made for the service (systemd.exec(5)).
        let made = absolute(env("STATE_DIRECTORY")).filter(|path| !path.as_os_str().as_encoded_bytes().contains(&b':'));
        let state = made.map_or_else(|| under("XDG_STATE_HOME", ".local/state"), Ok)?;
        // Without a session there is no runtime folder; the state folder is as private.
        let runtime = absolute(env("XDG_RUNTIME_DIR")).map_or_else(|| state.join("run"), |base| base.join("byway"));
        Ok(Self { config: under("XDG_CONFIG_HOME", ".config")?, state, runtime })
    }

    /// The folders according to the given environment.
    #[cfg(target_os = "macos")]
    pub fn from_env(env: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let home = absolute(env("HOME")).ok_or(Error::NoHome { variable: "HOME" })?;
        let base = home.join("Library/Application Support/byway");
        // A socket's path may have 104 bytes; TMPDIR is the user's own and short.
        let runtime = absolute(env("TMPDIR")).map_or_else(|| base.join("run"), |tmp| tmp.join("byway"));
        Ok(Self { config: base.clone(), state: base, runtime })
    }

    /// The folders according to the given environment.
    #[cfg(windows)]
    pub fn from_env(env: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let roaming = absolute(env("APPDATA")).ok_or(Error::NoHome { variable: "APPDATA" })?;
        let local = absolute(env("LOCALAPPDATA")).ok_or(Error::NoHome { variable: "LOCALAPPDATA" })?;
        let state = local.join("byway");
        Ok(Self { config: roaming.join("byway"), runtime: state.join("run"), state })
    }

    /// The configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// Where a running byway is commanded: a unix socket, or, on Windows, the file with port and token.
    pub fn control_socket(&self) -> PathBuf {
        self.runtime.join(if cfg!(windows) { "control.json" } else { "control.sock" })
    }
}

/// The XDG base directory specification: a path that is not absolute is to be ignored.
fn absolute(value: Option<OsString>) -> Option<PathBuf> {
    value.map(PathBuf::from).filter(|path: &PathBuf| Path::is_absolute(path))
}

#[cfg(test)]
#[cfg(all(unix, not(target_os = "macos")))]
mod tests {
    use super::*;

    fn env<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        move |name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v))
    }

    #[test]
    fn the_xdg_variables_win_over_home() {
        let home = [("HOME", "/home/u"), ("XDG_CONFIG_HOME", "/c"), ("XDG_RUNTIME_DIR", "/run/user/1")];
        let paths = Paths::from_env(env(&home)).unwrap();
        assert_eq!(paths.config_file(), Path::new("/c/byway/config.toml"));
        assert_eq!(paths.state, Path::new("/home/u/.local/state/byway"));
        assert_eq!(paths.control_socket(), Path::new("/run/user/1/byway/control.sock"));
    }

    #[test]
    fn a_service_keeps_its_state_where_its_manager_says() {
        let service = [("HOME", "/"), ("STATE_DIRECTORY", "/var/lib/byway")];
        assert_eq!(Paths::from_env(env(&service)).unwrap().state, Path::new("/var/lib/byway"));
    }

    #[test]
    fn a_relative_variable_is_ignored_as_the_standard_says() {
        let paths = Paths::from_env(env(&[("HOME", "/home/u"), ("XDG_STATE_HOME", "here")])).unwrap();
        assert_eq!(paths.state, Path::new("/home/u/.local/state/byway"));
        assert_eq!(paths.runtime, Path::new("/home/u/.local/state/byway/run"));
    }

    #[test]
    fn no_home_is_an_error_that_says_what_to_set() {
        let error = Paths::from_env(env(&[])).unwrap_err();
        assert!(error.to_string().contains("set HOME"), "{error}");
    }
}
