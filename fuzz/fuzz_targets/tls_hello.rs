//! A ClientHello, a server's records, and cuts of a hello.
#![no_main]

use byway::wire::split::Recipe;
use byway::wire::tls::{self, Hello, Records};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut records = Records::new();
    records.feed(bytes);
    let mut slow = Records::new();
    bytes.iter().for_each(|byte| slow.feed(&[*byte]));
    assert_eq!(records.is_owed(), slow.is_owed());

    let recipe: Recipe = "split:1|split:sni|tlsfrag:sni|tlsfrag:-3".parse().unwrap();
    let cut = recipe.cut(bytes).concat();
    match tls::client_hello(bytes) {
        Hello::Hello(hello) => {
            assert!(hello.record_len <= bytes.len());
            assert!(hello.name_range.is_none_or(|range| range.end <= hello.record_len));
            let Hello::Hello(again) = tls::client_hello(&cut) else { panic!("the cut is no hello") };
            assert_eq!((again.server_name, again.alpn), (hello.server_name, hello.alpn));
        }
        Hello::Incomplete | Hello::NotTls => assert_eq!(cut, bytes),
    }
    if let Some(recipe) = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<Recipe>().ok()) {
        assert_eq!(recipe.to_string().parse(), Ok(recipe));
    }
});
