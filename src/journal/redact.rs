//! Takes out of a text what could tell who somebody is or where they go, before it is shown to others: addresses,
//! names, keys, ids, links, home folders, and whatever is called a secret. It errs on the side of taking too much: a
//! file name that could be a host's goes too. It knows forms, not secrets: a short password without a name beside it
//! looks like any word.

use std::net::{Ipv4Addr, Ipv6Addr};

/// What stands where something was taken out.
const MASK: &str = "***";

/// What is called by one of these is a secret, whatever it looks like.
const SECRET_NAMES: [&str; 20] = [
    "password",
    "passwd",
    "passphrase",
    "pass",
    "secret",
    "token",
    "key",
    "psk",
    "auth",
    "authorization",
    "credentials",
    "login",
    "user",
    "username",
    "uuid",
    "pbk",
    "sid",
    "sni",
    "cookie",
    "prefix",
];

/// Endings of file names that are no top-level domains, so that `config.toml` stays readable.
const FILE_ENDINGS: [&str; 9] = ["toml", "db", "json", "conf", "log", "pem", "sock", "txt", "lock"];

/// Folders whose next part is a person's name.
const HOMES: [&str; 6] = ["/home/", "/Users/", "/var/home/", "\\Users\\", "/data/user/", "/root"];

/// `text` without what identifies.
pub fn redact(text: &str) -> String {
    let without_homes = mask_homes(text);
    let mut out = String::with_capacity(without_homes.len());
    let mut rest = without_homes.as_str();
    while let Some(start) = rest.find(in_word) {
        out.push_str(&rest[..start]);
        let word = &rest[start..];
        let end = word.find(|c| !in_word(c)).unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        if let Some(scheme) = word.find("://") {
            let link = &rest[start + scheme + 3..];
            out.push_str(&word[..scheme + 3]);
            out.push_str(MASK);
            rest = &link[link_end(link)..];
        } else if let Some(value) = secret_value(word, after) {
            out.push_str(word);
            out.push_str(&after[..value.start]);
            out.push_str(MASK);
            rest = &after[value.end..];
        } else {
            push_word(word, &mut out);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// What words are made of: everything that stands in addresses, names and keys. Not `=`: it parts names from values,
/// and at the end of a key it is no loss.
fn in_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '+' | '/' | '@' | '%' | '*' | '\\' | '~')
}

/// A word, or its mask, with the punctuation around it.
fn push_word(word: &str, out: &mut String) {
    // Marks at the ends belong to the sentence.
    let core = word.trim_matches(|c| matches!(c, '.' | ':' | '/' | '-' | '~'));
    let Some(start) = word.find(core) else { return out.push_str(word) };
    if core.is_empty() || !identifies(word, core) {
        return push_parts(word, out);
    }
    out.push_str(&word[..start]);
    out.push_str(MASK);
    out.push_str(&word[start + core.len()..]);
}

/// A path is looked at part by part: a folder may be named by a host or an id.
fn push_parts(word: &str, out: &mut String) {
    for part in word.split_inclusive(['/', '\\']) {
        let core = part.trim_matches(|c| matches!(c, '.' | ':' | '-' | '/' | '\\'));
        match part.find(core) {
            Some(start) if !core.is_empty() && identifies(part, core) => {
                out.push_str(&part[..start]);
                out.push_str(MASK);
                out.push_str(&part[start + core.len()..]);
            }
            _ => out.push_str(part),
        }
    }
}

fn identifies(whole: &str, core: &str) -> bool {
    let last_part = core.rsplit('@').next().unwrap_or(core);
    is_address(whole) || is_address(last_part) || is_mac(core) || is_host(last_part) || is_key(core)
}

/// An IPv4 or IPv6 address, perhaps with a port, a prefix length or a zone.
fn is_address(word: &str) -> bool {
    let bare = word.trim_end_matches(['.', ':']);
    let bare = bare.split_once('/').map_or(bare, |(address, _)| address);
    let bare = bare.split_once('%').map_or(bare, |(address, _)| address);
    let whole = |text: &str| text.parse::<Ipv4Addr>().is_ok() || (text.parse::<Ipv6Addr>().is_ok() && text != "::");
    // `::1` loses its colons when the ends of a word are trimmed, so the untrimmed word is tried as well.
    whole(bare) || whole(word) || bare.rsplit_once(':').is_some_and(|(address, port)| whole(address) && is_number(port))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Six pairs (or three fours) of hexadecimal digits: IEEE 802's ways of writing a MAC address.
fn is_mac(word: &str) -> bool {
    [(':', 6, 2), ('-', 6, 2), ('.', 3, 4)].into_iter().any(|(mark, groups, digits)| {
        word.split(mark).count() == groups
            && word.split(mark).all(|g| g.len() == digits && g.bytes().all(|b| b.is_ascii_hexdigit()))
    })
}

/// Labels with dots between, the last one of letters: a host, perhaps with a port or a path.
fn is_host(word: &str) -> bool {
    let place = word.split(['/', '\\']).next().unwrap_or(word);
    let name = place.rsplit_once(':').map_or(place, |(name, port)| if is_number(port) { name } else { place });
    let mut labels = name.split('.');
    let Some(last) = labels.next_back() else { return false };
    let letters = last.chars().count() >= 2 && last.chars().all(char::is_alphabetic);
    let mut before = labels.peekable();
    before.peek().is_some()
        && (letters || last.starts_with("xn--"))
        && before.all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || "-_*".contains(c)))
        && !FILE_ENDINGS.contains(&last.to_ascii_lowercase().as_str())
}

