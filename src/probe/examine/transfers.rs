//! What spoils a service after its handshake: a body that freezes, packets that are counted, a pace far below the
//! line's, a page in clear text that is not the service's (T9, T10, T12).

use super::subject::copy;
use super::{Examination, Performed};
use crate::judge::examination::{Finding, Paces, Said, is_throttled};
use crate::judge::packets::technique;
use crate::model::{Destination, Facet, Host, Route, Sign, Trial};
use crate::net::Deadline;
use crate::probe::https::{Page, Query, over_http1};
use crate::probe::pair::https_of;
use crate::probe::round::{Question, Told, body_bytes};
use crate::probe::spec::Method;
use crate::probe::tap::Tap;
use crate::probe::trickle;
use crate::transport::Transport;

/// Two of three fresh connections (T9).
const FROZEN: u32 = 2;
const CONNECTIONS: u32 = 3;

impl<'a> Examination<'a> {
    /// A transfer of 64 KB over the bare line, on up to three fresh connections.
    pub(super) async fn fetch_body(&mut self, index: usize) -> Performed {
        let Some(question) = self.large(index) else { return Performed::skipped("no large object of it is known") };
        if self.is_unreached(index) {
            return Performed::skipped("it did not get so far");
        }
        let (mut failed, mut tries, mut first) = (0, 0, None);
        while tries < CONNECTIONS && failed < FROZEN && tries - failed < FROZEN {
            self.pace().await;
            let asked = self.rounds.put(&question).await;
            tries += 1;
            match (self.rounds.tell_unless_failed(&question, &asked), &asked.outcome) {
                (Told::Good, Ok((answer, _))) if !answer.body_proven => {
                    return Performed::skipped("its page is too small to tell");
                }
                // One whole body is enough where nothing has stopped.
                (Told::Good, _) if failed == 0 => return Performed::PASSED,
                (Told::Good, _) => {}
                (Told::Nothing, _) => return Performed::skipped("this machine could not ask"),
                (Told::Failed(failure), _) => {
                    failed += 1;
                    first = first.or(Some(failure.evidence.sign));
                    if let Some(subject) = self.subjects.get_mut(index) {
                        subject.failures.push(failure);
                    }
                }
            }
        }
        let said = match first {
            None => Said::Passed,
            Some(sign) if failed == tries => Said::Failed { sign, tries },
            Some(sign) => Said::Mixed { sign, failed, tries },
        };
        Performed { said, note: None }
    }

    /// The same transfer inside the tunnel, when the bare line stopped it.
    pub(super) async fn fetch_body_inside(&mut self, index: usize) -> Performed {
        if !matches!(self.found(index, Trial::Body), Said::Failed { .. } | Said::Mixed { .. }) {
            return Performed::skipped("nothing stopped");
        }
        let tunnel = self.subjects.get(index).and_then(|subject| subject.tunnel);
        let Some((way, question)) = tunnel.zip(self.large(index)) else {
            return Performed::skipped("there is no tunnel for it");
        };
        self.pace().await;
        let route = Route { transport: way.id.clone(), ..question.route.clone() };
        let question = Question { route, way, ..question };
        let asked = self.rounds.put(&question).await;
        let told = self.rounds.tell_unless_failed(&question, &asked);
        self.rounds.board.probe_ended(question.route.clone());
        match told {
            Told::Good => Performed::PASSED,
            Told::Nothing => Performed::skipped("the tunnel could not be asked"),
            Told::Failed(failure) => Performed::failed(failure.evidence.sign),
        }
    }

    /// T9's packet pair.
    pub(super) async fn count_packets(&mut self, index: usize) -> Performed {
        let Some(question) = self.subjects.get(index).and_then(|subject| subject.real()) else {
            return Performed::skipped("there is no direct way");
        };
        if self.is_unreached(index) {
            return Performed::skipped("it did not get so far");
        }
        let once = |past: &Finding| past.trial == Trial::Packets && past.said != Said::Skipped;
        let is_suspect = !matches!(self.found(index, Trial::Body), Said::Passed | Said::Skipped);
        if !is_suspect && self.findings.iter().any(once) {
            return Performed::skipped("once is enough");
        }
        self.pace().await;
        self.rounds.board.probe_started(question.route.clone(), 12_000);
        let pair = trickle::pair(&self.rounds.asker, question.way, &question.spec, &question.target).await;
        let note = Some(format!("in one packet {:?}, in many {:?}", pair.whole, pair.many).to_lowercase());
        match (technique(pair), pair.whole) {
            (Some(_), _) => Performed { note, ..Performed::failed(Sign::Frozen { kilobytes: 0 }) },
            (None, crate::judge::packets::Half::Answered) => Performed { note, ..Performed::PASSED },
            _ => Performed::skipped("the question in one packet was not answered either"),
        }
    }

