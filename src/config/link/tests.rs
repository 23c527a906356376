mod documents;

use super::super::import;
use super::*;
use crate::config::settings::{Cipher, TransportSpec};
use crate::model::{Destination, Secret};
use proptest::prelude::*;

fn shadowsocks(server: &str, method: Cipher, password: &str) -> TransportKind {
    TransportKind::Shadowsocks {
        server: Destination::parse(server).unwrap(),
        method,
        password: Secret::new(password.to_owned()),
        prefix: Vec::new(),
        plugin: None,
    }
}

fn read(link: &str) -> TransportKind {
    parse(link).unwrap_or_else(|why| panic!("{link}: {why}")).kind
}

fn refused(link: &str) -> String {
    parse(link).expect_err(link).to_string()
}

const KEY_16: &str = "AAAAAAAAAAAAAAAAAAAAAA==";

#[test]
fn every_shape_of_a_shadowsocks_link_in_use_is_read() {
    let same = shadowsocks("a.example:8388", Cipher::Aes256Gcm, "hunter2");
    for link in [
        "ss://YWVzLTI1Ni1nY206aHVudGVyMg==@a.example:8388#home",
        "ss://YWVzLTI1Ni1nY206aHVudGVyMg@a.example:8388/",
        "ss://YWVzLTI1Ni1nY206aHVudGVyMg%3D%3D@a.example:8388",
        "SS://aes-256-gcm:hunter2@A.example:8388/?outline=1",
        "  ss://AES-256-GCM:hunter2@a.example:8388?type=tcp&uot=1#x\r\n",
        "\u{feff}ss://YWVzLTI1Ni1nY206aHVudGVyMkBhLmV4YW1wbGU6ODM4OA==#older",
        "ss://YWVzLTI1Ni1nY206aHVudGVyMkBhLmV4YW1wbGU6ODM4OA",
    ] {
        assert_eq!(read(link), same, "{link}");
    }
}

#[test]
fn passwords_hold_what_they_hold() {
    for (link, password) in [
        ("ss://aes-256-gcm:p%40ss%2Fw%3Ard%3F@a.example:8388", "p@ss/w:rd?"),
        ("ss://aes-256-gcm:p@ss/w?rd@a.example:8388#x", "p@ss/w?rd"),
        ("ss://aes-256-gcm:a+b@a.example:8388/?x=y@z", "a+b"),
        ("ss://YWVzLTI1Ni1nY206cEBzcy93OnJkQGEuZXhhbXBsZTo4Mzg4", "p@ss/w:rd"),
        ("ss://aes-256-gcm:%D0%BF%D0%B0%D1%80@a.example:8388", "пар"),
    ] {
        assert_eq!(read(link), shadowsocks("a.example:8388", Cipher::Aes256Gcm, password), "{link}");
    }
}

#[test]
fn keys_of_the_2022_ciphers_are_read_however_they_are_written_and_checked() {
    let slashes = "/".repeat(42);
    let one = shadowsocks("a.example:8388", Cipher::Blake3Aes256Gcm, &format!("{slashes}8="));
    for key in [
        format!("{slashes}8="),
        format!("{slashes}8"),
        format!("{}8%3D", "%2F".repeat(42)),
        format!("{}8", "_".repeat(42)),
    ] {
        assert_eq!(read(&format!("ss://2022-blake3-aes-256-gcm:{key}@a.example:8388#x")), one, "{key}");
    }
    let users = format!("{KEY_16}:{KEY_16}");
    let many = shadowsocks("a.example:8388", Cipher::Blake3Aes128Gcm, &users);
    assert_eq!(read(&format!("ss://2022-blake3-aes-128-gcm:{users}@a.example:8388")), many);
    for (method, key, why) in [
        ("2022-blake3-aes-256-gcm", KEY_16, "32 bytes"),
        ("2022-blake3-aes-128-gcm", "hunter2!", "base64"),
        ("2022-blake3-chacha20-poly1305", &users, "one key"),
    ] {
        let link = format!("ss://{method}:{key}@a.example:8388");
        assert!(refused(&link).contains(why), "{link}: {}", refused(&link));
    }
}

