//! Lists from an in-process panel, straight and through an in-process tunnel, in virtual time.

mod town;

use self::town::{Here, TUNNEL, Town};
use super::*;
use crate::app::World;
use crate::config::{Origin, Settings};
use crate::control::report::SubscriptionLine;
use crate::model::{Facet, L4, NetworkId};
use crate::wire::http::HttpsAddress;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

const ONE: &str = "ss://YWVzLTI1Ni1nY206aHVudGVyMg@a.example:8388#Tokyo\n";
const MOVED: &str = "ss://YWVzLTI1Ni1nY206aHVudGVyMg@moved.example:8388#Tokyo\n";
const TWO: &str = "ss://YWVzLTI1Ni1nY206aHVudGVyMg@b.example:8388#Oslo\n";

/// A byway with one configuration and a state folder.
struct Home {
    town: Arc<Town>,
    byway: Arc<Byway>,
    rereads: Arc<AtomicUsize>,
    state: PathBuf,
}

const LIST: &str = "[subscription.panel]\nurl = \"https://panel.example.org/TOKEN\"\n";
const HOURLY: &str = "[subscription.panel]\nurl = \"https://panel.example.org/TOKEN\"\nevery = \"1h\"\n";

fn settings(text: &str, state: &Path) -> Result<Settings, Vec<crate::config::Fault>> {
    let quiet = "history = \"off\"\nlisten = [\"127.0.0.1:0\"]\n";
    let text = format!("{quiet}{text}\n[detect]\nmode = \"passive\"\n");
    config::load(&text, &Origin::embedded(state), &[])
}

impl Home {
    /// `order` stands above the tables.
    fn new(town: &Arc<Town>, state: &Path, text: &str) -> Self {
        let began = tokio::time::Instant::now();
        let mut world = World::of_this_machine();
        world.network = Arc::new(Here(Arc::clone(town)));
        world.web_roots = Some(vec![town.root.clone()].into());
        world.sources.unix_now = Arc::new(move || 1_700_000_000 + began.elapsed().as_secs());
        let (byway, _) = Byway::start(settings(text, state).unwrap(), world, NetworkId::default()).unwrap();
        let rereads = Arc::new(AtomicUsize::new(0));
        let (again, counted) = (Arc::downgrade(&byway), Arc::clone(&rereads));
        let (text, folder) = (text.to_owned(), state.to_path_buf());
        byway.keep_lists(Arc::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let outcome = settings(&text, &folder).map_err(|faults| format!("{faults:?}"));
            let reloaded = outcome
                .and_then(|settings| again.upgrade().unwrap().reload(settings).map_err(|error| error.to_string()));
            Box::pin(async move { reloaded.map(|()| Vec::new()) })
        }));
        Self { town: Arc::clone(town), byway, rereads, state: state.to_path_buf() }
    }

    fn line(&self) -> SubscriptionLine {
        self.byway.subscribed.lines(&self.byway.generation.load().settings.subscriptions).remove(0)
    }

    fn members(&self) -> Vec<String> {
        self.line().members.iter().map(ToString::to_string).collect()
    }

    /// Lives on until something is known of the last fetch.
    async fn until(&self, what: impl Fn(&SubscriptionLine) -> bool) -> SubscriptionLine {
        for _ in 0..10_000 {
            let line = self.line();
            if what(&line) {
                return line;
            }
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
        panic!("it does not come to that: {:?}", self.line());
    }

    async fn fails(&self) -> String {
        let line = self.until(|line| line.trouble.is_some()).await;
        let trouble = line.trouble.unwrap();
        format!("{}: {}", trouble.stage, trouble.words)
    }

    /// Everything is as it was; another fetch is due.
    async fn next_fetch(&self) -> SubscriptionLine {
        let asked = self.town.asked().len();
        self.until(|_| self.town.asked().len() > asked).await;
        tokio::time::sleep(Duration::from_secs(40)).await;
        self.line()
    }
}

fn good(line: &SubscriptionLine) -> bool {
    line.last_good.is_some() && !line.members.is_empty()
}

