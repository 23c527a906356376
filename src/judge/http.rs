//! T12: a page that is not the service's. Over TLS with the right certificate nothing can be forged: whatever status
//! comes is the service's own (a 451 too, sanctions are not censorship on the way). In clear text, a redirect that
//! leaves the service's names is a stub, unless a captive portal does it to everybody.

use crate::model::{Grade, Sign};

/// An HTTP answer, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// The status (RFC 9110 §15).
    pub status: u16,
    /// The host of `Location`, when there is one that names a host.
    pub location: Option<&'a str>,
    /// The host that was asked.
    pub asked: &'a str,
    /// Whether a certificate of the service vouches for it.
    pub vouched: bool,
}

/// What a page is a sign of. `is_own` knows the service's names; `captive_is_clean` says that control C1 found no portal.
pub fn page(page: &Page<'_>, is_own: impl Fn(&str) -> bool, captive_is_clean: bool) -> Option<Sign> {
    if page.vouched {
        return Some(Sign::Answer(Grade::B));
    }
    let leaves = (300..400).contains(&page.status)
        && page.location.is_some_and(|to| !is_own(to) && registered(to) != registered(page.asked));
    match (leaves || page.status == 451, captive_is_clean) {
        (true, true) => Some(Sign::BlockPage),
        // The portal's doing: no evidence about anybody.
        (true, false) => None,
        (false, _) => Some(Sign::Answer(Grade::B)),
    }
}

/// The registered domain of a name: its last two labels, or three below such as `co.uk`. An approximation of the
/// public suffix list, good enough to see that a redirect goes to strangers.
fn registered(name: &str) -> String {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let keep = match labels.as_slice() {
        [.., second, top] if top.len() == 2 && second.len() <= 3 && labels.len() > 2 => 3,
        _ => 2,
    };
    labels[labels.len().saturating_sub(keep)..].join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telegrams(name: &str) -> bool {
        ["t.me", "telegram.org"].contains(&name)
    }

    #[test]
    fn pages_are_told_apart() {
        let clear = |status, location| Page { status, location, asked: "web.whatsapp.com", vouched: false };
        let answer = Some(Sign::Answer(Grade::B));
        for (what, seen, clean, sign) in [
            ("to a stub", clear(302, Some("warning.rt.example")), true, Some(Sign::BlockPage)),
            ("to a portal", clear(302, Some("login.cafe.example")), false, None),
            ("to its own https", clear(301, Some("www.whatsapp.com")), true, answer),
            ("to another own name", clear(302, Some("t.me")), true, answer),
            ("a page", clear(200, None), true, answer),
            ("not found", clear(404, None), true, answer),
            ("for legal reasons", clear(451, None), true, Some(Sign::BlockPage)),
            ("vouched for", Page { vouched: true, ..clear(451, None) }, true, answer),
            ("vouched redirect", Page { vouched: true, ..clear(302, Some("x.example")) }, true, answer),
        ] {
            assert_eq!(page(&seen, telegrams, clean), sign, "{what}");
        }
    }

    #[test]
    fn registered_domains_are_cut_where_strangers_begin() {
        for (name, cut) in [
            ("a.b.example.com", "example.com"),
            ("example.co.uk", "example.co.uk"),
            ("www.example.co.uk.", "example.co.uk"),
            ("T.ME", "t.me"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(registered(name), cut);
        }
    }
}
