//! A STUN server (RFC 8489): tells who asks from which address they came.

use crate::net::Datagrams;
use crate::wire::stun::{binding_answer, parse_request};

/// Answers Binding requests until the task is dropped.
pub(in crate::lab) async fn stun(socket: impl Datagrams + 'static) {
    let socket: &dyn Datagrams = &socket;
    let mut buf = [0; 1500];
    while let Ok((size, from)) = socket.recv_from(&mut buf).await {
        if let Some(transaction) = parse_request(&buf[..size])
            && socket.send_to(&binding_answer(transaction, from), from).await.is_err()
        {
            return;
        }
    }
}
