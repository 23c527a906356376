//! What a secure resolver sends back.
#![no_main]

use byway::net::resolve::read_answer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(failure) = read_answer(bytes) {
        assert_ne!(failure.whose, byway::model::Whose::Local);
    }
});
