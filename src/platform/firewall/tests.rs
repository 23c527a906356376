use super::*;
use std::time::Duration;

fn rules(mode: Mode, ipv6: bool) -> Rules {
    let net = |text: &str| text.parse::<IpNet>().unwrap();
    Rules {
        mode,
        port: 4183,
        ipv6,
        lan: vec!["br-lan".to_owned(), "wlan0".to_owned()],
        mark: 98,
        table: 6279,
        dnsmasq: false,
        services: vec![
            Claims {
                name: "telegram".to_owned(),
                names: vec!["telegram.org".to_owned(), "t.me".to_owned()],
                prefixes: vec![net("149.154.160.0/20"), net("2001:67c:4e8::/48")],
                narrow: vec![(vec![590..=600, 1400..=1400], vec![net("91.108.4.0/22")])],
                never_direct: false,
            },
            Claims {
                name: "signal".to_owned(),
                names: vec!["signal.org".to_owned()],
                prefixes: Vec::new(),
                narrow: Vec::new(),
                never_direct: true,
            },
        ],
    }
}

#[test]
fn the_rules_read_as_they_are_meant() {
    let golden = [
        ("tproxy", Mode::Tproxy, true, include_str!("golden/tproxy.nft")),
        ("redirect", Mode::Redirect, true, include_str!("golden/redirect.nft")),
        ("four", Mode::Tproxy, false, include_str!("golden/four.nft")),
    ];
    for (name, mode, ipv6, want) in golden {
        let text = ruleset(&rules(mode, ipv6));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let file = format!("{}/src/platform/firewall/golden/{name}.nft", env!("CARGO_MANIFEST_DIR"));
            std::fs::write(file, &text).unwrap();
        } else {
            assert_eq!(text, want, "{name}");
        }
    }
}

#[test]
fn an_owned_table_differs_by_its_flag_alone() {
    let (plain, owned) = (ruleset(&rules(Mode::Tproxy, true)), ruleset::owned(&rules(Mode::Tproxy, true)));
    let head = format!("add table {TABLE}\ndelete table {TABLE}\n");
    assert_eq!(head + &owned.replacen("\tflags owner;\n", "", 1), plain);
}

#[test]
fn addresses_of_names_live_as_long_as_the_answer_and_an_hour_more() {
    let addresses = ["192.0.2.1", "2001:db8::1", "192.0.2.2"].map(|ip| ip.parse().unwrap());
    assert_eq!(
        learned("telegram", &addresses, Duration::from_secs(300)),
        [
            "add element inet byway telegram_names4 { 192.0.2.1, 192.0.2.2 }; \
             delete element inet byway telegram_names4 { 192.0.2.1, 192.0.2.2 }; \
             add element inet byway telegram_names4 { 192.0.2.1 timeout 3900s, 192.0.2.2 timeout 3900s }",
            "add element inet byway telegram_names6 { 2001:db8::1 }; \
             delete element inet byway telegram_names6 { 2001:db8::1 }; \
             add element inet byway telegram_names6 { 2001:db8::1 timeout 3900s }",
        ]
    );
    assert_eq!(learned("telegram", &[], Duration::ZERO), [""; 0]);
}

#[test]
fn dnsmasq_is_told_the_same_names_and_sets() {
    assert_eq!(
        dnsmasq(&rules(Mode::Tproxy, true)),
        [
            "nftset=/telegram.org/t.me/4#inet#byway#telegram_names4,6#inet#byway#telegram_names6",
            "nftset=/signal.org/4#inet#byway#signal_names4,6#inet#byway#signal_names6",
        ]
    );
}

#[test]
fn routes_are_made_only_for_tproxy_and_for_the_versions_that_are_caught() {
    assert_eq!(
        routing(&rules(Mode::Tproxy, true)),
        [
            "ip -4 route replace local 0.0.0.0/0 dev lo table 6279",
            "ip -4 rule add fwmark 99 lookup 6279 priority 6279",
            "ip -6 route replace local ::/0 dev lo table 6279",
            "ip -6 rule add fwmark 99 lookup 6279 priority 6279",
        ]
    );
    assert_eq!(routing(&rules(Mode::Tproxy, false)).len(), 2);
    assert_eq!(routing(&rules(Mode::Redirect, true)), [""; 0]);
}

#[test]
fn a_service_of_any_name_has_a_set() {
    for (service, set) in [("telegram", "telegram"), ("my-chat", "my_chat"), ("9gag", "s9gag"), ("чат", "s___")] {
        assert_eq!(set_name(service), set);
    }
}
