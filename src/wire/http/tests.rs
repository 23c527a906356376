use super::*;
use proptest::prelude::*;

fn read(text: &str) -> RequestHead {
    match request_head(text.as_bytes()) {
        Ok(Head::Head(head, length)) => {
            assert_eq!(length, text.len());
            head
        }
        other => panic!("{other:?}"),
    }
}

fn why_not(text: &str) -> String {
    request_head(text.as_bytes()).expect_err(text).to_string()
}

#[test]
fn a_proxy_request_is_read_with_its_fields_in_order() {
    let head = read("GET http://example.org/a?b HTTP/1.1\r\nHost: example.org\r\nX-A:1\r\nx-a: \t2 \r\n\r\n");
    assert_eq!((head.method.as_str(), head.target.as_str(), head.minor), ("GET", "http://example.org/a?b", 1));
    assert_eq!(head.fields.get("HOST"), Some("example.org"));
    assert_eq!(head.fields.all("X-a").collect::<Vec<_>>(), [b"1", b"2"]);
    assert_eq!(head.body, Body::None);
    let (name, _) = head.fields.iter().last().unwrap();
    assert_eq!(name, "x-a", "names keep their case");
}

#[test]
fn a_head_is_incomplete_until_its_empty_line() {
    let text = b"\r\nCONNECT g.whatsapp.net:443 HTTP/1.1\r\nHost: g.whatsapp.net\r\n\r\nearly";
    let length = text.len() - 5;
    for end in 0..length {
        assert_eq!(request_head(&text[..end]), Ok(Head::Incomplete), "at {end}");
    }
    assert!(matches!(request_head(text), Ok(Head::Head(head, taken)) if taken == length && head.method == "CONNECT"));
}

