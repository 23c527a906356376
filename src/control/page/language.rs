//! Which language a reader wants: the one chosen in the address, then the one chosen before, then what the browser
//! says (RFC 9110 §12.5.4), then English.

use super::routes::Call;
use crate::control::wording::Wording;
use crate::lang::Tongue;
use hyper::HeaderMap;
use hyper::header::{ACCEPT_LANGUAGE, COOKIE};

const COOKIE_NAME: &str = "byway-lang";

/// The words for a request.
pub(super) fn of(call: &Call) -> &'static Wording {
    Wording::of(wanted(call.fields.one("lang"), &call.head.headers))
}

/// Keeps a choice for a year. It is no secret, and the page alone reads it.
pub(super) fn cookie(tongue: Tongue) -> String {
    format!("{COOKIE_NAME}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000", tongue.code())
}

fn wanted(chosen: Option<&str>, headers: &HeaderMap) -> Tongue {
    let texts = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let kept = || {
        let pairs = texts(COOKIE).flat_map(|text| text.split(';'));
        pairs.filter_map(|pair| pair.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('=')).find_map(Tongue::from_locale)
    };
    let told = || texts(ACCEPT_LANGUAGE).next().and_then(preferred);
    chosen.and_then(Tongue::from_locale).or_else(kept).or_else(told).unwrap_or_default()
}

/// The known language of the greatest weight; of equal ones the first.
fn preferred(text: &str) -> Option<Tongue> {
    let mut best: Option<(f32, Tongue)> = None;
    for range in text.split(',') {
        let mut fields = range.split(';').map(str::trim);
        let Some(tongue) = fields.next().and_then(Tongue::from_locale) else { continue };
        let weight = fields.find_map(|field| field.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok());
        let Some(weight) = weight.filter(|weight: &f32| *weight > 0.0) else { continue };
        if best.is_none_or(|(known, _)| weight > known) {
            best = Some((weight, tongue));
        }
    }
    best.map(|(_, tongue)| tongue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_goes_before_the_choice_kept_and_that_before_the_browser() {
        let mut headers = HeaderMap::new();
        assert_eq!(wanted(None, &headers), Tongue::English);
        headers.insert(ACCEPT_LANGUAGE, "de, ru;q=0.5, fa-IR;q=0.8, en;q=0".parse().unwrap());
        assert_eq!(wanted(None, &headers), Tongue::Persian);
        headers.insert(COOKIE, "x=y; byway-lang=ru".parse().unwrap());
        assert_eq!(wanted(None, &headers), Tongue::Russian);
        assert_eq!(wanted(Some("en"), &headers), Tongue::English);
        assert_eq!(wanted(Some("xx"), &headers), Tongue::Russian);
    }
}
