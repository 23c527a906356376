//! `socks5://` and `http(s)://` links: a proxy to go through. An address with a path is a subscription, not a proxy.

use super::parts::{Parts, base64_text, decoded};
use super::{BadLink, Linked, Part};
use crate::config::settings::TransportKind;
use crate::model::{Host, Secret};

type Login = (String, Secret<String>);

/// Reads what follows `socks5://`.
pub(super) fn socks5(parts: &Parts<'_>) -> Result<Linked, BadLink> {
    no_path(parts)?;
    let login = login(parts)?;
    if login.as_ref().is_some_and(|(user, password)| user.len() > 255 || password.expose().len() > 255) {
        return Err(Part::UserInfo.is("SOCKS5 carries at most 255 bytes of user and of password"));
    }
    Ok(Linked { name: parts.name(), kind: TransportKind::Socks5 { server: parts.server()?, login } })
}

/// Reads what follows `http://` or `https://`.
pub(super) fn http(parts: &Parts<'_>, tls: bool) -> Result<Linked, BadLink> {
    no_path(parts)?;
    let server = parts.server()?;
    let mut sni = None;
    for (key, value) in parts.pairs() {
        match key {
            "sni" | "peer" => sni = Some(name(&decoded(value, Part::Query)?)?),
            "insecure" | "allowInsecure" | "skip-cert-verify" if value != "0" && value != "false" => {
                return Err(Part::Query.is("it asks not to check the proxy's certificate, which is refused"));
            }
            _ => {}
        }
    }
    let login = login(parts)?;
    if login.as_ref().is_some_and(|(user, _)| user.contains(':')) {
        return Err(Part::UserInfo.is("HTTP cannot carry a user with ':' in it"));
    }
    Ok(Linked { name: parts.name(), kind: TransportKind::Http { server, tls, sni, login, roots: None } })
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
    Err(Part::Path.is("a proxy has no path; if this is a subscription, fetch it and import what it holds"))
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
    if user.is_empty() {
        return Err(Part::UserInfo.is("the user is empty"));
    }
    Ok(Some((user, Secret::new(password))))
}