#[test]
fn what_a_lenient_reader_would_take_is_refused() {
    for (text, why) in [
        ("GET / HTTP/1.1\nHost: a\r\n\r\n", "carriage return"),
        ("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "folded"),
        ("GET / HTTP/1.1\r\nA : b\r\n\r\n", "field name"),
        ("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", "control character"),
        ("GET / HTTP/1.1\r\nA: b\0\r\n\r\n", "control character"),
        ("GET / HTTP/1.1\r\nA\r\n\r\n", "no colon"),
        ("GET /a b HTTP/1.1\r\n\r\n", "method, target and version"),
        ("GET  / HTTP/1.1\r\n\r\n", "method, target and version"),
        ("GET / HTTP/2.0\r\n\r\n", "version"),
        ("G@T / HTTP/1.1\r\n\r\n", "method"),
        ("GET /\u{e9} HTTP/1.1\r\n\r\n", "target"),
        ("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", "twice"),
    ] {
        assert!(why_not(text).contains(why), "{text:?}: {}", why_not(text));
    }
}

#[test]
fn a_request_whose_end_is_in_doubt_is_refused() {
    for (fields, why) in [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", "smuggled"),
        ("Content-Length: 5\r\nContent-Length: 6", "disagree"),
        ("Content-Length: 5, 5", "not a number"),
        ("Content-Length: +5", "not a number"),
        ("Content-Length: ", "not a number"),
        ("Content-Length: 99999999999999999999", "not a number"),
        ("Transfer-Encoding: chunked, gzip", "not the last"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "not the last"),
        ("Transfer-Encoding: gzip", "not chunked"),
        ("Transfer-Encoding: xchunked", "not chunked"),
    ] {
        let text = format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n");
        assert!(why_not(&text).contains(why), "{text:?}: {}", why_not(&text));
    }
    assert!(why_not("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").contains("1.0"));
}

#[test]
fn the_end_of_a_body_is_told() {
    let body = |fields: &str| read(&format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n")).body;
    assert_eq!(body("Content-Length: 5"), Body::Length(5));
    assert_eq!(body("Transfer-Encoding: gzip, Chunked"), Body::Chunked);
    let twice = read("POST / HTTP/1.1\r\nContent-Length: 5\r\ncontent-length: 05\r\n\r\n");
    assert_eq!((twice.body, twice.fields.len()), (Body::Length(5), 1));
}

#[test]
fn the_body_of_an_answer_depends_on_the_question() {
    let answer = |text: &str| match response_head(text.as_bytes()) {
        Ok(Head::Head(head, _)) => head,
        other => panic!("{other:?}"),
    };
    let ok = answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
    assert_eq!((ok.status, ok.reason.as_str()), (200, "OK"));
    assert_eq!(ok.body("GET"), Ok(Body::Length(3)));
    assert_eq!(ok.body("HEAD"), Ok(Body::None));
    assert_eq!(ok.body("CONNECT"), Ok(Body::None));
    assert_eq!(answer("HTTP/1.1 304 \r\nContent-Length: 3\r\n\r\n").body("GET"), Ok(Body::None));
    assert_eq!(answer("HTTP/1.0 200\r\n\r\n").body("GET"), Ok(Body::UntilClose));
    assert_eq!(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").body("GET"), Ok(Body::Chunked));
    for text in ["HTTP/1.1 20 OK\r\n", "HTTP/1.1 2000 OK\r\n", "HTTP/3 200\r\n", "ICY 200 OK\r\n", "HTTP/1.1 099 X\r\n"]
    {
        assert!(response_head(text.as_bytes()).is_err(), "{text}");
    }
    let both = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert!(response_head(both).is_err());
}

#[test]
fn a_head_without_end_is_not_held_forever() {
    let mut text = b"GET / HTTP/1.1\r\n".to_vec();
    for _ in 0..=MOST_FIELDS {
        text.extend_from_slice(b"A: b\r\n");
    }
    assert!(matches!(request_head(&text), Err(Error::TooLarge { limit: MOST_FIELDS, .. })));
    let endless = vec![b'a'; LONGEST_HEAD];
    assert_eq!(request_head(&endless), Ok(Head::Incomplete));
    assert!(matches!(request_head(&[&endless[..], b"a"].concat()), Err(Error::TooLarge { .. })));
}

#[test]
fn hop_by_hop_fields_stay_on_their_hop() {
    let mut head = read(
        "GET http://a/ HTTP/1.1\r\nHost: a\r\nProxy-Authorization: Basic x\r\nConnection: close, X-Secret\r\n\
         x-secret: 1\r\nKeep-Alive: 3\r\nProxy-Connection: close\r\nTE: trailers\r\nTrailer: X\r\nUpgrade: h2c\r\n\
         Accept: */*\r\n\r\n",
    );
    assert_eq!(head.fields.connection_tokens(), ["close", "x-secret"]);
    head.fields.remove_hop_by_hop();
    assert_eq!(head.encode(), b"GET http://a/ HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n");
    head.fields.remove("ACCEPT");
    assert_eq!(head.fields.len(), 1);
    assert!(is_hop_by_hop("Transfer-Encoding", &[]) && !is_hop_by_hop("Host", &[]));
}

#[test]
fn a_field_cannot_be_used_to_write_another() {
    let mut fields = Fields::new();
    assert!(fields.push("A", b"b\r\nC: d").is_err());
    assert!(fields.push("A: b\r\nC", b"d").is_err());
    assert!(fields.push("", b"d").is_err());
    assert!(fields.is_empty());
}

#[test]
fn debug_output_hides_target_and_values() {
    let head = read("GET http://hidden.example/ HTTP/1.1\r\nCookie: secret\r\n\r\n");
    let shown = format!("{head:?}");
    assert!(shown.contains("Cookie") && !shown.contains("secret") && !shown.contains("hidden"), "{shown}");
}

#[test]
fn a_basic_login_is_read() {
    let (user, password) = basic_login("basic  QWxhZGRpbjpvcGVuOnNlc2FtZQ==").unwrap();
    assert_eq!((user.as_str(), password.expose().as_str()), ("Aladdin", "open:sesame"));
    for other in ["", "Basic", "Basic !!", "Bearer QTpi", "Basic QWxhZGRpbg=="] {
        assert!(basic_login(other).is_none(), "{other}");
    }
}

#[test]
fn only_what_may_be_repeated_is_idempotent() {
    assert!(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"].into_iter().all(is_idempotent));
    assert!(!["POST", "PATCH", "CONNECT", "get", ""].into_iter().any(is_idempotent));
}

fn any_fields() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let value = prop::collection::vec(prop_oneof![Just(b' '), b'!'..=b'~', 0x80u8..], 0..20);
    prop::collection::vec(("X-[A-Za-z0-9!~-]{1,12}", value), 0..20)
}

proptest! {
    #[test]
    fn every_head_reads_back(
        method in "[A-Z]{1,9}", target in "[!-~]{1,40}", minor in 0u8..=1, status in 100u16..=599, fields in any_fields()
    ) {
        let mut kept = Fields::new();
        for (name, value) in &fields {
            kept.push(name, value).unwrap();
        }
        let request = RequestHead { method, target, minor, fields: kept.clone(), body: Body::None };
        let bytes = request.encode();
        prop_assert_eq!(request_head(&bytes), Ok(Head::Head(request, bytes.len())));
        let response = ResponseHead { status, reason: "Some Words".into(), minor, fields: kept };
        let bytes = response.encode();
        prop_assert_eq!(response_head(&bytes), Ok(Head::Head(response, bytes.len())));
    }

    #[test]
    fn no_bytes_upset_the_reader(bytes: Vec<u8>, lines in "(GET / HTTP/1\\.[01]\r\n)?([a-zA-Z :,0-9\r\n\t-]|Content-Length: |Transfer-Encoding: |chunked)*") {
        for input in [bytes, lines.into_bytes()] {
            let whole = request_head(&input);
            if let Ok(Head::Head(head, taken)) = &whole {
                prop_assert!(*taken <= input.len());
                let again = head.encode();
                prop_assert_eq!(request_head(&again), Ok(Head::Head(head.clone(), again.len())));
            }
            // Fed byte by byte, the first thing that is said is what is said at once.
            let first = (0..=input.len()).map(|end| request_head(&input[..end])).find(|said| *said != Ok(Head::Incomplete));
            prop_assert_eq!(first.unwrap_or(Ok(Head::Incomplete)), whole);
            let _ = response_head(&input);
        }
    }

    #[test]
    fn no_text_upsets_the_login_reader(text: String) {
        let _ = basic_login(&text);
        let _ = basic_login(&format!("Basic {text}"));
    }
}
