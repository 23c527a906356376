use super::*;
use crate::lab::{Action, Direction, Target, World};

const RTT: Duration = Duration::from_millis(40);
const APPS: [&str; 4] = ["telegram", "whatsapp", "signal", "discord.com"];

fn home() -> (Country, Person) {
    let country = World::new().start().unwrap();
    let person = Person::new(&country, country.plain_door(), 3).unwrap();
    (country, person)
}

#[tokio::test(start_paused = true)]
async fn every_app_opens_is_answered_and_fetches() {
    let (_country, person) = home();
    for app in APPS.map(App::of) {
        let mut session = person.open(&app).await.unwrap_or_else(|why| panic!("{app:?}: {why}"));
        let first = session.first_byte();
        assert!(first >= RTT * 2 && first < RTT * 3, "{app:?} {first:?}");
        session.download(300_000).await.unwrap_or_else(|why| panic!("{app:?}: {why}"));
        session.chat(Duration::from_secs(30), 10).await.unwrap_or_else(|why| panic!("{app:?}: {why}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_passes_what_the_line_stops() {
    let (country, person) = home();
    for app in ["telegram", "whatsapp", "signal"] {
        country.censor().block(country.target(app), Action::Drop);
    }
    let tunnelled = Person::new(&country, country.friends_door(), 3).unwrap();
    for app in APPS.map(App::of).into_iter().take(3) {
        assert_eq!(person.open(&app).await.err(), Some(Mishap::Silent), "{app:?}");
        let first = tunnelled.open(&app).await.unwrap().first_byte();
        assert!(first >= Duration::from_millis(240), "{first:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_block_is_what_a_person_sees() {
    for (action, seen) in [
        (Action::RejectSyn, Mishap::Refused),
        (Action::ResetHello, Mishap::Died),
        (Action::EndHello, Mishap::Died),
        (Action::DropHello, Mishap::Silent),
        (Action::MuteAnswer, Mishap::Silent),
    ] {
        let (country, person) = home();
        for app in ["telegram", "whatsapp", "signal"] {
            country.censor().block(country.target(app), action.clone());
            assert_eq!(person.open(&App::of(app)).await.err(), Some(seen), "{app} {action:?}");
        }
        assert!(person.open(&App::of("discord.com")).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_freeze_lets_texts_through_and_stops_downloads() {
    let (country, person) = home();
    country.censor().block(Target::everything(), Action::FreezeBytes(16_000));
    for app in APPS.map(App::of) {
        let mut session = person.open(&app).await.unwrap();
        session.download(64).await.unwrap();
        assert_eq!(session.download(100_000).await.err(), Some(Mishap::Silent), "{app:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_impostor_is_noticed_and_reads_nothing() {
    let (country, person) = home();
    let target =
        country.target("whatsapp").or_prefix(country.addresses("signal")[0]).or_prefix(country.addresses("signal")[1]);
    country.censor().block(target, Action::Impersonate);
    for app in ["whatsapp", "signal"] {
        assert_eq!(person.open(&App::of(app)).await.err(), Some(Mishap::Wrong), "{app}");
    }
    assert!(person.open(&App::Telegram).await.is_ok());
    assert_eq!(country.read_by_impostor(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_impostor_by_name_leaves_other_names_alone() {
    let (country, person) = home();
    country.censor().block(Target::name("signal.org"), Action::Impersonate);
    assert_eq!(person.open(&App::Signal).await.err(), Some(Mishap::Wrong));
    for app in ["telegram", "whatsapp", "discord.com"] {
        assert!(person.open(&App::of(app)).await.is_ok(), "{app}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_connects_again_when_its_connection_dies() {
    let (country, person) = home();
    let rule = country.censor().block(country.target("telegram"), Action::ResetHello);
    let censor = country.censor().clone();
    let fetching = person.fetch(&App::Telegram, 1000, 1000);
    let lifting = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        censor.lift(rule);
    };
    let ((took, anew), ()) = tokio::join!(async { fetching.await.unwrap() }, lifting);
    assert!(anew > 5 && took < Duration::from_secs(2), "{anew} {took:?}");
}

#[test]
fn two_runs_are_the_same_run() {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let country = World::new().seed(9).line(200_000).start().unwrap();
            let lossy = Action::Lose { percent: 30, direction: Direction::Both };
            country.censor().block(Target::everything(), lossy);
            let person = Person::new(&country, country.plain_door(), 5).unwrap();
            let mut tallies = Vec::new();
            for app in APPS.map(App::of) {
                tallies.push(Tally::of(&person, &app, 8, Duration::from_millis(70)).await);
            }
            tallies
        })
    };
    let (one, other) = (run(), run());
    assert_eq!(one, other);
    assert!(one.iter().any(|tally| !tally.mishaps().is_empty()) && one.iter().all(|tally| tally.opened() > 1));
}

#[test]
fn percentiles_are_by_nearest_rank() {
    let mut tally = Tally::default();
    for ms in (1..=20).rev() {
        tally.count(Ok(Duration::from_millis(ms)));
    }
    tally.count(Err(Mishap::Died));
    assert_eq!(tally.first_byte(95), Some(Duration::from_millis(19)));
    assert_eq!(tally.first_byte(50), Some(Duration::from_millis(10)));
    assert_eq!((tally.opened(), tally.mishaps().len()), (20, 1));
    assert_eq!(Tally::default().first_byte(95), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_country_lives_in_real_time_and_on_several_threads_too() {
    let rtt = Duration::from_millis(2);
    let country = World::new().rtt(rtt).tunnel_rtt(rtt * 3).start().unwrap();
    let doors = [country.plain_door(), country.friends_door()];
    for door in doors {
        let person = Person::new(&country, door, 3).unwrap();
        for app in APPS.map(App::of) {
            assert!(person.fetch(&app, 1 << 20, 0).await.is_ok(), "{app:?}");
        }
    }
}
