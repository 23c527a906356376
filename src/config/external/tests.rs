use crate::config::Insecure;
use crate::config::{Origin, Settings, TransportKind, import, load, to_toml};
use crate::transport::{Offers, Plugin};
use std::path::PathBuf;

fn read(text: &str) -> Result<Settings, String> {
    let origin = Origin { name: "test".into(), folder: PathBuf::from("/etc/byway"), state: PathBuf::from("/state") };
    load(text, &origin, &[]).map_err(|faults| faults.iter().map(|f| format!("{f}\n")).collect())
}

fn loaded(text: &str) -> Settings {
    read(text).unwrap_or_else(|faults| panic!("{faults}"))
}

const BRIDGE: &str = "[transport.bridge.external]\ncommand = [\"obfs4proxy\"]\npluggable = \"obfs4\"\n\
    server = \"203.0.113.7:9001\"\narguments = { cert = \"AAAA\", iat-mode = \"0\" }\n";

#[test]
fn a_program_is_read_and_written_again() {
    for text in [
        "[transport.home.external]\ncommand = [\"ssh\", \"-N\", \"-D\", \"127.0.0.1:{port}\", \"me@home\"]\nudp = true\n",
        "[transport.home.external]\ncommand = [\"naive\"]\nsocks5 = \"127.0.0.1:1080\"\nfolder = \"run\"\n\
         environment = { B = \"2\", A = \"{password}\" }\nstart_timeout = \"5s\"\n",
        BRIDGE,
        "[transport.home.shadowsocks]\nserver = \"a.example:443\"\nmethod = \"aes-256-gcm\"\npassword = \"x\"\n\
         plugin = \"obfs-local\"\nplugin_opts = \"obfs=http\"\n",
    ] {
        let spec = loaded(text).transports[2].clone();
        assert_eq!(loaded(&to_toml(&spec)).transports[2], spec, "{text}");
    }
}

#[test]
fn a_pluggable_transport_is_only_for_others_to_go_through() {
    let over =
        format!("{BRIDGE}[transport.ss]\nvia = \"bridge\"\n[transport.ss.socks5]\nserver = \"127.0.0.1:1080\"\n");
    let settings = loaded(&over);
    assert_eq!(settings.order.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["direct", "split", "ss"]);
    let TransportKind::External { program, .. } = &settings.transports[2].kind else { panic!("not external") };
    let Offers::Pluggable(server) = &program.offers else { panic!("not pluggable") };
    assert_eq!(server.state, PathBuf::from("/state/programs/bridge"));
    assert!(!format!("{program:?}").contains("AAAA"), "what it is told is a secret");
    let said = read(&format!("order = [\"bridge\"]\n{BRIDGE}")).unwrap_err();
    assert!(said.contains("leads to one server"), "{said}");
}

#[test]
fn what_is_wrong_with_a_program_is_told_at_its_place() {
    for (text, part) in [
        ("command = [\"ssh\"]", "where the program listens"),
        ("command = \"ssh -D\"", "expected a list"),
        ("command = []", "empty"),
        ("command = [\" \"]\nsocks5 = \"127.0.0.1:1\"", "names no program"),
        ("command = [\"x\", \"{port}\", \"{password}\"]", "can read a program's arguments"),
        ("command = [\"x\"]\nsocks5 = \"203.0.113.7:1\"", "this machine"),
        ("command = [\"x\", \"{port}\"]\ninput = \"nowhere.json\"", "cannot be read"),
        ("command = [\"x\", \"{port}\"]\nstart_timeout = \"1h\"", "out of range"),
        ("command = [\"x\"]\npluggable = \"obfs4\"", "server"),
        ("command = [\"x\"]\npluggable = \"obfs 4\"\nserver = \"a:1\"", "no name of a pluggable transport"),
        ("command = [\"x\"]\npluggable = \"obfs4\"\nserver = \"a:1\"\nudp = true", "has none"),
    ] {
        let said = read(&format!("[transport.x.external]\n{text}\n")).unwrap_err();
        assert!(said.contains(part), "{text}: {said}");
    }
    let said = read(&format!("{BRIDGE}[transport.bridge]\nvia = \"split\"\n")).unwrap_err();
    assert!(said.contains("dials by itself"), "{said}");
}

#[test]
fn a_links_plugin_is_one_that_byway_knows() {
    let plugin = |link: &str| match import(link, &[], Insecure::Refused).remove(0).result {
        Ok(spec) => match spec.kind {
            TransportKind::Shadowsocks { plugin, .. } => Ok(plugin),
            other => panic!("{other:?}"),
        },
        Err(why) => Err(why.reason),
    };
    let link = |plugin: &str| format!("ss://aes-256-gcm:hunter2@a.example:443/?plugin={plugin}");
    let known = plugin(&link("simple-obfs%3Bobfs%3Dhttp%3Bobfs-host%3Db.example")).unwrap().unwrap();
    let Plugin { program, options } = known;
    assert_eq!((program.as_str(), options.expose().as_str()), ("obfs-local", "obfs=http;obfs-host=b.example"));
    assert_eq!(plugin(&link("")).unwrap(), None);
    for odd in ["sh", "/bin/sh", "..%2Fobfs-local", "rm%3B-rf"] {
        assert!(plugin(&link(odd)).unwrap_err().contains("does not run from a link"), "{odd}");
    }
}
