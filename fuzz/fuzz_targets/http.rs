//! Heads of requests and answers, and a login.
#![no_main]

use byway::wire::http::{self, Head};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Head::Head(head, taken)) = http::request_head(bytes) {
        assert!(taken <= bytes.len());
        let written = head.encode();
        assert_eq!(http::request_head(&written), Ok(Head::Head(head, written.len())));
    }
    if let Ok(Head::Head(mut head, taken)) = http::response_head(bytes) {
        assert!(taken <= bytes.len());
        let _ = head.body("GET");
        let _ = head.body("CONNECT");
        head.fields.remove_hop_by_hop();
        assert!(head.fields.get("connection").is_none());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = http::basic_login(text);
    }
});
