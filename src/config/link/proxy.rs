//! `socks5://` and `http(s)://` links: a proxy to go through. An address with a path is a subscription, not a proxy.

use super::parts::{Parts, base64_text, decoded};
use super::{BadLink, Linked, Part};
use crate::config::settings::TransportKind;
use crate::model::{Destination, Host, Secret};

type Login = (String, Secret<String>);

/// Reads what follows `socks5://`.
pub(super) fn socks5(parts: &Parts<'_>) -> Result<Linked, BadLink> {
    no_path(parts)?;
    let login = login(parts)?;
    Ok(Linked { name: parts.name(), kind: socks5_to(parts.server()?, login)? })
}

/// A SOCKS5 proxy (RFC 1928, RFC 1929).
pub(super) fn socks5_to(server: Destination, login: Option<Login>) -> Result<TransportKind, BadLink> {
    checked(login.as_ref(), "SOCKS5 carries at most 255 bytes of user and of password")?;
    Ok(TransportKind::Socks5 { server, login })
}

/// Said where the check of a proxy's certificate is to be off.
pub(super) const UNCHECKED: &str = "it asks not to check the proxy's certificate, which is refused";

/// Reads what follows `http://` or `https://`.
pub(super) fn http(parts: &Parts<'_>, tls: bool) -> Result<Linked, BadLink> {
    no_path(parts)?;
    if parts.server().is_err_and(|why| why.part == Part::Port) && parts.user_info.is_none() {
        return Err(Part::Port.is("a proxy has one, and there is none here; if this is a subscription, make it one: \
             [subscription.NAME] with url = \"https://…\", or give it alone to byway import"));
    }
    let server = parts.server()?;
    let mut sni = None;
    for (key, value) in parts.pairs() {
        match key {
            "sni" | "peer" => sni = Some(decoded(value, Part::Query)?),
            "insecure" | "allowInsecure" | "skip-cert-verify" if value != "0" && value != "false" => {
                return Err(Part::Query.is(UNCHECKED));
            }
            _ => {}
        }
    }
    Ok(Linked { name: parts.name(), kind: http_to(server, tls, sni.as_deref(), login(parts)?)? })
}

/// An HTTP proxy (RFC 9110 §9.3.6), in TLS or not.
pub(super) fn http_to(
    server: Destination,
    tls: bool,
    sni: Option<&str>,
    login: Option<Login>,
) -> Result<TransportKind, BadLink> {
    checked(login.as_ref(), "byway carries at most 255 bytes of user and of password")?;
    if login.as_ref().is_some_and(|(user, _)| user.contains(':')) {
        return Err(Part::UserInfo.is("HTTP cannot carry a user with ':' in it"));
    }
    // Without TLS there is nobody to show a name to.
    let sni = sni.filter(|_| tls).map(name).transpose()?;
    Ok(TransportKind::Http { server, tls, sni, login, roots: None })
}

fn checked(login: Option<&Login>, too_long: &'static str) -> Result<(), BadLink> {
    match login {
        Some((user, password)) if user.trim().is_empty() || password.expose().trim().is_empty() => {
            Err(Part::UserInfo.is("there is a user without a password, or a password without a user"))
        }
        Some((user, password)) if user.len() > 255 || password.expose().len() > 255 => Err(Part::UserInfo.is(too_long)),
        _ => Ok(()),
    }
}

fn name(text: &str) -> Result<String, BadLink> {
    match Host::parse(text) {
        Ok(Host::Name(name)) => Ok(name.to_string()),
        Ok(Host::Ip(_)) | Err(_) => Err(Part::Query.is("sni is not a host name")),
    }
}

fn no_path(parts: &Parts<'_>) -> Result<(), BadLink> {
    if matches!(parts.path, "" | "/") {
        return Ok(());
    }
    Err(Part::Path
        .is("a proxy has none; if this is a subscription, make it one: [subscription.NAME] with url = \"https://…\", \
         or give it alone to byway import"))
}

/// `user:password`, percent-encoded, or in base64.
fn login(parts: &Parts<'_>) -> Result<Option<Login>, BadLink> {
    let Some(user_info) = parts.user_info.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let (user, password) = match user_info.split_once(':') {
        Some((user, password)) => (decoded(user, Part::UserInfo)?, decoded(password, Part::UserInfo)?),
        None => {
            let plain = decoded(user_info, Part::UserInfo)?;
            let both = base64_text(&plain).filter(|text| text.contains(':'));
            match both.as_deref().and_then(|text| text.split_once(':')) {
                Some((user, password)) => (user.to_owned(), password.to_owned()),
                None => return Err(Part::UserInfo.is("it is neither user:password nor base64 of that")),
            }
        }
    };
    Ok(Some((user, Secret::new(password))))
}
