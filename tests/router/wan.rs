//! What is on the WAN: origins that say who came to them, a Shadowsocks server, a resolver over HTTPS, an ordinary one that
//! notes every name, and a censor.

use crate::ground::{Ground, NAMED, ORIGIN, ORIGIN_SIX, PLAIN, PLAIN_SIX, ROUTER, ROUTER_SIX, TUNNEL, WAN};
use crate::resident::{Resident, command_in};
use byway::net::tls::TlsServer;
use byway::net::{Deadline, OsStream, Stream};
use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{RData, Record, RecordType};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// Where a web server, one that speaks first, and an echo are.
pub(crate) const WEB: u16 = 80;
pub(crate) const SPEAKS_FIRST: u16 = 2525;
pub(crate) const CALLS: u16 = 3478;
/// How long an answer of the resolver over HTTPS holds.
pub(crate) const TTL: u32 = 300;

/// The WAN while it is open.
pub(crate) struct Wan {
    namespace: String,
    /// The names that the ordinary resolver was asked for.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    /// Whether the resolver over HTTPS answers.
    pub(crate) secure: Arc<AtomicBool>,
    tunnel: Child,
    _people: Resident,
}

impl Wan {
    /// Opens everything; the root of its certificates is laid down in `folder`.
    pub(crate) fn open(ground: &Ground, folder: &Path) -> Self {
        let (root, chain, key) = papers();
        std::fs::write(folder.join("root.pem"), root).unwrap();
        let (asked, secure) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(AtomicBool::new(true)));
        let (notes, answers) = (Arc::clone(&asked), Arc::clone(&secure));
        let people = Resident::of(&ground.wan, move |ready| async move {
            for host in [ORIGIN, ORIGIN_SIX, NAMED, PLAIN, PLAIN_SIX] {
                let host: IpAddr = host.parse().unwrap();
                let bind = async |port| TcpListener::bind(SocketAddr::new(host, port)).await.unwrap();
                tokio::spawn(web(bind(WEB).await));
                tokio::spawn(first(bind(SPEAKS_FIRST).await));
                tokio::spawn(echo(UdpSocket::bind(SocketAddr::new(host, CALLS)).await.unwrap()));
            }
            let tls = TlsServer::new(chain.as_bytes(), key.as_bytes(), &["http/1.1"]).unwrap();
            tokio::spawn(over_https(TcpListener::bind((WAN, 443)).await.unwrap(), tls, answers));
            tokio::spawn(by_udp(UdpSocket::bind((WAN, 53)).await.unwrap(), Arc::clone(&notes)));
            tokio::spawn(by_tcp(TcpListener::bind((WAN, 53)).await.unwrap(), notes));
            ready.send(()).unwrap();
            std::future::pending::<()>().await;
        });
        let tunnel = command_in(&ground.wan, "ss-server")
            .args(["-s", TUNNEL, "-p", "8388", "-k", "long enough", "-m", "aes-256-gcm", "-u", "-6"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { namespace: ground.wan.clone(), asked, secure, tunnel, _people: people }
    }

    /// The censor: what the router itself sends to the service's machines is `treated` so.
    pub(crate) fn censor(&self, treated: &str) {
        let rules = format!(
            "ip saddr {ROUTER} ip daddr {{ {ORIGIN}, {NAMED} }} {treated}\nip6 saddr {ROUTER_SIX} ip6 daddr {ORIGIN_SIX} {treated}\n"
        );
        Ground::nft(
            &self.namespace,
            &format!(
                "table inet censor {{\nchain in {{ type filter hook input priority 0; policy accept;\n{rules}}}\n}}\n"
            ),
        );
    }

    /// Drops the tunnel's server.
    pub(crate) fn end_tunnel(&mut self) {
        let _ended = self.tunnel.kill();
        let _reaped = self.tunnel.wait();
    }
}

impl Drop for Wan {
    fn drop(&mut self) {
        self.end_tunnel();
    }
}

/// A web server whose page is who asked.
async fn web(listener: TcpListener) {
    while let Ok((mut client, from)) = listener.accept().await {
        tokio::spawn(async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                if client.read_buf(&mut head).await.unwrap_or(0) == 0 {
                    return;
                }
            }
            let page = from.ip().to_string();
            let answer =
                format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{page}", page.len());
            let _sent = client.write_all(answer.as_bytes()).await;
        });
    }
}

