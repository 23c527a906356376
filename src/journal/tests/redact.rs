//! Canary secrets through the redactor.

use super::super::redact;

#[test]
fn nothing_that_identifies_survives() {
    for (text, canaries) in [
        ("dial 203.0.113.7:443 failed", &["203.0.113.7"][..]),
        ("from 203.0.113.7.", &["203.0.113"]),
        ("allowed = [\"198.51.100.0/24\"]", &["198.51.100"]),
        ("addr=2001:db8::17 ok", &["2001", "::17"]),
        ("[2001:db8:0:1::17]:443", &["2001", "::17"]),
        ("fe80::1%eth0 and ::1 and ::ffff:192.0.2.1", &["fe80", "192.0.2", "::1"]),
        ("mac 00:1a:2B:3c:4d:5e, 00-1a-2b-3c-4d-5e, 001a.2b3c.4d5e", &["1a", "4d5e", "5e"]),
        ("id 6ba7b810-9dad-11d1-80b4-00c04fd430c8!", &["6ba7", "9dad", "d430c8"]),
        ("hello to web.telegram.org timed out", &["telegram"]),
        ("hello to web.telegram.org.", &["telegram"]),
        ("(Web.Telegram.ORG:443)", &["elegram"]),
        ("https://user:pw@hidden.example:8443/path?token=abc next", &["hidden", "pw", "path", "abc"]),
        ("ss://YWVzLTI1Ni1nY206c2VjcmV0@192.0.2.1:8388/?plugin=x#Tokyo", &["YWVz", "192.0", "Tokyo", "plugin"]),
        ("import 'vless://6ba7b810@h:1?sni=a.b#n'", &["6ba7", "a.b"]),
        ("tg://proxy?server=x&port=1&secret=dd00", &["dd00", "server"]),
        ("private_key = \"4GgaQCy68nzNsUE5aJ9fuLzHhB65tAlwbmA72MWnOm8=\"", &["4Gga", "WnOm8"]),
        ("4GgaQCy68nzNsUE5aJ9fuLzHhB65tAlwbmA72MWnOm8= is no key", &["4Gga", "WnOm8"]),
        ("key xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=", &["xTIB", "p8Dg"]),
        ("pbk jNXHt1yRo0vDuchQlIP6Z0ZvjT3KtzVI-T4E7RoLJS0", &["jNXH", "LJS0"]),
        ("/4GgaQCy68nzNsUE5aJ9fuLzHhB65tAlwbmA72MWnO8=", &["4Gga", "MWnO8"]),
        ("short id 6ba85179e30d4fc2", &["6ba85179"]),
        ("call +79161234567 or 79161234567", &["7916"]),
        ("mail anna@post.example", &["anna", "post"]),
        ("password = \"hunter2\"", &["hunter2"]),
        ("password: hunter2, port: 1", &["hunter2"]),
        ("socks_password='hunter2 and more'", &["hunter2", "more"]),
        ("?token=hunter2&x=1", &["hunter2"]),
        ("Proxy-Authorization: Basic aHVudGVyMg==", &["aHVudGVyMg"]),
        ("{\"psk\":\"hunter2\"}", &["hunter2"]),
        ("user=anna", &["anna"]),
        ("open /home/anna/byway/config.toml: no", &["anna"]),
        ("open /Users/anna: no", &["anna"]),
        ("open C:\\Users\\anna\\byway.toml", &["anna", "C:"]),
        ("/var/lib/hidden.example.org/x", &["hidden"]),
        ("пример.рф не отвечает", &["пример"]),
        ("xn--e1afmkfd.xn--p1ai", &["e1afmkfd", "p1ai"]),
        ("*.whatsapp.net", &["whatsapp"]),
    ] {
        let shown = redact(text);
        for canary in canaries {
            assert!(!shown.contains(canary), "{canary} is left of {text}: {shown}");
        }
        assert!(shown.contains("***"), "{text}: {shown}");
        assert_eq!(redact(&shown), shown, "not the same when done twice");
    }
}

#[test]
fn what_a_reader_needs_is_left() {
    for text in [
        "",
        "telegram/text via direct: ok -> blocked (sni_rst), anchors 4/4, score 7.5",
        "2026-11-22T15:04:05Z network=ab12 took 1.5s, 64 KiB, 10%",
        "check config.toml:12:3: transport.tokyo: unknown key `prt`",
        "first byte after 0.62s; version 0.1.0; rust 1.95.0",
        "health::step said so, e.g. at 12:34:56",
        "journal.db.corrupt-1700000",
        "/etc/byway/config.toml and /var/lib/byway/journal.db, /rooted",
        "the key is missing; the user said no; password required",
        "first_flight_replay_was_not_possible",
    ] {
        let shown = redact(text);
        let expected = text.replace("transport.tokyo", "***");
        assert_eq!(shown, expected);
    }
    assert_eq!(redact("open /home/anna/byway/config.toml: no"), "open ***/byway/config.toml: no");
    assert_eq!(redact("see https://a.example/b, then"), "see https://*** then");
    assert_eq!(redact("to 192.0.2.1:443, refused"), "to ***, refused");
    assert_eq!(redact("/root/x"), "***/x");
}

mod properties {
    use super::super::super::redact;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    proptest! {
        #[test]
        fn any_text_is_taken(text in "\\PC{0,80}") {
            redact(&text);
        }

        #[test]
        fn any_text_of_marks_is_taken(text in "[a-z:/.@%=\"' \\\\*~-]{0,40}") {
            redact(&text);
        }

        #[test]
        fn no_address_survives(v4: [u8; 4], v6: [u16; 8], before in "[ ,(\\[=]", after in "[ ,)\\]]") {
            let v4 = Ipv4Addr::from(v4).to_string();
            let shown = redact(&format!("x{before}{v4}{after}y"));
            prop_assert!(!shown.contains(&v4), "{}", shown);
            let v6 = Ipv6Addr::from(v6);
            prop_assume!(!v6.is_unspecified());
            let v6 = v6.to_string();
            let shown = redact(&format!("x{before}{v6}{after}y"));
            prop_assert!(!shown.contains(&v6), "{}", shown);
        }

        #[test]
        fn no_wireguard_key_survives(key: [u8; 32]) {
            use base64::Engine;
            let key = base64::engine::general_purpose::STANDARD.encode(key);
            let shown = redact(&format!("a peer {key} there"));
            prop_assert!(!shown.contains(&key[8..20]), "{}", shown);
        }
    }
}
