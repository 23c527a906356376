//! The check-up on the page: begun, watched, stopped and read. Its steps come from the test, so that each stage of it can
//! be looked at; everything else is the stage's byway.

use crate::browser::Browser;
use crate::stage::Stage;
use byway::control::doctor::{self, Check, Step};
use byway::control::report::{Account, Measurement, Status, Why};
use byway::control::{
    Doors, Entry, FetchedList, Follow, Operator, Page, Pong, ProbeItem, Refusal, RefusalCode, Reloaded, Unshown, Used,
};
use byway::model::{Cause, Examined, ServiceId, TransportId};
use byway::probe::Carried;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};

type Answer<'a, T> = BoxFuture<'a, Result<T, Refusal>>;
type Steps = mpsc::UnboundedReceiver<Step>;

/// The stage's byway, with a check-up that the test leads.
struct Led {
    byway: Arc<dyn Operator>,
    steps: Arc<Mutex<Steps>>,
}

impl Operator for Led {
    fn doctor(&self) -> Answer<'_, BoxStream<'static, Step>> {
        let turn = Arc::clone(&self.steps).try_lock_owned();
        Box::pin(async move {
            let turn = turn.map_err(|_| Refusal::new(RefusalCode::Busy, "one is under way already"))?;
            let told = |mut turn: tokio::sync::OwnedMutexGuard<Steps>| async move {
                let step = turn.recv().await?;
                Some((step, turn))
            };
            Ok(stream::unfold(turn, told).boxed())
        })
    }

    fn pong(&self) -> Pong {
        self.byway.pong()
    }
    fn status(&self) -> Answer<'_, Status> {
        self.byway.status()
    }
    fn why<'a>(&'a self, service: &'a ServiceId) -> Answer<'a, Why> {
        self.byway.why(service)
    }
    fn log(&self, live: bool, since: Option<Duration>, limit: Option<u32>) -> Answer<'_, BoxStream<'static, Follow>> {
        self.byway.log(live, since, limit)
    }
    fn history<'a>(&'a self, service: Option<&'a ServiceId>, since: Option<Duration>) -> Answer<'a, Vec<Entry>> {
        self.byway.history(service, since)
    }
    fn use_way<'a>(
        &'a self,
        service: &'a ServiceId,
        transport: Option<&'a TransportId>,
        lasting: Option<Duration>,
    ) -> Answer<'a, Used> {
        self.byway.use_way(service, transport, lasting)
    }
    fn reload(&self) -> Answer<'_, Reloaded> {
        self.byway.reload()
    }
    fn probe<'a>(
        &'a self,
        service: Option<&'a ServiceId>,
        via: Option<&'a TransportId>,
    ) -> Answer<'a, BoxStream<'static, ProbeItem>> {
        self.byway.probe(service, via)
    }
    fn diagnose<'a>(&'a self, service: &'a ServiceId) -> Answer<'a, BoxStream<'static, Examined>> {
        self.byway.diagnose(service)
    }
    fn fetch<'a>(&'a self, url: &'a Unshown, via: Option<&'a TransportId>) -> Answer<'a, FetchedList> {
        self.byway.fetch(url, via)
    }
    fn report(&self, since: Duration) -> Answer<'_, Account> {
        self.byway.report(since)
    }
    fn doors(&self, login: bool) -> Doors {
        self.byway.doors(login)
    }
    fn metrics(&self) -> Answer<'_, String> {
        self.byway.metrics()
    }
    fn measurements(&self, since: Duration) -> Answer<'_, Vec<Measurement>> {
        self.byway.measurements(since)
    }
}

/// A page whose check-up the test leads.
struct Clinic {
    stage: Stage,
    page: Arc<Page>,
    steps: mpsc::UnboundedSender<Step>,
    _stop: DropGuard,
}

impl Clinic {
    async fn open() -> Self {
        let stage = Stage::set().await;
        let (steps, heard) = mpsc::unbounded_channel();
        let page = Page::new(Arc::new(Led { byway: stage.byway.operator(), steps: Arc::new(Mutex::new(heard)) }));
        let stop = CancellationToken::new();
        tokio::spawn(Arc::clone(&page).run(stop.clone()));
        Self { stage, page, steps, _stop: stop.drop_guard() }
    }