#[test]
fn what_names_an_address_is_read_in_both_families() {
    let v6 = read("ss://aes-256-gcm:hunter2@[2001:db8::1]:8388");
    assert_eq!(v6, shadowsocks("[2001:db8::1]:8388", Cipher::Aes256Gcm, "hunter2"));
    assert_eq!(
        refused("ss://aes-256-gcm:hunter2@2001:db8::1:8388"),
        "the port: it is missing, or an IPv6 address has no brackets"
    );
}

#[test]
fn the_outline_prefix_is_bytes_by_code_point() {
    let link = "ss://YWVzLTI1Ni1nY206aHVudGVyMg@a.example:8388/?outline=1&prefix=%16%03%01%05%C2%A8%01%01";
    let TransportKind::Shadowsocks { prefix, .. } = read(link) else { panic!("not shadowsocks") };
    assert_eq!(prefix, [0x16, 0x03, 0x01, 0x05, 0xa8, 0x01, 0x01]);
    assert_eq!(prefix_bytes(Cipher::Aes256Gcm, &prefix_text(&prefix)), Ok(prefix));
}

#[test]
fn proxies_are_read() {
    let login = Some(("anna".to_owned(), Secret::new("p:w".to_owned())));
    let server = Destination::parse("a.example:1080").unwrap();
    let socks = |login| TransportKind::Socks5 { server: server.clone(), login };
    assert_eq!(read("socks5://a.example:1080"), socks(None));
    assert_eq!(read("socks://anna:p%3Aw@a.example:1080#x"), socks(login.clone()));
    assert_eq!(read("socks5h://YW5uYTpwOnc=@a.example:1080"), socks(login.clone()));
    let http = |tls, sni: Option<&str>| TransportKind::Http {
        server: server.clone(),
        tls,
        sni: sni.map(str::to_owned),
        login: login.clone(),
        roots: None,
    };
    assert_eq!(read("http://anna:p:w@a.example:1080/"), http(false, None));
    assert_eq!(read("https://anna:p:w@a.example:1080?sni=b.example&insecure=0"), http(true, Some("b.example")));
}

#[test]
fn what_is_not_carried_yet_is_told_by_its_name() {
    for (link, word) in [
        ("vless://u@a.example:443", "nothing would be encrypted"),
        ("vmess://e30=", "VMess"),
        ("trojan-go://p@a.example:443", "Trojan-Go"),
        ("hysteria2://p@a.example:123,5000-6000/", "Hysteria"),
        ("hy2://p@a.example", "Hysteria"),
        ("wg://x", "WireGuard"),
        ("wireguard://x", "WireGuard"),
        ("vpn://x", "base64"),
        ("ssr://x", "Shadowsocks 2022"),
        ("https://list.example/token", "[subscription.NAME]"),
        ("https://list.example?token=x", "byway import"),
        ("clash://install-config?url=x", "subscription"),
        ("tuic://x", "TUIC"),
        ("ssr://x", "ShadowsocksR"),
        ("ssconf://a.example/key", "[subscription.NAME]"),
        ("tg://proxy?server=a", "Telegram"),
        ("gopher://a.example", "not known"),
    ] {
        assert!(refused(link).contains(word), "{link}: {}", refused(link));
    }
}

