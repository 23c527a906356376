//! KDE Plasma 5 and 6: `kioslaverc`, by `kreadconfig` and `kwriteconfig`; running programs are told over D-Bus.
//! Chromium on KDE reads the same file.

use super::{Error, Ground, Key, Mode, NEVER_PROXIED, Seen, System, Value, Values, Wish};

const GROUP: &str = "Proxy Settings";
const TYPE: &str = "ProxyType";
const SCRIPT: &str = "Proxy Config Script";
const FIXED: [&str; 3] = ["httpProxy", "httpsProxy", "socksProxy"];
const EXCEPT: &str = "NoProxyFor";
/// Whether the exceptions are meant the other way round.
const REVERSED: &str = "ReversedException";

const KEYS: [&str; 7] = [FIXED[0], FIXED[1], FIXED[2], EXCEPT, REVERSED, SCRIPT, TYPE];

/// Said by `kreadconfig` for what is not there; no setting has this value.
const UNSET: &str = "\u{1}";

pub(super) struct Kde;

/// The tool's name in the version that is installed.
fn tool(ground: Ground<'_>, name: &str) -> Option<String> {
    ["6", "5"].iter().map(|version| format!("{name}{version}")).find(|name| ground.run.finds(name))
}

fn text<'a>(now: &'a Values, key: &str) -> &'a str {
    now.get(key).and_then(Option::as_deref).unwrap_or_default()
}

impl System for Kde {
    fn name(&self) -> &'static str {
        "kde"
    }

    fn is_here(&self, ground: Ground<'_>) -> bool {
        let session = ground.is_desktop(&["KDE"]) || !ground.word("KDE_FULL_SESSION").is_empty();
        session && tool(ground, "kwriteconfig").is_some() && tool(ground, "kreadconfig").is_some()
    }

    fn read(&self, ground: Ground<'_>) -> Result<Values, Error> {
        let tool = tool(ground, "kreadconfig").ok_or(Error::NotUnderstood { program: "kreadconfig" })?;
        let mut values = Values::new();
        for key in KEYS {
            let args = ["--file", "kioslaverc", "--group", GROUP, "--key", key, "--default", UNSET];
            let said = ground.run.run(&tool, &args)?;
            let said = said.strip_suffix('\n').unwrap_or(&said);
            values.insert(key.to_owned(), (said != UNSET).then(|| said.to_owned()));
        }
        Ok(values)
    }

    fn wanted(&self, wish: &Wish, now: &Values) -> Vec<(Key, Value)> {
        let mut wanted = Vec::new();
        let mut want = |key: &str, value: String| wanted.push((key.to_owned(), Some(value)));
        if wish.mode.is_fixed() {
            let (host, port) = (bracketed(wish), wish.at.port());
            for (key, scheme) in FIXED.into_iter().zip(["http", "http", "socks"]) {
                // KDE writes a space before the port.
                want(key, format!("{scheme}://{host} {port}"));
            }
            let known = text(now, EXCEPT).split(',').map(str::trim).filter(|place| !place.is_empty());
            // With its meaning turned round, the list is of places that are proxied.
            let mut places: Vec<_> = known.filter(|_| text(now, REVERSED) != "true").collect();
            let missing: Vec<_> = NEVER_PROXIED.into_iter().filter(|place| !places.contains(place)).collect();
            places.extend(missing);
            want(EXCEPT, places.join(","));
            want(REVERSED, String::from("false"));
        }
        if wish.mode.is_scripted() {
            want(SCRIPT, wish.pac.clone());
        }
        // 1 is by hand, 2 is the script.
        want(TYPE, String::from(if wish.mode == Mode::Manual { "1" } else { "2" }));
        wanted
    }

    fn write(&self, ground: Ground<'_>, key: &str, value: &Value) -> Result<(), Error> {
        let tool = tool(ground, "kwriteconfig").ok_or(Error::NotUnderstood { program: "kwriteconfig" })?;
        let at = ["--file", "kioslaverc", "--group", GROUP, "--key", key];
        match value {
            Some(value) => ground.run.run(&tool, &[&at[..], &["--", value.as_str()]].concat())?,
            None => ground.run.run(&tool, &[&at[..], &["--delete"]].concat())?,
        };
        Ok(())
    }

    fn announce(&self, ground: Ground<'_>) {
        let signal = ["--type=signal", "/KIO/Scheduler", "org.kde.KIO.Scheduler.reparseSlaveConfiguration", "string:"];
        // Programs that are not told notice when they start anew.
        let _told = ground.run.run("dbus-send", &signal);
    }

    fn in_force(&self, now: &Values) -> Vec<Key> {
        match text(now, TYPE) {
            "1" => FIXED.map(str::to_owned).into(),
            "2" => vec![SCRIPT.to_owned()],
            _ => Vec::new(),
        }
    }

    fn switched_off(&self, _: &Values) -> Vec<(Key, Value)> {
        vec![(TYPE.to_owned(), Some(String::from("0")))]
    }

    fn is_switch(&self, key: &str) -> bool {
        key == TYPE
    }

    fn seen(&self, now: &Values) -> Seen {
        match text(now, TYPE) {
            "1" => {
                let proxy = text(now, FIXED[0]);
                Seen::Fixed(proxy.rsplit("://").next().unwrap_or_default().replace(' ', ":"))
            }
            "2" => Seen::Script(text(now, SCRIPT).to_owned()),
            // 3 looks for a script by itself, 4 reads the environment.
            "3" | "4" => Seen::Other,
            _ => Seen::Off,
        }
    }
}

fn bracketed(wish: &Wish) -> String {
    if wish.at.is_ipv6() { format!("[{}]", wish.at.ip()) } else { wish.at.ip().to_string() }
}
