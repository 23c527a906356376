//! A configuration, alone and behind a transport with a password: every fault is told, and never with the password.
#![no_main]

use byway::config::{Origin, load};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

const PASSWORD: &str = "correct-horse-battery";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let origin = Origin::embedded(Path::new("/state"));
    let _ = load(text, &origin, &[]);

    let head = format!("[transport.a.shadowsocks]\nserver = \"a.example\"\npassword = \"{PASSWORD}\"\n");
    for whole in [format!("{head}{text}"), format!("{text}\n{head}")] {
        match load(&whole, &origin, &[]) {
            Ok(settings) => assert!(!format!("{settings:?}").contains(PASSWORD)),
            Err(faults) => {
                assert!(!faults.is_empty());
                assert!(faults.iter().all(|fault| !fault.to_string().contains(PASSWORD)));
            }
        }
    }
});
