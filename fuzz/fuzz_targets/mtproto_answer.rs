//! What a server says after the question, and what a client asks, behind the cipher.
#![no_main]

use byway::wire::mtproto::{Answer, Client, Server, Start};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let random = std::array::from_fn(|at| at as u8 ^ 0x80);
    let nonce = [0xA5; 16];
    let start = Start { random, nonce, dc: 2, msg_id: 4, padding_words: 0, padding: [0; 252] };

    // The bytes as a whole packet, and as the body of an unencrypted message, an answer's or a question's.
    let message = |msg_id: u8| {
        let length = (bytes.len() as u32).to_le_bytes();
        [&[0; 8][..], &[msg_id, 0, 0, 0, 0, 0, 0, 1], &length, bytes].concat()
    };
    for (answer, question) in [(bytes.to_vec(), bytes.to_vec()), (message(1), message(4))] {
        let (mut client, hello) = Client::hello(&start);
        let mut server = Server::new();
        assert_eq!(server.receive(&hello), Ok(Some(nonce)));
        if let Ok(Some(Answer::ResPq { .. })) = client.answer(&server.frame(&answer)) {
            assert!(bytes.windows(nonce.len()).any(|window| window == nonce));
        }
        let _ = server.receive(&client.frame(&question));
    }

    let _ = Server::new().receive(bytes);
    let _ = Client::hello(&start).0.answer(bytes);
});
