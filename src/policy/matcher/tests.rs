use super::*;
use proptest::prelude::*;

fn rule(service: &str, facet: Facet) -> Rule {
    Rule { service: service.into(), facet, names: vec![], prefixes: vec![], ports: vec![] }
}

fn names(service: &str, facet: Facet, names: &[&str]) -> Rule {
    Rule { names: names.iter().map(|n| (*n).to_owned()).collect(), ..rule(service, facet) }
}

fn prefixes(service: &str, facet: Facet, prefixes: &[&str]) -> Rule {
    Rule { prefixes: prefixes.iter().map(|p| p.parse().unwrap()).collect(), ..rule(service, facet) }
}

fn on_ports(rule: Rule, ports: &[RangeInclusive<u16>]) -> Rule {
    Rule { ports: ports.to_vec(), ..rule }
}

fn asked(matcher: &Matcher, to: &str) -> String {
    let (service, facet) = matcher.classify(&Destination::parse(to).unwrap());
    format!("{service}/{facet}")
}

#[test]
fn a_name_is_claimed_with_all_below_it_and_nothing_beside_it() {
    let matcher = Matcher::build(vec![names("telegram", Facet::Web, &["t.me", "Telegram.ORG."])]);
    for (to, whose) in [
        ("t.me:443", "telegram/web"),
        ("www.t.me:443", "telegram/web"),
        ("a.b.c.d.web.telegram.org:80", "telegram/web"),
        ("TELEGRAM.org:443", "telegram/web"),
        ("bt.me:443", "other/web"),
        ("me:443", "other/web"),
        ("telegram.org.evil.example:443", "other/web"),
    ] {
        assert_eq!(asked(&matcher, to), whose, "{to}");
    }
}

#[test]
fn the_longest_suffix_wins_whatever_the_order_of_the_rules() {
    let rules = vec![
        names("whatsapp", Facet::Text, &["whatsapp.net"]),
        names("whatsapp", Facet::Media, &["mmg.whatsapp.net", "cdn.whatsapp.net"]),
    ];
    let mut backwards = rules.clone();
    backwards.reverse();
    for matcher in [Matcher::build(rules), Matcher::build(backwards)] {
        assert_eq!(asked(&matcher, "g.whatsapp.net:5222"), "whatsapp/text");
        assert_eq!(asked(&matcher, "mmg.whatsapp.net:443"), "whatsapp/media");
        assert_eq!(asked(&matcher, "media-ams4-1.cdn.whatsapp.net:443"), "whatsapp/media");
    }
}

#[test]
fn the_more_specific_prefix_wins_in_both_families() {
    let matcher = Matcher::build(vec![
        prefixes("telegram", Facet::Text, &["149.154.160.0/20", "2001:67c:4e8::/48"]),
        prefixes("telegram", Facet::Media, &["149.154.167.222/32", "2001:67c:4e8:f002::b/128"]),
    ]);
    for (to, whose) in [
        ("149.154.167.51:443", "telegram/text"),
        ("149.154.167.221:443", "telegram/text"),
        ("149.154.167.222:443", "telegram/media"),
        ("149.154.167.223:443", "telegram/text"),
        ("149.154.159.255:443", "other/web"),
        ("149.154.176.0:443", "other/web"),
        ("[2001:67c:4e8:f002::a]:443", "telegram/text"),
        ("[2001:67c:4e8:f002::b]:443", "telegram/media"),
        ("[2001:67c:4e9::1]:443", "other/web"),
        ("[::ffff:149.154.167.51]:443", "telegram/text"),
    ] {
        assert_eq!(asked(&matcher, to), whose, "{to}");
    }
}

#[test]
fn a_rule_with_ports_goes_first_and_lets_others_have_the_rest() {
    let matcher = Matcher::build(vec![
        prefixes("telegram", Facet::Text, &["91.108.4.0/22"]),
        on_ports(prefixes("telegram", Facet::Calls, &["91.108.4.0/22"]), &[590..=600, 1400..=1400]),
        on_ports(names("signal", Facet::Calls, &["voip.signal.org"]), &[3478..=3478]),
        names("signal", Facet::Text, &["signal.org"]),
    ]);
    for (to, whose) in [
        ("91.108.4.1:443", "telegram/text"),
        ("91.108.4.1:596", "telegram/calls"),
        ("91.108.4.1:1400", "telegram/calls"),
        ("91.108.4.1:1401", "telegram/text"),
        ("turn3.voip.signal.org:3478", "signal/calls"),
        ("sfu.voip.signal.org:443", "signal/text"),
    ] {
        assert_eq!(asked(&matcher, to), whose, "{to}");
    }
}

