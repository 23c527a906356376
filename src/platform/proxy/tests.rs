//! The systems that cannot run here, by fakes of their tools that remember; and what holds for all of them.

use super::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const OURS: &str = "http://127.0.0.1:4181/0123/proxy.pac";

fn wish(mode: Mode) -> Wish {
    Wish { mode, at: "127.0.0.1:4181".parse().unwrap(), pac: OURS.into() }
}

/// A tool: what it remembers, what it is told, what it says.
type Tool = fn(&mut BTreeMap<String, String>, &[&str]) -> Result<String, String>;

/// A machine whose tools are functions over what it remembers.
#[derive(Clone)]
struct Fake {
    kept: Arc<Mutex<BTreeMap<String, String>>>,
    /// Every command that changes something.
    calls: Arc<Mutex<Vec<String>>>,
    tool: Tool,
    name: &'static str,
}

impl Run for Fake {
    fn run(&self, program: &str, args: &[&str]) -> Result<String, RunError> {
        if program != self.name {
            return Err(RunError::Absent { program: program.to_owned() });
        }
        let said = (self.tool)(&mut self.kept.lock().unwrap(), args);
        if !args[0].starts_with("-get") && !args[0].starts_with("-list") && args[0] != "query" {
            self.calls.lock().unwrap().push(args.join(" "));
        }
        said.map_err(|said| RunError::Failed { program: program.to_owned(), said })
    }

    fn finds(&self, program: &str) -> bool {
        program == self.name
    }
}

impl Fake {
    fn new(name: &'static str, tool: Tool, kept: &[(&str, &str)]) -> Self {
        let kept = kept.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Self { kept: Arc::new(Mutex::new(kept)), calls: Arc::default(), tool, name }
    }

    fn kept(&self) -> BTreeMap<String, String> {
        self.kept.lock().unwrap().clone()
    }

    fn set(&self, key: &str, value: &str) {
        self.kept.lock().unwrap().insert(key.to_owned(), value.to_owned());
    }

    fn proxy(&self, state: &Path, system: Box<dyn System>) -> SystemProxy {
        SystemProxy::with(state, Box::new(self.clone()), Box::new(|_| None), vec![system])
    }
}

/// The registry's values of one key, as `reg.exe` answers.
fn reg(kept: &mut BTreeMap<String, String>, args: &[&str]) -> Result<String, String> {
    match args {
        ["query", _] => {
            let kind = |name: &str| if name == "ProxyEnable" { "REG_DWORD" } else { "REG_SZ" };
            let shown =
                |name: &str, value: &str| if name == "ProxyEnable" { format!("0x{value}") } else { value.to_owned() };
            let line = |(name, value): (&String, &String)| {
                format!("    {name}    {}    {}\r\n", kind(name), shown(name, value))
            };
            Ok(format!("\r\nHKEY_CURRENT_USER\\x\r\n{}", kept.iter().map(line).collect::<String>()))
        }
        ["add", _, "/v", name, "/t", _, "/d", value, "/f"] => {
            kept.insert((*name).to_owned(), (*value).to_owned());
            Ok(String::new())
        }
        ["delete", _, "/v", name, "/f"] => {
            kept.remove(*name).map(|_| String::new()).ok_or_else(|| "ERROR: not found".to_owned())
        }
        other => Err(format!("unknown: {other:?}")),
    }
}

