//! A wg-quick file, as it stands and around keys: it is read or refused with a reason, and no key is ever told.
#![no_main]

use byway::config::parse_wg_quick;
use libfuzzer_sys::fuzz_target;

const KEY: &str = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let head = format!("[Interface]\nPrivateKey = {KEY}\nAddress = 10.8.0.2/24\n");
    let tail = format!("[Peer]\nPublicKey = {KEY}\nEndpoint = a.example:51820\nAllowedIPs = 0.0.0.0/0\n");
    for file in
        [text.to_owned(), format!("{head}{text}\n{tail}"), format!("{head}{tail}{text}"), format!("{head}{KEY}{text}")]
    {
        match parse_wg_quick(&file) {
            Ok(found) => assert!(!format!("{found:?}").contains(KEY)),
            Err(why) => assert!(!why.to_string().contains(KEY)),
        }
    }
});
