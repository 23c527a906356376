//! Links that lead to a list instead of being one: `https://` addresses of subscriptions, Outline's `ssconf://`, and the
//! links by which other programs are told of an address, which are only unwrapped.

use super::Part;
use super::parts::{base64_text, decoded};
use crate::wire::http::{BadAddress, HttpsAddress};

/// The links that hold an address under `url=`.
const WITH_URL: [(&str, &str); 9] = [
    ("sing-box", "import-remote-profile"),
    ("clash", "install-config"),
    ("clashmeta", "install-config"),
    ("mihomo", "install-config"),
    ("v2rayng", "install-sub"),
    ("v2rayng", "install-config"),
    ("hiddify", "install-config"),
    ("hiddify", "install-sub"),
    ("outline", "install-config"),
];

/// The address that a link leads to.
pub(in crate::config) fn dynamic(link: &str) -> Result<HttpsAddress, BadAddress> {
    let link = link.trim();
    let (scheme, rest) = link.split_once("://").ok_or(BadAddress::NotHttps)?;
    match scheme.to_ascii_lowercase().as_str() {
        "ssconf" => HttpsAddress::parse(&format!("https://{rest}")),
        "https" => HttpsAddress::parse(link),
        scheme => HttpsAddress::parse(&unwrapped(scheme, rest).ok_or(BadAddress::NotHttps)?),
    }
}

/// The name of a list, from what stands after `#`: the part of it that is no `key=value` (Outline), decoded.
pub(in crate::config) fn name_of_list(link: &str) -> Option<String> {
    let (_, fragment) = link.trim().split_once('#')?;
    let name = fragment.split('&').find(|part| !part.contains('=') && !part.is_empty())?;
    decoded(name, Part::Document).ok().filter(|name| !name.trim().is_empty())
}

/// Whether a text is one link to a list. An `https://` link with a port and nothing behind it is a proxy.
pub(in crate::config) fn leads_to_a_list(text: &str) -> bool {
    let text = text.trim();
    let Some((scheme, rest)) = text.split_once("://").filter(|_| !text.contains(char::is_whitespace)) else {
        return false;
    };
    match scheme.to_ascii_lowercase().as_str() {
        "ssconf" => true,
        "https" => {
            let rest = rest.split('#').next().unwrap_or_default();
            let authority = rest.split(['/', '?']).next().unwrap_or_default();
            let behind = &rest[authority.len()..];
            let host = authority.rsplit('@').next().unwrap_or_default();
            !matches!(behind, "" | "/") || (authority == host && !has_port(host))
        }
        scheme => unwrapped(scheme, rest).is_some(),
    }
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'))
}

fn unwrapped(scheme: &str, rest: &str) -> Option<String> {
    if scheme == "sub" {
        return base64_text(rest.split('#').next()?);
    }
    if scheme == "hiddify"
        && let Some(url) = rest.strip_prefix("import/")
    {
        return decoded(url, Part::Document).ok();
    }
    let (verb, query) = rest.split_once('?')?;
    WITH_URL.iter().find(|known| **known == (scheme, verb.trim_end_matches('/')))?;
    let query = query.split('#').next()?;
    let (_, url) = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == "url")?;
    decoded(url, Part::Document).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_to_a_list_leads_to_its_address() {
        for link in [
            "https://panel.example/sub/T?x=1",
            "ssconf://panel.example/sub/T?x=1#My%20Server",
            "sing-box://import-remote-profile?url=https%3A%2F%2Fpanel.example%2Fsub%2FT%3Fx%3D1#name",
            "clash://install-config?name=a&url=https%3A%2F%2Fpanel.example%2Fsub%2FT%3Fx%3D1",
            "v2rayng://install-sub/?url=https://panel.example/sub/T?x=1",
            "hiddify://import/https://panel.example/sub/T?x=1#name",
            "sub://aHR0cHM6Ly9wYW5lbC5leGFtcGxlL3N1Yi9UP3g9MQ",
        ] {
            assert!(leads_to_a_list(link), "{link}");
            assert_eq!(
                dynamic(link).unwrap(),
                HttpsAddress::parse("https://panel.example/sub/T?x=1").unwrap(),
                "{link}"
            );
        }
    }

    #[test]
    fn what_holds_a_server_itself_is_none() {
        for text in [
            "ss://YWVzLTI1Ni1nY206aHVudGVyMg@a.example:8388",
            "https://user:password@proxy.example:443",
            "https://proxy.example:8443/",
            "http://panel.example/sub/T",
            "https://panel.example/a\nhttps://panel.example/b",
            "clash://install-config?name=a",
        ] {
            assert!(!leads_to_a_list(text), "{text}");
        }
        assert_eq!(dynamic("http://panel.example/x"), Err(BadAddress::NotHttps));
        assert_eq!(dynamic("clash://install-config?url=http://panel.example/x"), Err(BadAddress::NotHttps));
    }

    #[test]
    fn a_name_is_the_part_of_the_fragment_that_is_no_setting() {
        assert_eq!(name_of_list("ssconf://a.example/k#a=b&My%20Server").as_deref(), Some("My Server"));
        assert_eq!(name_of_list("ssconf://a.example/k#a=b"), None);
        assert_eq!(name_of_list("https://a.example/k"), None);
    }
}
