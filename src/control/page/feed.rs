//! `GET /events`: the parts of the page that have changed, as server-sent events (WHATWG HTML §9.2). One look every two
//! seconds while somebody watches; nothing is sent while nothing changes but a sign of life.

use super::check_up::CheckUp;
use super::language;
use super::reply::{self, Reply};
use super::routes::{Call, Route};
use super::scene::Scene;
use super::view::Reach;
use crate::control::Operator;
use crate::control::wording::Wording;
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt, ready};
use futures_util::stream;
use hyper::Method;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};

pub(super) const ROUTE: Route = Route { method: Method::GET, path: "/events", answer };

/// Between two looks.
const EVERY: Duration = Duration::from_secs(2);
/// Looks between two signs of life.
const QUIET: u32 = 5;

/// One watcher.
struct Feed {
    operator: Arc<dyn Operator>,
    check_up: Arc<CheckUp>,
    words: &'static Wording,
    reach: Reach,
    looks: Interval,
    sent: HashMap<&'static str, String>,
}

fn answer(call: Call) -> BoxFuture<'static, Reply> {
    let mut looks = interval(EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let feed = Feed {
        words: language::of(&call),
        reach: Reach::named(call.fields.one("reach")),
        operator: call.operator,
        check_up: call.check_up,
        looks,
        sent: HashMap::new(),
    };
    let events = stream::unfold(feed, |mut feed| async move { Some((feed.next().await, feed)) });
    ready(reply::stream("text/event-stream; charset=utf-8", events)).boxed()
}

impl Feed {
    /// The next event, or a comment when it has been quiet for long.
    async fn next(&mut self) -> Bytes {
        for _ in 0..QUIET {
            self.looks.tick().await;
            let Ok(scene) = Scene::of(&*self.operator, &self.check_up, self.reach).await else { continue };
            let parts = scene.view(self.words).parts();
            let changed: HashMap<_, _> =
                parts.into_iter().filter(|(id, text)| self.sent.get(id) != Some(text)).collect();
            if let (false, Ok(data)) = (changed.is_empty(), serde_json::to_string(&changed)) {
                self.sent.extend(changed);
                return format!("data: {data}\n\n").into();
            }
        }
        Bytes::from_static(b": still here\n\n")
    }
}
