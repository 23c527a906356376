//! The buttons: force, undo, give back, test, stop.

use crate::browser::Browser;
use crate::stage::Stage;
use byway::lab::people::App;

const FORCE: &str = "#choose-title ~ * form[action=\"/use\"]";
const TEST: &str = "form[action=\"/test\"]";

async fn choose(browser: &mut Browser, form: &str, field: &str, value: &str) {
    browser.eval(&format!("document.querySelector('{form} select[name={field}]').value = '{value}'")).await;
}

/// By key, as a person without a mouse.
async fn push(browser: &mut Browser, button: &str) {
    browser.eval(&format!("document.querySelector('{button}').focus()")).await;
    browser.press("Enter", 13).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_is_forced_undone_and_given_back() {
    let Some(mut browser) = Browser::open("en").await else { return };
    let stage = Stage::set().await;
    browser.go(&stage.link()).await;
    let forced = |service: &str| stage.byway.board().snapshot().forced.get(&service.into()).cloned();

    choose(&mut browser, FORCE, "service", "signal").await;
    choose(&mut browser, FORCE, "way", "oslo").await;
    push(&mut browser, &format!("{FORCE} button")).await;
    browser.until("/Signal goes over oslo for 1 hour/.test(document.querySelector('#said').innerText)").await;
    browser.until("/You chose oslo until/.test(document.querySelector('#services').innerText)").await;
    let choice = forced("signal").unwrap();
    assert!(choice.transport.as_str() == "oslo" && choice.until.is_some());

    push(&mut browser, "#said button").await;
    browser.until("/takes its way automatically/.test(document.querySelector('#said').innerText)").await;
    assert_eq!(forced("signal"), None);

    choose(&mut browser, FORCE, "for", "").await;
    push(&mut browser, &format!("{FORCE} button")).await;
    browser.until("/until byway restarts/.test(document.querySelector('#said').innerText)").await;
    assert_eq!(forced("signal").unwrap().until, None);
    browser.until("document.querySelector('#back-signal') !== null").await;
    push(&mut browser, "#back-signal").await;
    browser.until("document.querySelector('#back-signal') === null").await;
    assert_eq!(forced("signal"), None);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_tells_what_answered_and_can_be_stopped() {
    let Some(mut browser) = Browser::open("en").await else { return };
    let stage = Stage::set().await;
    stage.person.open(&App::Telegram).await.unwrap();
    browser.go(&stage.link()).await;
    choose(&mut browser, TEST, "service", "signal").await;
    push(&mut browser, &format!("{TEST} button")).await;
    browser.until("/tested ways answered/.test(document.querySelector('#said').innerText)").await;

    stage.block();
    choose(&mut browser, TEST, "service", "telegram").await;
    push(&mut browser, &format!("{TEST} button")).await;
    browser.until("/Testing/.test(document.querySelector('#said').innerText)").await;
    push(&mut browser, "#said button").await;
    browser.until("/Stopped/.test(document.querySelector('#said').innerText)").await;
    stage.stop().await;
}
