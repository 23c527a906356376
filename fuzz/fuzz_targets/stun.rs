//! Binding answers and requests.
#![no_main]

use byway::wire::stun;
use libfuzzer_sys::fuzz_target;

fn check(bytes: &[u8]) {
    let transaction = bytes.get(8..20).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
    if let Ok(mapped) = stun::mapped_address(bytes, &transaction) {
        let written = stun::binding_answer(transaction, mapped);
        assert_eq!(stun::mapped_address(&written, &transaction), Ok(mapped));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let _ = stun::parse_request(bytes);
    check(bytes);
    // The same as the attributes of an answer, success and error.
    let attributes = &bytes[..bytes.len().min(1024) & !3];
    for kind in [1, 0x11] {
        let length = (attributes.len() as u16).to_be_bytes();
        check(&[&[1, kind], &length[..], &stun::binding_request([7; 12])[4..], attributes].concat());
    }
});
