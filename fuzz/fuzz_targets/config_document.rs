//! Documents that list servers, as they stand and around an entry: every entry is read or refused with a reason, and no
//! password is ever told. The bytes also stand as what AmneziaVPN packs, as Outline's documents, and as the address and the
//! headers of a list.
#![no_main]

use byway::config::{BadList, Insecure, Usage, checked, import, list_address, to_toml};
use byway::wire::http::HttpsAddress;
use libfuzzer_sys::fuzz_target;

const PASSWORD: &str = "correct-horse-battery";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let documents = [
        text.to_owned(),
        format!("proxies:\n{text}"),
        format!("proxies:\n- {{type: trojan, server: a.example, port: 443, password: {PASSWORD}, {text}}}\n"),
        format!(
            "proxies:\n- {{type: ss, server: a.example, port: 1, cipher: aes-256-gcm, password: {PASSWORD}}}\n{text}"
        ),
        format!("{{\"outbounds\": [{{\"type\": \"trojan\", \"password\": \"{PASSWORD}\", {text}}}]}}"),
        format!("{{\"containers\": [{text}], \"password\": \"{PASSWORD}\"}}"),
        format!("vpn://{text}"),
        format!("transport:\n{text}"),
        format!(
            "transport:\n  $type: shadowsocks\n  endpoint: a.example:1\n  cipher: aes-256-gcm\n  secret: {PASSWORD}\n  {text}"
        ),
        format!("error:\n  message: {text}"),
    ];
    let _ = HttpsAddress::parse(text).map(|from| from.redirected(text));
    let _ = list_address(text);
    let _ = Usage::parse(text);
    for document in documents {
        // What a fetched list may become, or why it is none: its server's own words alone are told.
        if let Err(why) = checked(document.as_bytes())
            && !matches!(why, BadList::Refused(_))
        {
            assert!(!why.to_string().contains(PASSWORD));
        }
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
