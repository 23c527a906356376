//! Every technique gets its name, and nothing harmless gets one.

use super::*;
use crate::model::Grade;

/// What was found about one facet; all that is not said was skipped.
#[derive(Clone, Default)]
struct Found(Vec<Finding>);

impl Found {
    fn and(mut self, trial: Trial, on: On, said: Said) -> Self {
        self.0.retain(|finding| (finding.trial, finding.on) != (trial, on));
        self.0.push(Finding { trial, facet: Some(Facet::Text), on, said });
        self
    }

    fn ok(self, trial: Trial) -> Self {
        self.and(trial, On::Bare, Said::Passed)
    }

    fn no(self, trial: Trial, sign: Sign) -> Self {
        self.and(trial, On::Bare, Said::Failed { sign, tries: 2 })
    }

    fn inside(self, sign: Option<Sign>) -> Self {
        let said = sign.map_or(Said::Passed, |sign| Said::Failed { sign, tries: 1 });
        self.and(Trial::Tunnel, On::Tunnel, said)
    }

    fn read(&self, l4: L4) -> (Verdict, Confidence) {
        let conclusion = conclude(&[(Facet::Text, l4)], &self.0, LinkState::Online, Ground::AnchorsAnswer).remove(0);
        assert!(conclusion.says.contains("What to do"), "{}", conclusion.says);
        (conclusion.verdict, conclusion.confidence)
    }
}

fn failed(sign: Sign) -> Found {
    Found::default().no(Trial::Service, sign)
}

/// It fails here, and a tunnel reaches it.
fn only_here(sign: Sign) -> Found {
    failed(sign).inside(None)
}

fn works() -> Found {
    Found::default().ok(Trial::Service)
}

fn frozen() -> Sign {
    Sign::Frozen { kilobytes: 15 }
}

const fn blocked(how: Technique, confidence: Confidence) -> (Verdict, Confidence) {
    (Verdict::Blocked(how), confidence)
}

const fn degraded(how: Technique, confidence: Confidence) -> (Verdict, Confidence) {
    (Verdict::Degraded(how), confidence)
}

const UNCLEAR: (Verdict, Confidence) = (Verdict::Unclear, Confidence::Inconclusive);
use Confidence::{Anomaly, Confirmed};
use Sign::{ConnectTimeout, EofAfterHello, HelloDropped, HelloMuted, ResetAfterHello, Silence};

