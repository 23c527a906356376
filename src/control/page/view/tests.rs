//! The page's text: what it says, in every language, and that nothing from elsewhere gets in as markup.

use super::*;
use crate::control::report::Up;
use crate::control::tests::world::{fixed_past, fixed_status};
use crate::model::{Phase, Technique, Verdict};

fn document(tongue: Tongue, status: &Status) -> String {
    let past = fixed_past();
    View { words: Wording::of(tongue), status, past: Some(&past), course: &Course::default(), reach: Reach::Day }
        .document()
}

#[test]
fn the_sentence_tells_what_is_known_and_says_when_something_is_left_out() {
    let (words, mut status) = (Wording::of(Tongue::English), fixed_status());
    assert_eq!(words.sentence(&status), "Telegram and WhatsApp work.");
    assert_eq!(words.rest(&status).as_deref(), Some("What is not tested yet is left out here; the table has it."));
    status.services[0].facets[1].up = Up::No;
    assert_eq!(words.sentence(&status), "WhatsApp works. Telegram: messages work, calls do not work.");
    status.services[2].facets[0].up = Up::No;
    assert_eq!(
        words.sentence(&status),
        "WhatsApp works. Signal does not work. Telegram: messages work, calls do not work."
    );
    assert_eq!(words.rest(&status), None);
    status.services.iter_mut().flat_map(|service| &mut service.facets).for_each(|facet| facet.up = Up::Unsure);
    assert_eq!((words.sentence(&status), words.rest(&status)), ("Nothing is known for sure yet.".into(), None));
    status.link = crate::model::LinkState::Offline;
    assert_eq!(words.sentence(&status), "Nothing answers, neither here nor abroad.");
}

#[test]
fn every_technique_is_told_in_the_words_of_the_model() {
    let all = [
        Technique::DnsTamper,
        Technique::IpDrop,
        Technique::TcpReject,
        Technique::SniRst,
        Technique::SniDropHello,
        Technique::SniDropAnswer,
        Technique::HelloSize,
        Technique::S2cDrop,
        Technique::Freeze,
        Technique::Throttled,
        Technique::Mitm,
        Technique::HttpBlock,
        Technique::QuicBlock,
        Technique::UdpBlocked,
        Technique::StunDpi,
        Technique::CallsBlocked,
        Technique::ProtoBlock,
        Technique::BurstPolice,
        Technique::RandomDrop,
        Technique::Unidentified,
    ];
    for how in all {
        let said = |tongue| Wording::of(tongue).why(Phase::Blocked, Verdict::Blocked(how)).unwrap();
        assert_eq!(said(Tongue::English).replace('’', "'"), how.sentence());
        for tongue in [Tongue::Russian, Tongue::Persian] {
            assert!(!said(tongue).starts_with("page-") && said(tongue) != said(Tongue::English), "{how}");
        }
    }
}

#[test]
fn no_language_shows_a_key_or_a_bare_variable() {
    for tongue in Tongue::ALL {
        let text = document(tongue, &fixed_status());
        for part in text.split(['>', '<', '"']).map(str::trim) {
            let key = part.starts_with("page-") && !part.contains(' ') && !part.contains('.');
            assert!(!key && !part.contains("{ $") && !part.contains('\u{1}'), "{tongue:?}: {part}");
        }
        assert!(text.contains(&format!("<html lang=\"{}\"", tongue.code())));
    }
    assert!(document(Tongue::Persian, &fixed_status()).contains("dir=\"rtl\""));
}

#[test]
fn a_cell_says_its_state_its_why_and_whether_it_is_in_use() {
    let text = document(Tongue::English, &fixed_status());
    assert!(text.contains("blocked</span><p class=\"why\">the first message vanishes on the way there</p>"), "{text}");
    assert!(text.contains("works</span> <span class=\"ms\">180 ms</span> <span class=\"use\">in use</span>"), "{text}");
    assert!(text.contains("not used</span><p class=\"why\">it carries no UDP</p>"), "{text}");
}

#[test]
fn the_check_up_tells_how_far_it_is_then_what_to_do_about_what_it_found() {
    let now = fixed_status().at;
    let mut course = Course { stand: Stand::Runs, planned: 17, looked: 13, ..Course::default() };
    course.check = Some(crate::control::doctor::Check::Families);
    course.findings = crate::control::tests::checkup::fixed_findings();
    let parts = |tongue, course: &Course| check_up(Wording::of(tongue), course, now).map(|(_, text)| text);
    let [said, _] = parts(Tongue::English, &course);
    assert!(said.contains("IPv4 and IPv6: 13 of 17 looks are over"), "{said}");
    assert!(said.contains("<progress max=\"17\" value=\"13\"") && said.contains("action=\"/doctor/stop\""), "{said}");
    course.stand = Stand::Over(now);
    let [said, table] = parts(Tongue::English, &course);
    assert!(said.contains("Something does not work; see below") && !said.contains("<progress"), "{said}");
    let row = "Way: tokyo</th><td class=\"bad\"><span class=\"state\"><span class=\"glyph\" aria-hidden=\"true\">✕</span> \
               failed</span></td><td>the handshake passes and the payload stops after 17 KB (stalled_after_bytes)\
               <p class=\"remedy\">use another way here: this network freezes it</p>";
    assert!(table.contains(row), "{table}");
    let (bad, good) = (table.find("class=\"bad\""), table.find("class=\"ok\""));
    assert!(bad < good, "what needs something done comes first: {table}");
    for tongue in Tongue::ALL {
        for text in parts(tongue, &course) {
            assert!(!text.contains("doctor-why") && !text.contains("doctor-do") && !text.contains("page-"), "{text}");
        }
    }
}

#[test]
fn a_name_from_elsewhere_is_never_markup() {
    let mut status = fixed_status();
    let bad = "<img src=x onerror=alert(1)>\"'&";
    status.services[0].title = bad.to_owned();
    status.transports[0].problem = Some(bad.to_owned());
    status.transports[1].kind = bad.to_owned();
    status.version = bad.to_owned();
    for tongue in Tongue::ALL {
        let text = document(tongue, &status);
        assert!(!text.contains("<img src=x") && text.contains("&lt;img src=x"), "{tongue:?}");
    }
}

#[test]
fn without_a_history_the_page_says_so() {
    let status = fixed_status();
    let text = View {
        words: Wording::of(Tongue::English),
        status: &status,
        past: None,
        course: &Course::default(),
        reach: Reach::Week,
    }
    .document();
    assert!(text.contains("The history is off"), "{text}");
}

#[test]
fn the_page_with_all_that_belongs_to_it_is_small() {
    let whole = document(Tongue::Persian, &fixed_status()).len()
        + include_str!("../page.js").len()
        + include_str!("../page.css").len()
        + include_str!("../icon.svg").len();
    assert!(whole < 150_000, "{whole} bytes");
}
