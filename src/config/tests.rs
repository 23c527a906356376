use super::*;
use crate::journal::History;
use crate::model::{Destination, DirectRule, Facet, FirstFlight, Secret, TransportId};
use crate::policy::Matcher;
use crate::probe::{Kind, Roots};
use std::path::Path;
use std::time::Duration;

fn origin() -> Origin {
    Origin { name: "test.toml".to_owned(), folder: PathBuf::from("/etc/byway"), state: PathBuf::from("/state") }
}

fn loaded(text: &str) -> Settings {
    with(text, &[])
}

fn with(text: &str, sets: &[&str]) -> Settings {
    let overrides: Vec<Override> = sets.iter().map(|set| Override::set(set).unwrap()).collect();
    load(text, &origin(), &overrides).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn ids(order: &[TransportId]) -> Vec<&str> {
    order.iter().map(TransportId::as_str).collect()
}

fn service<'a>(settings: &'a Settings, id: &str) -> &'a ServiceSpec {
    settings.services.iter().find(|spec| spec.service.id.as_str() == id).unwrap()
}

const TOKYO: &str = "[transport.tokyo.socks5]\nserver = \"a.example:1080\"\n";

#[test]
fn nothing_at_all_is_a_complete_configuration() {
    let settings = loaded("");
    assert_eq!(settings.listens.len(), 1);
    assert!(settings.listens[0].addr.ip().is_loopback());
    assert_eq!(ids(&settings.order), ["direct", "split"]);
    assert_eq!(settings.services.last().unwrap().service.id.as_str(), "other");
    assert_eq!(ids(&settings.services.last().unwrap().service.order), ["direct"]);
}

#[test]
fn the_default_file_says_what_holds_without_it() {
    let full = load(DEFAULT, &Origin::embedded(Path::new("/state")), &[]).unwrap();
    assert_eq!(format!("{:#?}", loaded("")), format!("{full:#?}"));
}

#[test]
fn the_language_is_known_whatever_else_is_wrong() {
    let of = |text: &str, sets: &[&str]| {
        let overrides: Vec<Override> = sets.iter().map(|set| Override::set(set).unwrap()).collect();
        language(text, &origin(), &overrides)
    };
    assert_eq!(of("language = \"ru\"\nlisten = 7\nnobody = [", &[]), Some(Tongue::Russian));
    assert_eq!(of("language = \"ru\"", &["language=fa"]), Some(Tongue::Persian));
    assert_eq!(of("language = \"xx\"", &[]), None);
    assert_eq!(of("", &[]), None);
}

#[test]
fn every_service_of_the_catalogue_has_a_date_rules_and_a_probe() {
    let settings = loaded("");
    assert_eq!(settings.services.len(), 12);
    for spec in settings.services.iter().filter(|spec| !spec.service.id.is_other()) {
        let id = &spec.service.id;
        assert!(spec.checked.as_deref().is_some_and(|date| date.len() == 7), "{id} has no date");
        assert!(!spec.rules.is_empty() && !spec.probes.is_empty(), "{id} is empty");
        assert_ne!(spec.service.title, id.as_str(), "{id} has no title");
    }
    assert!(settings.anchors.captive.len() >= 2 && settings.anchors.neutral.len() >= 4);
    assert!(settings.anchors.neutral.iter().any(|spec| spec.targets[0].host.ip().is_some()), "no anchor by address");
}