/// Two network services and one that is switched off, as `networksetup` answers.
fn networksetup(kept: &mut BTreeMap<String, String>, args: &[&str]) -> Result<String, String> {
    let get = |kept: &BTreeMap<String, String>, key: String| kept.get(&key).cloned().unwrap_or_default();
    match args {
        ["-listallnetworkservices"] => {
            Ok("An asterisk (*) denotes that a network service is disabled.\nWi-Fi\n*Old\nUSB 10/100 LAN\n".into())
        }
        ["-getautoproxyurl", service] => {
            let url = get(kept, format!("{service} autoproxy url"));
            let url = if url.is_empty() { "(null)" } else { &url };
            let on = get(kept, format!("{service} autoproxy on"));
            Ok(format!("URL: {url}\nEnabled: {}\n", if on == "on" { "Yes" } else { "No" }))
        }
        ["-getproxybypassdomains", service] => match get(kept, format!("{service} except")).as_str() {
            "" => Ok(format!("There aren't any bypass domains set on {service}.\n")),
            some => Ok(some.replace(' ', "\n")),
        },
        [get_it, service] if get_it.starts_with("-get") => {
            let kind = get_it.trim_start_matches("-get");
            let on = if get(kept, format!("{service} {kind} on")) == "on" { "Yes" } else { "No" };
            let at = get(kept, format!("{service} {kind} at"));
            let (server, port) = at.split_once(' ').unwrap_or(("", "0"));
            Ok(format!("Enabled: {on}\nServer: {server}\nPort: {port}\nAuthenticated Proxy Enabled: 0\n"))
        }
        ["-setproxybypassdomains", service, places @ ..] => {
            let places = if places == ["Empty"] { String::new() } else { places.join(" ") };
            kept.insert(format!("{service} except"), places);
            Ok(String::new())
        }
        ["-setautoproxyurl", service, url] => {
            kept.insert(format!("{service} autoproxy url"), (*url).to_owned());
            kept.insert(format!("{service} autoproxy on"), "on".into());
            Ok(String::new())
        }
        [set, service, host, port] if set.starts_with("-set") => {
            let kind = set.trim_start_matches("-set");
            kept.insert(format!("{service} {kind} at"), format!("{host} {port}"));
            kept.insert(format!("{service} {kind} on"), "on".into());
            Ok(String::new())
        }
        [set, service, state] if set.ends_with("state") => {
            let kind = set.trim_start_matches("-set").trim_end_matches("state");
            kept.insert(format!("{service} {kind} on"), (*state).to_owned());
            Ok(String::new())
        }
        other => Err(format!("unknown: {other:?}")),
    }
}

#[test]
fn windows_goes_there_and_back() {
    let state = tempfile::tempdir().unwrap();
    let before = [("ProxyEnable", "0"), ("ProxyServer", "old:1"), ("AutoConfigURL", "http://corp/pac")];
    let machine = Fake::new("reg", reg, &before);
    let proxy = machine.proxy(state.path(), Box::new(windows::Windows));
    let first = machine.kept();
    let done = proxy.on(&wish(Mode::Manual), std::process::id()).unwrap();
    assert_eq!(done[0].did, Did::Set, "{done:?}");
    let kept = machine.kept();
    assert_eq!((kept["ProxyServer"].as_str(), kept["ProxyEnable"].as_str()), ("127.0.0.1:4181", "1"));
    assert!(kept["ProxyOverride"].contains(";172.31.*;") && !kept.contains_key("AutoConfigURL"));
    // Somebody's script must be out of the way before the address is switched on.
    let calls = machine.calls.lock().unwrap().clone();
    let at = |what: &str| calls.iter().position(|call| call.contains(what)).unwrap();
    assert!(at("delete") < at("ProxyEnable"), "{calls:?}");
    assert_eq!(proxy.off().unwrap()[0].did, Did::GivenBack);
    assert_eq!(machine.kept(), first);
    assert_eq!(proxy.off().unwrap(), []);
}

#[test]
fn a_script_on_windows_leaves_the_rest_alone() {
    let state = tempfile::tempdir().unwrap();
    let machine = Fake::new("reg", reg, &[("ProxyEnable", "0")]);
    let proxy = machine.proxy(state.path(), Box::new(windows::Windows));
    proxy.on(&wish(Mode::Pac), std::process::id()).unwrap();
    assert_eq!(machine.kept().get("AutoConfigURL").map(String::as_str), Some(OURS));
    assert_eq!(machine.kept().len(), 2);
    let standing = proxy.standing().unwrap();
    assert_eq!((standing[0].seen.clone(), standing[0].ours), (Some(Seen::Script(OURS.into())), true));
    // Somebody else's since then is theirs, and is told.
    machine.set("AutoConfigURL", "http://corp/pac");
    assert_eq!(proxy.standing().unwrap()[0].foreign, ["AutoConfigURL"]);
    let done = proxy.off().unwrap();
    assert_eq!((done[0].did, &done[0].foreign[..]), (Did::Nothing, &["AutoConfigURL".to_owned()][..]));
    assert_eq!(machine.kept()["AutoConfigURL"], "http://corp/pac");
}