#[test]
fn a_list_keeps_its_good_lines_and_names_them() {
    let text = "#profile-title: x\n// ss://off\n\nss://aes-256-gcm:hunter2@a.example:8388#%F0%9F%87%AF Tokyo!\nvmess://e30=\r\n\
                ss://aes-256-gcm:hunter2@b.example:8388#tokyo\nsocks5://c.example:1080#direct\nhunter2\n";
    let told = |text: &str| -> Vec<String> {
        let entry = |e: import::Imported| match e.result {
            Ok(spec) => format!("{} = {}", e.name, spec.kind.name()),
            Err(why) => format!("{}: {why}", e.name),
        };
        import::import(text, &["home".into()], Insecure::Refused).into_iter().map(entry).collect()
    };
    let expected = [
        "tokyo = shadowsocks",
        "entry 2: the scheme: VMess is not carried: its own encryption gains nothing inside TLS and is easily told \
         without; ask the server for VLESS, or run sing-box and give byway its SOCKS port",
        "tokyo-2 = shadowsocks",
        "direct-2 = socks5",
        "entry 5: the scheme: there is no :// in it",
    ];
    assert_eq!(told(text), expected);
    use base64::Engine;
    let packed = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(text);
    assert_eq!(told(&packed), expected);
    assert_eq!(told("socks5://h.example:1#home"), ["home-2 = socks5"]);
    assert!(told("").is_empty());
}

