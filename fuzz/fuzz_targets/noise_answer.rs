//! What a server says after WhatsApp's hello, and a hello itself.
#![no_main]

use byway::model::Grade;
use byway::wire::noise::{Authority, Client, PINNED_ROOT, serve};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new(&[3; 64]));
static ROOT: LazyLock<[u8; 32]> = LazyLock::new(|| AUTHORITY.root());

fuzz_target!(|bytes: &[u8]| {
    let framed = [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat();
    for answer in [bytes, &framed] {
        for root in [&PINNED_ROOT, &*ROOT] {
            let Ok((mut client, _)) = Client::hello([7; 32]) else { return };
            assert_ne!(client.answer(answer, root, 1_780_000_000), Ok(Some(Grade::A)));
        }
    }
    let _ = serve(bytes, &AUTHORITY, &[5; 64]);
});
