//! Whether the first bytes of a plain-HTTP answer are somebody else's page. Only a redirect that leaves the
//! service's own names is one, and only while no captive portal does it to everybody.

use super::report::Subject;
use super::routing::Routing;
use crate::judge::http::{Page, page};
use crate::model::{Destination, Host, LinkState, Sign};
use crate::wire::http::{Head, response_head};

/// Whether `answer`, to a request for `asked`, is a block page.
pub(super) fn is_block_page(routing: &Routing, subject: &Subject, link: LinkState, asked: &str, answer: &[u8]) -> bool {
    if subject.service.id.is_other() {
        return false;
    }
    let Ok(Head::Head(head, _)) = response_head(answer) else { return false };
    let location = head.fields.get("location").and_then(host_of);
    let is_own = |name: &str| {
        let to = Host::parse(name).map(|host| routing.matcher.classify(&Destination::new(host, 443)).0);
        to.is_ok_and(|service| service == subject.service.id)
    };
    let seen = Page { status: head.status, location, asked: bare(asked), vouched: false };
    page(&seen, is_own, link != LinkState::Captive) == Some(Sign::BlockPage)
}

/// The host of an absolute URI (RFC 3986 §3.2); a relative reference stays on the same host and has none.
fn host_of(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    Some(bare(authority.rsplit_once('@').map_or(authority, |(_, host)| host)))
}

/// A host without its port.
fn bare(authority: &str) -> &str {
    if authority.starts_with('[') {
        return authority.split_inclusive(']').next().unwrap_or(authority);
    }
    authority.split(':').next().unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_location_is_found() {
        for (uri, host) in [
            ("http://warning.example/blocked?x=1", Some("warning.example")),
            ("https://user@Stub.example:8443/", Some("Stub.example")),
            ("http://[2001:db8::1]:80/", Some("[2001:db8::1]")),
            ("/login", None),
        ] {
            assert_eq!(host_of(uri), host, "{uri}");
        }
    }
}