#[test]
fn a_sip008_document_is_read_server_by_server() {
    let good = r#"{"id":"1","remarks":"Tokyo","server":"a.example","server_port":8388,"password":"hunter2","method":"aes-256-gcm"}"#;
    let text = r#"{"id":"2","remarks":"Port","server":"2001:db8::1","server_port":"8388","password":"hunter2","method":"aes-256-gcm"}"#;
    let bad = r#"{"remarks":"Old","server":"a.example","server_port":8388,"password":"hunter2","method":"rc4-md5"}"#;
    let plugin = r#"{"server":"a.example","server_port":8388,"password":"hunter2","method":"aes-256-gcm","plugin":"shadow-tls"}"#;
    let list = format!("[{good},{text},{bad},{plugin},3]");
    for document in [format!(r#"{{"version":1,"servers":{list}}}"#), list] {
        let all = import::import(&document, &[], Insecure::Refused);
        assert_eq!(all.len(), 5);
        assert_eq!(all[0].result.as_ref().unwrap().id.as_str(), "tokyo");
        assert_eq!(
            all[1].result.as_ref().unwrap().kind,
            shadowsocks("[2001:db8::1]:8388", Cipher::Aes256Gcm, "hunter2")
        );
        assert_eq!(all[2].name, "old");
        assert!(all[2].result.as_ref().unwrap_err().reason.contains("stream cipher"));
        assert!(all[3].result.as_ref().unwrap_err().reason.contains("plugin"));
        assert_eq!(all[4].result.as_ref().unwrap_err().reason, "the server: it is missing");
    }
    let single = r#"{"server":"a.example","server_port":443,"password":"hunter2","method":"chacha20-ietf-poly1305","prefix":"\u0016\u0003\u0001"}"#;
    assert_eq!(import::import(single, &[], Insecure::Refused).len(), 1);
}

fn cipher_and_password() -> impl Strategy<Value = (Cipher, String)> {
    use base64::Engine;
    let text = "[ -~а-я]{1,24}".prop_filter("a password says something", |text| !text.trim().is_empty());
    prop_oneof![
        (Just(Cipher::Aes256Gcm), text.clone()),
        (Just(Cipher::ChaCha20Poly1305), text),
        any::<[u8; 16]>().prop_map(|key| (Cipher::Blake3Aes128Gcm, base64::prelude::BASE64_STANDARD.encode(key))),
        any::<[u8; 32]>().prop_map(|key| (Cipher::Blake3Aes256Gcm, base64::prelude::BASE64_STANDARD.encode(key))),
    ]
}

proptest! {
    // Some of these read a whole configuration each time.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,80}", scheme in "ss|socks5|http|https|vless|trojan") {
        let _ = parse(&text);
        let _ = parse(&format!("{scheme}://{text}"));
        let _ = import::import(&text, &[], Insecure::Refused);
    }

    #[test]
    fn nearly_right_links_do_not_panic_either(
        user in "[a-zA-Z0-9+/=:%@?#-]{0,30}", host in "[a-z0-9.:\\[\\]%]{0,16}", tail in "[/?#&=a-z0-9%@:]{0,20}",
    ) {
        for scheme in ["ss", "socks5", "http", "https"] {
            let _ = parse(&format!("{scheme}://{user}@{host}{tail}"));
        }
    }

    #[test]
    fn what_is_written_to_a_configuration_is_read_back(
        (method, password) in cipher_and_password(), prefix in proptest::collection::vec(any::<u8>(), 0..24),
    ) {
        let prefix = if method.key_length().is_some() { Vec::new() } else { prefix };
        let TransportKind::Shadowsocks { server, .. } = shadowsocks("[2001:db8::1]:8388", method, &password) else {
            unreachable!()
        };
        let kind = TransportKind::Shadowsocks { server, method, password: Secret::new(password), prefix, plugin: None };
        let spec = TransportSpec { id: "токио".into(), via: Some("split".into()), kind };
        let origin = crate::config::Origin::embedded(std::path::Path::new("/state"));
        let settings = crate::config::load(&import::to_toml(&spec), &origin, &[]).map_err(|faults| {
            TestCaseError::fail(format!("{faults:?}"))
        })?;
        prop_assert_eq!(settings.transports.last(), Some(&spec));
    }

    #[test]
    fn no_error_ever_holds_the_password(password in "[a-zA-Z0-9]{12,24}", method in "[a-z0-9-]{0,14}", host in "[a-z .]{0,8}") {
        use base64::Engine;
        let pack = |text: String| base64::prelude::BASE64_STANDARD.encode(text);
        let links = [
            format!("ss://{method}:{password}@{host}:0"),
            format!("ss://{password}:{method}@{host}:8388"),
            format!("ss://{}@{host}:8388", pack(format!("{method}:{password}"))),
            format!("ss://{}", pack(format!("{method}:{password}@{host}:8388"))),
            format!("ss://{password}"),
            format!("ss://2022-blake3-aes-256-gcm:{password}@a.example:8388"),
            format!("socks5://anna:{password}@{host}"),
            format!("https://anna:{password}@a.example:443/{password}?insecure=1"),
            format!("vless://{password}@a.example:443"),
            format!("{password}://a.example"),
            password.clone(),
        ];
        for link in links {
            if let Err(why) = parse(&link) {
                prop_assert!(!why.to_string().contains(&password), "{why}");
            }
            for entry in import::import(&link, &[], Insecure::Refused) {
                if let Err(why) = entry.result {
                    prop_assert!(!why.to_string().contains(&password) && !entry.name.contains(&password));
                }
            }
            let text = format!("[transport.a.shadowsocks]\nlink = {}\n", toml::Value::from(link));
            let origin = crate::config::Origin::embedded(std::path::Path::new("/state"));
            if let Err(faults) = crate::config::load(&text, &origin, &[]) {
                prop_assert!(faults.iter().all(|fault| !fault.to_string().contains(&password)), "{faults:?}");
            }
        }
    }
}

#[test]
fn new_ways_come_last_in_an_order_and_the_rest_of_the_text_stays() {
    let ids = ["tokyo".into(), "my way".into()];
    for (text, wanted) in [
        ("order = [\"direct\"]\n", "order = [\"direct\", \"tokyo\", \"my way\"]\n"),
        ("order = [\n  'a', # b ]\n]", "order = [\n  'a', \"tokyo\", \"my way\", # b ]\n]"),
        ("order = [\"tokyo\"] # x", "order = [\"tokyo\", \"my way\"] # x"),
        ("order = []", "order = []"),
        ("# order = [\"a\"]\nlog = \"info\"", "# order = [\"a\"]\nlog = \"info\""),
        ("[service.x]\norder = [\"a\"]", "[service.x]\norder = [\"a\"]"),
    ] {
        assert_eq!(crate::config::in_order(text, &ids), wanted);
    }
}