/// Base64 and hexadecimal keys, UUIDs, tokens: long, and of more than one kind of character.
fn is_key(word: &str) -> bool {
    let of = |class: fn(&u8) -> bool| word.as_bytes().iter().filter(|b| class(b)).count();
    let (upper, lower, digits) = (of(u8::is_ascii_uppercase), of(u8::is_ascii_lowercase), of(u8::is_ascii_digit));
    let marks = word.bytes().filter(|b| b"-_+/".contains(b)).count();
    if upper + lower + digits + marks != word.len() {
        return false;
    }
    let hex = word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    (hex && word.len() >= 16 && digits > 0)
        || (is_number(word.trim_start_matches('+')) && word.len() >= 9)
        || (word.len() >= 20 && digits > 0 && upper > 0)
        || (word.len() >= 20 && digits >= 4 && marks <= 2)
        || (word.len() >= 40 && marks <= 4)
}

/// Where a link ends.
fn link_end(link: &str) -> usize {
    link.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`')).unwrap_or(link.len())
}

/// Where in `after` the value stands that a secret's name `word` announces.
fn secret_value(word: &str, after: &str) -> Option<std::ops::Range<usize>> {
    let colon = word.ends_with(':');
    let name = word.trim_end_matches(':').rsplit(['.', '-', '_', '/']).next()?.to_ascii_lowercase();
    if !SECRET_NAMES.contains(&name.as_str()) {
        return None;
    }
    let blank = |text: &str| text.len() - text.trim_start_matches([' ', '\t', '"', '\'']).len();
    let mut start = blank(after);
    if !colon {
        let mark = after[start..].chars().next().filter(|c| matches!(c, '=' | ':'))?;
        start += mark.len_utf8();
    } else if start == 0 {
        return None;
    }
    start += blank(&after[start..]);
    let value = &after[start..];
    let quoted = after[..start].chars().next_back().filter(|c| matches!(c, '"' | '\''));
    let mut length = match quoted {
        Some(quote) => value.find(quote),
        None => value.find(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '&' | ')' | '}' | ']')),
    }
    .unwrap_or(value.len());
    // `Authorization: Basic c2VjcmV0`: the scheme is no secret, what follows is.
    if quoted.is_none() && ["basic", "bearer"].contains(&value[..length].to_ascii_lowercase().as_str()) {
        let more = &value[length..];
        let gap = more.len() - more.trim_start().len();
        length += gap + more[gap..].find(char::is_whitespace).unwrap_or(more.len() - gap);
    }
    (length > 0).then_some(start..start + length)
}

/// Home folders with their owner's name.
fn mask_homes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, home)) =
        HOMES.iter().filter_map(|home| Some((rest.find(home)?, *home))).min_by_key(|(at, home)| (*at, home.len()))
    {
        // `C:` goes with the folder; `/rooted` is no home.
        let drive = rest[..at].len() - rest[..at].trim_end_matches(|c: char| c == ':' || c.is_ascii_uppercase()).len();
        let keeps_drive = home.starts_with('\\') && drive == 2;
        let after = &rest[at + home.len()..];
        let ends = |c: char| matches!(c, '/' | '\\' | '"' | '\'' | ':' | ',' | ';' | ')') || c.is_whitespace();
        if home == "/root" && !after.is_empty() && !after.starts_with(ends) {
            out.push_str(&rest[..at + home.len()]);
            rest = after;
            continue;
        }
        out.push_str(&rest[..if keeps_drive { at - 2 } else { at }]);
        out.push_str(MASK);
        let owner = if home == "/root" { 0 } else { after.find(ends).unwrap_or(after.len()) };
        rest = &after[owner..];
    }
    out.push_str(rest);
    out
}
