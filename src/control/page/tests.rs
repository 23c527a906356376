//! The page over real sockets on loopback, asked as a stranger, as a forger and as a person asks.

use super::*;
use crate::control::tests::world::Fixed;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::DropGuard;

/// A page that is open.
struct Open {
    page: Arc<Page>,
    at: SocketAddr,
    _stop: DropGuard,
}

/// An answer.
struct Heard {
    status: u16,
    head: String,
    body: String,
}

fn open() -> Open {
    open_for(Fixed::default()).0
}

fn open_for(operator: Fixed) -> (Open, Arc<Fixed>) {
    let operator = Arc::new(operator);
    let page = Page::new(Arc::clone(&operator) as Arc<dyn Operator>);
    let at = page.open("127.0.0.1:0".parse().unwrap()).unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(Arc::clone(&page).run(stop.clone()));
    (Open { page, at, _stop: stop.drop_guard() }, operator)
}

impl Open {
    /// Sends a head (and what follows it), with the page's own `Host` unless another is given.
    async fn ask(&self, line: &str, fields: &[(&str, &str)], body: &str) -> Heard {
        let mut stream = tokio::net::TcpStream::connect(self.at).await.unwrap();
        let mut text = format!("{line} HTTP/1.1\r\nConnection: close\r\n");
        if !fields.iter().any(|(name, _)| *name == "Host") {
            text += &format!("Host: {}\r\n", self.at);
        }
        for (name, value) in fields {
            text += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            text += &format!("Content-Length: {}\r\n", body.len());
        }
        stream.write_all(format!("{text}\r\n{body}").as_bytes()).await.unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.unwrap();
        let (head, body) = heard.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Heard { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    /// The path of a fresh link.
    fn link(&self) -> String {
        let link = self.page.link().unwrap();
        assert_eq!(link.at, self.at);
        link.link.0.strip_prefix(&format!("http://{}", self.at)).unwrap().to_owned()
    }

    /// Follows a link; the cookie that it gives.
    async fn enter(&self) -> String {
        let heard = self.ask(&format!("GET {}", self.link()), &[], "").await;
        assert_eq!(heard.status, 303, "{}", heard.head);
        assert!(heard.head.contains("location: /\r\n"), "{}", heard.head);
        let cookie = heard.head.split("set-cookie: ").nth(1).unwrap().lines().next().unwrap();
        assert!(cookie.contains("; httponly; samesite=strict"), "{cookie}");
        cookie.split(';').next().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_stranger_hears_the_same_nothing_whatever_it_asks() {
    let page = open();
    let reference = page.ask("GET /nowhere", &[], "").await;
    assert_eq!((reference.status, reference.body.as_str()), (404, ""));
    assert_eq!(reference.head, "http/1.1 404 not found\r\nconnection: close\r\ncontent-length: 0");
    for line in ["GET /", "GET /?token=", "GET /?token=00", "POST /use", "GET /events", "GET /page.css", "OPTIONS /"] {
        let heard = page.ask(line, &[("Origin", "https://evil.example")], "").await;
        assert_eq!((heard.head, heard.body), (reference.head.clone(), String::new()), "{line}");
    }
    let forged = format!("byway-{}={}", page.at.port(), "0".repeat(64));
    assert_eq!(page.ask("GET /", &[("Cookie", &forged)], "").await.head, reference.head);
}

#[tokio::test]
async fn a_link_lets_one_browser_in_once() {
    let page = open();
    let link = page.link();
    assert_eq!(page.ask(&format!("HEAD {link}"), &[], "").await.status, 404, "a look ahead uses nothing up");
    assert_eq!(page.ask(&format!("GET {link}"), &[], "").await.status, 303);
    assert_eq!(page.ask(&format!("GET {link}"), &[], "").await.status, 404, "used up");
    let cookie = page.enter().await;
    let heard = page.ask("GET /", &[("Cookie", &cookie)], "").await;
    assert_eq!(heard.status, 200);
    assert!(heard.body.contains("Telegram"), "{}", heard.body);
    for field in ["cache-control: no-store", "referrer-policy: no-referrer", "x-content-type-options: nosniff"] {
        assert!(heard.head.contains(field), "{}", heard.head);
    }
    assert!(heard.head.contains("content-security-policy: default-src 'none'; script-src 'self'"), "{}", heard.head);
    assert!(!heard.head.contains("access-control-") && !heard.head.contains("unsafe"), "{}", heard.head);
}

#[tokio::test]
async fn under_another_name_or_from_another_site_it_is_not_there() {
    let page = open();
    let cookie = page.enter().await;
    let port = page.at.port();
    for host in ["evil.example", &format!("evil.example:{port}"), "127.0.0.1", "localhost", "127.0.0.1:1"] {
        let heard = page.ask("GET /", &[("Host", host), ("Cookie", &cookie)], "").await;
        assert_eq!((heard.status, heard.body.as_str()), (404, ""), "{host}");
        let link = page.link();
        assert_eq!(page.ask(&format!("GET {link}"), &[("Host", host)], "").await.status, 404, "{host}");
    }
    let by_name = format!("localhost:{port}");
    assert_eq!(page.ask("GET /", &[("Host", &by_name), ("Cookie", &cookie)], "").await.status, 200);
    for site in ["cross-site", "same-site"] {
        let heard = page.ask("GET /", &[("Cookie", &cookie), ("Sec-Fetch-Site", site)], "").await;
        assert_eq!((heard.status, heard.body.as_str()), (404, ""), "{site}");
    }
}

#[tokio::test]
async fn a_check_up_is_begun_from_the_page_alone_and_one_at_a_time() {
    let (open, operator) = open_for(Fixed::default());
    let (cookie, origin) = (open.enter().await, format!("http://{}", open.at));
    let post = async |origin: &str| open.ask("POST /doctor", &[("Cookie", &cookie), ("Origin", origin)], "").await;
    assert_eq!(post("https://evil.example").await.status, 403);
    let held = operator.examining.clone().try_acquire_owned().unwrap();
    let busy = post(&origin).await;
    assert_eq!(busy.status, 409, "{}", busy.body);
    assert!(busy.body.contains("is under way already; try again when it is over"), "{}", busy.body);
    drop(held);
    let begun = post(&origin).await;
    assert!(begun.status == 303 && begun.head.contains("location: /#examined-title"), "{}", begun.head);
    loop {
        let body = open.ask("GET /", &[("Cookie", &cookie)], "").await.body;
        if body.contains("use another way here: this network freezes it") && !body.contains("/doctor/stop") {
            assert!(body.contains("Something does not work") && !body.contains("http-equiv"), "{body}");
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn it_listens_on_loopback_only_and_once() {
    let page = Page::new(Arc::new(Fixed::default()));
    assert_eq!(page.at(), None, "closed until asked for");
    for at in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let error = page.open(at.parse().unwrap()).unwrap_err();
        assert!(matches!(error, ControlError::PageNotLocal { .. }), "{error}");
    }
    let link = page.link().unwrap();
    assert!(link.at.ip().is_loopback());
    assert_eq!(page.open("127.0.0.1:0".parse().unwrap()).unwrap(), link.at, "it stays where it is");
    let text = format!("{link:?}");
    assert!(!text.contains("token"), "{text}");
}

#[tokio::test]
async fn its_link_is_told_over_the_control_place() {
    let folder = tempfile::tempdir().unwrap();
    let place = crate::control::Place::named(&folder.path().join("byway").join("c.token"));
    let listener = crate::control::Listener::bind(&place).await.unwrap();
    let (page, stop) = (Page::new(Arc::new(Fixed::default())), CancellationToken::new());
    let _stop = stop.clone().drop_guard();
    tokio::spawn(crate::control::serve(listener, Arc::clone(&page), stop));
    let mut client = crate::control::Client::connect(&place).await.unwrap();
    let told = client.ask(&crate::control::Ask::Ui).await.unwrap();
    let crate::control::Tell::Ui(link) = told else { panic!("{told:?}") };
    assert_eq!(Some(link.at), page.at());
    assert!(link.link.0.starts_with(&format!("http://{}/?token=", link.at)));
}

#[tokio::test]
async fn metrics_are_for_the_bearer_of_their_token_alone() {
    let open = open();
    let ask = async |fields: &[(&str, &str)]| open.ask("GET /metrics", fields, "").await;
    assert_eq!(ask(&[("Authorization", "Bearer ")]).await.status, 404, "there are none before somebody may read them");
    open.page.admit_scraper(Some(crate::model::Secret::new("a-token-for-metrics".into())));
    let heard = ask(&[("Authorization", "Bearer a-token-for-metrics")]).await;
    assert_eq!((heard.status, heard.body.as_str()), (200, "# EOF\n"));
    assert!(
        heard.head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{}",
        heard.head
    );
    for fields in [
        &[][..],
        &[("Authorization", "Bearer a-token-for-metricz")],
        &[("Authorization", "a-token-for-metrics")],
        &[("Authorization", "Bearer a-token-for-metrics"), ("Authorization", "Bearer a-token-for-metrics")],
        &[("Authorization", "Bearer a-token-for-metrics"), ("Host", "evil.example")],
    ] {
        let heard = ask(fields).await;
        assert_eq!((heard.status, heard.body.as_str()), (404, ""), "{fields:?}");
    }
    let elsewhere = open.ask("GET /", &[("Authorization", "Bearer a-token-for-metrics")], "").await;
    assert_eq!(elsewhere.status, 404, "the token opens nothing else");
    open.page.admit_scraper(None);
    assert_eq!(ask(&[("Authorization", "Bearer a-token-for-metrics")]).await.status, 404);
}
