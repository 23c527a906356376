//! What is seen, heard and reached: in three languages, light and dark, wide and narrow, by eye, ear and key.

use crate::browser::Browser;
use crate::stage::Stage;
use byway::lab::people::App;
use std::collections::BTreeSet;
use std::path::Path;

/// Where pictures for the README go, when they are wanted.
const PICTURES: &str = "PAGE_PICTURES";

async fn keep(browser: &mut Browser, name: &str, height: u32) {
    let picture = browser.picture(height).await;
    assert!(picture.starts_with(b"\x89PNG"), "no picture came");
    if let Some(folder) = std::env::var_os(PICTURES) {
        std::fs::write(Path::new(&folder).join(name), picture).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_shows_the_block_in_every_language_and_light_and_asks_nobody_else() {
    let Some(mut browser) = Browser::open("en").await else { return };
    let stage = Stage::with_blocks().await;
    let _open = stage.person.open(&App::Signal).await;
    browser.go(&stage.link()).await;
    assert_eq!(browser.text("location.pathname + location.search").await, "/", "the token is gone from the address");
    assert_eq!(browser.text("document.cookie").await, "", "no script can read the session");
    browser.until("/blocked/.test(document.querySelector('#services').innerText)").await;
    let grid = browser.text("document.querySelector('#services').innerText").await;
    assert!(grid.contains("packets to its addresses vanish"), "{grid}");
    let past = browser.text("document.querySelector('#events').innerText").await;
    assert!(past.contains("Telegram, messages: direct → tokyo"), "{past}");
    assert_eq!(browser.eval("document.querySelectorAll('.band').length > 2").await, true);
    keep(&mut browser, "status-en.png", 1240).await;
    browser.dark(true).await;
    let paper = browser.text("getComputedStyle(document.body).backgroundColor").await;
    assert_eq!(paper, "rgb(21, 24, 27)");
    keep(&mut browser, "status-dark.png", 1240).await;
    browser.dark(false).await;

    for (code, dir, word) in [("fa", "rtl", "مسدود"), ("ru", "ltr", "заблокировано")] {
        browser.go(&format!("http://{}/?lang={code}", stage.at())).await;
        assert_eq!(browser.text("document.documentElement.lang").await, code);
        assert_eq!(browser.text("getComputedStyle(document.body).direction").await, dir);
        browser.until(&format!("document.querySelector('#services').innerText.includes('{word}')")).await;
        keep(&mut browser, &format!("status-{code}.png"), 1240).await;
        browser.go(&format!("http://{}/", stage.at())).await;
        assert_eq!(browser.text("document.documentElement.lang").await, code, "the choice is kept");
    }
    for width in [320, 500, 760] {
        browser.size(width, 800).await;
        let out =
            "[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, #flows, #lists, .skip, .hidden')
            && (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1))
            .map(e => e.tagName + '.' + e.className + '#' + e.id)";
        assert_eq!(browser.eval(out).await, serde_json::json!([]), "{width} px wide, these stick out");
        assert_eq!(browser.eval("document.scrollingElement.scrollWidth <= innerWidth").await, true, "{width}");
    }
    browser.size(380, 800).await;
    keep(&mut browser, "status-narrow.png", 2400).await;

    assert_eq!(browser.complaints(), Vec::<String>::new());
    let ours = format!("http://{}/", stage.at());
    let elsewhere: Vec<_> = browser.requests().into_iter().filter(|url| !url.starts_with(&ours)).collect();
    assert_eq!(elsewhere, Vec::<String>::new());
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_key_everything_is_reached_and_by_ear_everything_has_a_name() {
    let Some(mut browser) = Browser::open("en").await else { return };
    let stage = Stage::with_blocks().await;
    browser.go(&stage.link()).await;
    browser.until("document.querySelectorAll('#services td').length > 5").await;
    let name = "(e => e.id || e.textContent.trim().slice(0, 30) + '/' + (e.name || e.tagName))";
    let wanted = format!(
        "[...document.querySelectorAll('a[href], button, select, summary, input:not([type=hidden]), [tabindex=\"0\"]')]\
         .filter(e => e.checkVisibility()).map({name})"
    );
    let wanted: BTreeSet<String> = serde_json::from_value(browser.eval(&wanted).await).unwrap();
    assert!(wanted.len() > 10, "{wanted:?}");
    let mut reached = BTreeSet::new();
    for _ in 0..wanted.len() * 2 {
        browser.press("Tab", 9).await;
        let at = browser.text(&format!("{name}(document.activeElement)")).await;
        let ring = browser.text("getComputedStyle(document.activeElement).outlineStyle").await;
        if browser.eval("document.activeElement !== document.body").await == true {
            assert_ne!(ring, "none", "the focus on {at} cannot be seen");
            reached.insert(at);
        }
    }
    let missed: Vec<_> = wanted.difference(&reached).collect();
    assert!(missed.is_empty(), "not reached by Tab: {missed:?}");

    let spoken = browser.spoken().await;
    for role in ["button", "link", "combobox", "region", "navigation", "image", "form", "heading", "row", "rowheader"] {
        let named: Vec<_> = spoken.iter().filter(|(known, _)| known == role).collect();
        let may_be_nameless = matches!(role, "form" | "row" | "image");
        assert!(may_be_nameless || !named.is_empty(), "no {role} is told");
        for (_, name) in named {
            assert!(role == "row" || !name.is_empty(), "a {role} has no name");
        }
    }
    for landmark in ["banner", "main", "contentinfo"] {
        assert!(spoken.iter().any(|(role, _)| role == landmark), "no {landmark}");
    }
    assert_eq!(browser.eval("document.querySelectorAll('h1').length").await, 1);
    assert_eq!(browser.text("document.querySelector('#now').getAttribute('aria-live')").await, "polite");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_is_seen_without_a_reload_and_the_focus_stays() {
    let Some(mut browser) = Browser::open("en").await else { return };
    let stage = Stage::set().await;
    stage.person.open(&App::Telegram).await.unwrap();
    browser.go(&stage.link()).await;
    browser.eval("window.kept = 1; document.querySelector('#services').focus()").await;
    stage.block();
    stage.until_telegram_is(byway::model::Phase::Blocked).await;
    browser.until("/blocked/.test(document.querySelector('#services').innerText)").await;
    assert_eq!(browser.eval("window.kept").await, 1, "the page was not loaded again");
    assert_eq!(browser.text("document.activeElement.id").await, "services");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_script_the_page_still_shows_and_does_everything() {
    let Some(mut browser) = Browser::open("en").await else { return };
    let stage = Stage::with_blocks().await;
    browser.call("Emulation.setScriptExecutionDisabled", serde_json::json!({ "value": true })).await;
    browser.go(&stage.link()).await;
    let grid = browser.text("document.querySelector('#services').innerText").await;
    assert!(grid.contains("blocked") && grid.contains("in use"), "{grid}");
    browser.eval("document.querySelector('form[action=\"/use\"] select[name=way]').value = 'oslo'").await;
    browser.eval("document.querySelector('#choose-title ~ * form[action=\"/use\"] button').focus()").await;
    browser.press("Enter", 13).await;
    browser.until("document.querySelector('.forced') !== null").await;
    assert_eq!(stage.byway.board().snapshot().forced.len(), 1);
    browser.eval("document.querySelector('.forced button').focus()").await;
    browser.press("Enter", 13).await;
    browser.until("document.querySelector('.forced') === null").await;
    assert_eq!(stage.byway.board().snapshot().forced.len(), 0);
    stage.stop().await;
}