    /// Its pace beside a neutral place's and the tunnel's.
    pub(super) async fn measure(&mut self, index: usize) -> Performed {
        let Some(question) = self.large(index) else { return Performed::skipped("no large object of it is known") };
        if self.is_unreached(index) {
            return Performed::skipped("it did not get so far");
        }
        let Some(neutral) = self.rounds.neutral_goodput().await else {
            return Performed::skipped("no neutral place told the line's speed");
        };
        let mut own = None;
        // The better of two: one stumble is nobody's doing.
        for _ in 0..2 {
            let measured = self.clock(question.way, &question).await;
            own = own.max(measured);
            if own.is_none_or(|own| !is_throttled(&Paces { own, neutral, tunnel: None })) {
                break;
            }
        }
        let Some(own) = own else { return Performed::skipped("its own speed could not be told") };
        let mut paces = Paces { own, neutral, tunnel: None };
        let tunnel = self.subjects.get(index).and_then(|subject| subject.tunnel);
        if let Some(way) = tunnel.filter(|_| is_throttled(&paces)) {
            paces.tunnel = self.clock(way, &question).await;
        }
        let beside =
            paces.tunnel.map(|tunnel| format!(", {} kB/s through the tunnel", tunnel / 1000)).unwrap_or_default();
        let note = Some(format!("{} kB/s, a neutral site {} kB/s{beside}", own / 1000, neutral / 1000));
        match is_throttled(&paces) {
            true => Performed { note, ..Performed::failed(Sign::Throttled) },
            false => Performed { note, ..Performed::PASSED },
        }
    }

    async fn clock(&mut self, way: &Transport, question: &Question<'_>) -> Option<u64> {
        self.pace().await;
        self.rounds.board.probe_started(question.route.clone(), crate::probe::round::price(&question.spec));
        self.rounds.asker.goodput(way, &question.spec, &question.target).await
    }

    /// T12: its page in clear text, and where that sends elsewhere the same through a tunnel.
    pub(super) async fn fetch_in_clear(&mut self, index: usize) -> Performed {
        let Some(subject) = self.subjects.get(index) else { return Performed::skipped("nothing is known of it") };
        let tunnel = subject.tunnel;
        let Some(question) = subject.question.as_ref().map(copy) else {
            return Performed::skipped("there is no direct way");
        };
        if question.target.host.name().is_none() {
            return Performed::skipped("it has no page with a name");
        }
        let target = Destination::new(question.target.host.clone(), 80);
        self.pace().await;
        let Some(page) = self.page(question.way, &target).await else {
            return Performed::skipped("nothing answers in clear text");
        };
        if !page.is_a_stub(&target.host, false) {
            return Performed::PASSED;
        }
        if let Some(way) = tunnel {
            self.pace().await;
            match self.page(way, &target).await {
                Some(page) if page.is_a_stub(&target.host, false) => {
                    return Performed { note: Some("it sends elsewhere by itself".to_owned()), ..Performed::PASSED };
                }
                _ => {}
            }
        }
        Performed::failed(Sign::BlockPage)
    }

    async fn page(&self, way: &Transport, target: &Destination) -> Option<Page> {
        let asker = &self.rounds.asker;
        let _slot = asker.slot().await;
        let deadline = Deadline::after(asker.settings.probe_timeout);
        let (tap, stream) = Tap::on(asker.dial(way, target, deadline).await.ok()?);
        let query = Query {
            host: &target.host,
            port: target.port,
            path: "/",
            method: Method::Get,
            body_bytes: 0,
            user_agent: &asker.settings.user_agent,
        };
        let (page, farewell) = deadline.run(over_http1(stream, &query, &tap)).await?.ok()?;
        asker.linger(farewell);
        Some(page)
    }

    /// The question for a large object of this facet.
    fn large(&self, index: usize) -> Option<Question<'a>> {
        let subject = self.subjects.get(index)?;
        let question = subject.question.as_ref()?;
        let specs = self.rounds.specs_of(&self.service, subject.facet, subject.l4);
        let spec = specs.into_iter().find(|spec| body_bytes(spec) > 0)?;
        Some(Question { spec: spec.clone(), target: spec.targets.first()?.clone(), ..copy(question) })
    }

    /// Whether the service's own question got no answer at all, directly.
    fn is_unreached(&self, index: usize) -> bool {
        matches!(self.found(index, Trial::Service), Said::Failed { sign, .. } if !matches!(sign, Sign::Frozen { .. }))
    }
}

/// Whether a facet's page in clear text is natural to ask for.
pub(super) fn has_a_page(facet: Facet, question: Option<&Question<'_>>) -> bool {
    let named =
        |question: &Question<'_>| matches!(question.target.host, Host::Name(_)) && https_of(&question.spec).is_some();
    facet == Facet::Web && question.is_some_and(named)
}
