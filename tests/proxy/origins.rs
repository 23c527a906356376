//! What the proxied world holds: web servers and an echo of packets, on loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

/// What an origin has heard, request by request.
pub(crate) type Heard = Arc<Mutex<Vec<String>>>;

/// A web server at `ip`: answers each request with [`PAGE`], or with a POST's own body, and keeps the connection.
pub(crate) fn origin(ip: &str) -> (SocketAddr, Heard) {
    let listener = TcpListener::bind((ip, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    let heard = Heard::default();
    let all = Arc::clone(&heard);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let heard = Arc::clone(&all);
            thread::spawn(move || converse(stream, &heard));
        }
    });
    (at, heard)
}

/// What an origin answers.
pub(crate) const PAGE: &str = "the page itself";

fn converse(stream: TcpStream, heard: &Heard) -> Option<()> {
    let mut to = stream.try_clone().ok()?;
    let mut from = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if from.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        from.read_exact(&mut body).ok()?;
        heard.lock().unwrap().push(head);
        let answer = if body.is_empty() { PAGE.as_bytes() } else { &body[..] };
        write!(to, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len()).ok()?;
        to.write_all(answer).ok()?;
    }
}

/// Sends every packet back.
pub(crate) fn udp_echo() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buf = [0; 2048];
        while let Ok((length, from)) = socket.recv_from(&mut buf) {
            let _ = socket.send_to(&buf[..length], from);
        }
    });
    at
}
