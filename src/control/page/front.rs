//! `GET /`: the page itself. A language chosen in the address is kept in a cookie.

use super::language;
use super::reply::{self, Reply};
use super::routes::{Call, Route};
use super::scene::Scene;
use super::view::Reach;
use futures_util::future::BoxFuture;
use hyper::{Method, StatusCode};

pub(super) const ROUTE: Route = Route { method: Method::GET, path: "/", answer };

fn answer(call: Call) -> BoxFuture<'static, Reply> {
    Box::pin(async move {
        let (words, reach) = (language::of(&call), Reach::named(call.fields.one("reach")));
        let reply = match Scene::of(&*call.operator, &call.check_up, reach).await {
            Ok(scene) => reply::whole("text/html; charset=utf-8", scene.view(words).document()),
            Err(refusal) => reply::plain(StatusCode::SERVICE_UNAVAILABLE, refusal.to_string()),
        };
        match call.fields.one("lang").and_then(crate::lang::Tongue::from_locale) {
            Some(tongue) => reply::with_cookie(reply, &language::cookie(tongue)),
            None => reply,
        }
    })
}
