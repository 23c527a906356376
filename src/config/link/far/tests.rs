use super::*;
use crate::config::{Imported, Outside, TransportKind, import, import_with};
use std::path::PathBuf;

const USER: &str = "b831381d-6324-4d53-ad4f-8cda48b30811";

fn with(runner: Runner, link: &str) -> Value {
    let (_, far) = read(link, Insecure::Refused).unwrap().unwrap_or_else(|why| panic!("{link}: {why}"));
    let text = far.configuration(runner).unwrap();
    assert_eq!(text.expose().matches("{port}").count(), 1, "one door");
    serde_json::from_str(&text.expose().replace("{port}", "1080")).unwrap()
}

fn outbound(link: &str) -> Value {
    with(Runner::SingBox, link)["outbounds"][0].clone()
}

fn why(link: &str) -> String {
    read(link, Insecure::Refused).unwrap().err().unwrap_or_else(|| panic!("{link} is read")).to_string()
}

fn base64(document: &Value) -> String {
    use base64::Engine;
    format!("vmess://{}", base64::prelude::BASE64_STANDARD.encode(document.to_string()))
}

#[test]
fn reality_with_vision_is_written_for_either_program() {
    let link = format!(
        "vless://{USER}@a.example:443?security=reality&pbk=abc_-9&sid=0f&sni=b.example&flow=xtls-rprx-vision&type=tcp#x"
    );
    let found = outbound(&link);
    assert_eq!((found["type"].as_str(), found["uuid"].as_str()), (Some("vless"), Some(USER)));
    assert_eq!(found["server_port"], 443);
    assert_eq!(found["flow"], "xtls-rprx-vision");
    assert_eq!(found["tls"]["server_name"], "b.example");
    assert_eq!(found["tls"]["reality"], serde_json::json!({"enabled": true, "public_key": "abc_-9", "short_id": "0f"}));
    assert_eq!(found["tls"]["utls"]["fingerprint"], "chrome");
    assert!(found["tls"].get("insecure").is_none());
    let xray = &with(Runner::Xray, &link)["outbounds"][0];
    assert_eq!(xray["settings"]["vnext"][0]["users"][0]["flow"], "xtls-rprx-vision");
    assert_eq!(xray["streamSettings"]["realitySettings"]["shortId"], "0f");
}

#[test]
fn the_door_has_a_login_of_each_starts_own() {
    let link = format!("vless://{USER}@a.example:443?security=tls&type=grpc&serviceName=s");
    for runner in Runner::ALL {
        let door = with(runner, &link)["inbounds"][0].to_string();
        assert!(door.contains("127.0.0.1") && door.contains("{user}") && door.contains("{password}"), "{door}");
    }
}

#[test]
fn the_links_of_hysteria_tuic_and_anytls() {
    let found =
        outbound("hy2://user:pa%20ss@a.example:443,5000-6000/?obfs=salamander&obfs-password=veil&sni=b.example");
    assert_eq!((found["type"].as_str(), found["password"].as_str()), (Some("hysteria2"), Some("user:pa ss")));
    assert_eq!(found["server_ports"], serde_json::json!(["443:443", "5000:6000"]));
    assert!(found.get("server_port").is_none());
    assert_eq!(found["obfs"]["password"], "veil");
    assert_eq!(outbound("hysteria2://x@a.example")["server_port"], 443);
    assert_eq!(outbound("hysteria2://x@[2001:db8::1]/")["server"], "2001:db8::1");
    let found = outbound(&format!("tuic://{USER}:secret@a.example:443?congestion_control=cubic&alpn=h3"));
    assert_eq!((found["password"].as_str(), found["congestion_control"].as_str()), (Some("secret"), Some("cubic")));
    assert_eq!(outbound("anytls://secret@a.example:443?sni=b.example")["type"], "anytls");
}

#[test]
fn vmess_as_v2rayn_writes_it() {
    let document = serde_json::json!({
        "v": "2", "ps": "My way", "add": "a.example", "port": 443, "id": USER, "aid": "0", "scy": "auto", "net": "ws",
        "type": "none", "host": "b.example", "path": "/ws", "tls": "tls", "sni": "b.example",
    });
    let found = outbound(&base64(&document));
    assert_eq!((found["type"].as_str(), found["alter_id"].as_u64()), (Some("vmess"), Some(0)));
    assert_eq!(found["transport"], serde_json::json!({"type": "ws", "path": "/ws", "headers": {"Host": "b.example"}}));
    let (name, _) = read(&base64(&document), Insecure::Refused).unwrap().unwrap();
    assert_eq!(name.as_deref(), Some("My way"));
    let mut clear = document;
    (clear["tls"], clear["scy"]) = ("".into(), "none".into());
    assert!(why(&base64(&clear)).contains("encryption is none"));
}