#[test]
fn each_technique_on_streams_gets_its_name() {
    use Trial::*;
    let body = |found: Found, tries| found.and(Body, On::Bare, Said::Failed { sign: frozen(), tries });
    for (what, found, expected) in [
        ("T1 a name denied", works().no(Dns, Sign::DnsLie), degraded(Technique::DnsTamper, Anomaly)),
        (
            "T2 two answers",
            works().no(Dns, Sign::DnsLie).no(LateAnswer, Sign::DnsInjected),
            degraded(Technique::DnsTamper, Confirmed),
        ),
        ("T3 a name kept silent", works().no(Dns, Sign::DnsSilent), degraded(Technique::DnsTamper, Anomaly)),
        ("T3 and nothing else", only_here(Sign::DnsSilent), blocked(Technique::DnsTamper, Anomaly)),
        (
            "T4 addresses that vanish",
            only_here(ConnectTimeout).no(NeutralName, ConnectTimeout).no(OtherEndpoint, ConnectTimeout),
            blocked(Technique::IpDrop, Anomaly),
        ),
        (
            "T4 after the handshake",
            only_here(HelloDropped).no(NeutralName, HelloDropped).no(NeutralBytes, HelloDropped),
            blocked(Technique::IpDrop, Anomaly),
        ),
        (
            "T5 refused",
            only_here(Sign::Refused).no(OtherEndpoint, Sign::Refused),
            blocked(Technique::TcpReject, Anomaly),
        ),
        ("T5 by ICMP", only_here(Sign::RefusedByIcmp), blocked(Technique::TcpReject, Anomaly)),
        ("T6 a reset", only_here(ResetAfterHello).ok(NeutralName), blocked(Technique::SniRst, Confirmed)),
        ("T6 an end", only_here(EofAfterHello).ok(NeutralName), blocked(Technique::SniRst, Confirmed)),
        (
            "T6 whatever the name",
            only_here(ResetAfterHello).no(NeutralName, ResetAfterHello),
            blocked(Technique::TcpReject, Anomaly),
        ),
        ("T7a", only_here(HelloDropped).ok(NeutralName), blocked(Technique::SniDropHello, Confirmed)),
        ("T7b", only_here(HelloMuted).ok(NeutralName), blocked(Technique::SniDropAnswer, Confirmed)),
        ("T7 without counters", only_here(Silence).ok(NeutralName), blocked(Technique::SniDropAnswer, Confirmed)),
        ("T7 without a pair", only_here(HelloMuted), blocked(Technique::SniDropAnswer, Anomaly)),
        (
            "T7 by C5, the service down besides",
            failed(HelloDropped).inside(Some(Sign::Refused)).no(NeutralAddress, HelloDropped),
            blocked(Technique::SniDropHello, Confirmed),
        ),
        (
            "T8",
            only_here(HelloMuted).no(NeutralName, HelloMuted).no(NeutralBytes, HelloMuted),
            blocked(Technique::S2cDrop, Confirmed),
        ),
        (
            "T8 of a protocol without names",
            only_here(HelloMuted).no(NeutralBytes, HelloMuted),
            blocked(Technique::S2cDrop, Confirmed),
        ),
        ("T9 a transfer, twice", body(works(), 2), degraded(Technique::Freeze, Anomaly)),
        ("T9 packets", works().no(Packets, frozen()), degraded(Technique::Freeze, Confirmed)),
        ("T9 from the start", only_here(frozen()), blocked(Technique::Freeze, Anomaly)),
        (
            "T9 from the start, packets",
            only_here(frozen()).no(Packets, frozen()),
            blocked(Technique::Freeze, Confirmed),
        ),
        ("T10", works().no(Goodput, Sign::Throttled), degraded(Technique::Throttled, Anomaly)),
        ("T11", only_here(Sign::ForeignKey), blocked(Technique::Mitm, Confirmed)),
        ("T11 another answer", only_here(Sign::WrongAnswer), blocked(Technique::Mitm, Anomaly)),
        ("T12", works().no(PlainHttp, Sign::BlockPage), degraded(Technique::HttpBlock, Confirmed)),
        ("T12 in its place", failed(Sign::BlockPage), blocked(Technique::HttpBlock, Confirmed)),
        ("T13", works().no(Quic, Sign::QuicSilent), degraded(Technique::QuicBlock, Confirmed)),
        ("T15", only_here(HelloMuted).ok(NeutralBytes), blocked(Technique::ProtoBlock, Confirmed)),
        ("T15 swallowed", only_here(HelloDropped).ok(NeutralBytes), blocked(Technique::ProtoBlock, Confirmed)),
        ("T16", only_here(Sign::BurstFrozen), blocked(Technique::BurstPolice, Anomaly)),
        (
            "T18",
            Found::default().and(Service, On::Bare, Said::Mixed { sign: Silence, failed: 3, tries: 5 }).inside(None),
            degraded(Technique::RandomDrop, Anomaly),
        ),
        (
            "C10, only here",
            only_here(HelloDropped).no(NeutralName, HelloDropped).ok(SmallHello),
            blocked(Technique::HelloSize, Anomaly),
        ),
        ("C7 one family", only_here(ConnectTimeout).ok(OtherFamily), degraded(Technique::IpDrop, Anomaly)),
    ] {
        assert_eq!(found.read(L4::Tcp), expected, "{what}");
    }
}

#[test]
fn calls_are_told_apart() {
    use Trial::{Calls, NeutralStun, NeutralUdp};
    let none = Sign::UdpNoReply;
    let dead = || Found::default().no(Calls, none);
    for (what, found, expected) in [
        ("answered", Found::default().ok(Calls), (Verdict::Works, Confirmed)),
        ("T14 its relays", dead().ok(NeutralStun).inside(None), blocked(Technique::CallsBlocked, Confirmed)),
        ("T14 its relays, no tunnel", dead().ok(NeutralStun), blocked(Technique::CallsBlocked, Anomaly)),
        ("T14 all STUN", dead().no(NeutralStun, none).ok(NeutralUdp), blocked(Technique::StunDpi, Confirmed)),
        ("T14 all UDP", dead().no(NeutralStun, none).no(NeutralUdp, none), blocked(Technique::UdpBlocked, Anomaly)),
        ("T14 nothing neutral asked", dead().inside(None), blocked(Technique::UdpBlocked, Anomaly)),
        ("relays that are down", dead().ok(NeutralStun).inside(Some(none)), (Verdict::Down, Anomaly)),
        ("no control at all", dead(), UNCLEAR),
    ] {
        assert_eq!(found.read(L4::Udp), expected, "{what}");
    }
}

