//! Every technique, sign and ground reads well to somebody who knows no protocol.

use super::world::*;
use crate::control::report::*;
use crate::model::*;

/// Every kind of sign. The match below does not compile when one is missing here.
pub(super) fn signs() -> Vec<Sign> {
    use Sign::*;
    let all = vec![
        Answer(Grade::A),
        Answer(Grade::B),
        FlowProven,
        BodyProven,
        ConnectOnly,
        ConnectTimeout,
        Refused,
        RefusedByIcmp,
        ResetAfterHello,
        EofAfterHello,
        HelloDropped,
        HelloMuted,
        Silence,
        Frozen { kilobytes: 16 },
        Slow { kilobytes_per_second: 12 },
        Throttled,
        ForeignKey,
        BlockPage,
        DnsLie,
        DnsInjected,
        DnsSilent,
        ClientGaveUp,
        Reconnecting,
        HungUp,
        Left,
        UdpNoReply,
        QuicSilent,
        BurstFrozen,
        WrongAnswer,
        TransportDown,
    ];
    for sign in &all {
        match sign {
            Answer(_)
            | FlowProven
            | BodyProven
            | ConnectOnly
            | ConnectTimeout
            | Refused
            | RefusedByIcmp
            | ResetAfterHello
            | EofAfterHello
            | HelloDropped
            | HelloMuted
            | Silence
            | Frozen { .. }
            | Slow { .. }
            | Throttled
            | ForeignKey
            | BlockPage
            | DnsLie
            | DnsInjected
            | DnsSilent
            | ClientGaveUp
            | Reconnecting
            | UdpNoReply
            | QuicSilent
            | BurstFrozen
            | HungUp
            | Left
            | WrongAnswer
            | TransportDown => {}
        }
    }
    all
}

/// Every technique with what `why` says of a way that it stops, as it stands in the sentence.
fn techniques() -> Vec<(Technique, &'static str)> {
    use Technique::*;
    let all = vec![
        (DnsTamper, "the network's name server gives a false answer for it"),
        (IpDrop, "packets to its addresses vanish"),
        (TcpReject, "connections to it are refused on the way"),
        (SniRst, "connections are cut as soon as its name is seen"),
        (SniDropHello, "the first message vanishes on the way there"),
        (SniDropAnswer, "the answer vanishes on the way back"),
        (HelloSize, "large first messages vanish, small ones pass"),
        (S2cDrop, "everything it sends vanishes on the way back"),
        (Freeze, "transfers freeze after a few kilobytes"),
        (Throttled, "it is made far slower than the line"),
        (Mitm, "somebody else answers in its place"),
        (HttpBlock, "a block page answers in its place"),
        (QuicBlock, "QUIC, the newer kind of connection, gets no answer from it"),
        (UdpBlocked, "UDP, which calls need, gets no answer from it"),
        (StunDpi, "call set-up packets get no answer, other packets do"),
        (CallsBlocked, "its call servers get no answer, others' do"),
        (ProtoBlock, "its protocol gets no answer, other bytes do"),
        (BurstPolice, "several connections at once are frozen"),
        (RandomDrop, "a part of the connections to it fails"),
        (Unidentified, "it cannot be reached, the kind of block is not clear yet"),
    ];
    for (technique, _) in &all {
        match technique {
            DnsTamper | IpDrop | TcpReject | SniRst | SniDropHello | SniDropAnswer | HelloSize | S2cDrop | Freeze
            | Throttled | Mitm | HttpBlock | QuicBlock | UdpBlocked | StunDpi | CallsBlocked | ProtoBlock
            | BurstPolice | RandomDrop | Unidentified => {}
        }
    }
    all
}

/// A clause that can stand in a sentence: no capital but of an acronym, no mark at its end, no name of a variable.
fn reads_as_a_clause(words: &str) {
    let first: Vec<_> = words.chars().take(2).collect();
    let acronym = first.iter().all(|letter| letter.is_uppercase());
    assert!(first[0].is_lowercase() || acronym || first[0].is_numeric(), "{words}");
    assert!(!words.contains('_') && !words.ends_with(['.', ',', ';', ':']) && !words.contains("  "), "{words}");
    assert!((8..=90).contains(&words.chars().count()), "{words}");
}

