use super::*;
use proptest::prelude::*;

/// A hello as clients write it: a random, a session, suites, an unknown extension, then the name and the protocols.
pub(crate) fn hello(name: Option<&str>, alpn: &[&str]) -> Vec<u8> {
    let sized = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
    let mut extensions = [&[0x0a, 0x0a][..], &sized(&[])].concat();
    if let Some(name) = name {
        let entry = [&[0][..], &sized(name.as_bytes())].concat();
        extensions.extend([&[0, 0][..], &sized(&sized(&entry))].concat());
    }
    if !alpn.is_empty() {
        let list: Vec<u8> = alpn.iter().flat_map(|p| [&[p.len() as u8][..], p.as_bytes()].concat()).collect();
        extensions.extend([&[0, 16][..], &sized(&sized(&list))].concat());
    }
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.push(32);
    body.extend([9; 32]);
    body.extend(sized(&[0x13, 0x01, 0x13, 0x02]));
    body.extend([1, 0]);
    body.extend(sized(&extensions));
    let length = (body.len() as u32).to_be_bytes();
    let message = [&[1], &length[1..], &body].concat();
    [&[22, 3, 1][..], &sized(&message)].concat()
}

/// The same hello in records of at most `size` bytes.
pub(in crate::wire) fn in_records(hello: &[u8], size: usize) -> Vec<u8> {
    let record = |part: &[u8]| [&[22, 3, 1], &(part.len() as u16).to_be_bytes()[..], part].concat();
    hello[RECORD_HEADER..].chunks(size).flat_map(record).collect()
}

fn read(bytes: &[u8]) -> ClientHello {
    match client_hello(bytes) {
        Hello::Hello(hello) => hello,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_name_and_the_protocols_are_found() {
    let bytes = hello(Some("Web.Telegram.org"), &["h2", "http/1.1"]);
    let found = read(&[&bytes[..], b"early data"].concat());
    assert_eq!(found.server_name.as_deref(), Some("web.telegram.org"));
    assert_eq!(found.alpn, ["h2", "http/1.1"]);
    assert_eq!(found.record_len, bytes.len());
    assert_eq!(&bytes[found.name_range.unwrap()], b"Web.Telegram.org");
}

#[test]
fn a_hello_without_a_name_is_a_hello() {
    let found = read(&hello(None, &[]));
    assert_eq!((found.server_name, found.name_range, found.alpn), (None, None, vec![]));
    // RFC 6066 §3 forbids addresses as names; where the text stands is still told.
    let literal = read(&hello(Some("149.154.167.51"), &[]));
    assert!(literal.server_name.is_none() && literal.name_range.is_some());
}

#[test]
fn every_beginning_of_a_hello_is_incomplete_and_never_something_else() {
    for bytes in [hello(Some("a.example"), &["h2"]), in_records(&hello(Some("a.example"), &["h2"]), 11)] {
        for end in 0..bytes.len() {
            assert_eq!(client_hello(&bytes[..end]), Hello::Incomplete, "at {end}");
        }
    }
}

#[test]
fn a_hello_cut_into_records_is_put_together() {
    let whole = hello(Some("web.telegram.org"), &["h2"]);
    for size in 1..whole.len() {
        let cut = in_records(&whole, size);
        let found = read(&cut);
        assert_eq!(found.server_name.as_deref(), Some("web.telegram.org"), "records of {size}");
        assert_eq!(found.record_len, cut.len());
        let range = found.name_range.unwrap();
        assert_eq!((cut[range.start], cut[range.end - 1]), (b'w', b'g'));
    }
}

#[test]
fn what_is_no_hello_is_told_at_once() {
    let good = hello(Some("a.example"), &[]);
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    for (bytes, what) in [
        (b"G".to_vec(), "another protocol"),
        (vec![22, 2], "a version of the past"),
        (vec![22, 3, 9], "a version of the future"),
        (vec![22, 3, 1, 0, 0], "an empty record"),
        (vec![22, 3, 1, 0x40, 1], "a record that is too long"),
        (vec![22, 3, 1, 0, 9, 2], "another handshake message"),
        (vec![22, 3, 1, 0, 9, 1, 2, 0, 0], "an endless hello"),
        (with(9, 2), "another version in the hello"),
        (with(43, 33), "a session that is too long"),
        (with(77, 1), "half a suite"),
    ] {
        assert_eq!(client_hello(&bytes), Hello::NotTls, "{what}");
    }
    let odd_extension = in_records(&[&good[..good.len() - 1], &[0, 0]].concat(), 900);
    assert!(!matches!(client_hello(&odd_extension), Hello::Hello(h) if h.record_len != odd_extension.len()));
}

#[test]
fn debug_output_hides_the_name() {
    assert!(!format!("{:?}", client_hello(&hello(Some("hidden.example"), &["h2"]))).contains("hidden"));
}

#[test]
fn a_record_is_owed_from_its_first_byte_to_its_last() {
    let stream = [&[22, 3, 3, 0, 3, 1, 2, 3][..], &[23, 3, 3, 0, 0], &[23, 3, 3, 0, 1, 0]].concat();
    let mut records = Records::new();
    assert!(!records.is_owed());
    let owed: Vec<bool> = stream
        .iter()
        .map(|byte| {
            records.feed(&[*byte]);
            records.is_owed()
        })
        .collect();
    let not_owed: Vec<usize> = (0..owed.len()).filter(|at| !owed[*at]).collect();
    assert_eq!(not_owed, [7, 12, 18]);
    let mut other = Records::new();
    other.feed(b"HTTP/1.1 200 OK");
    assert!(!other.is_owed());
}

proptest! {
    #[test]
    fn every_hello_reads_back(
        name in prop::option::of("[a-z][a-z0-9-]{0,30}\\.[a-z]{2,9}"), alpn in prop::collection::vec("[a-z0-9/.]{1,12}", 0..4),
        size in 1usize..400,
    ) {
        let offered: Vec<&str> = alpn.iter().map(String::as_str).collect();
        let found = read(&in_records(&hello(name.as_deref(), &offered), size));
        prop_assert_eq!((found.server_name, found.alpn), (name, alpn));
    }

    #[test]
    fn no_bytes_upset_the_reader(bytes: Vec<u8>, at in 0usize..200, with: u8, end in 0usize..200) {
        let _ = client_hello(&bytes);
        let mut hello = hello(Some("a.example"), &["h2"]);
        if let Some(byte) = hello.get_mut(at) {
            *byte = with;
        }
        hello.truncate(end.max(1));
        if let Hello::Hello(found) = client_hello(&hello) {
            prop_assert!(found.record_len <= hello.len());
            prop_assert!(found.name_range.is_none_or(|range| range.end <= hello.len() && !range.is_empty()));
        }
    }

    #[test]
    fn records_are_followed_alike_in_any_portions(bytes: Vec<u8>, good: bool, step in 1usize..9) {
        let stream = if good { [&[23, 3, 3, 0, bytes.len() as u8][..], &bytes].concat() } else { bytes };
        let (mut at_once, mut in_steps) = (Records::new(), Records::new());
        at_once.feed(&stream);
        stream.chunks(step).for_each(|part| in_steps.feed(part));
        prop_assert_eq!(at_once.is_owed(), in_steps.is_owed());
    }
}
