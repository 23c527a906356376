//! macOS: `networksetup`, for every network service that is switched on. Each of its settings is read and written as one
//! word: `on host port`, `off host port`. An address that was never set cannot be taken away again, only switched off.
//! Written from the tool's manual and what other programs do; tested against a fake of it.

use super::{Error, Ground, Key, NEVER_PROXIED, Seen, System, Value, Values, Wish};

const TOOL: &str = "networksetup";
/// Kind, and the two commands that it is read and set by.
const FIXED: [(&str, &str, &str); 3] = [
    ("web", "-getwebproxy", "-setwebproxy"),
    ("secureweb", "-getsecurewebproxy", "-setsecurewebproxy"),
    ("socks", "-getsocksfirewallproxy", "-setsocksfirewallproxy"),
];

pub(super) struct MacOs;

/// What stands behind `label` in a tool's answer.
fn field<'a>(said: &'a str, label: &str) -> &'a str {
    said.lines().find_map(|line| line.strip_prefix(label)?.strip_prefix(':')).map_or("", str::trim)
}

fn state(said: &str) -> &'static str {
    if field(said, "Enabled") == "Yes" { "on" } else { "off" }
}

fn split(key: &str) -> (&str, &str) {
    key.rsplit_once('/').unwrap_or(("", key))
}

fn services(said: &str) -> Vec<&str> {
    // The first line explains that an asterisk marks a service that is switched off.
    said.lines().skip(1).map(str::trim).filter(|name| !name.is_empty() && !name.starts_with('*')).collect()
}

impl System for MacOs {
    fn name(&self) -> &'static str {
        "macos"
    }

    fn is_here(&self, ground: Ground<'_>) -> bool {
        ground.run.finds(TOOL)
    }

    fn read(&self, ground: Ground<'_>) -> Result<Values, Error> {
        let mut values = Values::new();
        let all = ground.run.run(TOOL, &["-listallnetworkservices"])?;
        for service in services(&all) {
            for (kind, get, _) in FIXED {
                let said = ground.run.run(TOOL, &[get, service])?;
                let word = format!("{} {} {}", state(&said), field(&said, "Server"), field(&said, "Port"));
                values.insert(format!("{service}/{kind}"), Some(word));
            }
            let said = ground.run.run(TOOL, &["-getautoproxyurl", service])?;
            values.insert(format!("{service}/script"), Some(format!("{} {}", state(&said), field(&said, "URL"))));
            let said = ground.run.run(TOOL, &["-getproxybypassdomains", service])?;
            // With none it says so in a sentence; a domain has no spaces.
            let places: Vec<_> =
                said.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains(' ')).collect();
            values.insert(format!("{service}/except"), Some(places.join(" ")));
        }
        Ok(values)
    }

    fn wanted(&self, wish: &Wish, now: &Values) -> Vec<(Key, Value)> {
        let mut wanted = Vec::new();
        for key in now.keys() {
            let (service, kind) = split(key);
            let value = match kind {
                "except" if wish.mode.is_fixed() => {
                    let known = now.get(key).and_then(Option::as_deref).unwrap_or_default();
                    let mut places: Vec<_> = known.split(' ').filter(|place| !place.is_empty()).collect();
                    places.extend(NEVER_PROXIED.iter().filter(|place| !known.split(' ').any(|one| one == **place)));
                    places.join(" ")
                }
                "script" if wish.mode.is_scripted() => format!("on {}", wish.pac),
                "web" | "secureweb" | "socks" if wish.mode.is_fixed() => {
                    format!("on {} {}", wish.at.ip(), wish.at.port())
                }
                _ => continue,
            };
            wanted.push((format!("{service}/{kind}"), Some(value)));
        }
        wanted
    }

    fn write(&self, ground: Ground<'_>, key: &str, value: &Value) -> Result<(), Error> {
        let (service, kind) = split(key);
        let words: Vec<&str> = value.as_deref().unwrap_or_default().split(' ').collect();
        if kind == "except" {
            // The tool's own word for none.
            let places = if words == [""] { vec!["Empty"] } else { words };
            ground.run.run(TOOL, &[&["-setproxybypassdomains", service], &places[..]].concat())?;
            return Ok(());
        }
        let (state, to) = words.split_first().ok_or(Error::NotUnderstood { program: TOOL })?;
        let set = FIXED.iter().find(|(known, ..)| *known == kind).map_or("-setautoproxyurl", |(_, _, set)| *set);
        let is_set = to.first().is_some_and(|first| !first.is_empty() && *first != "(null)");
        if is_set {
            ground.run.run(TOOL, &[&[set, service], to].concat())?;
        }
        let switch = if kind == "script" { String::from("-setautoproxystate") } else { format!("{set}state") };
        ground.run.run(TOOL, &[&switch, service, state])?;
        Ok(())
    }

    fn in_force(&self, now: &Values) -> Vec<Key> {
        let on = |(_, value): &(&Key, &Value)| value.as_deref().is_some_and(|word| word.starts_with("on "));
        now.iter().filter(on).map(|(key, _)| key.clone()).collect()
    }

    fn switched_off(&self, now: &Values) -> Vec<(Key, Value)> {
        let on = |(key, value): (&Key, &Value)| {
            let rest = value.as_deref()?.strip_prefix("on ")?;
            super::force::is_of_this_machine(rest).then(|| (key.clone(), Some(format!("off {rest}"))))
        };
        now.iter().filter_map(on).collect()
    }

    fn is_switch(&self, _: &str) -> bool {
        false
    }

    fn seen(&self, now: &Values) -> Seen {
        let on = |wanted: &str| {
            now.iter().find_map(|(key, value)| {
                let (_, kind) = split(key);
                value.as_deref().filter(|_| kind == wanted)?.strip_prefix("on ")
            })
        };
        match (on("script"), on("web").or_else(|| on("socks"))) {
            (Some(url), _) => Seen::Script(url.to_owned()),
            (None, Some(at)) => Seen::Fixed(at.replace(' ', ":")),
            (None, None) => Seen::Off,
        }
    }
}
