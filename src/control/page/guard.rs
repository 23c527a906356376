//! May this request be heard at all? Pure looks at a request's head: is it for this very address (against DNS
//! rebinding), did this very page send it (RFC 6454 origins, Fetch metadata), which session does it show.

use hyper::HeaderMap;
use hyper::Uri;
use hyper::header::{COOKIE, HOST, HeaderName, ORIGIN};
use std::net::SocketAddr;

/// Where a browser says who asks (W3C Fetch Metadata). No page can write it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the request names the page by its literal address or by `localhost`, and nothing else.
pub(super) fn is_for(at: SocketAddr, uri: &Uri, headers: &HeaderMap) -> bool {
    uri.authority().is_none() && one(headers, &HOST).is_some_and(|host| names(at).iter().any(|name| name == host))
}

/// Whether nobody but the page itself, or the person at the address bar, can have caused the request.
pub(super) fn is_unprompted(headers: &HeaderMap) -> bool {
    !headers.contains_key(&SEC_FETCH_SITE)
        || one(headers, &SEC_FETCH_SITE).is_some_and(|site| matches!(site, "same-origin" | "none"))
}

/// Whether the page itself sent the request. A form's `Origin` is `null` under `no-referrer` (Fetch §3.2); then the
/// browser's own word that it is of the same origin is needed.
pub(super) fn is_from_the_page(at: SocketAddr, headers: &HeaderMap) -> bool {
    match one(headers, &ORIGIN) {
        Some("null") => one(headers, &SEC_FETCH_SITE) == Some("same-origin"),
        // The host was compared with the address before; the origin must be that same name.
        Some(origin) => {
            let host = origin.strip_prefix("http://");
            host.is_some() && host == one(headers, &HOST) && names(at).iter().any(|name| Some(name.as_str()) == host)
        }
        None => false,
    }
}

/// The cookie of a page at `at`: browsers keep one jar for all ports of a host.
pub(super) fn cookie_name(at: SocketAddr) -> String {
    format!("byway-{}", at.port())
}

/// The sessions that the request shows.
pub(super) fn sessions(at: SocketAddr, headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let name = cookie_name(at);
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    pairs.filter_map(move |pair| pair.trim().strip_prefix(name.as_str())?.strip_prefix('='))
}

fn names(at: SocketAddr) -> [String; 2] {
    [at.to_string(), format!("localhost:{}", at.port())]
}

/// The value of a field that must be there once.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "127.0.0.1:4321";

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_the_literal_address_and_localhost_are_this_host() {
        let for_us = |host: &str| is_for(AT.parse().unwrap(), &"/".parse().unwrap(), &headers(&[("host", host)]));
        assert!(for_us("127.0.0.1:4321") && for_us("localhost:4321"));
        for other in
            ["", "127.0.0.1", "localhost", "127.0.0.1:80", "LOCALHOST:4321", "evil.example:4321", "127.0.0.2:4321"]
        {
            assert!(!for_us(other), "{other}");
        }
        for other in ["localhost.:4321", "a@localhost:4321", "[::1]:4321", "127.1:4321", "127.0.0.1:4321.evil.example"]
        {
            assert!(!for_us(other), "{other}");
        }
        let v6 = headers(&[("host", "[::1]:4321")]);
        assert!(is_for("[::1]:4321".parse().unwrap(), &"/".parse().unwrap(), &v6));
        let twice = headers(&[("host", AT), ("host", "evil.example")]);
        assert!(!is_for(AT.parse().unwrap(), &"/".parse().unwrap(), &twice));
        let absolute = "http://127.0.0.1:4321/".parse().unwrap();
        assert!(!is_for(AT.parse().unwrap(), &absolute, &headers(&[("host", AT)])), "nobody's proxy");
    }

    #[test]
    fn only_the_page_itself_may_change_anything() {
        let from = |pairs: &[(&str, &str)]| {
            let mut all = vec![("host", AT)];
            all.extend_from_slice(pairs);
            is_from_the_page(AT.parse().unwrap(), &headers(&all))
        };
        assert!(from(&[("origin", "http://127.0.0.1:4321")]));
        assert!(from(&[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        for bad in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[("origin", "null")],
            &[("origin", "null"), ("sec-fetch-site", "cross-site")],
            &[("origin", "null"), ("sec-fetch-site", "same-site")],
            &[("origin", "http://localhost:4321")],
            &[("origin", "https://127.0.0.1:4321")],
            &[("origin", "http://127.0.0.1:8080")],
            &[("origin", "http://127.0.0.1:4321.evil.example")],
            &[("origin", "http://127.0.0.1:4321"), ("origin", "http://evil.example")],
        ] {
            assert!(!from(bad), "{bad:?}");
        }
    }

    #[test]
    fn another_site_prompts_nothing() {
        for (site, wanted) in [("none", true), ("same-origin", true), ("same-site", false), ("cross-site", false)] {
            assert_eq!(is_unprompted(&headers(&[("sec-fetch-site", site)])), wanted, "{site}");
        }
        assert!(is_unprompted(&headers(&[])), "what is no browser says nothing");
    }

    #[test]
    fn a_session_is_found_among_other_cookies() {
        let all = headers(&[("cookie", "a=b; byway-4321=one;byway-43210=no"), ("cookie", "byway-4321=two")]);
        assert_eq!(sessions(AT.parse().unwrap(), &all).collect::<Vec<_>>(), ["one", "two"]);
    }
}
