//! Both ends of it, one against the other and each against another implementation, in memory.

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn pair() -> (Messages, Messages) {
    let (near, far) = tokio::io::duplex(1024);
    (Messages::client(Box::new(near), Vec::new()), Messages::server(Box::new(far)))
}

#[tokio::test]
async fn bytes_pass_both_ways_in_any_portions() {
    let (mut near, far) = pair();
    let sent: Vec<u8> = (0..200_000_u32).map(|i| i as u8).collect();
    let (mut from, mut to) = tokio::io::split(far);
    let echo = tokio::spawn(async move { tokio::io::copy(&mut from, &mut to).await });
    let mut back = vec![0; sent.len()];
    let (mut read, mut write) = tokio::io::split(&mut near);
    let (wrote, came) = tokio::join!(
        async {
            write.write_all(&sent).await?;
            write.flush().await
        },
        read.read_exact(&mut back)
    );
    wrote.unwrap();
    came.unwrap();
    assert!(back == sent);
    echo.abort();
}

#[tokio::test(start_paused = true)]
async fn who_has_said_everything_waits_for_an_answer_but_not_for_ever() {
    let (mut near, mut far) = pair();
    near.shutdown().await.unwrap();
    far.write_all(b"late").await.unwrap();
    let mut all = Vec::new();
    near.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"late");
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_says_that_it_is_there() {
    let (near, mut far) = tokio::io::duplex(1024);
    let mut near = Messages::client(Box::new(near), Vec::new());
    let (start, reader) = (Instant::now(), tokio::spawn(async move { near.read(&mut [0; 1]).await }));
    let mut frame = [0; 6];
    for _ in 0..3 {
        far.read_exact(&mut frame).await.unwrap();
        // RFC 6455 §5.2: a last fragment, a ping, masked, empty.
        assert_eq!(frame[..2], [0x89, 0x80]);
    }
    assert!((105..=150).contains(&start.elapsed().as_secs()));
    reader.abort();
}

#[tokio::test]
async fn a_server_that_has_said_everything_ends_the_stream() {
    let (mut near, mut far) = pair();
    far.write_all(b"all").await.unwrap();
    far.shutdown().await.unwrap();
    let mut all = Vec::new();
    near.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"all");
}

#[tokio::test]
async fn an_end_without_a_closing_frame_is_an_end() {
    let (mut near, far) = pair();
    drop(far);
    assert_eq!(near.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn what_another_implementation_sends_is_read_and_what_it_reads_was_sent() {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::{Message, protocol};
    for role in [protocol::Role::Client, protocol::Role::Server] {
        let (near, far) = tokio::io::duplex(100_000);
        let mut ours = match role {
            protocol::Role::Server => Messages::client(Box::new(near), Vec::new()),
            protocol::Role::Client => Messages::server(Box::new(near)),
        };
        let mut theirs = WebSocketStream::from_raw_socket(far, role, None).await;
        let bytes: Vec<u8> = (0..70_000_u32).map(|i| (i % 251) as u8).collect();
        let talk = async {
            theirs.send(Message::Ping(b"are you there".to_vec().into())).await.unwrap();
            for piece in bytes.chunks(9_001) {
                theirs.send(Message::Binary(piece.to_vec().into())).await.unwrap();
            }
            let (mut back, mut ponged) = (Vec::new(), false);
            while back.len() < bytes.len() {
                match theirs.next().await.unwrap().unwrap() {
                    Message::Pong(said) => ponged = *said == *b"are you there",
                    said => back.extend_from_slice(&said.into_data()),
                }
            }
            theirs.close(None).await.unwrap();
            // The close is answered.
            assert!(matches!(theirs.next().await, Some(Ok(Message::Close(_))) | None));
            (back, ponged)
        };
        let echo = async {
            let mut got = vec![0; bytes.len()];
            ours.read_exact(&mut got).await.unwrap();
            ours.write_all(&got).await.unwrap();
            ours.flush().await.unwrap();
            assert_eq!(ours.read(&mut [0; 10]).await.unwrap(), 0, "the close is an end");
        };
        let ((back, ponged), ()) = tokio::join!(talk, echo);
        assert!(back == bytes && ponged);
    }
}

#[tokio::test]
async fn an_end_within_a_message_is_no_end() {
    let (near, mut far) = tokio::io::duplex(1024);
    let mut near = Messages::client(Box::new(near), vec![0x82, 5, b'a']);
    far.write_all(b"bc").await.unwrap();
    drop(far);
    let mut all = Vec::new();
    let error = near.read_to_end(&mut all).await.unwrap_err();
    assert_eq!((all.as_slice(), error.kind()), (&b"abc"[..], io::ErrorKind::UnexpectedEof));
}