#[test]
fn why_says_of_every_technique_what_was_seen() {
    let telegram = service("telegram", "Telegram");
    for (technique, words) in techniques() {
        reads_as_a_clause(words);
        let mut snapshot = snapshot();
        let direct = route("telegram", Facet::Text, "direct");
        snapshot.standings.insert(direct, blocked(technique, at(48)));
        let plan =
            Plan { attempts: attempts(&["tokyo"]), passed_over: vec![(way("direct"), Reason::Blocked(technique))] };
        let facts = ServiceFacts { service: &telegram, facets: vec![facet(Facet::Text, plan)] };
        let said = why(Seen { clock: clock(), snapshot: &snapshot }, &facts, &stories()).facets.remove(0).sentence;
        let wanted = format!("The direct way: {words} (hello never acknowledged, 4 of 4 tries, 2 endpoints); ");
        assert!(said.contains(&wanted), "{technique}: {said}");
        assert!(said.contains("Confidence: anomaly (it fails again and again while the controls work)."), "{said}");
    }
}

#[test]
fn every_sign_has_words_of_its_own_live_and_journalled() {
    let mut known = std::collections::HashSet::new();
    for sign in signs() {
        let words = sign_words(&sign);
        reads_as_a_clause(&words);
        assert!(known.insert(words.clone()), "two signs are called {words}");
        let counted = vec![SignCount { sign: sign.name().into(), count: 3 }];
        let change = Record::Transition(Transition {
            route: route("telegram", Facet::Text, "direct"),
            network: NetworkId(1),
            from: Phase::Ok,
            to: Phase::Suspect,
            verdict: Verdict::Unclear,
            confidence: Confidence::Inconclusive,
            score: 1.0,
            why: counted,
            endpoints: 1,
            took_ms: 0,
            next_secs: None,
        });
        let (_, why) = record_words(&change);
        let kept = why.strip_prefix("3 × ").unwrap();
        reads_as_a_clause(kept);
        let numbered = matches!(sign, Sign::Frozen { .. } | Sign::Slow { .. } | Sign::Answer(Grade::A));
        assert!(numbered || kept == words, "{sign:?}: {kept} in the log, {words} in why");
    }
}

#[test]
fn the_link_says_why_it_is_as_it_is() {
    use {Ground as G, LinkState as L};
    for (link, ground, said) in [
        (L::Online, G::AnchorsAnswer, ""),
        (
            L::Offline,
            G::Unplugged,
            "Offline: this machine has no way out: no cable, no Wi-Fi, or no route. Nothing is blamed until it is back.",
        ),
        (
            L::LinkBad,
            G::Clock,
            "Bad link: this machine's clock is wrong: set date and time, certificates cannot be checked before. Nothing \
             is blamed until that is mended.",
        ),
        (L::Whitelist, G::OnlyDomestic, "Whitelist: only places inside the country answer. Nothing else is blamed."),
        // As an earlier version noted it.
        (
            L::Offline,
            G::NotAsked,
            "Offline: nothing answers, neither here nor abroad. Nothing is blamed until it is back.",
        ),
    ] {
        assert_eq!(link_words(link, ground), said);
        let snapshot = Snapshot { link, ground, ..snapshot() };
        let telegram = service("telegram", "Telegram");
        let facts = [ServiceFacts { service: &telegram, facets: vec![telegram_text()] }];
        let seen = Seen { clock: clock(), snapshot: &snapshot };
        let status = status(seen, &facts, Running::default());
        assert!(status.sentence.ends_with(said), "{}", status.sentence);
        let why = why(seen, &facts[0], &stories());
        assert_eq!((why.sentence.as_str(), why.ground, status.ground), (said, ground, ground));
    }
    for (from, to, ground, what, why) in [
        (
            L::Online,
            L::Offline,
            G::Unplugged,
            "the network: online → offline",
            "This machine has no way out: no cable, no Wi-Fi, or no route; nothing is blamed",
        ),
        (
            L::Offline,
            L::Offline,
            G::NothingAnswers,
            "the network: still offline",
            "Nothing answers, neither here nor abroad; nothing is blamed",
        ),
        (L::LinkBad, L::Online, G::AnchorsAnswer, "the network: bad link → online", "Neutral sites answer"),
    ] {
        let said = record_words(&Record::Link { network: NetworkId(1), from, to, ground });
        assert_eq!((said.0.as_str(), said.1.as_str()), (what, why));
    }
}

