//! A real Chromium that is told nothing but its desktop: by GNOME's settings, by KDE's, by the script's address.

use super::session::{Abroad, LISTEN, Running, Session, config, has};

/// What a page looks like in Chromium; empty or its own error page where it does not come.
fn page(session: &Session, url: &str, more: &[&str]) -> String {
    let profile = format!("--user-data-dir={}", session.path("chromium").display());
    let args = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        // Names of this test exist nowhere, and no resolver is asked.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--timeout=20000",
        &profile,
    ];
    session.run("chromium", &[&args[..], more, &["--dump-dom", url]].concat()).out
}

fn started(desktop: &'static str) -> Option<(Session, Abroad, Running)> {
    let session = Session::of(desktop)?;
    if !has("chromium", "chromium") {
        return None;
    }
    let abroad = Abroad::with_page("<title>abroad</title>served abroad");
    session.configure(&config(abroad.at, LISTEN));
    let running = session.start();
    Some((session, abroad, running))
}

/// How many connections came to byway.
fn connections(session: &Session) -> u64 {
    session.byway_json(&["status"])["counters"]["connections"].as_u64().unwrap()
}

/// With byway put in, the messenger's page comes by way of byway; other names as `elsewhere` says; without, neither does.
fn there_and_back(desktop: &'static str, mode: &str, elsewhere: bool) {
    let Some((session, abroad, _running)) = started(desktop) else { return };
    let messenger = "http://web.messenger.test/";
    assert!(!page(&session, messenger, &[]).contains("served abroad"), "before");
    session.byway(&["proxy", "on", "--mode", mode]).good();
    let text = page(&session, messenger, &[]);
    assert!(text.contains("served abroad"), "{text}");
    assert!(abroad.asked().contains(&"web.messenger.test:80".to_owned()), "{:?}", abroad.asked());
    // What is no messenger's: over a fixed address it comes to byway all the same, a script keeps it away.
    let before = connections(&session);
    page(&session, "http://elsewhere.test/", &[]);
    assert_eq!(connections(&session) > before, elsewhere);
    assert!(!abroad.asked().iter().any(|name| name.contains("elsewhere")), "{:?}", abroad.asked());
    session.byway(&["proxy", "off"]).good();
    assert!(!page(&session, messenger, &[]).contains("served abroad"), "after");
}

#[test]
fn chromium_follows_gnomes_script() {
    there_and_back("GNOME", "pac", false);
}

#[test]
fn chromium_follows_gnomes_fixed_address() {
    there_and_back("GNOME", "manual", true);
}

#[test]
fn chromium_follows_kdes_script() {
    there_and_back("KDE", "pac", false);
}

#[test]
fn chromium_follows_kdes_fixed_address() {
    there_and_back("KDE", "manual", true);
}

#[test]
fn chromium_follows_the_script_by_its_address_and_goes_straight_out_without_byway() {
    let Some((session, _abroad, running)) = started("") else { return };
    let path = std::fs::read_to_string(session.path("state/byway/pac.path")).unwrap();
    let script = format!("--proxy-pac-url=http://{}{path}", running.door());
    assert!(page(&session, "http://web.messenger.test/", &[&script]).contains("served abroad"));
    drop(running);
    assert!(!page(&session, "http://web.messenger.test/", &[&script]).contains("served abroad"));
}
