//! The words for what was seen. One place, so that `status`, `why`, the log and the page say the same.

use crate::model::{Cause, Confidence, Facet, Grade, Ground, LinkState, Sign, TransportId};

/// What a facet is to a person, as the subject of a sentence in the plural.
pub const fn facet_words(facet: Facet) -> &'static str {
    match facet {
        Facet::Text => "messages",
        Facet::Media => "pictures and files",
        Facet::Calls => "calls",
        Facet::Web => "web pages",
    }
}

/// A way as a person names it.
pub fn way_words(way: &TransportId) -> String {
    match way.as_str() {
        "direct" => "the direct way".into(),
        name => format!("the way through {name}"),
    }
}

/// What a connection does that takes `way`: `go out directly`, `go through tokyo`.
pub(super) fn goes(way: &TransportId) -> String {
    match way.as_str() {
        "direct" => "go out directly".into(),
        name => format!("go through {name}"),
    }
}

/// The first letter made large.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// `1 try`, `4 tries`: a number with the right form of its word.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// What was seen, as a person would say it, without a subject.
pub fn sign_words(sign: &Sign) -> String {
    let words = match sign {
        Sign::Answer(Grade::A) => "answered, proven to be the service",
        Sign::Answer(Grade::B) => "answered",
        Sign::FlowProven => "a connection in use worked",
        Sign::BodyProven => "a large transfer came through",
        Sign::ConnectOnly => "connected, nothing more (proves nothing)",
        Sign::ConnectTimeout => "no answer to the connection attempt",
        Sign::Refused => "connection refused by a reset",
        Sign::RefusedByIcmp => "connection refused by an ICMP message",
        Sign::ResetAfterHello => "reset right after the hello",
        Sign::EofAfterHello => "closed right after the hello",
        Sign::HelloDropped => "hello never acknowledged",
        Sign::HelloMuted => "hello acknowledged, no byte came back",
        Sign::Silence => "no byte came back",
        Sign::Frozen { kilobytes } => return format!("froze after {kilobytes} KB"),
        Sign::Slow { kilobytes_per_second } => return format!("came at only {kilobytes_per_second} KB a second"),
        Sign::Throttled => "far slower than the line",
        Sign::ForeignKey => "somebody else's key answered",
        Sign::BlockPage => "a block page answered",
        Sign::DnsLie => "the system's name server disagrees with the secure one",
        Sign::DnsInjected => "two different answers to one look-up",
        Sign::DnsSilent => "look-ups of this name alone stay unanswered",
        Sign::ClientGaveUp => "the app gave up waiting",
        Sign::Reconnecting => "the app reconnected again and again",
        Sign::HungUp => "the app hung up on what answered, twice in a row",
        Sign::Left => "the app left a connection that had fallen silent, twice in a row",
        Sign::UdpNoReply => "packets went out, none came back",
        Sign::QuicSilent => "QUIC got no answer, the same host otherwise did",
        Sign::BurstFrozen => "several connections at once were frozen",
        Sign::WrongAnswer => "an answer that is not the protocol's",
        Sign::TransportDown => "our own server could not be reached",
    };
    words.into()
}

/// What is wrong with a way's own server, and what to do.
pub fn trouble_words(cause: Cause) -> String {
    let words = match cause {
        Cause::AuthenticationFailed => "its server does not know this key: check the user or password",
        Cause::CertificateExpired => "its server's certificate has expired, or this machine's clock is ahead",
        Cause::CertificateNotYetValid => "its server's certificate is not valid yet: this machine's clock is behind",
        Cause::SslInvalidHostname => "its server's certificate is for another name: check sni and verify",
        Cause::SslUnknownAuthority => {
            "its server's certificate is of an unknown authority: somebody sits in between, or roots is missing"
        }
        Cause::SslInvalidCertificate => "its server's certificate cannot be used",
        Cause::SslFailedHandshake => "its server ended the TLS handshake",
        Cause::EchRejected => "its server no longer knows the keys in ech: ask for new ones",
        Cause::HostRefused => "the CDN's edge does not serve this host or path",
        Cause::OriginDown => "the CDN's edge does not reach its server",
        Cause::ConnectionRefused => "its server refuses connections: it may be gone",
        Cause::GenericTimeoutError => "its server does not answer",
        Cause::ConnectionReset | Cause::EofError => "connections to its server are cut off",
        Cause::HostUnreachable | Cause::NetworkUnreachable => "there is no way to its server's address",
        Cause::DnsNxdomainError | Cause::DnsNoAnswer | Cause::DnsServfailError | Cause::DnsBogonError => {
            "its server's name has no address"
        }
        Cause::RefusedByProxy => "its server refuses to carry this",
        Cause::InvalidAnswer => "what answers at its server's place speaks something else",
        other => return format!("its server: {}", other.name().replace('_', " ")),
    };
    words.into()
}

