//! `ss://`: SIP002 with plain or base64 user info, the older form that is base64 as a whole, and Outline's `prefix`.
//! `none` and the stream ciphers are refused: they let anybody on the way read or change what is carried.

use super::parts::{Parts, base64, base64_text, decoded, server};
use super::{BadLink, Linked, Part};
use crate::config::settings::{Cipher, TransportKind};
use crate::model::{Destination, Secret};
use crate::transport::Plugin;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;

/// Reads an `ss://` link.
pub(super) fn parse(parts: &Parts<'_>) -> Result<Linked, BadLink> {
    let (method, password, server) = match parts.user_info {
        Some(user_info) => {
            let (method, password) = sip002(user_info)?;
            (method, password, parts.server()?)
        }
        None => older(parts)?,
    };
    let method = cipher(&method)?;
    let password = key(method, &password)?;
    let (mut prefix, mut plugin) = (Vec::new(), None);
    for (name, value) in parts.pairs() {
        match name {
            "plugin" if !value.is_empty() => {
                // SIP002: the name, and behind the first ; what it is told.
                let text = decoded(value, Part::Query)?;
                let (name, options) = text.split_once(';').unwrap_or((&text, ""));
                plugin = Some(self::plugin(name, options).map_err(|why| Part::Query.is(why))?);
            }
            "prefix" => prefix = prefix_bytes(method, value)?,
            _ => {}
        }
    }
    let kind = TransportKind::Shadowsocks { server, method, password, prefix, plugin };
    Ok(Linked { name: parts.name(), kind })
}

/// A server as a document names it.
pub(super) fn kind(
    server: Destination,
    method: &str,
    password: &str,
    plugin_named: Option<(&str, &str)>,
) -> Result<TransportKind, BadLink> {
    let method = cipher(method)?;
    let password = key(method, password)?;
    let named = plugin_named.map(|(name, options)| plugin(name, options)).transpose();
    let plugin = named.map_err(|why| Part::Options.is(why))?;
    Ok(TransportKind::Shadowsocks { server, method, password, prefix: Vec::new(), plugin })
}

/// `method:password`, plain (percent-encoded) or in base64. Cut at the first `:`; a 2022 password may hold more.
fn sip002(user_info: &str) -> Result<(String, String), BadLink> {
    let plain = decoded(user_info, Part::UserInfo)?;
    let text = match plain.split_once(':') {
        Some((method, _)) if looks_like_a_method(method) => plain,
        _ => base64_text(&plain)
            .filter(|text| text.contains(':'))
            .ok_or(Part::UserInfo.is("it is neither method:password nor base64 of that"))?,
    };
    let (method, password) = text.split_once(':').unwrap_or((&text, ""));
    Ok((method.to_owned(), password.to_owned()))
}

/// Before SIP002: base64 of `method:password@host:port`, which is no URI, so a password may hold anything.
fn older(parts: &Parts<'_>) -> Result<(String, String, Destination), BadLink> {
    let body = parts.whole.split_once('?').map_or(parts.whole, |(body, _)| body);
    let body = decoded(body, Part::Document)?;
    let why = Part::Document.is("there is no @ in it, and it is not base64 of method:password@host:port");
    let text = base64_text(body.trim_end_matches('/')).or_else(|| base64_text(&body)).ok_or(why.clone())?;
    let (user_info, authority) = text.rsplit_once('@').ok_or(why.clone())?;
    let (method, password) = user_info.split_once(':').ok_or(why)?;
    Ok((method.to_owned(), password.to_owned(), server(authority)?))
}

