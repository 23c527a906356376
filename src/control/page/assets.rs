//! The page's script, style and icon: part of the program, so that nothing is fetched from anywhere.

use super::reply::{self, Reply};
use super::routes::{Call, Route};
use futures_util::future::{BoxFuture, FutureExt, ready};
use hyper::Method;

pub(super) const SCRIPT: Route = Route { method: Method::GET, path: "/page.js", answer: script };
pub(super) const STYLE: Route = Route { method: Method::GET, path: "/page.css", answer: style };
pub(super) const ICON: Route = Route { method: Method::GET, path: "/icon.svg", answer: icon };

fn script(_: Call) -> BoxFuture<'static, Reply> {
    ready(reply::whole("text/javascript; charset=utf-8", include_str!("page.js"))).boxed()
}

fn style(_: Call) -> BoxFuture<'static, Reply> {
    ready(reply::whole("text/css; charset=utf-8", include_str!("page.css"))).boxed()
}

fn icon(_: Call) -> BoxFuture<'static, Reply> {
    ready(reply::whole("image/svg+xml", include_str!("icon.svg"))).boxed()
}

#[cfg(test)]
mod tests {
    #[test]
    fn all_of_it_is_small_and_names_no_place_elsewhere() {
        let files = [
            include_str!("page.js"),
            include_str!("page.css"),
            include_str!("icon.svg"),
            include_str!("view/page.html"),
        ];
        let whole: usize = files.iter().map(|file| file.len()).sum();
        assert!(whole < 60_000, "{whole} bytes");
        for file in files {
            let elsewhere = file.replace("http://www.w3.org/2000/svg", "");
            assert!(!elsewhere.contains("http:") && !elsewhere.contains("https:") && !elsewhere.contains("url(//"));
        }
    }
}