#[test]
fn macos_goes_there_and_back_for_every_service_that_is_on() {
    let state = tempfile::tempdir().unwrap();
    let machine = Fake::new("networksetup", networksetup, &[("Wi-Fi except", "corp.example *.local")]);
    let proxy = machine.proxy(state.path(), Box::new(macos::MacOs));
    proxy.on(&wish(Mode::Both), std::process::id()).unwrap();
    let kept = machine.kept();
    for service in ["Wi-Fi", "USB 10/100 LAN"] {
        assert_eq!(kept[&format!("{service} autoproxy url")], OURS);
        for kind in ["webproxy", "securewebproxy", "socksfirewallproxy"] {
            assert_eq!(kept[&format!("{service} {kind} at")], "127.0.0.1 4181");
            assert_eq!(kept[&format!("{service} {kind} on")], "on");
        }
    }
    assert!(kept["Wi-Fi except"].starts_with("corp.example *.local localhost "));
    assert!(!kept.keys().any(|key| key.starts_with("Old")));
    assert_eq!(proxy.off().unwrap()[0].did, Did::GivenBack);
    let kept = machine.kept();
    assert!(!kept.values().any(|value| value == "on"), "{kept:?}");
    assert_eq!((kept["Wi-Fi except"].as_str(), kept["USB 10/100 LAN except"].as_str()), ("corp.example *.local", ""));
}

#[test]
fn what_was_there_is_on_the_disk_before_anything_is_touched() {
    use std::os::unix::fs::PermissionsExt;
    let state = tempfile::tempdir().unwrap();
    let refuses: Tool = |kept, args| if args[0] == "query" { reg(kept, args) } else { Err("no".into()) };
    let machine = Fake::new("reg", refuses, &[("ProxyEnable", "0")]);
    let file = state.path().join("sysproxy.json");
    let proxy = machine.proxy(state.path(), Box::new(windows::Windows));
    let done = proxy.on(&wish(Mode::Manual), std::process::id()).unwrap();
    assert_eq!(done[0].did, Did::Failed);
    assert!(!file.exists(), "nothing was changed, so nothing is to be given back");
    let machine = Fake::new("reg", reg, &[("ProxyEnable", "0")]);
    machine.proxy(state.path(), Box::new(windows::Windows)).on(&wish(Mode::Manual), std::process::id()).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn only_a_byway_that_is_gone_is_cleaned_up_after() {
    let state = tempfile::tempdir().unwrap();
    let machine = Fake::new("reg", reg, &[("ProxyEnable", "0")]);
    let proxy = machine.proxy(state.path(), Box::new(windows::Windows));
    proxy.on(&wish(Mode::Manual), std::process::id()).unwrap();
    assert!(!proxy.is_left_behind().unwrap() && proxy.recover().unwrap().is_empty());
    assert!(proxy.leave(1).unwrap().is_empty(), "another process's");
    // A process that was given our number later started at another time.
    let file = state.path().join("sysproxy.json");
    let mut journal: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    journal["owner"]["since"] = "1 another boot".into();
    std::fs::write(&file, journal.to_string()).unwrap();
    assert!(proxy.is_left_behind().unwrap());
    assert_eq!(proxy.recover().unwrap()[0].did, Did::GivenBack);
    assert_eq!(machine.kept()["ProxyEnable"], "0");
    assert!(!file.exists());
}

#[test]
fn the_one_it_leads_to_gives_it_back_when_it_leaves() {
    let state = tempfile::tempdir().unwrap();
    let machine = Fake::new("reg", reg, &[("ProxyEnable", "0")]);
    let proxy = machine.proxy(state.path(), Box::new(windows::Windows));
    proxy.on(&wish(Mode::Both), std::process::id()).unwrap();
    assert_eq!(proxy.leave(std::process::id()).unwrap()[0].did, Did::GivenBack);
    assert_eq!(machine.kept(), BTreeMap::from([("ProxyEnable".into(), "0".into())]));
}

#[test]
fn a_damaged_file_is_told_and_nothing_is_guessed() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join("sysproxy.json"), "{").unwrap();
    let machine = Fake::new("reg", reg, &[]);
    let proxy = machine.proxy(state.path(), Box::new(windows::Windows));
    assert!(matches!(proxy.on(&wish(Mode::Pac), 1), Err(Error::Damaged { .. })));
    assert!(matches!(proxy.off(), Err(Error::Damaged { .. })));
    assert!(machine.calls.lock().unwrap().is_empty());
}

#[test]
fn no_desktop_is_said_plainly() {
    let state = tempfile::tempdir().unwrap();
    let machine = Fake::new("reg", reg, &[]);
    let error = machine.proxy(state.path(), Box::new(gnome::Gnome)).on(&wish(Mode::Pac), 1).unwrap_err();
    assert!(matches!(error, Error::NoDesktop), "{error}");
}