#[test]
fn of_two_equal_claims_the_earlier_one_wins() {
    let mine = vec![names("bank", Facet::Web, &["x.com"]), names("x", Facet::Web, &["x.com"])];
    assert_eq!(asked(&Matcher::build(mine), "x.com:443"), "bank/web");
}

#[test]
fn the_whole_address_space_can_be_claimed() {
    let matcher = Matcher::build(vec![
        prefixes("all", Facet::Web, &["0.0.0.0/0", "::/0"]),
        prefixes("last", Facet::Web, &["255.255.255.255/32", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"]),
    ]);
    assert_eq!(asked(&matcher, "0.0.0.0:1"), "all/web");
    assert_eq!(asked(&matcher, "255.255.255.254:1"), "all/web");
    assert_eq!(asked(&matcher, "255.255.255.255:1"), "last/web");
    assert_eq!(asked(&matcher, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:1"), "last/web");
}

#[test]
fn no_rules_claim_nothing_and_neither_does_a_port_alone() {
    let matcher = Matcher::build(vec![on_ports(rule("whatsapp", Facet::Text), &[5222..=5222])]);
    assert_eq!(asked(&matcher, "chat.example:5222"), "other/web");
    assert_eq!(asked(&Matcher::build(vec![]), "192.0.2.1:443"), "other/web");
}

/// What the matcher must say, by looking at every rule.
fn by_looking_at_all(rules: &[Rule], to: &Destination) -> (ServiceId, Facet) {
    let open = |rule: &Rule| rule.ports.is_empty() || rule.ports.iter().any(|range| range.contains(&to.port));
    type Claim = (usize, bool, std::cmp::Reverse<usize>);
    let mut best: Option<(Claim, &Rule)> = None;
    for (index, rule) in rules.iter().enumerate().filter(|(_, rule)| open(rule)) {
        let lengths: Vec<usize> = match &to.host {
            Host::Name(name) => {
                let below = |n: &&String| **name == ***n || name.ends_with(&format!(".{n}"));
                rule.names.iter().filter(below).map(String::len).collect()
            }
            Host::Ip(ip) => {
                let holds = |p: &&IpNet| p.contains(ip);
                rule.prefixes.iter().filter(holds).map(|p| usize::from(p.prefix_len())).collect()
            }
        };
        for length in lengths {
            let claim = (length, !rule.ports.is_empty(), std::cmp::Reverse(index));
            if best.as_ref().is_none_or(|(before, _)| claim > *before) {
                best = Some((claim, rule));
            }
        }
    }
    best.map_or((ServiceId::other(), Facet::Web), |(_, rule)| (rule.service.clone(), rule.facet))
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let name = proptest::collection::vec("[ab]", 1..4).prop_map(|labels| labels.join("."));
    let prefix = (0_u32..256, 24_u8..=32)
        .prop_map(|(low, len)| IpNet::new(IpAddr::V4((0x0a00_0000 + low).into()), len).unwrap().trunc());
    let ports = proptest::collection::vec((0_u16..4, 0_u16..3).prop_map(|(from, more)| from..=from + more), 0..2);
    (0_usize..4, proptest::collection::vec(name, 0..4), proptest::collection::vec(prefix, 0..4), ports).prop_map(
        |(who, names, prefixes, ports)| Rule {
            service: ["w", "x", "y", "z"][who].into(),
            facet: Facet::Text,
            names,
            prefixes,
            ports,
        },
    )
}

proptest! {
    #[test]
    fn it_says_what_looking_at_every_rule_says(
        rules in proptest::collection::vec(any_rule(), 0..12),
        labels in proptest::collection::vec("[ab]", 1..5),
        low in 0_u32..256,
        port in 0_u16..6,
    ) {
        let matcher = Matcher::build(rules.clone());
        let name = Destination::new(Host::parse(&labels.join(".")).unwrap(), port);
        prop_assert_eq!(matcher.classify(&name), by_looking_at_all(&rules, &name));
        let address = Destination::new(Host::Ip(IpAddr::V4((0x0a00_0000 + low).into())), port);
        prop_assert_eq!(matcher.classify(&address), by_looking_at_all(&rules, &address));
    }
}
