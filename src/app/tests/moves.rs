//! A byway on a machine that sleeps, goes elsewhere, or believes a wrong date.

use crate::app::{Byway, live_in, move_to, network, suspend};
use crate::lab::people::{App, Door, Person};
use crate::lab::{Action, Country, Place, Target, World};
use crate::net::{Deadline, Stream};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

fn household(world: World) -> (Country, Arc<Byway>, Person) {
    let country = world.start().unwrap();
    let byway = live_in(&country, "").unwrap();
    let host = Arc::clone(&byway);
    let door: Door = Arc::new(move || {
        let (near, far) = tokio::io::duplex(256 << 10);
        let (byway, peer) = (Arc::clone(&host), SocketAddr::from(([127, 0, 0, 1], 40_000)));
        tokio::spawn(async move { byway.visit(Box::new(far), peer, None).await });
        Box::pin(std::future::ready(Ok(Box::new(near) as Stream)))
    });
    let person = Person::new(&country, door, 5).unwrap();
    (country, byway, person)
}

#[tokio::test(start_paused = true)]
async fn after_a_sleep_old_sessions_are_dead_and_new_ones_live() {
    let (country, byway, person) = household(World::new());
    let mut session = person.open(&App::WhatsApp).await.unwrap();
    session.download(1000).await.unwrap();
    suspend(&country, &byway, Duration::from_secs(2400));
    assert!(session.download(1000).await.is_err());
    assert!(person.open(&App::WhatsApp).await.is_ok());
    byway.stop().await;
}

#[tokio::test(start_paused = true)]
async fn in_a_cafe_byway_knows_that_it_is_elsewhere_and_its_people_get_through() {
    let (country, byway, person) = household(World::new());
    country.cafe().block(Target::name("t.me"), Action::NoSuchName);
    let mut session = person.open(&App::Telegram).await.unwrap();
    assert_eq!(byway.board().snapshot().network, network(Place::Home));
    move_to(&country, &byway, Place::Cafe);
    assert!(session.download(1000).await.is_err());
    assert!(person.open(&App::Telegram).await.is_ok());
    sleep(Duration::from_millis(1)).await;
    assert_eq!(byway.board().snapshot().network, network(Place::Cafe));
    move_to(&country, &byway, Place::Home);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(byway.board().snapshot().network, network(Place::Home));
    byway.stop().await;
}

#[tokio::test(start_paused = true)]
async fn byway_judges_certificates_by_the_machines_own_date() {
    for (years, believed) in [(0, true), (2, false), (-2, false)] {
        let (_country, byway, _) = household(World::new().clock_skew(years * 365 * 86_400));
        let resolver = Arc::clone(&byway.generation.load().resolver);
        let answer = resolver.resolve("web.whatsapp.com", Deadline::after(Duration::from_secs(20))).await;
        assert_eq!(answer.is_ok(), believed, "{years}: {answer:?}");
        byway.stop().await;
    }
}