/// A server that speaks first, and then hears.
async fn first(listener: TcpListener) {
    while let Ok((mut client, from)) = listener.accept().await {
        tokio::spawn(async move {
            let _sent = client.write_all(format!("220 {}\n", from.ip()).as_bytes()).await;
            let _ended = client.read(&mut [0; 64]).await;
        });
    }
}

/// Says who sent, and what.
async fn echo(socket: UdpSocket) {
    let mut buf = [0; 2048];
    while let Ok((length, from)) = socket.recv_from(&mut buf).await {
        let answer = format!("{} {}", from.ip(), String::from_utf8_lossy(&buf[..length]));
        let _sent = socket.send_to(answer.as_bytes(), from).await;
    }
}

/// Everything that the WAN knows: a service's names, and one place for all else.
fn answer(question: &[u8], ttl: u32) -> Option<(String, Vec<u8>)> {
    let asked = Message::from_vec(question).ok()?;
    let query = asked.queries.first()?.clone();
    let name = query.name().to_ascii().to_ascii_lowercase();
    let (four, six) = if name.ends_with("chat.test.") { (NAMED, ORIGIN_SIX) } else { (PLAIN, PLAIN_SIX) };
    let mut message = Message::new(asked.metadata.id, MessageType::Response, OpCode::Query);
    message.metadata.recursion_available = true;
    let data = match query.query_type() {
        RecordType::A => Some(RData::A(A(four.parse().unwrap()))),
        RecordType::AAAA => Some(RData::AAAA(AAAA(six.parse().unwrap()))),
        _ => None,
    };
    if name.starts_with("absent.") {
        message.metadata.response_code = ResponseCode::NXDomain;
    } else {
        message.add_answers(data.map(|data| Record::from_rdata(query.name().clone(), ttl, data)));
    }
    message.add_query(query);
    Some((name, message.to_vec().ok()?))
}

async fn by_udp(socket: UdpSocket, notes: Arc<Mutex<Vec<String>>>) {
    let mut buf = [0; 2048];
    while let Ok((length, from)) = socket.recv_from(&mut buf).await {
        let Some((name, answer)) = answer(&buf[..length], 77) else { continue };
        notes.lock().unwrap().push(name);
        let _sent = socket.send_to(&answer, from).await;
    }
}

async fn by_tcp(listener: TcpListener, notes: Arc<Mutex<Vec<String>>>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let Ok(length) = client.read_u16().await else { continue };
        let mut question = vec![0; length.into()];
        let Ok(_) = client.read_exact(&mut question).await else { continue };
        let Some((name, answer)) = answer(&question, 77) else { continue };
        notes.lock().unwrap().push(name);
        let length = u16::try_from(answer.len()).unwrap();
        let _sent = client.write_all(&[&length.to_be_bytes()[..], &answer].concat()).await;
    }
}

/// A resolver over HTTPS (RFC 8484), POST over HTTP/1.1.
async fn over_https(listener: TcpListener, tls: TlsServer, answers: Arc<AtomicBool>) {
    while let Ok((client, _)) = listener.accept().await {
        let (tls, answers) = (tls.clone(), Arc::clone(&answers));
        tokio::spawn(async move { converse(client, &tls, &answers).await });
    }
}

async fn converse(client: TcpStream, tls: &TlsServer, answers: &AtomicBool) -> Option<()> {
    let stream: Stream = Box::new(OsStream::new(client).ok()?);
    let (mut stream, _) = tls.accept(stream, Deadline::after(Duration::from_secs(10))).await.ok()?;
    loop {
        let mut heard = Vec::new();
        let head = loop {
            if let Some(end) = heard.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut heard).await.ok()? == 0 {
                return None;
            }
        };
        let text = String::from_utf8_lossy(&heard[..head]).to_ascii_lowercase();
        let length: usize = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok())?;
        while heard.len() < head + length {
            stream.read_buf(&mut heard).await.ok()?;
        }
        if !answers.load(Ordering::SeqCst) {
            return None;
        }
        let (_, body) = answer(&heard[head..], TTL)?;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/dns-message\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), &body].concat()).await.ok()?;
        stream.flush().await.ok()?;
    }
}

/// An authority, and a certificate of its with its key (PEM).
fn papers() -> (String, String, String) {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "A Root of the WAN's");
    let key = rcgen::KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap().pem();
    let issuer = rcgen::Issuer::new(params, key);
    let params = rcgen::CertificateParams::new(vec![String::from("dns.test")]).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let chain = params.signed_by(&key, &issuer).unwrap().pem();
    (root, chain, key.serialize_pem())
}