#[tokio::test(start_paused = true)]
async fn every_form_of_a_list_becomes_members() {
    let clash = "proxies:\n  - {name: Oslo, type: ss, server: b.example, port: 1, cipher: aes-256-gcm, password: x}\n  \
                 - {name: Rome, type: tuic, server: c.example, port: 1}\n";
    let sing_box = r#"{"outbounds":[{"type":"trojan","tag":"Lima","server":"d.example","server_port":443,
        "password":"x","tls":{"enabled":true}}]}"#;
    let sip008 = r#"{"version":1,"servers":[{"id":"1","remarks":"Bern","server":"e.example","server_port":1,
        "method":"aes-256-gcm","password":"x"}]}"#;
    let outline = "transport:\n  $type: tcpudp\n  tcp: &a\n    $type: shadowsocks\n    endpoint: f.example:1\n    \
                   cipher: chacha20-ietf-poly1305\n    secret: x\n    prefix: \"POST \"\n  udp: *a\n";
    let dynamic = r#"{"server":"g.example","server_port":"1","method":"aes-256-gcm","password":"x","prefix":"\u0016"}"#;
    for (body, members) in [
        (format!("{ONE}{TWO}"), vec!["panel-tokyo", "panel-oslo"]),
        ("c3M6Ly9ZV1Z6TFRJMU5pMW5ZMjA2YUhWdWRHVnlNZ0BhLmV4YW1wbGU6ODM4OCNUb2t5bwo=".to_owned(), vec!["panel-tokyo"]),
        (clash.to_owned(), vec!["panel-oslo"]),
        (sing_box.to_owned(), vec!["panel-lima"]),
        (sip008.to_owned(), vec!["panel-bern"]),
        (outline.to_owned(), vec!["panel-1"]),
        (dynamic.to_owned(), vec!["panel-1"]),
        (format!("#profile-title: x\n\n{}", ONE.replace("#Tokyo", "")), vec!["panel-1"]),
    ] {
        let (town, folder) = (Town::new(), tempfile::tempdir().unwrap());
        town.serves(&body);
        let home = Home::new(&town, folder.path(), LIST);
        assert!(home.members().is_empty() && home.line().last_good.is_none());
        home.until(good).await;
        assert_eq!(home.members(), members, "{body}");
        let generation = home.byway.generation.load_full();
        let order: Vec<_> = generation.settings.order.iter().map(ToString::to_string).collect();
        let expected: Vec<_> = ["direct", "split"].iter().chain(&members).map(ToString::to_string).collect();
        assert_eq!(order, expected);
        assert!(members.iter().all(|id| generation.routing.transports.contains_key(&(*id).into())));
    }
}

