//! Binding answers and requests.
#![no_main]

use byway::wire::stun;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = stun::parse_request(bytes);
    let transaction = bytes.get(8..20).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
    if let Ok(mapped) = stun::mapped_address(bytes, &transaction) {
        let written = stun::binding_answer(transaction, mapped);
        assert_eq!(stun::mapped_address(&written, &transaction), Ok(mapped));
    }
});
