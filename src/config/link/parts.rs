//! A link cut into its parts (RFC 3986 §3, more forgiving): fragment first, then query, then the *last* `@`, then
//! host and port. Nothing is decoded here but what is asked for.

use super::{BadLink, Part};
use crate::model::{BadDestination, Destination, Host};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;

/// No link holds more `@` than this; looking at each costs.
const MOST_SIGNS: usize = 8;

/// The parts of what follows `://`, as written.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    /// All but the fragment.
    pub(super) whole: &'a str,
    /// Before the last `@`.
    pub(super) user_info: Option<&'a str>,
    /// `host:port` with whatever stands behind it.
    pub(super) authority: &'a str,
    /// Behind the server, from the `/` on.
    pub(super) path: &'a str,
    /// After `?`.
    pub(super) query: &'a str,
    /// After `#`.
    fragment: &'a str,
}

impl<'a> Parts<'a> {
    pub(super) fn cut(rest: &'a str) -> Self {
        let (whole, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        // A raw `?`, `/` or `@` may stand in a password and an `@` in a query: the last `@` with a server behind it
        // is the one, and only what stands behind that is path and query.
        let before_a_server = |at: &usize| server(whole[at + 1..].split(['/', '?']).next().unwrap_or_default()).is_ok();
        let mut signs = whole.rmatch_indices('@').map(|(at, _)| at).take(MOST_SIGNS);
        let at = signs.find(before_a_server).or_else(|| whole.rfind('@'));
        let behind = at.map_or(0, |at| at + 1);
        let (server, query) = match whole[behind..].split_once('?') {
            Some((server, query)) => (server, query),
            None => (&whole[behind..], ""),
        };
        let (authority, path) = match server.find('/') {
            Some(slash) => server.split_at(slash),
            None => (server, ""),
        };
        Self { whole, user_info: at.map(|at| &whole[..at]), authority, path, query, fragment }
    }

    /// The name, when there is one. A `+` in it is a plus.
    pub(super) fn name(&self) -> Option<String> {
        let name = percent_decode_str(self.fragment).decode_utf8_lossy();
        let name = name.trim();
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// The server; a port is a must, there is none to assume.
    pub(super) fn server(&self) -> Result<Destination, BadLink> {
        server(self.authority)
    }

    /// The pairs of the query, decoded. A value that is no UTF-8 is a fault only for the key that needs it.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }
}

/// Reads `host:port`.
pub(super) fn server(authority: &str) -> Result<Destination, BadLink> {
    let (host, port) = authority.rsplit_once(':').ok_or(Part::Port.is("it is missing"))?;
    if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
        return Err(Part::Port.is("it is missing, or an IPv6 address has no brackets"));
    }
    let port = port.parse::<u16>().ok().filter(|port| *port != 0);
    let port = port.ok_or(Part::Port.is("it is not a number from 1 to 65535"))?;
    let host = decoded(host, Part::Host)?;
    let host = Host::parse(&host).map_err(|why| {
        Part::Host.is(match why {
            BadDestination::EmptyHost => "it is empty",
            BadDestination::NameTooLong => "it is longer than 253 bytes",
            BadDestination::EmptyLabel => "it has an empty part between its dots",
            BadDestination::LabelTooLong => "a part of it is longer than 63 bytes",
            BadDestination::BadCharacter | BadDestination::BadPort => "it holds a character that no host name has",
        })
    })?;
    Ok(Destination::new(host, port))
}

/// Takes percent-encoding off.
pub(super) fn decoded(text: &str, part: Part) -> Result<String, BadLink> {
    let bytes = percent_decode_str(text).decode_utf8();
    bytes.map(std::borrow::Cow::into_owned).map_err(|_| part.is("it is not UTF-8 once decoded"))
}

/// Decodes base64 of either alphabet, padded or not.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

/// Decodes base64 of text.
pub(super) fn base64_text(text: &str) -> Option<String> {
    String::from_utf8(base64(text)?).ok()
}
