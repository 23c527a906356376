//! The line and its names: the controls, and the system's resolver beside the secure one.

use super::{Examination, Performed};
use crate::judge::dns::disagreement;
use crate::judge::examination::Said;
use crate::model::{LinkState, Sign};
use crate::net::Deadline;
use crate::net::resolve::Raw;
use crate::probe::checks::Thorough;
use std::collections::BTreeSet;

/// Names of one service that are looked up: a sweep would stand out in the resolver's log.
const NAMES: usize = 3;

impl Examination<'_> {
    /// C0–C3, C10, C11.
    pub(super) async fn look_at_the_line(&mut self) -> Performed {
        self.line = self.rounds.check(Thorough::Fully).await;
        let said = match self.line.state {
            LinkState::Online => Said::Passed,
            LinkState::Captive => Said::Failed { sign: Sign::BlockPage, tries: 1 },
            _ => Said::Failed { sign: Sign::Silence, tries: 1 },
        };
        Performed { said, note: Some(self.line.ground.sentence().to_owned()) }
    }

    /// T1–T3: names that the service's own questions use anyway.
    pub(super) async fn compare_resolvers(&mut self) -> Performed {
        let names = self.names();
        let Some(resolver) = self.rounds.resolver.as_ref().filter(|_| !names.is_empty()) else {
            return Performed::skipped("nothing of it is looked up by name, or there is no secure resolver");
        };
        let mut worst = None;
        let mut compared = false;
        for name in names {
            let deadline = Deadline::after(self.rounds.asker.settings.dns_timeout * 2);
            let Ok(secure) = resolver.resolve(&name, deadline).await else { continue };
            compared = true;
            let heard = self.rounds.ask_the_system(&name, &secure.addrs).await;
            worst = worst.or(heard.and_then(disagreement));
        }
        match worst {
            None if compared => Performed::PASSED,
            None => Performed::skipped("the secure resolver did not answer, and alone the system's word says nothing"),
            Some(Sign::DnsSilent) if !self.rounds.system_answers().await => {
                Performed::skipped("the system's resolver is silent about every name: it is dead, or the line's fault")
            }
            Some(sign) => Performed::failed(sign),
        }
    }

    /// T2: what a forger says comes first and the resolver's own word after it; the system shows only the first.
    pub(super) async fn hear_late_answers(&mut self) -> Performed {
        let names = self.names();
        let Some(resolver) = self.rounds.resolver.as_ref().filter(|_| !names.is_empty()) else {
            return Performed::skipped("nothing of it is looked up by name, or there is no secure resolver");
        };
        let mut heard = false;
        for name in names {
            match resolver.ask_closely(&name).await {
                None => {}
                Some(Raw::TwoAnswers) => return Performed::failed(Sign::DnsInjected),
                Some(Raw::OtherOverTcp) => {
                    let note = Some("one over UDP, the other over TCP".to_owned());
                    return Performed { note, ..Performed::failed(Sign::DnsInjected) };
                }
                Some(_) => heard = true,
            }
        }
        if heard {
            return Performed::PASSED;
        }
        Performed::skipped("the system's resolver is not known by its address, or says nothing when it is asked raw")
    }

    fn names(&self) -> BTreeSet<String> {
        let questions = self.subjects.iter().filter_map(|subject| subject.question.as_ref());
        questions.filter_map(|question| question.target.host.name().map(str::to_owned)).take(NAMES).collect()
    }
}