#[test]
fn what_is_harmless_gets_no_technique() {
    use Trial::*;
    let everywhere = |sign: Sign| failed(sign).inside(Some(sign));
    let down = (Verdict::Down, Anomaly);
    let tunnel_dead = || failed(HelloMuted).inside(Some(Sign::TransportDown));
    let once = |tries, failed| Said::Mixed { sign: Silence, failed, tries };
    for (what, found, expected) in [
        ("all well", works().inside(None), (Verdict::Works, Confirmed)),
        ("nothing asked", Found::default(), UNCLEAR),
        ("kept off the direct way", Found::default().inside(None), UNCLEAR),
        ("down", everywhere(ConnectTimeout), down),
        ("down, and its servers mute", everywhere(HelloMuted).ok(NeutralName), down),
        ("down, whatever the name", everywhere(ResetAfterHello).no(NeutralName, ResetAfterHello), down),
        ("no tunnel", failed(ConnectTimeout), UNCLEAR),
        ("no tunnel that answers", tunnel_dead(), UNCLEAR),
        ("another key everywhere: our pins are old", everywhere(Sign::ForeignKey), UNCLEAR),
        ("another key, and no tunnel", failed(Sign::ForeignKey), UNCLEAR),
        ("another answer everywhere: our test is old", everywhere(Sign::WrongAnswer), UNCLEAR),
        ("one dead address", only_here(ConnectTimeout).ok(OtherEndpoint), (Verdict::Works, Anomaly)),
        ("one dead address, no tunnel", failed(ConnectTimeout).ok(OtherEndpoint), (Verdict::Works, Anomaly)),
        ("a stray failure", Found::default().and(Service, On::Bare, once(5, 0)), UNCLEAR),
        ("a lossy moment", Found::default().and(Service, On::Bare, once(3, 1)), UNCLEAR),
        ("one stop of a transfer", works().no(Body, ResetAfterHello), (Verdict::Works, Confirmed)),
        (
            "a server that cuts everybody short",
            works().no(Body, frozen()).and(Body, On::Tunnel, Said::Failed { sign: frozen(), tries: 1 }),
            UNCLEAR,
        ),
        ("plain HTTP that is closed", works().no(PlainHttp, Sign::Refused), (Verdict::Works, Confirmed)),
        ("a proof that an answer is B only", works().no(Dns, Sign::Answer(Grade::B)), (Verdict::Works, Confirmed)),
        // The neutral half after the trigger is skipped: a punishment is no address block (T19).
        ("a residual punishment", failed(ResetAfterHello), UNCLEAR),
    ] {
        assert_eq!(found.read(L4::Tcp), expected, "{what}");
    }
}

#[test]
fn a_pair_without_a_tunnel_is_an_anomaly() {
    let found = failed(ResetAfterHello).ok(Trial::NeutralName);
    assert_eq!(found.read(L4::Tcp), blocked(Technique::SniRst, Anomaly));
}

#[test]
fn on_a_line_that_is_not_well_nothing_is_concluded() {
    let found = only_here(ResetAfterHello).ok(Trial::NeutralName);
    for (link, ground) in [
        (LinkState::Offline, Ground::Unplugged),
        (LinkState::Offline, Ground::NothingAnswers),
        (LinkState::Captive, Ground::Portal),
        (LinkState::Whitelist, Ground::OnlyDomestic),
        (LinkState::LinkBad, Ground::OnlyDomesticOnce),
        (LinkState::LinkBad, Ground::Clock),
        (LinkState::LinkBad, Ground::Interception),
        (LinkState::LinkBad, Ground::PathMtu),
        (LinkState::LinkBad, Ground::Lossy),
        (LinkState::LinkBad, Ground::TooFew),
    ] {
        for l4 in [L4::Tcp, L4::Udp] {
            let conclusion = conclude(&[(Facet::Text, l4)], &found.0, link, ground).remove(0);
            assert_eq!((conclusion.verdict, conclusion.confidence), UNCLEAR, "{ground:?}");
            assert!(conclusion.says.contains(ground.sentence()), "{}", conclusion.says);
        }
    }
}

#[test]
fn facets_are_judged_apart() {
    let mut findings = works().0;
    findings.push(Finding {
        trial: Trial::Service,
        facet: Some(Facet::Media),
        on: On::Bare,
        said: Said::Failed { sign: HelloMuted, tries: 2 },
    });
    let facets = [(Facet::Text, L4::Tcp), (Facet::Media, L4::Tcp)];
    let verdicts: Vec<_> = conclude(&facets, &findings, LinkState::Online, Ground::AnchorsAnswer)
        .into_iter()
        .map(|conclusion| (conclusion.facet, conclusion.verdict))
        .collect();
    assert_eq!(verdicts, [(Facet::Text, Verdict::Works), (Facet::Media, Verdict::Unclear)]);
}