#[test]
fn packets_of_one_association_may_go_to_many_places() {
    let vmess = base64(&serde_json::json!({ "add": "a.example", "port": 443, "id": USER, "net": "tcp" }));
    for (link, encoding) in [
        (vmess, Some("xudp")),
        (format!("vless://{USER}@a.example:443?security=tls&type=grpc"), Some("xudp")),
        ("trojan://x@a.example:443?type=grpc".to_owned(), None),
    ] {
        assert_eq!(outbound(&link).get("packet_encoding").and_then(Value::as_str), encoding, "{link}");
    }
}

#[test]
fn no_link_turns_the_check_of_a_certificate_off_by_itself() {
    let vmess = |key: &str, value: &str| {
        base64(
            &serde_json::json!({ "add": "a.example", "port": 443, "id": USER, "net": "tcp", "tls": "tls", key: value }),
        )
    };
    for (link, asks) in [
        (format!("tuic://{USER}:x@a.example:443?allow_insecure=1"), true),
        (format!("tuic://{USER}:x@a.example:443?allow_insecure=0"), false),
        ("anytls://x@a.example:443?insecure=1".to_owned(), true),
        (vmess("insecure", "1"), true),
        (vmess("allowInsecure", "true"), true),
        (vmess("insecure", "0"), false),
    ] {
        let refused = read(&link, Insecure::Refused).unwrap();
        assert_eq!(refused.err().is_some_and(|why| why.to_string().contains("asks not to check")), asks, "{link}");
        let (_, far) = read(&link, Insecure::Allowed).unwrap().unwrap_or_else(|why| panic!("{link}: {why}"));
        for runner in Runner::ALL {
            let Some(text) = far.configuration(runner) else { continue };
            let text = text.expose().to_lowercase();
            assert_eq!(text.contains("insecure\": true"), asks, "{link}");
        }
    }
}

#[test]
fn what_is_wrong_with_such_a_link_is_told() {
    for (link, part) in [
        (format!("vless://{USER}@a.example:443?security=reality&sni=b.example"), "pbk"),
        (format!("vless://{USER}@a.example:443?security=reality&pbk=a&sid=zz"), "sid"),
        (format!("vless://{USER}@a.example:443?security=none"), "nothing would be encrypted"),
        (format!("vless://{USER}@a.example:443?security=tls&flow=xtls-rprx-origin"), "flow"),
        ("hysteria2://x@a.example:443?insecure=1".to_owned(), "asks not to check"),
        ("hysteria2://x@a.example:0-5".to_owned(), "list of ports"),
        ("hysteria2://x@a.example:443?pinSHA256=00".to_owned(), "pins"),
        ("hysteria2://a.example:443".to_owned(), "missing"),
        ("tuic://notauuid:x@a.example:443".to_owned(), "UUID"),
        ("vmess://!!".to_owned(), "base64"),
    ] {
        assert!(why(&link).contains(part), "{link}: {}", why(&link));
    }
    assert!(read("ss://x", Insecure::Refused).is_none() && read("nothing", Insecure::Refused).is_none());
}

/// An import on a machine that has these programs.
fn on_a_machine_with(programs: &'static [&'static str], link: &str) -> Imported {
    let find = |name: &str| programs.contains(&name).then(|| PathBuf::from("/opt").join(name));
    let outside = Outside { find: Box::new(find), folder: "/state/programs".into() };
    import_with(link, &[], Insecure::Refused, &outside).remove(0)
}

#[test]
fn the_first_program_that_can_is_taken_and_an_absent_one_named() {
    let xhttp = format!("vless://{USER}@a.example:443?security=tls&type=xhttp&path=/x#way");
    let command = |imported: Imported| match imported.result.unwrap().kind {
        TransportKind::External { program, input } => (program.run.command[0].clone(), input.unwrap()),
        other => panic!("{other:?}"),
    };
    let both = &["sing-box", "xray"];
    assert_eq!(command(on_a_machine_with(both, &xhttp)), ("/opt/xray".into(), "/state/programs/way.json".into()));
    assert_eq!(command(on_a_machine_with(both, "hy2://x@a.example:443#y")).0, "/opt/sing-box");
    let said = on_a_machine_with(&["xray"], "hy2://x@a.example:443").result.unwrap_err().reason;
    assert!(said.contains("Hysteria 2") && said.contains("with sing-box installed"), "{said}");
    let said = on_a_machine_with(&[], &xhttp).result.unwrap_err().reason;
    assert!(said.contains("XHTTP") && said.contains("with xray installed"), "{said}");
    let carried = on_a_machine_with(both, &format!("vless://{USER}@a.example:443?security=tls#own"));
    assert_eq!(carried.result.unwrap().kind.name(), "vless", "byway carries what it can itself");
}

#[test]
fn a_plugin_that_is_absent_is_told_with_what_to_install() {
    let link = "ss://aes-256-gcm:hunter2@a.example:443/?plugin=obfs-local%3Bobfs%3Dhttp";
    assert!(on_a_machine_with(&["obfs-local"], link).result.is_ok());
    let said = on_a_machine_with(&[], link).result.unwrap_err().reason;
    assert!(said.contains("install simple-obfs") && !said.contains("hunter2"), "{said}");
    assert!(import(link, &[], Insecure::Refused)[0].result.is_ok(), "a subscription is read without looking around");
}
