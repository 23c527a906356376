//! Documents that list servers, as they stand and around an entry: every entry is read or refused with a reason, and no
//! password is ever told. The bytes also stand as what AmneziaVPN packs.
#![no_main]

use byway::config::{Insecure, import, to_toml};
use libfuzzer_sys::fuzz_target;

const PASSWORD: &str = "correct-horse-battery";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let documents = [
        text.to_owned(),
        format!("proxies:\n{text}"),
        format!("proxies:\n- {{type: trojan, server: a.example, port: 443, password: {PASSWORD}, {text}}}\n"),
        format!("proxies:\n- {{type: ss, server: a.example, port: 1, cipher: aes-256-gcm, password: {PASSWORD}}}\n{text}"),
        format!("{{\"outbounds\": [{{\"type\": \"trojan\", \"password\": \"{PASSWORD}\", {text}}}]}}"),
        format!("{{\"containers\": [{text}], \"password\": \"{PASSWORD}\"}}"),
        format!("vpn://{text}"),
    ];
    for document in documents {
        for entry in import(&document, &[], Insecure::Refused) {
            match entry.result {
                Ok(spec) => {
                    assert!(!format!("{spec:?}").contains(PASSWORD));
                    let _ = to_toml(&spec);
                }
                Err(why) => assert!(!why.to_string().contains(PASSWORD)),
            }
        }
    }
});