#[test]
fn the_catalogue_knows_whose_a_destination_is() {
    let settings = loaded("");
    let matcher = Matcher::build(settings.services.iter().flat_map(|spec| spec.rules.clone()).collect());
    for (to, whose, facet) in [
        ("g.whatsapp.net:5222", "whatsapp", Facet::Text),
        ("media-fra3-1.cdn.whatsapp.net:443", "whatsapp", Facet::Media),
        ("web.whatsapp.com:443", "whatsapp", Facet::Web),
        ("157.240.1.1:3478", "whatsapp", Facet::Calls),
        ("157.240.1.1:443", "other", Facet::Web),
        ("149.154.167.51:443", "telegram", Facet::Text),
        ("149.154.167.222:443", "telegram", Facet::Media),
        ("91.108.13.7:596", "telegram", Facet::Calls),
        ("[2001:67c:4e8:f002::a]:443", "telegram", Facet::Text),
        ("web.telegram.org:443", "telegram", Facet::Web),
        ("chat.signal.org:443", "signal", Facet::Text),
        ("cdn3.signal.org:443", "signal", Facet::Media),
        ("turn3.voip.signal.org:3478", "signal", Facet::Calls),
        ("edge-mqtt.facebook.com:443", "messenger", Facet::Text),
        ("www.facebook.com:443", "facebook", Facet::Web),
        ("scontent.xx.fbcdn.net:443", "messenger", Facet::Media),
        ("stun.fbsbx.com:3478", "messenger", Facet::Calls),
        ("gateway.discord.gg:443", "discord", Facet::Text),
        ("17.1.2.3:3478", "facetime", Facet::Calls),
        ("17.1.2.3:5223", "other", Facet::Web),
        ("1-courier.push.apple.com:5223", "facetime", Facet::Text),
        ("gcp.api.snapchat.com:443", "snapchat", Facet::Text),
        ("x.com:443", "x", Facet::Web),
        ("pbs.twimg.com:443", "x", Facet::Media),
        ("www.apple.com:443", "other", Facet::Web),
        ("example.org:443", "other", Facet::Web),
    ] {
        let found = matcher.classify(&Destination::parse(to).unwrap());
        assert_eq!((found.0.as_str(), found.1), (whose, facet), "{to}");
    }
}

#[test]
fn the_pins_are_the_services_own() {
    let settings = loaded("");
    let Kind::Https(https) = &service(&settings, "signal").probes[0].kind else {
        panic!("signal is not asked by https")
    };
    assert_eq!(https.proof_header.as_deref(), Some("x-signal-timestamp"));
    let Roots::Pinned(roots) = &https.roots else { panic!("signal is not pinned") };
    let digests: Vec<String> = roots
        .iter()
        .map(|der| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der))
        .map(|digest| digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    assert_eq!(
        digests,
        [
            "ddb0f92bb95c8d6fd202ea6e8cc5ccd182b544f8cd696f47d580659ddc9df65a",
            "2642f1f90b389fed2558d7324ca26d70e750b06f87c595c5de955e2560821657"
        ]
    );
    let Kind::Noise { root } = service(&settings, "whatsapp").probes[0].kind else {
        panic!("whatsapp is not asked by noise")
    };
    assert_eq!((root[0], root[31]), (0x14, 0x6b));
    let Kind::Telegram { dc, fingerprints } = &service(&settings, "telegram").probes[0].kind else {
        panic!("telegram is not asked by mtproto")
    };
    assert_eq!((*dc, &fingerprints[..]), (2, &[0xd09d_1d85_de64_fd85][..]));
    assert_eq!(service(&settings, "telegram").service.first_flight, FirstFlight::Mtproto);
}

#[test]
fn an_order_of_its_own_goes_before_the_global_one() {
    let text = format!(
        "order = [\"tokyo\", \"direct\"]\n{TOKYO}[service.signal]\norder = [\"direct\"]\ndirect = \"always\"\n"
    );
    let settings = loaded(&text);
    assert_eq!(ids(&service(&settings, "telegram").service.order), ["tokyo", "direct"]);
    assert_eq!(service(&settings, "telegram").service.direct, DirectRule::UntilBlocked);
    assert_eq!(ids(&service(&settings, "signal").service.order), ["direct"]);
    assert_eq!(service(&settings, "signal").service.direct, DirectRule::Always);
    assert_eq!(ids(&service(&settings, "other").service.order), ["direct"]);
}

#[test]
fn without_an_order_the_transports_come_as_they_are_written() {
    let text = "[transport.zurich.socks5]\nserver = \"a.example:1\"\n[transport.berlin]\nvia = \"zurich\"\n\
                [transport.berlin.socks5]\nserver = \"b.example:1\"\n";
    let settings = loaded(text);
    assert_eq!(ids(&settings.order), ["direct", "split", "zurich", "berlin"]);
    assert_eq!(settings.transports[3].via.as_ref().map(TransportId::as_str), Some("zurich"));
}

