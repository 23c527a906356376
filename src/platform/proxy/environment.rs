//! The environment: variables that programs read when they start. As lines for a shell, and as a file of
//! `environment.d` (systemd), which the next session of this user begins with. Programs that run already see nothing of it.

use super::{Error, Ground, Key, NEVER_PROXIED, Seen, System, Value, Values, Wish};
use crate::platform;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The one key: the file's content.
const FILE: &str = "environment.d/byway.conf";

/// How the file begins.
const HEAD: &str = "# byway proxy on; byway proxy off takes it away\n";

/// The shells that lines can be made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// POSIX shells: sh, bash, zsh, dash, ash.
    Sh,
    /// fish.
    Fish,
    /// `PowerShell`.
    Pwsh,
}

impl Shell {
    /// A line that sets a variable, or takes it away.
    pub fn line(self, name: &str, value: Option<&str>) -> String {
        match (self, value) {
            (Self::Sh, Some(value)) => format!("export {name}='{}'", value.replace('\'', r"'\''")),
            (Self::Sh, None) => format!("unset {name}"),
            (Self::Fish, Some(value)) => {
                format!("set -gx {name} '{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
            }
            (Self::Fish, None) => format!("set -e {name}"),
            (Self::Pwsh, Some(value)) => format!("$Env:{name} = '{}'", value.replace('\'', "''")),
            (Self::Pwsh, None) => format!("Remove-Item -ErrorAction Ignore Env:{name}"),
        }
    }
}

/// The variables, in both spellings: curl reads `http_proxy` in small letters only, Electron programs the large ones.
/// `login` stands before the address, as in a URL.
pub fn variables(at: SocketAddr, login: &str) -> Vec<(String, String)> {
    // Suffixes with a dot, and networks, are understood by most; the addresses themselves by all.
    let never: Vec<_> = NEVER_PROXIED.iter().map(|place| place.trim_start_matches('*')).chain(["127.0.0.1"]).collect();
    let web = format!("http://{login}{at}");
    let all = format!("socks5h://{login}{at}");
    let pairs = [("http_proxy", web.clone()), ("https_proxy", web), ("all_proxy", all), ("no_proxy", never.join(","))];
    pairs
        .into_iter()
        .flat_map(|(name, value)| [(name.to_owned(), value.clone()), (name.to_uppercase(), value)])
        .collect()
}

pub(super) struct Environment;

fn file(ground: Ground<'_>) -> Option<PathBuf> {
    Some(ground.config_home()?.join(FILE))
}

impl System for Environment {
    fn name(&self) -> &'static str {
        "environment"
    }

    fn is_here(&self, ground: Ground<'_>) -> bool {
        let known = file(ground).is_some_and(|file| file.parent().is_some_and(Path::is_dir));
        known || (ground.config_home().is_some() && Path::new("/run/systemd/system").is_dir())
    }

    fn read(&self, ground: Ground<'_>) -> Result<Values, Error> {
        let Some(path) = file(ground) else { return Ok(Values::new()) };
        let text = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(platform::Error::File { doing: "read", path, source }.into()),
        };
        Ok(Values::from([(FILE.to_owned(), text)]))
    }

    fn wanted(&self, wish: &Wish, _: &Values) -> Vec<(Key, Value)> {
        if !wish.mode.is_fixed() {
            return Vec::new();
        }
        let lines = variables(wish.at, "").into_iter().map(|(name, value)| format!("{name}={value}\n"));
        vec![(FILE.to_owned(), Some(HEAD.to_owned() + &lines.collect::<String>()))]
    }

    fn write(&self, ground: Ground<'_>, _: &str, value: &Value) -> Result<(), Error> {
        let Some(path) = file(ground) else { return Ok(()) };
        let failed = |doing| {
            let path = path.clone();
            move |source| platform::Error::File { doing, path, source }
        };
        match value {
            Some(text) => {
                let folder = path.parent().unwrap_or(&path);
                fs::create_dir_all(folder).map_err(failed("make the folder of"))?;
                platform::write_private(&path, text.as_bytes())?;
            }
            None => match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("remove")(error).into()),
                _ => {}
            },
        }
        Ok(())
    }

    fn in_force(&self, now: &Values) -> Vec<Key> {
        now.keys().cloned().collect()
    }

    fn switched_off(&self, now: &Values) -> Vec<(Key, Value)> {
        // The file's name is byway's own; one that somebody else wrote there is not.
        let ours = now.get(FILE).and_then(Option::as_deref).is_some_and(|text| text.starts_with(HEAD));
        ours.then(|| (FILE.to_owned(), None)).into_iter().collect()
    }

    fn is_switch(&self, _: &str) -> bool {
        false
    }

    fn seen(&self, now: &Values) -> Seen {
        let text = now.get(FILE).and_then(Option::as_deref).unwrap_or_default();
        let address = text.lines().find_map(|line| line.strip_prefix("http_proxy=http://"));
        address.map_or(Seen::Off, |address| Seen::Fixed(address.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_each_shell_survive_quotes() {
        for (shell, set, unset) in [
            (Shell::Sh, r"export A='it'\''s'", "unset A"),
            (Shell::Fish, r"set -gx A 'it\'s'", "set -e A"),
            (Shell::Pwsh, "$Env:A = 'it''s'", "Remove-Item -ErrorAction Ignore Env:A"),
        ] {
            assert_eq!((shell.line("A", Some("it's")), shell.line("A", None)), (set.to_owned(), unset.to_owned()));
        }
    }

    #[test]
    fn both_spellings_are_told() {
        let told = variables("127.0.0.1:4180".parse().unwrap(), "");
        assert!(told.contains(&("all_proxy".into(), "socks5h://127.0.0.1:4180".into())));
        assert!(told.contains(&("HTTPS_PROXY".into(), "http://127.0.0.1:4180".into())));
        let never = &told.iter().find(|(name, _)| name == "no_proxy").unwrap().1;
        assert!(never.split(',').any(|place| place == ".local") && never.contains("127.0.0.1"), "{never}");
        assert_eq!(told.len(), 8);
    }
}