    fn tell(&self, steps: impl IntoIterator<Item = Step>) {
        steps.into_iter().for_each(|step| self.steps.send(step).unwrap());
    }
}

/// Two looks of three, the first of which finds that all is well.
fn beginning() -> Vec<Step> {
    let route = doctor::route(true);
    vec![Step::Planned(3), Step::Looks(Check::Route), Step::Found(route), Step::Looked(Check::Route)]
}

/// The rest: one way is well, one stops half-way.
fn end() -> Vec<Step> {
    let way = doctor::way(&TransportId::from("tokyo"), Ok(Carried::Stopped(Cause::StalledAfterBytes, 17 * 1024)));
    let direct = doctor::way(&TransportId::from("direct"), Ok(Carried::Whole(Duration::from_millis(80))));
    vec![Step::Found(direct), Step::Found(way), Step::Looked(Check::Way), Step::Done]
}

async fn push(browser: &mut Browser, button: &str) {
    browser.eval(&format!("document.querySelector('{button}').focus()")).await;
    browser.press("Enter", 13).await;
}

const TOLD: &str = "document.querySelector('#doctor')?.innerText";

#[tokio::test(flavor = "multi_thread")]
async fn a_check_up_is_watched_refused_a_second_time_and_read_in_every_language() {
    let Some(mut browser) = Browser::open("en").await else { return };
    let clinic = Clinic::open().await;
    browser.go(&clinic.page.link().unwrap().link.0).await;
    push(&mut browser, "#begin-doctor").await;
    browser.until("document.querySelector('#doctor progress') !== null").await;
    clinic.tell(beginning());
    clinic.tell([Step::Looks(Check::Way)]);
    browser.until(&format!("/Way: 1 of 3 looks are over/.test({TOLD})")).await;
    browser.until("/this machine has a way out/.test(document.querySelector('#findings').innerText)").await;
    push(&mut browser, "#begin-doctor").await;
    browser.until("/under way already; try again/.test(document.querySelector('#said').innerText)").await;
    clinic.tell(end());
    browser.until(&format!("/Something does not work/.test({TOLD})")).await;
    assert_eq!(browser.eval("document.querySelector('#doctor progress')").await, serde_json::Value::Null);
    let first = browser.text("document.querySelector('#findings tbody tr').innerText").await;
    assert!(first.contains("Way: tokyo") && first.contains("✕ failed"), "{first}");
    assert!(first.contains("stops after 17 KB") && first.contains("use another way here"), "{first}");
    assert_eq!(browser.complaints(), Vec::<String>::new());

    let at = clinic.page.at().unwrap();
    for (code, state, remedy) in [("ru", "сбой", "другим путём"), ("fa", "خراب", "راه دیگری")]
    {
        browser.go(&format!("http://{at}/?lang={code}")).await;
        let table = browser.text("document.querySelector('#findings').innerText").await;
        assert!(table.contains(state) && table.contains(remedy), "{table}");
        assert!(!table.contains("doctor-") && !table.contains("page-"), "{table}");
    }
    clinic.stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_up_is_stopped_and_the_next_one_begins() {
    let Some(mut browser) = Browser::open("en").await else { return };
    let clinic = Clinic::open().await;
    browser.go(&clinic.page.link().unwrap().link.0).await;
    for _ in 0..2 {
        push(&mut browser, "#begin-doctor").await;
        browser.until("document.querySelector('#doctor-stop') !== null").await;
        push(&mut browser, "#doctor-stop").await;
        browser.until(&format!("/Stopped/.test({TOLD})")).await;
        assert_eq!(browser.text("document.activeElement.id").await, "begin-doctor", "the focus is not lost");
    }
    clinic.stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_script_a_check_up_is_watched_too() {
    let Some(mut browser) = Browser::open("en").await else { return };
    let clinic = Clinic::open().await;
    browser.call("Emulation.setScriptExecutionDisabled", serde_json::json!({ "value": true })).await;
    browser.go(&clinic.page.link().unwrap().link.0).await;
    push(&mut browser, "#begin-doctor").await;
    browser.until("document.querySelector('#doctor progress') !== null").await;
    clinic.tell(beginning());
    // It loads itself again and again.
    browser.until(&format!("/1 of 3/.test({TOLD})")).await;
    clinic.tell(end());
    browser.until(&format!("/Something does not work/.test({TOLD})")).await;
    clinic.stage.stop().await;
}
