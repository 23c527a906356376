//! A whole visit at the relay's door. Time is the runtime's, so a visitor who only waits costs none.
#![no_main]

use byway::inbound::relay::{Decoy, Relay, Settings, Spawn, Submit};
use byway::wire::vless::UserId;
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fuzz_target!(|bytes: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let settings = Settings {
            addresses: Vec::new(),
            path: "/ws".into(),
            users: vec![UserId::parse("b831381d-6324-4d53-ad4f-8cda48b30811").unwrap()],
            tls: None,
            decoy: Decoy::default(),
            max_sessions: 4,
            allow_private: false,
        };
        // The user is 16 bytes that no fuzzer guesses.
        let submit: Submit = Arc::new(|_| panic!("a stranger arrived"));
        let spawn: Spawn = Arc::new(|work| drop(tokio::spawn(work)));
        let relay = Relay::new(&settings, submit, spawn).unwrap();
        let (mut near, far) = tokio::io::duplex(1 << 20);
        near.write_all(bytes).await.unwrap();
        near.shutdown().await.unwrap();
        let visit = relay.serve(Box::new(far));
        let mut said = Vec::new();
        let both = async { tokio::join!(visit, near.read_to_end(&mut said)) };
        let _ = tokio::time::timeout(Duration::from_secs(600), both).await.expect("it ends");
    });
});
