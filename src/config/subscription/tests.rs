//! Lists in a configuration: what a name in an order stands for, and what may be missing.

use super::*;
use crate::config::{Fault, Origin, load};
use crate::model::TransportId;

const LINKS: &str = "ss://YWVzLTI1Ni1nY206aHVudGVyMg@a.example:8388#Tokyo\nvmess://e30=\n\
                     trojan://x@b.example:443#Oslo\nsocks5://c.example:1080\n";

/// A folder with `list.txt` and `key.txt` in it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("list.txt"), LINKS).unwrap();
    std::fs::write(folder.path().join("key.txt"), "# mine\n\nsocks5://d.example:1080\r\n").unwrap();
    folder
}

fn read(folder: &tempfile::TempDir, text: &str) -> Result<Settings, Vec<Fault>> {
    let path = folder.path().to_path_buf();
    load(text, &Origin { name: "test.toml".to_owned(), folder: path.clone(), state: path.join("state") }, &[])
}

fn ids(order: &[TransportId]) -> Vec<&str> {
    order.iter().map(TransportId::as_str).collect()
}

const LIST: &str = "[subscription.ours]\nfile = \"list.txt\"\n";

#[test]
fn a_name_in_an_order_stands_for_all_members_and_one_named_by_itself_stands_where_it_is_named() {
    let folder = folder();
    for (order, expected) in [
        ("order = [\"ours\", \"direct\"]", vec!["ours-tokyo", "ours-oslo", "ours-4", "direct"]),
        ("order = [\"ours-oslo\", \"direct\", \"ours\"]", vec!["ours-oslo", "direct", "ours-tokyo", "ours-4"]),
        ("order = [\"direct\", \"ours-gone\"]", vec!["direct"]),
        ("", vec!["direct", "split", "ours-tokyo", "ours-oslo", "ours-4"]),
    ] {
        let settings = read(&folder, &format!("{order}\n{LIST}")).unwrap();
        assert_eq!(ids(&settings.order), expected);
        let telegram = settings.services.iter().find(|spec| spec.service.id.as_str() == "telegram").unwrap();
        assert_eq!(ids(&telegram.service.order), expected);
    }
    let settings = read(&folder, LIST).unwrap();
    let list = &settings.subscriptions[0];
    assert_eq!(ids(&list.members), ["ours-tokyo", "ours-oslo", "ours-4"]);
    assert_eq!(list.skipped.len(), 1);
    assert!(list.skipped[0].name == "entry 2" && list.skipped[0].reason.contains("VMess"), "{:?}", list.skipped);
}

#[test]
fn a_list_of_more_than_it_may_have_is_cut_and_says_so() {
    let settings = read(&folder(), &format!("{LIST}most = 1\n")).unwrap();
    let list = &settings.subscriptions[0];
    assert_eq!((ids(&list.members), list.skipped.len()), (vec!["ours-tokyo"], 3));
    assert_eq!(list.skipped[1].reason, "the list has 1 members already; more with most = 2");
}

#[test]
fn a_service_of_a_list_without_members_has_no_way_and_is_no_fault() {
    let never = "[subscription.panel]\nurl = \"ssconf://a.example/key#x\"\n\
                 [service.telegram]\norder = [\"panel\"]\ndirect = \"never\"\n";
    let settings = read(&folder(), never).unwrap();
    let telegram = settings.services.iter().find(|spec| spec.service.id.as_str() == "telegram").unwrap();
    assert!(telegram.service.order.is_empty());
    let fetching = settings.subscriptions[0].fetching().unwrap();
    // Where a service is never bare, the list is not fetched bare either.
    assert_eq!((fetching.direct, ids(&fetching.order)), (DirectRule::Never, vec!["direct", "split"]));
    // No member of a list will be bare.
    let always = never.replace("never", "always");
    let faults = read(&folder(), &always).unwrap_err();
    assert!(faults[0].to_string().contains("direct = \"always\" leaves no way in the order"), "{faults:?}");
}

#[test]
fn a_link_may_stand_in_a_file_of_its_own() {
    let folder = folder();
    let settings = read(&folder, "[transport.mine.socks5]\nlink_file = \"key.txt\"\n").unwrap();
    let mine = settings.transports.iter().find(|spec| spec.id.as_str() == "mine").unwrap();
    assert_eq!(mine.kind.name(), "socks5");
    let wrong = read(&folder, "[transport.mine.vless]\nlink_file = \"key.txt\"\n").unwrap_err();
    assert!(wrong.len() == 1 && wrong[0].to_string().contains("this link is for socks5"), "{wrong:?}");
}