#[tokio::test(start_paused = true)]
async fn where_nothing_may_go_out_bare_a_list_comes_through_the_tunnel_alone() {
    let (town, folder) = (Town::new(), tempfile::tempdir().unwrap());
    town.serves(ONE);
    let tunnel = format!("[transport.home.http]\nserver = \"{TUNNEL}\"\n");
    let never = "[service.telegram]\ndirect = \"never\"\n";
    let home = Home::new(&town, folder.path(), &format!("{LIST}{tunnel}{never}"));
    let line = home.until(good).await;
    assert_eq!(line.over.unwrap().as_str(), "home");
    assert_eq!((town.tunnelled.load(Ordering::SeqCst), town.direct.load(Ordering::SeqCst)), (1, 0));
    let asked = town.asked().remove(0);
    assert!(asked.contains("user-agent: curl/8.5.0\r\n") && !asked.to_lowercase().contains("byway"), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn without_a_way_that_is_allowed_nothing_goes_out() {
    let (town, folder) = (Town::new(), tempfile::tempdir().unwrap());
    town.serves(ONE);
    let home = Home::new(&town, folder.path(), &format!("{LIST}direct = \"never\"\n"));
    assert!(home.fails().await.starts_with("way: no way is left"));
    assert_eq!((town.direct.load(Ordering::SeqCst), town.asked().len()), (0, 0));
    // A service that is never bare has no way until the list is there, and the configuration is no fault.
    let only = format!("order = [\"panel\"]\n{LIST}[service.telegram]\ndirect = \"never\"\n");
    let home = Home::new(&town, folder.path(), &only);
    assert!(home.byway.generation.load().settings.order.is_empty());
    let plan = home.byway.sessions.routing().plan_for(&"telegram".into(), Facet::Text, L4::Tcp, &home.byway.board);
    assert!(plan.attempts.is_empty(), "{plan:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_list_leaves_the_last_good_one_in_force_and_says_at_which_stage() {
    let (town, folder) = (Town::new(), tempfile::tempdir().unwrap());
    town.serves(ONE);
    let home = Home::new(&town, folder.path(), HOURLY);
    home.until(good).await;
    let large = format!("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n{}", "x".repeat(2_000_000));
    let ok = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    for (answer, words) in [
        (ok("hunter2"), "format: none of its 1 servers can be used; the first: the scheme"),
        (ok(""), "format: there is no server in what came"),
        (ok("<!DOCTYPE html><html>"), "format: what came is a web page"),
        (ok("error:\n  message: no money\n  details: pay\n"), "format: the server says: no money: pay"),
        (ok("vmess://e30="), "format: none of its 1 servers can be used; the first: the scheme: VMess"),
        (large, "format: over direct: format: the document is larger than 1048576 bytes"),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".into(),
            "http: over direct: http: the server answers 404",
        ),
        (String::new(), "http: over direct: http: no answer in time; over split: http: no answer in time"),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://panel.example.org/x\r\n\r\n".into(),
            "http: over direct: http: the server sends elsewhere, and that is not followed: it does not begin with https",
        ),
    ] {
        town.answers(answer);
        let said = home.fails().await;
        assert!(said.starts_with(words), "{said}\n{words}");
        assert_eq!(home.members(), ["panel-tokyo"]);
        assert!(!said.contains("panel.example") && !said.contains("TOKEN") && !said.contains("hunter2"), "{said}");
        // What is mended is fetched and heals.
        town.serves(ONE);
        home.until(|line| line.trouble.is_none()).await;
    }
    assert_eq!(home.rereads.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_start_without_the_panel_has_the_last_good_list_which_only_its_owner_can_read() {
    let (town, folder) = (Town::new(), tempfile::tempdir().unwrap());
    town.answers(format!(
        "HTTP/1.1 200 OK\r\nsubscription-userinfo: upload=1; download=2; total=10; expire=1800000000\r\n\
         ETag: \"7\"\r\nprofile-update-interval: 2\r\nContent-Length: {}\r\n\r\n{ONE}",
        ONE.len()
    ));
    let home = Home::new(&town, folder.path(), LIST);
    let line = home.until(good).await;
    assert_eq!((line.used_bytes, line.total_bytes), (Some(3), Some(10)));
    let wait = line.next.unwrap().as_secs() - line.last_good.unwrap().as_secs();
    assert!((4800..=9600).contains(&wait), "{wait}");
    home.byway.stop().await;
    let kept = home.state.join("subscriptions/panel.json");
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&kept).unwrap().contains("TOKEN"));

    town.answers("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    let again = Home::new(&town, folder.path(), LIST);
    assert_eq!(again.members(), ["panel-tokyo"]);
    assert!(again.fails().await.starts_with("http: "));
    assert_eq!((again.members(), again.line().total_bytes), (vec!["panel-tokyo".to_owned()], Some(10)));
    // Another list under the same name is another list.
    let other = Home::new(&town, folder.path(), &LIST.replace("TOKEN", "OTHER"));
    assert!(other.members().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_new_list_replaces_what_changed_and_leaves_the_rest_as_it_is() {
    let (town, folder) = (Town::new(), tempfile::tempdir().unwrap());
    town.serves(&format!("{ONE}{TWO}"));
    let home = Home::new(&town, folder.path(), HOURLY);
    home.until(good).await;
    let before = home.byway.generation.load_full();

    // The same servers in other words: nothing is built anew.
    town.serves(&format!("# as ever\n{ONE}\n{TWO}"));
    home.next_fetch().await;
    assert!(Arc::ptr_eq(&before, &home.byway.generation.load_full()));

    town.serves(&format!("{MOVED}{TWO}"));
    home.next_fetch().await;
    let after = home.byway.generation.load_full();
    assert_eq!(home.members(), ["panel-tokyo", "panel-oslo"]);
    let kept = |id: &str| {
        let way =
            |generation: &crate::app::generation::Generation| generation.routing.transports[&id.into()].streams.clone();
        Arc::ptr_eq(&way(&before), &way(&after))
    };
    assert!(kept("panel-oslo") && kept("direct") && !kept("panel-tokyo"));
    assert_eq!(home.rereads.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_knows_the_list_is_unchanged_need_not_send_it() {
    let (town, folder) = (Town::new(), tempfile::tempdir().unwrap());
    town.answers(format!("HTTP/1.1 200 OK\r\nETag: \"7\"\r\nContent-Length: {}\r\n\r\n{ONE}", ONE.len()));
    let home = Home::new(&town, folder.path(), HOURLY);
    let first = home.until(good).await.last_good;
    town.answers("HTTP/1.1 304 Not Modified\r\n\r\n");
    let line = home.next_fetch().await;
    assert!(line.last_good > first && line.trouble.is_none(), "{line:?}");
    assert!(town.asked()[1].contains("if-none-match: \"7\"\r\n"));
    assert_eq!((home.members(), home.rereads.load(Ordering::SeqCst)), (vec!["panel-tokyo".to_owned()], 1));
}

#[test]
fn a_list_is_due_within_its_interval_and_never_at_the_start_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{LIST}every = \"6h\"\n");
    let settings = settings(&text, folder.path()).unwrap();
    let mut fetching = settings.subscriptions[0].fetching().unwrap().clone();
    let now = 1_700_000_000;
    assert_eq!(first_due(&fetching, now), now);
    let copy = |at| {
        let text = Secret::new(ONE.to_owned());
        Some(Arc::new(Copy { at, text, tag: None, modified: None, every_hours: Some(1), usage: None }))
    };
    for _ in 0..200 {
        for (at, soonest, latest) in [
            (now - 3600, now + 3 * 3600, now + 7 * 3600),
            (now - 90_000, now + 20, now + 120),
            (now + 90_000, now + 4 * 3600, now + 8 * 3600),
        ] {
            fetching.copy = copy(at);
            let due = first_due(&fetching, now);
            assert!((soonest..=latest).contains(&due), "{at} {due}");
        }
        assert!((4 * 3600..=8 * 3600).contains(&interval(&fetching, Some(1))));
        let usual = Fetching { every: None, ..fetching.clone() };
        assert!((12 * 3600..=24 * 3600).contains(&interval(&usual, None)));
        assert!((12 * 3600..=24 * 3600).contains(&interval(&usual, Some(9000))));
    }
    assert_eq!(HttpsAddress::parse("https://panel.example.org/TOKEN").unwrap(), fetching.address);
}

async fn imported(town: &Arc<Town>, state: &Path, via: Option<&str>, text: &str) -> Result<String, String> {
    let home = Home::new(town, state, text);
    let address = HttpsAddress::parse("https://panel.example.org/TOKEN").unwrap();
    let via = via.map(Into::into);
    let found = crate::app::take_in::fetch_for(&home.byway, &address, via.as_ref()).await;
    let found = found.map_err(|refusal| refusal.to_string())?;
    let copy = Copy::parse(found.copy.0.as_bytes(), &address).unwrap();
    assert_eq!(copy.text.expose(), &format!("{ONE}{TWO}"));
    Ok(found.over.to_string())
}

#[tokio::test(start_paused = true)]
async fn a_list_is_fetched_once_to_be_taken_in_over_the_way_that_is_named_and_allowed() {
    let (town, folder) = (Town::new(), tempfile::tempdir().unwrap());
    town.serves(&format!("{ONE}{TWO}"));
    let tunnel = format!("[transport.home.http]\nserver = \"{TUNNEL}\"\n");
    let never = format!("{tunnel}[service.telegram]\ndirect = \"never\"\n");
    let fetched = async |via, text| imported(&town, folder.path(), via, text).await;
    assert_eq!(fetched(None, &tunnel).await.as_deref(), Ok("direct"));
    assert_eq!(fetched(Some("home"), &tunnel).await.as_deref(), Ok("home"));
    assert_eq!(fetched(None, &never).await.as_deref(), Ok("home"));
    let refused = fetched(Some("direct"), &never).await.unwrap_err();
    assert!(refused.starts_with("the list could not be fetched: no way is left"), "{refused}");
    let unknown = fetched(Some("hone"), &tunnel).await.unwrap_err();
    assert_eq!(unknown, "there is no transport \"hone\"; did you mean \"home\"?");
    town.serves("nothing");
    assert!(fetched(None, &tunnel).await.unwrap_err().contains("none of its 1 servers can be used"));
}
