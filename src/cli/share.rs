//! `byway share`: what phones on the same network need. Links with a password are secrets: they are shown only to who says
//! that they may be.

use super::actions::Actions;
use super::ask::{Asker, strange};
use super::consent::consent;
use super::exit::{Exit, Failed};
use super::out::{Style, Terminal};
use super::qr;
use super::setup::{telegram_link, whatsapp_link, write};
use crate::control::{Ask, Doors, Schemed, Tell};
use crate::lang::Words;
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};

/// What was asked.
pub(super) struct Wish {
    pub(super) json: bool,
    pub(super) qr: bool,
    pub(super) yes: bool,
}

/// What phones need.
#[derive(Debug, Serialize)]
struct Page {
    /// By the address that they reach byway at.
    doors: Vec<Door>,
    /// The link for WhatsApp's own proxy setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    whatsapp: Option<String>,
}

/// One address.
#[derive(Debug, Serialize)]
struct Door {
    host: IpAddr,
    port: u16,
    /// The user; the password stands in the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    telegram: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    script: Option<String>,
}

pub(super) fn share(
    asker: &Asker,
    wish: &Wish,
    words: &Words,
    actions: &impl Actions,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    let Tell::Doors(doors) = asker.before_consent(&Ask::Doors { login: false })? else { return Err(strange()) };
    let lan = actions.lan();
    let (places, chat) = (reached(&doors.proxies, &lan), reached(&doors.chat, &lan));
    if places.is_empty() && chat.is_empty() {
        return Err(Failed::new(Exit::Failed, words.say("share-nothing")));
    }
    let mut told = doors;
    if told.asks_login && !places.is_empty() {
        consent(&words.say("setup-ask-password"), wish.yes, terminal)?;
        let Tell::Doors(with_login) = asker.before_consent(&Ask::Doors { login: true })? else { return Err(strange()) };
        told = with_login;
    }
    let page = page(&told, &places, &chat, &lan);
    if wish.json {
        terminal.out.json(&Schemed::new(&page))?;
    } else {
        show(&page, wish.qr, words, terminal)?;
    }
    Ok(Exit::Ok)
}

fn page(doors: &Doors, places: &[SocketAddr], chat: &[SocketAddr], lan: &[IpAddr]) -> Page {
    let door = |at: &SocketAddr| Door {
        host: at.ip(),
        port: at.port(),
        user: doors.login.as_ref().map(|(user, _)| user.clone()),
        telegram: telegram_link(*at, doors.login.as_ref()),
        script: doors.script_at(*at),
    };
    let media = reached(&doors.media, lan);
    let whatsapp = chat.first().map(|chat| {
        let same_host = media.iter().find(|media| media.ip() == chat.ip());
        whatsapp_link(*chat, same_host.copied())
    });
    Page { doors: places.iter().map(door).collect(), whatsapp }
}

/// The addresses by which neighbours reach these doors.
fn reached(doors: &[SocketAddr], lan: &[IpAddr]) -> Vec<SocketAddr> {
    let of = |at: &SocketAddr| match at.ip() {
        ip if ip.is_loopback() => Vec::new(),
        ip if ip.is_unspecified() => lan.iter().filter(|own| own.is_ipv4() == ip.is_ipv4()).copied().collect(),
        ip => vec![ip],
    };
    doors.iter().flat_map(|at| of(at).into_iter().map(|ip| SocketAddr::new(ip, at.port()))).collect()
}

fn show(page: &Page, with_codes: bool, words: &Words, terminal: &mut Terminal) -> Result<(), Failed> {
    let mut part = |title: &str, link: &str, text: String| -> Result<(), Failed> {
        let head = terminal.out.paint(Style::Bold, &words.say(title));
        terminal.out.line(&head)?;
        if !link.is_empty() {
            terminal.out.line(&format!("  {link}"))?;
            if with_codes {
                qr::draw(link, &mut terminal.out)?;
            }
        }
        write(&text, terminal)
    };
    for door in &page.doors {
        let host = door.host.to_string();
        let facts = [
            ("host", host.as_str().into()),
            ("port", door.port.to_string().into()),
            ("user", door.user.clone().unwrap_or_default().into()),
        ];
        part("share-telegram", &door.telegram, words.say("share-telegram-text"))?;
        if let Some(script) = &door.script {
            part("share-script", script, words.say("share-script-text"))?;
        }
        let key = if door.user.is_some() { "share-wifi-login" } else { "share-wifi-text" };
        part("share-wifi", "", words.say_with(key, &facts))?;
    }
    if let Some(link) = &page.whatsapp {
        part("share-whatsapp", link, words.say("share-whatsapp-text"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_reach_what_is_not_loopback() {
        let doors: Vec<SocketAddr> = ["127.0.0.1:1", "0.0.0.0:2", "192.168.7.1:3", "[::1]:4", "[::]:5"]
            .iter()
            .map(|at| at.parse().unwrap())
            .collect();
        let lan: Vec<IpAddr> = ["10.0.0.2", "192.168.1.2", "fd00::2"].iter().map(|ip| ip.parse().unwrap()).collect();
        let reached: Vec<_> = reached(&doors, &lan).iter().map(ToString::to_string).collect();
        assert_eq!(reached, ["10.0.0.2:2", "192.168.1.2:2", "192.168.7.1:3", "[fd00::2]:5"]);
    }
}
