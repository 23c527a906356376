//! A clock that is years off: no certificate is valid by it, neither a name server's nor anybody's. Names are looked up
//! securely all the same, by a time that several neutral places prove; nobody is blamed, and nobody less believed.

use crate::home::{Home, secs};
use byway::lab::{Action, Rule, Target, World};
use byway::model::{Ground, LinkState};
use tokio::time::sleep;

const YEAR: i64 = 365 * 24 * 3600;
/// Nothing but the bare line: no tunnel looks names up on its far side.
const BARE: &str = "[service.discord]\ndirect = \"always\"\n";

#[tokio::test(start_paused = true)]
async fn names_are_looked_up_securely_by_a_time_that_others_prove() {
    for off_by in [2 * YEAR, -3 * YEAR] {
        let home = Home::in_a(World::new().clock_skew(off_by), BARE).await;
        assert!(!home.opens("discord.com").await, "by the wrong time nobody's certificate is valid");
        sleep(secs(10)).await;
        assert!(home.opens("discord.com").await, "{off_by}");
        let snapshot = home.byway.board().snapshot();
        assert_eq!((snapshot.link, snapshot.ground), (LinkState::LinkBad, Ground::Clock), "and it is still said");
        assert!(home.blocked().await.is_empty());
        home.leaves_no_trace().await;
    }
}

#[tokio::test(start_paused = true)]
async fn where_nobody_proves_the_time_the_name_server_is_not_believed() {
    let forger = Rule::new(Target::everything(), Action::Impersonate);
    let home = Home::in_a(World::new().clock_skew(2 * YEAR).censor(forger), BARE).await;
    for _ in 0..6 {
        sleep(secs(10)).await;
        assert!(!home.opens("discord.com").await);
    }
    home.leaves_no_trace().await;
}
