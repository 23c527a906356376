//! GNOME and all that read its settings: `org.gnome.system.proxy`, by `gsettings`. Also Cinnamon, MATE, Budgie, Unity,
//! Pantheon and Deepin; GTK programs and browsers elsewhere. Needs the session's D-Bus: without one `gsettings` says yes
//! and keeps nothing, which is noticed by reading again.

use super::{Error, Ground, Key, Mode, NEVER_PROXIED, Seen, System, Value, Values, Wish};

const SCHEMA: &str = "org.gnome.system.proxy";

pub(super) struct Gnome;

fn key(child: &str, name: &str) -> Key {
    if child.is_empty() { format!("{SCHEMA} {name}") } else { format!("{SCHEMA}.{child} {name}") }
}

/// A text as GVariant writes it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The text of a GVariant string.
fn unquoted(value: Option<&Value>) -> String {
    let text = value.and_then(Option::as_deref).unwrap_or_default();
    strings(text).into_iter().next().unwrap_or_default()
}

/// The strings in a GVariant text, whatever surrounds them.
fn strings(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<(char, String)> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (&mut open, c) {
            (None, '\'' | '"') => open = Some((c, String::new())),
            (None, _) => {}
            (Some((_, held)), '\\') => held.extend(chars.next()),
            (Some((quote, held)), c) if c == *quote => {
                found.push(std::mem::take(held));
                open = None;
            }
            (Some((_, held)), c) => held.push(c),
        }
    }
    found
}

impl System for Gnome {
    fn name(&self) -> &'static str {
        "gnome"
    }

    fn is_here(&self, ground: Ground<'_>) -> bool {
        let session =
            !ground.word("XDG_CURRENT_DESKTOP").is_empty() || !ground.word("DBUS_SESSION_BUS_ADDRESS").is_empty();
        session && ground.run.finds("gsettings") && ground.run.run("gsettings", &["get", SCHEMA, "mode"]).is_ok()
    }

    fn read(&self, ground: Ground<'_>) -> Result<Values, Error> {
        let said = ground.run.run("gsettings", &["list-recursively", SCHEMA])?;
        let line = |line: &str| {
            let mut words = line.splitn(3, ' ');
            let (schema, name, value) = (words.next()?, words.next()?, words.next()?);
            Some((format!("{schema} {name}"), Some(value.to_owned())))
        };
        let values: Values = said.lines().filter_map(line).collect();
        let known = [key("", "mode"), key("", "autoconfig-url"), key("http", "host"), key("socks", "port")];
        if known.iter().all(|key| values.contains_key(key)) {
            Ok(values)
        } else {
            Err(Error::NotUnderstood { program: "gsettings" })
        }
    }

    fn wanted(&self, wish: &Wish, now: &Values) -> Vec<(Key, Value)> {
        let mut wanted = Vec::new();
        if wish.mode.is_fixed() {
            for child in ["http", "https", "socks"] {
                wanted.push((key(child, "host"), Some(quoted(&wish.at.ip().to_string()))));
                wanted.push((key(child, "port"), Some(wish.at.port().to_string())));
            }
            let mut ignored = strings(now.get(&key("", "ignore-hosts")).and_then(Option::as_deref).unwrap_or_default());
            for place in NEVER_PROXIED {
                if !ignored.iter().any(|known| known == place) {
                    ignored.push(place.to_owned());
                }
            }
            let ignored: Vec<_> = ignored.iter().map(|place| quoted(place)).collect();
            wanted.push((key("", "ignore-hosts"), Some(format!("[{}]", ignored.join(", ")))));
        }
        if wish.mode.is_scripted() {
            wanted.push((key("", "autoconfig-url"), Some(quoted(&wish.pac))));
        }
        // There is one switch: the script, where there is one, for it names the fixed address too.
        let switch = if wish.mode == Mode::Manual { "manual" } else { "auto" };
        wanted.push((key("", "mode"), Some(quoted(switch))));
        wanted
    }

    fn write(&self, ground: Ground<'_>, key: &str, value: &Value) -> Result<(), Error> {
        let Some((schema, name)) = key.split_once(' ') else {
            return Err(Error::NotUnderstood { program: "gsettings" });
        };
        match value {
            Some(value) => ground.run.run("gsettings", &["set", schema, name, value])?,
            None => ground.run.run("gsettings", &["reset", schema, name])?,
        };
        Ok(())
    }

    fn in_force(&self, now: &Values) -> Vec<Key> {
        match unquoted(now.get(&key("", "mode"))).as_str() {
            "auto" => vec![key("", "autoconfig-url")],
            "manual" => {
                ["http", "https", "socks"].iter().flat_map(|child| [key(child, "host"), key(child, "port")]).collect()
            }
            _ => Vec::new(),
        }
    }

    fn switched_off(&self, _: &Values) -> Vec<(Key, Value)> {
        vec![(key("", "mode"), Some(quoted("none")))]
    }

    fn is_switch(&self, key: &str) -> bool {
        key == self::key("", "mode")
    }

    fn seen(&self, now: &Values) -> Seen {
        match unquoted(now.get(&key("", "mode"))).as_str() {
            "auto" => Seen::Script(unquoted(now.get(&key("", "autoconfig-url")))),
            "manual" => {
                let host = unquoted(now.get(&key("http", "host")));
                let port = now.get(&key("http", "port")).and_then(Option::as_deref).unwrap_or_default();
                Seen::Fixed(format!("{host}:{port}"))
            }
            _ => Seen::Off,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_texts_are_read_and_written() {
        assert_eq!(strings(r#"['localhost', "it's", 'a\'b', '']"#), ["localhost", "it's", "a'b", ""]);
        assert_eq!(strings("@as []"), [""; 0]);
        assert_eq!(quoted("it's"), r"'it\'s'");
        assert_eq!(unquoted(Some(&Some("'auto'".into()))), "auto");
        assert_eq!(unquoted(None), "");
    }
}
