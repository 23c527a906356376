//! `byway setup APP`: what to do in one messenger on this machine, the link for it, what works then, and what cannot.
//! It reads where the running byway really listens, and changes nothing; with `--open` the app is asked to.

use super::actions::Actions;
use super::args::App;
use super::ask::{Asker, strange};
use super::consent::consent;
use super::exit::{Exit, Failed};
use super::out::{Style, Terminal};
use super::qr;
use super::table::wrap;
use crate::control::{Ask, Doors, Schemed, Tell, Unshown};
use crate::lang::{Arg, Words};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use std::net::SocketAddr;

/// What was asked.
pub(super) struct Wish {
    pub(super) app: App,
    pub(super) json: bool,
    pub(super) qr: bool,
    pub(super) open: bool,
    pub(super) yes: bool,
}

/// Whether something works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Works {
    /// Through byway.
    Yes,
    /// The app does not take it through a proxy, or only people can tell.
    Unlikely,
    /// It never passes a proxy.
    No,
}

/// What is known of an app on this machine.
#[derive(Debug, Serialize)]
struct Page {
    app: &'static str,
    /// Where it is to connect.
    address: SocketAddr,
    /// The link that sets it up.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    messages: Works,
    media: Works,
    calls: Works,
}

impl App {
    const fn name(self) -> &'static str {
        match self {
            Self::Telegram => "telegram",
            Self::Signal => "signal",
            Self::Whatsapp => "whatsapp",
            Self::Discord => "discord",
        }
    }

    /// What the app's calls do: seen in reports of its users, not measured.
    const fn calls(self) -> Works {
        match self {
            Self::Telegram => Works::Unlikely,
            Self::Signal | Self::Whatsapp | Self::Discord => Works::No,
        }
    }
}

/// The failure of a byway that listens nowhere for programs.
pub(super) fn no_door() -> Failed {
    Failed::new(
        Exit::Failed,
        "this byway has no door for programs; name one in the configuration: listen = [\"127.0.0.1:4180\"]",
    )
}

/// `user:password@`, encoded for a URL.
pub(super) fn login_in_a_url((user, password): &(String, Unshown)) -> String {
    format!("{}:{}@", encoded(user), encoded(&password.0))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The link that puts a SOCKS proxy into Telegram.
pub(super) fn telegram_link(at: SocketAddr, login: Option<&(String, Unshown)>) -> String {
    let login = login.map(|(user, password)| format!("&user={}&pass={}", encoded(user), encoded(&password.0)));
    // In brackets an IPv6 address is not taken.
    format!("tg://socks?server={}&port={}{}", at.ip(), at.port(), login.unwrap_or_default())
}

/// The link that puts a proxy into WhatsApp on a phone, as lists of such proxies give it.
pub(super) fn whatsapp_link(chat: SocketAddr, media: Option<SocketAddr>) -> String {
    let media = media.map(|media| format!("&mediaPort={}", media.port())).unwrap_or_default();
    format!("https://wa.me/proxy?host={}&chatPort={}{media}&chatTLS=true", chat.ip(), chat.port())
}

pub(super) fn setup(
    asker: &Asker,
    wish: &Wish,
    words: &Words,
    actions: &impl Actions,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    let Tell::Doors(doors) = asker.before_consent(&Ask::Doors { login: false })? else { return Err(strange()) };
    let at = doors.near().ok_or_else(no_door)?;
    let login = match wish.app {
        App::Telegram if doors.asks_login => {
            consent(&words.say("setup-ask-password"), wish.yes, terminal)?;
            let Tell::Doors(told) = asker.before_consent(&Ask::Doors { login: true })? else { return Err(strange()) };
            told.login
        }
        _ => None,
    };
    let link = (wish.app == App::Telegram).then(|| telegram_link(at, login.as_ref()));
    let page = Page {
        app: wish.app.name(),
        address: at,
        link,
        messages: Works::Yes,
        media: Works::Yes,
        calls: wish.app.calls(),
    };
    if wish.json {
        terminal.out.json(&Schemed::new(&page))?;
        return Ok(Exit::Ok);
    }
    show(&page, wish, &doors, words, terminal)?;
    if wish.open {
        let Some(link) = &page.link else {
            return Err(Failed::new(Exit::Usage, "there is no link for this app: follow the steps above"));
        };
        actions.open(link)?;
    }
    Ok(Exit::Ok)
}

/// What the texts of every app may name.
fn facts<'a>(page: &Page) -> [(&'a str, Arg<'a>); 4] {
    let at = page.address;
    [
        ("address", at.to_string().into()),
        ("host", at.ip().to_string().into()),
        // As text, or a port would be written 4,180.
        ("port", at.port().to_string().into()),
        ("link", page.link.clone().unwrap_or_default().into()),
    ]
}

fn show(page: &Page, wish: &Wish, doors: &Doors, words: &Words, terminal: &mut Terminal) -> Result<(), Failed> {
    let facts = facts(page);
    let says = |key: &str| words.say_with(key, &facts);
    let head = terminal.out.paint(Style::Bold, &words.say("setup-do"));
    terminal.out.line(&head)?;
    if let Some(link) = &page.link {
        terminal.out.line(&format!("  {link}"))?;
        // A phone that reads it would look for byway in itself.
        if wish.qr && !page.address.ip().is_loopback() {
            qr::draw(link, &mut terminal.out)?;
        }
    }
    let mut paragraph = |key: &str| write(&says(key), terminal);
    paragraph(&format!("setup-{}-do", page.app))?;
    if wish.app == App::Whatsapp {
        paragraph(if doors.chat.is_empty() { "setup-whatsapp-phone-off" } else { "setup-whatsapp-phone" })?;
    }
    if wish.app == App::Signal {
        paragraph(match std::env::consts::OS {
            "windows" => "setup-signal-windows",
            "macos" => "setup-signal-macos",
            _ => "setup-signal-linux",
        })?;
    }
    for (title, key) in [("setup-works", "works"), ("setup-not", "not")] {
        let head = terminal.out.paint(Style::Bold, &words.say(title));
        terminal.out.line(&head)?;
        write(&says(&format!("setup-{}-{key}", page.app)), terminal)?;
    }
    Ok(())
}

/// A paragraph, set in a little. The marks around names in right-to-left text (UAX #9) are left out: a command that is
/// copied with them does not run.
pub(super) fn write(text: &str, terminal: &mut Terminal) -> Result<(), Failed> {
    let text = text.replace(['\u{2068}', '\u{2069}'], "");
    let width = terminal.out.width().saturating_sub(2);
    for line in text.lines().flat_map(|line| wrap(line, width)) {
        terminal.out.line(&format!("  {line}"))?;
    }
    Ok(())
}