#[test]
fn a_service_can_be_pointed_elsewhere_in_a_few_lines() {
    let text = "[service.telegram]\nfingerprints = [\"b25898df208d2603\"]\nprefixes = [\"127.0.0.1/32\"]\n\
                [[service.telegram.probes]]\ntargets = [\"127.0.0.1:8443\"]\nmtproto = { dc = 10002 }\n";
    let settings = loaded(text);
    let telegram = service(&settings, "telegram");
    assert_eq!(telegram.probes.len(), 1);
    let Kind::Telegram { dc, fingerprints } = &telegram.probes[0].kind else { panic!("not mtproto") };
    assert_eq!((*dc, fingerprints[0]), (10002, 0xb258_98df_208d_2603));
    assert_eq!(telegram.rules[0].prefixes.len(), 1);
    assert_eq!(telegram.service.title, "Telegram", "what was not changed stays");
    let text =
        "[service.whatsapp]\nnoise_root = \"0101010101010101010101010101010101010101010101010101010101010101\"\n";
    let Kind::Noise { root } = service(&loaded(text), "whatsapp").probes[0].kind else { panic!("not noise") };
    assert_eq!(root, [1; 32]);
}

#[test]
fn a_file_of_roots_lies_beside_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    std::fs::write(folder.path().join("own.pem"), key.cert.pem()).unwrap();
    let origin = Origin::file(&folder.path().join("byway.toml"), Path::new("/state"));
    let text = "[service.signal]\nroots = \"own.pem\"\n[transport.a.http]\nserver = \"a.example:443\"\ntls = true\nroots = \"own.pem\"\n";
    let settings = load(text, &origin, &[]).unwrap();
    let Kind::Https(https) = &service(&settings, "signal").probes[0].kind else { panic!("not https") };
    let Roots::Pinned(roots) = &https.roots else { panic!("not pinned") };
    assert_eq!(roots[0], key.cert.der().as_ref());
    let TransportKind::Http { roots, .. } = &settings.transports[2].kind else { panic!("not http") };
    assert_eq!(roots.as_ref().unwrap()[0], key.cert.der().as_ref());
}

#[test]
fn services_of_the_users_own_go_before_the_catalogue_and_known_ones_can_be_left_out() {
    let text = "[service.bank]\nnames = [\"api.x.com\"]\ndirect = \"always\"\n[service.viber]\nenabled = false\n";
    let settings = loaded(text);
    assert_eq!(settings.services[0].service.id.as_str(), "bank");
    assert!(settings.services.iter().all(|spec| spec.service.id.as_str() != "viber"));
    let matcher = Matcher::build(settings.services.iter().flat_map(|spec| spec.rules.clone()).collect());
    assert_eq!(matcher.classify(&Destination::parse("api.x.com:443").unwrap()).0.as_str(), "bank");
}

#[test]
fn a_door_to_the_network_has_a_lock() {
    let text = "listen = [\"0.0.0.0:4180\", \"127.0.0.1:4181\"]\n[login]\nuser = \"anna\"\npassword = \"hunter2\"\n";
    let listens = loaded(text).listens;
    assert_eq!(listens.len(), 2);
    assert!(listens.iter().all(|l| l.login == Some(("anna".to_owned(), Secret::new("hunter2".to_owned())))));
    assert!(!format!("{listens:?}").contains("hunter2"));
}

#[test]
fn the_numbers_of_detection_are_read() {
    let text = "[detect]\nmode = \"passive\"\nconnect_timeout = \"1500ms\"\nswitch_at = 3\n[detect.budget]\ntotal = \"100KB/h\"\n\
                [detect.recover]\ncanary = [0.0, 1.0]\n[detect.suspect]\nat = [\"1s\", \"2s\"]\n";
    let detect = loaded(text).detect;
    assert_eq!((detect.mode, detect.connect_timeout), (crate::health::Mode::Passive, Duration::from_millis(1500)));
    assert_eq!((detect.switch_at, detect.block_at), (3.0, 5.0));
    assert_eq!(detect.budget.total, 100_000);
    assert_eq!(detect.recover.canary.len(), 2);
    assert_eq!(detect.suspect.at, [Duration::from_secs(1), Duration::from_secs(2)]);
    assert_eq!(detect.hold, crate::health::Hold::default());
}

