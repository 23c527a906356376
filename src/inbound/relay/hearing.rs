//! Who is there, and where to? Every known user is compared in the same time, and a stranger is listened to as long as a
//! user who never finishes.

use crate::net::{Deadline, Rewound, Stream};
use crate::wire::vless::{self, LONGEST_REQUEST, Request, UserId};
use tokio::io::AsyncReadExt;

/// Reads a user's request off the front of `bytes`; `None` when it is not whole, not a user's, or wrong.
pub(super) fn admit(bytes: &[u8], users: &[UserId]) -> Option<(Request, usize)> {
    let (asking, _) = vless::user(bytes).ok()??;
    is_known(&asking, users).then(|| vless::request(bytes).ok().flatten()).flatten()
}

/// Hears a client's request by `deadline`. Who is none of ours gets neither a word nor an early end.
pub(super) async fn hear_out(mut stream: Stream, users: &[UserId], deadline: Deadline) -> Option<(Request, Stream)> {
    let mut heard = Vec::with_capacity(512);
    let hearing = async {
        loop {
            if let Some((request, taken)) = admit(&heard, users) {
                heard.drain(..taken);
                return Some(request);
            }
            if heard.len() > LONGEST_REQUEST {
                // Nothing more can make it a request; its bytes are not kept.
                heard.clear();
                heard.push(u8::MAX);
            }
            if stream.read_buf(&mut heard).await.ok()? == 0 {
                return None;
            }
        }
    };
    let request = deadline.run(hearing).await.flatten()?;
    Some((request, Rewound::new(heard, stream).into_stream()))
}

fn is_known(asking: &UserId, users: &[UserId]) -> bool {
    users.iter().fold(false, |known, user| known | (user == asking))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Destination;
    use std::time::Duration;
    use tokio::io::AsyncWriteExt;
    use tokio::time::Instant;

    fn user(text: &str) -> UserId {
        UserId::parse(text).unwrap()
    }

    fn request(of: &str) -> Vec<u8> {
        let to = Destination::parse("a.test:443").unwrap();
        vless::encode_request(&user(of), vless::Command::Stream, &to).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_stranger_is_heard_out_as_long_as_somebody_silent() {
        for said in
            [request("stranger"), request("me")[..20].to_vec(), b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![0; 5000]]
        {
            let (mut near, far) = tokio::io::duplex(64 * 1024);
            near.write_all(&said).await.unwrap();
            let start = Instant::now();
            let deadline = Deadline::after(Duration::from_secs(10));
            assert!(hear_out(Box::new(far), &[user("me")], deadline).await.is_none());
            assert_eq!(start.elapsed(), Duration::from_secs(10));
        }
    }

    #[tokio::test]
    async fn a_user_is_let_in_with_what_follows_the_request() {
        let (mut near, far) = tokio::io::duplex(1024);
        near.write_all(&[&request("me")[..], b"first bytes"].concat()).await.unwrap();
        drop(near);
        let deadline = Deadline::after(Duration::from_secs(10));
        let heard = hear_out(Box::new(far), &[user("other"), user("me")], deadline).await;
        let (request, mut stream) = heard.unwrap();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        assert_eq!((request.to.port, &rest[..]), (443, "first bytes"));
    }
}
