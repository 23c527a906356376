//! Windows: the user's Internet settings in the registry, by `reg.exe`; running programs are told by
//! `InternetSetOption`, through PowerShell. Written from the documentation and what other programs do; tested against a
//! fake of the registry. Dial-up and VPN entries have settings of their own, which are not touched, nor is WinHTTP.

use super::{Error, Ground, Key, Seen, System, Value, Values, Wish};

const PLACE: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings";
const SCRIPT: &str = "AutoConfigURL";
const SERVER: &str = "ProxyServer";
const EXCEPT: &str = "ProxyOverride";
const ENABLE: &str = "ProxyEnable";
const KEYS: [&str; 4] = [SCRIPT, SERVER, EXCEPT, ENABLE];

/// `INTERNET_OPTION_SETTINGS_CHANGED` and `INTERNET_OPTION_REFRESH`.
const TELL: &str = "$t = Add-Type -PassThru -Name W -Namespace B -MemberDefinition \
    '[DllImport(\"wininet.dll\")] public static extern bool InternetSetOption(System.IntPtr h, int o, System.IntPtr b, int l);'; \
    [void]$t::InternetSetOption(0, 39, 0, 0); [void]$t::InternetSetOption(0, 37, 0, 0)";

/// The list has no networks, only patterns: `172.16.*` to `172.31.*` for one of them.
fn never_proxied() -> String {
    let middle: Vec<_> = (16..32).map(|second| format!("172.{second}.*")).collect();
    format!("localhost;127.*;[::1];10.*;{};192.168.*;*.local;<local>", middle.join(";"))
}

pub(super) struct Windows;

fn text<'a>(now: &'a Values, key: &str) -> &'a str {
    now.get(key).and_then(Option::as_deref).unwrap_or_default()
}

/// The value of `name` in what `reg query` printed: `    name    REG_TYPE    value`.
fn queried(said: &str, name: &str) -> Value {
    let line = said.lines().map(str::trim).find(|line| line.split_whitespace().next() == Some(name))?;
    let rest = line.strip_prefix(name)?.trim_start();
    let (kind, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let value = value.trim();
    match kind {
        "REG_DWORD" => {
            let number = value.strip_prefix("0x").and_then(|hex| u32::from_str_radix(hex, 16).ok());
            number.map(|number| number.to_string())
        }
        _ => Some(value.to_owned()),
    }
}

impl System for Windows {
    fn name(&self) -> &'static str {
        "windows"
    }

    fn is_here(&self, ground: Ground<'_>) -> bool {
        ground.run.finds("reg")
    }

    fn read(&self, ground: Ground<'_>) -> Result<Values, Error> {
        let said = ground.run.run("reg", &["query", PLACE])?;
        Ok(KEYS.into_iter().map(|key| (key.to_owned(), queried(&said, key))).collect())
    }

    fn wanted(&self, wish: &Wish, now: &Values) -> Vec<(Key, Value)> {
        let mut wanted = Vec::new();
        // A script goes before a fixed address: one of somebody else's must be out of the way first.
        if wish.mode.is_scripted() {
            wanted.push((SCRIPT.to_owned(), Some(wish.pac.clone())));
        } else if now.get(SCRIPT).is_some_and(Option::is_some) {
            wanted.push((SCRIPT.to_owned(), None));
        }
        if wish.mode.is_fixed() {
            wanted.push((SERVER.to_owned(), Some(wish.at.to_string())));
            wanted.push((EXCEPT.to_owned(), Some(never_proxied())));
            wanted.push((ENABLE.to_owned(), Some(String::from("1"))));
        }
        wanted
    }

    fn write(&self, ground: Ground<'_>, key: &str, value: &Value) -> Result<(), Error> {
        let kind = if key == ENABLE { "REG_DWORD" } else { "REG_SZ" };
        match value {
            Some(value) => ground.run.run("reg", &["add", PLACE, "/v", key, "/t", kind, "/d", value, "/f"])?,
            None => ground.run.run("reg", &["delete", PLACE, "/v", key, "/f"])?,
        };
        Ok(())
    }

    fn announce(&self, ground: Ground<'_>) {
        // Programs that are not told notice when they start anew.
        let _told = ground.run.run("powershell", &["-NoProfile", "-NonInteractive", "-Command", TELL]);
    }

    fn in_force(&self, now: &Values) -> Vec<Key> {
        let script = now.get(SCRIPT).is_some_and(Option::is_some).then(|| SCRIPT.to_owned());
        let fixed = (text(now, ENABLE) == "1").then(|| SERVER.to_owned());
        script.into_iter().chain(fixed).collect()
    }

    fn switched_off(&self, now: &Values) -> Vec<(Key, Value)> {
        let ours = |key: &str| super::force::is_of_this_machine(text(now, key));
        let script = ours(SCRIPT).then(|| (SCRIPT.to_owned(), None));
        let fixed = ours(SERVER).then(|| (ENABLE.to_owned(), Some(String::from("0"))));
        script.into_iter().chain(fixed).collect()
    }

    fn is_switch(&self, key: &str) -> bool {
        key == ENABLE
    }

    fn seen(&self, now: &Values) -> Seen {
        match (now.get(SCRIPT).and_then(Option::as_deref), text(now, ENABLE)) {
            (Some(url), _) => Seen::Script(url.to_owned()),
            (None, "1") => Seen::Fixed(text(now, SERVER).to_owned()),
            (None, _) => Seen::Off,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reg_prints_is_read() {
        let said = "\r\nHKEY_CURRENT_USER\\Software\r\n    ProxyEnable    REG_DWORD    0x1\r\n    \
            ProxyServer    REG_SZ    http=a b:1\r\n    ProxyOverride    REG_SZ    \r\n";
        assert_eq!(queried(said, "ProxyEnable"), Some("1".into()));
        assert_eq!(queried(said, "ProxyServer"), Some("http=a b:1".into()));
        assert_eq!(queried(said, "ProxyOverride"), Some(String::new()));
        assert_eq!(queried(said, "AutoConfigURL"), None);
    }
}
