//! A link, as it stands and around a password: what is wrong is told by part, and never with the password.
#![no_main]

use byway::config::{Insecure, import, parse_link};
use libfuzzer_sys::fuzz_target;

const PASSWORD: &str = "correct-horse-battery";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = import(text, &[], Insecure::Allowed);
    let links = [
        text.to_owned(),
        format!("ss://{text}:{PASSWORD}@a.example:8388"),
        format!("ss://aes-256-gcm:{PASSWORD}@{text}"),
        format!("socks5://anna:{PASSWORD}@{text}"),
        format!("{text}://anna:{PASSWORD}@a.example:443"),
    ];
    for link in links {
        match parse_link(&link) {
            Ok(linked) => assert!(!format!("{:?}", linked.kind).contains(PASSWORD)),
            Err(why) => assert!(!why.to_string().contains(PASSWORD)),
        }
    }
});
