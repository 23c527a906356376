//! The words for a full examination: what it shows to an observer, what each test is, and the whole in one word.

use super::status::{Outline, Up};
use super::words::facet_words;
use crate::model::{Conclusion, LinkState, Trial, Verdict};

/// What a person should know before the service called `title` is examined. One paragraph an item.
pub fn caution(title: &str) -> Vec<String> {
    vec![
        format!(
            "This examines {title} with tests that its apps never make. Who watches this line can see them: pairs of \
             connections that differ in one thing only (the same address with a neutral name, its name at a neutral \
             address), packets cut in unusual ways or of no known protocol, and several connections to it in a row \
             within minutes. byway makes none of these by itself."
        ),
        "What is tested, as far as it applies: the line, the names it has, its own protocol, its other addresses and \
         ports, both IP versions, the pairs, a small hello, a body of 64 KB, few large and many small packets, its \
         speed beside a neutral site's, QUIC, calls, plain HTTP, and the same through a tunnel of yours."
            .to_owned(),
        "It takes three minutes at most and some hundred KB; up to about 2000 KB where large objects of it are known. \
         Ctrl-C stops it at once."
            .to_owned(),
    ]
}

/// What a test is, for the first column of a table.
pub const fn trial_words(trial: Trial) -> &'static str {
    match trial {
        Trial::Link => "the line itself",
        Trial::Dns => "its names",
        Trial::LateAnswer => "a second answer",
        Trial::Service => "its own protocol",
        Trial::OtherEndpoint => "another address",
        Trial::OtherFamily => "other IP version",
        Trial::NeutralName => "neutral name, its address",
        Trial::NeutralAddress => "its name, neutral address",
        Trial::NeutralBytes => "other bytes, its address",
        Trial::SmallHello => "a small hello",
        Trial::Body => "64 KB body",
        Trial::Packets => "few and many packets",
        Trial::Goodput => "speed",
        Trial::Quic => "QUIC",
        Trial::Calls => "its call servers",
        Trial::NeutralStun => "call set-up elsewhere",
        Trial::NeutralUdp => "UDP elsewhere",
        Trial::PlainHttp => "plain HTTP",
        Trial::Tunnel => "through a tunnel",
    }
}

/// A conclusion's heading: what, and how sure.
pub fn conclusion_words(conclusion: &Conclusion) -> String {
    let what = match conclusion.verdict {
        Verdict::Works => "work".to_owned(),
        Verdict::Blocked(how) => format!("are blocked ({how})"),
        Verdict::Degraded(how) => format!("work in part only ({how})"),
        Verdict::Down => "do not work; the service itself is down".to_owned(),
        Verdict::Unclear => "are in doubt; nothing can be said for sure".to_owned(),
    };
    format!("{} {what}: {}.", super::words::capital(facet_words(conclusion.facet)), conclusion.confidence)
}

/// The whole examination in one word: what works in part only makes it a degraded whole.
pub fn examined_outline(link: LinkState, facets: &[Conclusion]) -> Outline {
    let partly = facets.iter().any(|facet| matches!(facet.verdict, Verdict::Degraded(_)));
    let up = facets.iter().map(|facet| match facet.verdict {
        Verdict::Works | Verdict::Degraded(_) => Up::Yes,
        Verdict::Blocked(_) | Verdict::Down => Up::No,
        Verdict::Unclear => Up::Unsure,
    });
    match Outline::of(link, up) {
        Outline::Well if partly => Outline::Degraded,
        outline => outline,
    }
}
