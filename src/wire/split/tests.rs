use super::*;
use crate::wire::tls::tests::{hello, in_records};
use proptest::prelude::*;

fn recipe(text: &str) -> Recipe {
    text.parse().unwrap()
}

fn lengths(pieces: &[Vec<u8>]) -> Vec<usize> {
    pieces.iter().map(Vec::len).collect()
}

#[test]
fn a_split_makes_two_segments_of_the_same_bytes() {
    let write = b"anything at all";
    let pieces = recipe("split:3").cut(write);
    assert_eq!(lengths(&pieces), [3, 12]);
    assert_eq!(pieces.concat(), write);
    assert_eq!(lengths(&recipe("split:2|split:5").cut(write)), [2, 3, 10]);
    assert_eq!(lengths(&recipe("split:5|split:5").cut(write)), [5, 10]);
}

#[test]
fn a_position_outside_the_write_cuts_nothing() {
    assert_eq!(recipe("split:15").cut(b"anything at all").len(), 1);
    assert_eq!(recipe("split:2147483647").cut(b"a").len(), 1);
    assert!(recipe("split:1").cut(b"").is_empty());
    let bytes = hello(Some("a.example"), &[]);
    assert_eq!(recipe("tlsfrag:16000").cut(&bytes), std::slice::from_ref(&bytes));
    assert_eq!(recipe("tlsfrag:-16000").cut(&bytes), [bytes]);
}

#[test]
fn a_hello_in_two_records_is_the_same_hello() {
    let bytes = hello(Some("web.telegram.org"), &["h2"]);
    let pieces = recipe("tlsfrag:1").cut(&bytes);
    assert_eq!(pieces.len(), 1, "records alone make no segments");
    assert_eq!(pieces[0][..6], [22, 3, 1, 0, 1, 1]);
    let Hello::Hello(read) = tls::client_hello(&pieces[0]) else { panic!() };
    assert_eq!(read.server_name.as_deref(), Some("web.telegram.org"));
    assert_eq!(read.record_len, bytes.len() + RECORD_HEADER);
    let from_the_end = recipe("tlsfrag:-4").cut(&bytes).concat();
    assert_eq!(from_the_end[from_the_end.len() - 9..][..5], [22, 3, 1, 0, 4]);
}

#[test]
fn the_middle_of_the_name_is_found() {
    let bytes = hello(Some("web.telegram.org"), &["h2"]);
    let [first, second] = &recipe("split:sni").cut(&bytes)[..] else { panic!() };
    assert!(first.ends_with(b"web.tele") && second.starts_with(b"gram.org"));
    let cut = recipe("tlsfrag:sni").cut(&bytes).concat();
    let header = cut.windows(9).position(|w| w.starts_with(b"tele\x16\x03\x01")).unwrap();
    assert!(cut[header + 9..].starts_with(b"gram.org"));
    assert_eq!(recipe("split:sni|tlsfrag:sni").cut(b"GET / HTTP/1.1\r\n\r\n").len(), 1);
    assert_eq!(recipe("split:sni").cut(&hello(None, &[])).len(), 1);
}

#[test]
fn the_rightmost_step_touches_the_bytes_first() {
    let bytes = hello(Some("web.telegram.org"), &["h2"]);
    let pieces = recipe("split:2|tlsfrag:5").cut(&bytes);
    assert_eq!(lengths(&pieces), [2, bytes.len() + RECORD_HEADER - 2]);
    assert_eq!(pieces.concat(), recipe("tlsfrag:5").cut(&bytes).concat());
    // The other way round the hello is gathered again after the split.
    assert_eq!(recipe("tlsfrag:5|split:2").cut(&bytes).len(), 1);
}

#[test]
fn what_is_not_tls_is_never_put_into_records() {
    let write = b"\x57\x41\x06\x03 noise";
    assert_eq!(recipe("tlsfrag:1").cut(write), [write]);
    assert_eq!(recipe("split:2|tlsfrag:1").cut(write).concat(), write);
    let half = &hello(Some("a.example"), &[])[..40];
    assert_eq!(recipe("tlsfrag:1").cut(half), [half]);
}

#[test]
fn bytes_behind_the_hello_stay_behind_it() {
    let bytes = [&in_records(&hello(Some("a.example"), &[]), 50)[..], b"early data"].concat();
    let cut = recipe("tlsfrag:3").cut(&bytes).concat();
    assert!(cut.ends_with(b"early data"));
    assert!(matches!(tls::client_hello(&cut), Hello::Hello(h) if h.record_len == cut.len() - 10));
}

#[test]
fn a_recipe_that_cannot_be_read_says_what_was_expected() {
    for (text, why) in [
        ("", "the recipe is empty; expected steps like split:2 or tlsfrag:1, joined by |"),
        ("split", r#"step "split" has no position; expected a number of bytes other than 0, or sni"#),
        ("split:0", r#"step "split:0" has no position; expected a number of bytes other than 0, or sni"#),
        ("tlsfrag:x", r#"step "tlsfrag:x" has no position; expected a number of bytes other than 0, or sni"#),
        (
            "split:-1",
            r#"step "split:-1" counts from the end, which only tlsfrag can; expected a positive number, or sni"#,
        ),
        ("disorder:0|split:123", r#"step "disorder:0" is not one that byway can take; expected split:N or tlsfrag:N"#),
        ("split:2|", r#"step "" is not one that byway can take; expected split:N or tlsfrag:N"#),
    ] {
        assert_eq!(text.parse::<Recipe>().unwrap_err().to_string(), why);
    }
    assert_eq!(vec!["split:1"; 17].join("|").parse::<Recipe>(), Err(BadRecipe::TooMany));
}

proptest! {
    #[test]
    fn every_recipe_prints_as_it_was_written(steps in prop::collection::vec("split:([1-9][0-9]{0,3}|sni)|tlsfrag:(-?[1-9][0-9]{0,3}|sni)", 1..9)) {
        let text = steps.join("|");
        prop_assert_eq!(recipe(&text).to_string(), text);
    }

    #[test]
    fn no_text_upsets_the_reader(text: String, near in "(split|tlsfrag|disorder)?:?[-0-9snix|:]{0,20}") {
        let _ = text.parse::<Recipe>();
        let _ = near.parse::<Recipe>();
    }

    #[test]
    fn a_cut_loses_nothing(
        steps in prop::collection::vec("split:([1-9][0-9]{0,2}|sni)|tlsfrag:(-?[1-9][0-9]{0,2}|sni)", 1..6),
        other: Vec<u8>, size in 1usize..300, tail: Vec<u8>,
    ) {
        let recipe = recipe(&steps.join("|"));
        let pieces = recipe.cut(&other);
        prop_assert!(pieces.iter().all(|piece| !piece.is_empty()));
        prop_assert_eq!(pieces.concat(), other);
        let bytes = [&in_records(&hello(Some("web.telegram.org"), &["h2"]), size)[..], &tail].concat();
        let cut = recipe.cut(&bytes).concat();
        let Hello::Hello(read) = tls::client_hello(&cut) else { panic!("no hello any more") };
        prop_assert_eq!(read.server_name.as_deref(), Some("web.telegram.org"));
        prop_assert_eq!(&cut[read.record_len..], &tail[..]);
    }
}
