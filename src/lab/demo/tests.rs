use super::*;
use crate::lab::people::Door;
use crate::lab::{Country, World};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A product that knows nothing: it has one door, and never says anything.
struct Silent(Door);

impl Product for Silent {
    fn connect(&self) -> BoxFuture<'static, io::Result<Stream>> {
        (self.0)()
    }
    fn techniques(&self, _: &ServiceId) -> Vec<Technique> {
        Vec::new()
    }
    fn way(&self, _: &ServiceId) -> Option<TransportId> {
        Some("direct".into())
    }
}

/// A product that is told everything: it stands for one that judges rightly.
struct Oracle {
    country: Country,
    /// The act in which a trouble is now, from 1.
    now: AtomicUsize,
}

impl Oracle {
    fn blocked(&self) -> Option<Act> {
        let act = acts().into_iter().nth(self.now.load(Ordering::Relaxed).wrapping_sub(1))?;
        (act.expected != Expected::Unblamed).then_some(act)
    }
}

impl Product for Oracle {
    fn connect(&self) -> BoxFuture<'static, io::Result<Stream>> {
        if self.blocked().is_some() { self.country.friends_door()() } else { self.country.plain_door()() }
    }
    fn techniques(&self, _: &ServiceId) -> Vec<Technique> {
        self.blocked().and_then(|act| act.expected.technique()).into_iter().collect()
    }
    fn way(&self, _: &ServiceId) -> Option<TransportId> {
        Some(if self.blocked().is_some() { "friend" } else { "direct" }.into())
    }
}

#[tokio::test(start_paused = true)]
async fn a_product_that_judges_rightly_loses_nothing() {
    let country = World::new().start().unwrap();
    let product = std::sync::Arc::new(Oracle { country: country.clone(), now: AtomicUsize::new(0) });
    let (told, mut index) = (product.clone(), 0);
    let rows = play(&country, product, &acts(), |scene| match scene {
        Scene::Begins(_) => index += 1,
        Scene::Falls(_) => told.now.store(index, Ordering::Relaxed),
        Scene::Lifts(_) => told.now.store(0, Ordering::Relaxed),
        Scene::Ends(..) => {}
    })
    .await
    .unwrap();
    assert!(nothing_lost(&rows), "{}", table(&rows));
    assert_eq!(rows.len(), acts().len());
    assert_eq!(rows.last().unwrap().called, None);
}

#[tokio::test(start_paused = true)]
async fn a_product_that_does_nothing_is_found_out_in_every_act_that_blocks() {
    let country = World::new().start().unwrap();
    let rows = play(&country, std::sync::Arc::new(Silent(country.plain_door())), &acts(), |_| {}).await.unwrap();
    assert!(!nothing_lost(&rows));
    for (row, act) in rows.iter().zip(acts()) {
        let blocks = act.expected != Expected::Unblamed;
        assert_eq!(row.as_expected, !blocks, "{}", table(&rows));
        assert_eq!(row.visible_failures > 0, blocks, "{}", table(&rows));
    }
}

#[test]
fn the_table_has_a_line_for_each_row_and_says_what_failed() {
    let row = Row {
        block: "addresses vanish",
        service: "telegram",
        called: Some(Technique::IpDrop),
        carried_on: Some(Duration::from_millis(612)),
        visible_failures: 2,
        reconnects: 0,
        way: Some("tokyo".into()),
        returned: None,
        as_expected: false,
    };
    let text = table(std::slice::from_ref(&row));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("block"));
    for cell in ["addresses vanish", "ip_drop", "612 ms", "tokyo", "never", "NOT AS EXPECTED"] {
        assert!(lines[1].contains(cell), "{text}");
    }
    assert!(!nothing_lost(&[row]) && !nothing_lost(&[]));
}