#[test]
fn a_link_to_a_list_becomes_a_table_that_is_read_back() {
    let settings = read(&folder(), LIST).unwrap();
    for (link, name) in [
        ("https://a.example/sub/T#My%20Friends!", "my-friends"),
        ("ssconf://a.example/key#ours", "ours-2"),
        ("https://a.example/sub/T", "list"),
        ("https://a.example/sub/T#auto", "list"),
        ("https://a.example/sub/T#a-name-that-is-far-too-long", "a-name-that-i"),
    ] {
        assert!(leads_to_a_list(link));
        assert_eq!(list_name(link, &settings), name);
        let table = list_table(name, &list_address(link).unwrap());
        let again = read(&folder(), &format!("{LIST}{table}")).unwrap();
        let list = again.subscriptions.iter().find(|list| list.name == name).unwrap();
        assert_eq!(list.fetching().unwrap().address, list_address(link).unwrap());
        assert!(!format!("{again:?}").contains("sub/T"));
    }
    let rows = list_rows(LINKS, "panel", &settings);
    let told: Vec<_> = rows.iter().map(|(name, kind, why)| (name.as_str(), kind.as_str(), why.is_some())).collect();
    let expected =
        [("panel-tokyo", "shadowsocks", false), ("panel-oslo", "trojan", false), ("panel-4", "socks5", false)];
    assert_eq!(told, [&expected[..], &[("entry 2", "", true)]].concat());
}

#[test]
fn an_outline_key_is_read_in_all_its_forms_and_its_refusal_is_told() {
    let node = "$type: shadowsocks\n    endpoint: a.example:1\n    cipher: aes-256-gcm\n    secret: x\n";
    for (text, kind) in [
        (format!("transport:\n    {node}"), Some("shadowsocks")),
        (format!("transport:\n  $type: tcpudp\n  tcp: &s\n    {node}    prefix: \"\\x16\\x03\"\n  udp: *s\n"), Some("shadowsocks")),
        (format!("transport:\n  $type: first-supported\n  options:\n  - $type: websocket\n    url: wss://b.example\n  - {}", node), Some("shadowsocks")),
        ("transport: ss://YWVzLTI1Ni1nY206aHVudGVyMg@a.example:8388\n".to_owned(), Some("shadowsocks")),
        (r#"{"transport": {"$type": "shadowsocks", "endpoint": "a.example:1", "cipher": "aes-256-gcm", "secret": "x"}}"#.to_owned(), Some("shadowsocks")),
        ("transport:\n  $type: websocket\n  url: wss://a.example\n".to_owned(), None),
        (format!("transport:\n  $type: tcpudp\n  tcp:\n    {node}  udp:\n    {}", node.replace("a.example", "b.example")), None),
    ] {
        let found = members(&text, "key", &[], 9, Whose::Elsewhere);
        assert_eq!(found.specs.first().map(|spec| spec.kind.name()), kind, "{text}\n{found:?}");
        assert_eq!(checked(text.as_bytes()).is_ok(), kind.is_some());
    }
    let refusal = checked(b"error:\n  message: \"no\\nmoney\"\n").unwrap_err();
    assert_eq!(refusal, BadList::Refused("no money".to_owned()));
    let found = checked(br#"{"error": {"message": "gone"}}"#).unwrap_err();
    assert_eq!(found, BadList::Refused("gone".to_owned()));
    assert_eq!(checked(b"\xff"), Err(BadList::NotText));
}

#[test]
fn a_list_that_is_fetched_sends_nobody_to_the_machines_around() {
    for (server, is_at_home) in [
        ("127.0.0.1", true),
        ("192.168.1.1", true),
        ("[::1]", true),
        ("[::ffff:10.0.0.1]", true),
        ("localhost", true),
        ("8.8.8.8", false),
        ("a.example", false),
    ] {
        let text = format!("socks5://{server}:1080\n");
        assert_eq!(members(&text, "x", &[], 9, Whose::Elsewhere).specs.is_empty(), is_at_home, "{server}");
        assert_eq!(members(&text, "x", &[], 9, Whose::Own).specs.len(), 1, "{server}");
    }
    assert!(checked(b"socks5://127.0.0.1:1080").unwrap_err().to_string().contains("at a private address"));
}