#[test]
fn an_answer_of_an_earlier_version_still_reads() {
    let mut status = serde_json::to_value(fixed_status()).unwrap();
    status.as_object_mut().unwrap().remove("ground");
    assert_eq!(serde_json::from_value::<Status>(status).unwrap().ground, Ground::NotAsked);
    let mut why = serde_json::to_value(fixed_why()).unwrap();
    why.as_object_mut().unwrap().remove("ground");
    assert_eq!(serde_json::from_value::<Why>(why).unwrap().ground, Ground::NotAsked);
    let step = serde_json::json!({ "step": "controls", "link": "online" });
    assert!(serde_json::from_value::<crate::control::ProbeItem>(step).is_ok());
}

#[test]
fn an_examination_ends_in_one_word() {
    let of = |link, verdicts: &[Verdict]| {
        let conclude = |verdict: &Verdict| Conclusion {
            facet: Facet::Text,
            verdict: *verdict,
            confidence: Confidence::Anomaly,
            says: String::new(),
        };
        examined_outline(link, &verdicts.iter().map(conclude).collect::<Vec<_>>())
    };
    let (blocked, degraded) = (Verdict::Blocked(Technique::IpDrop), Verdict::Degraded(Technique::Throttled));
    for (link, verdicts, outline) in [
        (LinkState::Online, vec![Verdict::Works, Verdict::Unclear], Outline::Well),
        (LinkState::Online, vec![Verdict::Works, degraded], Outline::Degraded),
        (LinkState::Online, vec![degraded, blocked], Outline::Degraded),
        (LinkState::Online, vec![blocked, Verdict::Down], Outline::AllDown),
        (LinkState::Online, vec![Verdict::Works, blocked], Outline::Degraded),
        (LinkState::Captive, vec![Verdict::Unclear], Outline::NoInternet),
    ] {
        assert_eq!(of(link, &verdicts), outline, "{link} {verdicts:?}");
    }
}

/// The catalogue's English is what the log and machines read.
#[test]
fn an_english_reader_gets_the_words_of_the_log() {
    use crate::control::report::Spoken;
    use crate::lang::{Tongue, Words};
    use crate::model::{Ground, LinkState, Phase, Technique};
    let words = Words::shared(Tongue::English);
    let spoken = Spoken(&words);
    use Technique::*;
    for how in [
        DnsTamper,
        IpDrop,
        TcpReject,
        SniRst,
        SniDropHello,
        SniDropAnswer,
        HelloSize,
        S2cDrop,
        Freeze,
        Throttled,
        Mitm,
        HttpBlock,
        QuicBlock,
        UdpBlocked,
        StunDpi,
        CallsBlocked,
        ProtoBlock,
        BurstPolice,
        RandomDrop,
        Unidentified,
    ] {
        assert_eq!(spoken.technique(how), how.sentence());
    }
    for link in [LinkState::Online, LinkState::Offline, LinkState::Captive, LinkState::Whitelist, LinkState::LinkBad] {
        assert_eq!(spoken.link(link), link.to_string());
        for ground in [Ground::NotAsked, Ground::Clock, Ground::Portal, Ground::Lossy, Ground::ResolverSilent] {
            assert_eq!(spoken.link_words(link, ground), crate::control::report::link_words(link, ground));
        }
    }
    for phase in [Phase::Unknown, Phase::Ok, Phase::Suspect, Phase::Degraded, Phase::Blocked, Phase::ServiceDown] {
        assert_eq!(spoken.phase(phase), phase.to_string());
    }
    for secs in [0, 59, 60, 3600, 3660, 90_000, 172_800] {
        let span = std::time::Duration::from_secs(secs);
        assert_eq!(spoken.span(span), crate::control::span_words(span));
    }
}

#[test]
fn a_reader_of_another_language_gets_everything_in_it() {
    use super::world::{fixed_past, fixed_status};
    use crate::control::report::Spoken;
    use crate::lang::{Tongue, Words};
    let status = fixed_status();
    for (tongue, sentence) in
        [(Tongue::Russian, "Telegram и WhatsApp — работают. Пока неясно: Signal."), (Tongue::Persian, "WhatsApp")]
    {
        let words = Words::shared(tongue);
        let spoken = Spoken(&words);
        assert!(spoken.sentence(&status).contains(sentence), "{}", spoken.sentence(&status));
        for entry in fixed_past() {
            let (what, _) = spoken.record(&entry.record);
            let foreign = what.chars().any(|c| !c.is_ascii() && c.is_alphabetic());
            assert!(foreign, "{tongue:?}: {what}");
        }
        let telegram = &status.services[0];
        let why = spoken.facet_why(&telegram.facets[0], false);
        assert!(why.starts_with("direct") || why.contains("direct"), "{why}");
    }
}