fn looks_like_a_method(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// The cipher of that name, also by its other names.
pub(in crate::config) fn cipher(name: &str) -> Result<Cipher, BadLink> {
    let name = name.to_ascii_lowercase().replace('_', "-");
    if let Some(cipher) = Cipher::ALL.into_iter().find(|cipher| cipher.name() == name) {
        return Ok(cipher);
    }
    Err(Part::Method.is(match name.as_str() {
        "chacha20-poly1305" | "aead-chacha20-poly1305" => return Ok(Cipher::ChaCha20Poly1305),
        "aead-aes-128-gcm" => return Ok(Cipher::Aes128Gcm),
        "aead-aes-256-gcm" => return Ok(Cipher::Aes256Gcm),
        "" => "it is empty",
        "none" | "plain" | "dummy" => "it carries everything in clear text and is refused",
        "table" | "chacha20" | "chacha20-ietf" | "salsa20" | "xchacha20" => STREAM,
        stream
            if ["rc4", "bf-", "cast5", "des-", "idea", "rc2", "seed", "camellia"]
                .iter()
                .any(|s| stream.starts_with(s)) =>
        {
            STREAM
        }
        stream if stream.ends_with("-cfb") || stream.ends_with("-ctr") || stream.ends_with("-ofb") => STREAM,
        "aes-192-gcm" | "xchacha20-ietf-poly1305" | "2022-blake3-chacha8-poly1305" => {
            "few servers speak it, and byway does not; ask for 2022-blake3-aes-128-gcm or chacha20-ietf-poly1305"
        }
        _ => NO_CIPHER,
    }))
}

/// Said of what is no cipher at all.
pub(in crate::config) const NO_CIPHER: &str = "it is not a Shadowsocks cipher that byway knows";

const STREAM: &str = "it is a stream cipher: what it carries can be changed on the way; ask for another key";

/// Checks a password against its cipher: the 2022 ciphers take keys of an exact length, in base64 (SIP022 §2.1),
/// several of them joined by `:` where a server has users (SIP023). Comes back in the standard alphabet.
pub(in crate::config) fn key(cipher: Cipher, password: &str) -> Result<Secret<String>, BadLink> {
    if password.trim().is_empty() {
        return Err(Part::Password.is("it is empty"));
    }
    let Some(length) = cipher.key_length() else {
        return Ok(Secret::new(password.to_owned()));
    };
    let keys: Vec<&str> = password.split(':').collect();
    if keys.len() > 1 && cipher == Cipher::Blake3ChaCha20Poly1305 {
        return Err(Part::Password.is("this cipher takes one key, not several joined by ':'"));
    }
    let mut normal = Vec::with_capacity(keys.len());
    for key in keys {
        let bytes = base64(key).ok_or(Part::Password.is("a 2022 cipher takes a key in base64, and this is none"))?;
        if bytes.len() != length {
            return Err(Part::Password.is(match length {
                16 => "this cipher takes a key of 16 bytes (24 characters of base64)",
                _ => "this cipher takes a key of 32 bytes (44 characters of base64)",
            }));
        }
        normal.push(BASE64_STANDARD.encode(bytes));
    }
    Ok(Secret::new(normal.join(":")))
}

/// The longest prefix: eight bytes of the salt stay random, so that salts do not repeat.
const fn longest_prefix(cipher: Cipher) -> usize {
    match cipher {
        Cipher::Aes128Gcm | Cipher::Blake3Aes128Gcm => 8,
        Cipher::Aes256Gcm | Cipher::ChaCha20Poly1305 | Cipher::Blake3Aes256Gcm | Cipher::Blake3ChaCha20Poly1305 => 24,
    }
}

/// Outline's `prefix`: percent-encoded text whose code points are the bytes.
pub(in crate::config) fn prefix_bytes(cipher: Cipher, text: &str) -> Result<Vec<u8>, BadLink> {
    let text =
        percent_decode_str(text).decode_utf8().map_err(|_| Part::Query.is("prefix is not UTF-8 once decoded"))?;
    let byte =
        |c: char| u8::try_from(u32::from(c)).map_err(|_| Part::Query.is("prefix holds a character above U+00FF"));
    let bytes = text.chars().map(byte).collect::<Result<Vec<u8>, _>>()?;
    if bytes.len() > longest_prefix(cipher) {
        return Err(Part::Query
            .is("prefix leaves too little of the salt random (8 bytes fit with a 128-bit cipher, 24 with others)"));
    }
    if !bytes.is_empty() && cipher.key_length().is_some() {
        return Err(Part::Query.is("prefix goes with the AEAD ciphers, not with the 2022 ones"));
    }
    Ok(bytes)
}

/// A prefix as [`prefix_bytes`] reads it.
pub(in crate::config) fn prefix_text(bytes: &[u8]) -> String {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The plugin of that name. Whoever writes a link does not choose which programs run here: only these do.
pub(super) fn plugin(name: &str, options: &str) -> Result<Plugin, &'static str> {
    let program = match name {
        "obfs-local" | "simple-obfs" => "obfs-local",
        "v2ray-plugin" => "v2ray-plugin",
        "xray-plugin" => "xray-plugin",
        "ck-client" => "ck-client",
        "shadow-tls" => return Err("the plugin shadow-tls is not carried; ask for a key without a plugin"),
        _ => {
            return Err("it names a plugin that byway does not run from a link; \
                        if you trust it, write the server by hand, with plugin and plugin_opts");
        }
    };
    Ok(Plugin { program: program.to_owned(), options: Secret::new(options.to_owned()) })
}
