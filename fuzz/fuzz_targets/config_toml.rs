//! A configuration, alone and behind a transport with a password: every fault is told, and never with the password.
#![no_main]

use byway::config::{Origin, load};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

const PASSWORD: &str = "correct-horse-battery";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let head = format!("[transport.a.shadowsocks]\nserver = \"a.example\"\npassword = \"{PASSWORD}\"\n");
    // Reading takes most of a run, so each is read once; the length says how, for a byte that did would spoil a good text.
    let (whole, has_password) = match bytes.len() % 3 {
        0 => (text.to_owned(), false),
        1 => (format!("{head}{text}"), true),
        _ => (format!("{text}\n{head}"), true),
    };
    match load(&whole, &Origin::embedded(Path::new("/state")), &[]) {
        _ if !has_password => {}
        Ok(settings) => assert!(!format!("{settings:?}").contains(PASSWORD)),
        Err(faults) => {
            assert!(!faults.is_empty());
            assert!(faults.iter().all(|fault| !fault.to_string().contains(PASSWORD)));
        }
    }
});
