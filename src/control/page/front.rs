//! `GET /`: the page itself.

use super::reply::{self, Reply};
use super::routes::{Call, Route};
use futures_util::future::BoxFuture;
use hyper::{Method, StatusCode};

pub(super) const ROUTE: Route = Route { method: Method::GET, path: "/", answer };

fn answer(call: Call) -> BoxFuture<'static, Reply> {
    Box::pin(async move {
        match call.operator.status().await {
            Ok(status) => reply::plain(StatusCode::OK, status.sentence),
            Err(refusal) => reply::plain(StatusCode::SERVICE_UNAVAILABLE, refusal.to_string()),
        }
    })
}
