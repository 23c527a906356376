//! A client's first bytes, under each hint.
#![no_main]

use byway::model::FirstFlight;
use byway::wire::first_flight::{Kind, kind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for hint in [FirstFlight::Sniff, FirstFlight::Mtproto, FirstFlight::Noise] {
        let whole = kind(bytes, hint);
        let Some((_, before)) = bytes.split_last() else { continue };
        // An obfuscated start shows itself with its 64th byte, and not before.
        if kind(before, hint) == Kind::Unknown && bytes.len() != 64 {
            assert!(!whole.may_replay(), "{whole:?}");
        }
    }
});
