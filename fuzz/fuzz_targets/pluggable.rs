//! A pluggable transport's lines, and the arguments it is told; a link that another program carries.
#![no_main]

use byway::config::{Insecure, Outside, import_with, to_toml};
use byway::wire::pluggable::{Line, credentials, line};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for text in text.lines() {
        if let Line::Method { at, .. } = line(text) {
            assert!(at.ip().is_loopback() && at.port() != 0);
        }
    }
    let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
    if let Ok(Some((user, password))) = credentials(pairs) {
        assert!((1..=255).contains(&user.len()) && (1..=255).contains(&password.len()));
    }
    let outside = Outside { find: Box::new(|name| Some(name.into())), folder: "/state".into() };
    for imported in import_with(text, &[], Insecure::Refused, &outside) {
        if let Ok(spec) = imported.result {
            let _ = to_toml(&spec);
        }
    }
});