#[test]
fn history_is_kept_where_it_is_told() {
    assert_eq!(loaded("").history.history, History::Memory);
    assert_eq!(loaded("history = \"off\"").history.history, History::Off);
    assert_eq!(loaded("history = \"disk\"").history.history, History::Disk("/state/history".into()));
    let table = "[history]\nkeep = \"disk\"\npath = \"log\"\nretention = \"24h\"\nmax_size = \"1MiB\"\n";
    let history = loaded(table).history;
    assert_eq!(history.history, History::Disk("/etc/byway/log".into()));
    assert_eq!((history.retention, history.max_bytes), (Duration::from_secs(86_400), 1 << 20));
}

#[test]
fn what_is_set_outside_goes_over_the_file_and_the_last_word_wins() {
    let sets = [
        "order=direct,tokyo",
        "order=[\"tokyo\"]",
        "listen=127.0.0.1:5000",
        "service.telegram.direct=never",
        "detect.connect_timeout=9s",
        "transport.tokyo.socks5.user=anna",
        "transport.tokyo.socks5.password=12345",
        "inbound.max_connections=7",
    ];
    let settings = with(&format!("order = [\"direct\"]\n{TOKYO}"), &sets);
    assert_eq!(ids(&settings.order), ["tokyo"]);
    assert_eq!(settings.listens[0].addr.port(), 5000);
    assert_eq!(service(&settings, "telegram").service.direct, DirectRule::Never);
    assert_eq!(settings.detect.connect_timeout, Duration::from_secs(9));
    assert_eq!(settings.inbound.max_connections, 7);
    let TransportKind::Socks5 { login: Some((_, password)), .. } = &settings.transports[2].kind else {
        panic!("no login")
    };
    assert_eq!(password.expose(), "12345", "a password of digits is text");
}

#[test]
fn the_environment_is_another_outside() {
    let vars = [
        ("BYWAY_SERVICE__TELEGRAM__ORDER", "direct"),
        ("BYWAY_CONFIG", "x.toml"),
        ("HOME", "/"),
        ("BYWAY_LOG", "debug"),
    ];
    let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let overrides = Override::from_env(vars, &["CONFIG"]);
    assert_eq!(overrides.len(), 2);
    let settings = load("log = \"warn\"", &origin(), &overrides).unwrap();
    assert_eq!(settings.log, LogLevel::Debug);
    assert_eq!(ids(&service(&settings, "telegram").service.order), ["direct"]);
    assert!(settings.unheeded.is_empty());
    let foreign = [("BYWAY_BIN", "/usr/bin/byway"), ("BYWAY_ORDR", "direct"), ("BYWAY_LOG__X", "1")];
    let read = |name: &str, value: &str| load("", &origin(), &Override::from_env([(name.into(), value.into())], &[]));
    let [strange, mistyped, inner] = foreign.map(|(name, value)| read(name, value));
    assert_eq!(strange.unwrap().unheeded, ["BYWAY_BIN"], "another program's is no reason not to start");
    assert_eq!(mistyped.unwrap_err()[0].to_string(), "BYWAY_ORDR: ordr: unknown key; did you mean \"order\"?");
    assert!(inner.is_err());
    let secret = Override::set("login.password=hunter2").unwrap();
    assert!(!format!("{secret:?}").contains("hunter2"));
    assert_eq!(Override::set("nonsense"), None);
}

#[test]
fn a_region_brings_its_domestic_anchors() {
    assert!(loaded("").anchors.domestic.is_empty());
    assert_eq!(loaded("region = \"RU\"").anchors.domestic.len(), 3);
    let own = loaded("region = \"kz\"\n[anchors]\ndomestic = [\"a.example:443\"]\n");
    assert_eq!(own.anchors.domestic.len(), 1);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_makes_it_panic(text in "(\\PC|\n|\\[transport\\.a\\.socks5\\]\n|order = |\"){0,60}") {
        let _ = load(&text, &origin(), &[]);
    }
}