/// The words for a sign's name as journalled; the name itself, with spaces, when it is not one of ours.
pub(super) fn named_sign_words(name: &str) -> String {
    const PLAIN: [Sign; 27] = [
        Sign::Answer(Grade::B),
        Sign::FlowProven,
        Sign::BodyProven,
        Sign::ConnectOnly,
        Sign::ConnectTimeout,
        Sign::Refused,
        Sign::RefusedByIcmp,
        Sign::ResetAfterHello,
        Sign::EofAfterHello,
        Sign::HelloDropped,
        Sign::HelloMuted,
        Sign::Silence,
        Sign::Throttled,
        Sign::ForeignKey,
        Sign::BlockPage,
        Sign::DnsLie,
        Sign::DnsInjected,
        Sign::DnsSilent,
        Sign::ClientGaveUp,
        Sign::Reconnecting,
        Sign::HungUp,
        Sign::Left,
        Sign::UdpNoReply,
        Sign::QuicSilent,
        Sign::BurstFrozen,
        Sign::WrongAnswer,
        Sign::TransportDown,
    ];
    if name == (Sign::Frozen { kilobytes: 0 }).name() {
        return "froze part-way".into();
    }
    if name == (Sign::Slow { kilobytes_per_second: 0 }).name() {
        return "came slowly".into();
    }
    PLAIN.iter().find(|sign| sign.name() == name).map_or_else(|| name.replace('_', " "), sign_words)
}

/// What a link's state means for everything else, and why it is believed; empty when it is well.
pub fn link_words(link: LinkState, ground: Ground) -> String {
    let means = match link {
        LinkState::Online => return String::new(),
        LinkState::Offline => "Nothing is blamed until it is back.",
        LinkState::Captive => "Nothing is blamed until somebody has.",
        LinkState::Whitelist => "Nothing else is blamed.",
        LinkState::LinkBad => "Nothing is blamed until that is mended.",
    };
    format!("{} {means}", capital(&link_reason(link, ground)))
}

/// `offline: this machine has no way out: …`, a whole sentence.
pub fn link_reason(link: LinkState, ground: Ground) -> String {
    format!("{link}: {}.", ground_words(link, ground))
}

/// Why a link is in its state, without a subject. What was noted without a ground has the state's own.
pub(super) const fn ground_words(link: LinkState, ground: Ground) -> &'static str {
    match (ground, link) {
        (Ground::NotAsked, LinkState::Online) => Ground::AnchorsAnswer.sentence(),
        (Ground::NotAsked, LinkState::Offline) => Ground::NothingAnswers.sentence(),
        (Ground::NotAsked, LinkState::Captive) => Ground::Portal.sentence(),
        (Ground::NotAsked, LinkState::Whitelist) => Ground::OnlyDomestic.sentence(),
        (Ground::NotAsked, LinkState::LinkBad) => Ground::TooFew.sentence(),
        (ground, _) => ground.sentence(),
    }
}

/// How sure, for people who do not know the words.
pub(super) const fn confidence_words(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Inconclusive => "inconclusive (not enough to say)",
        Confidence::Anomaly => "anomaly (it fails again and again while the controls work)",
        Confidence::Confirmed => "confirmed (a control pair leaves no harmless explanation)",
    }
}
