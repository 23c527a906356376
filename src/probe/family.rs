//! Whether a service answers by the version of IP that nobody takes (detection rules §1.5, step 9): people's connections
//! take the address that answers first (RFC 8305). A connect, ended as the loser of such a race ends; a failure is told
//! only after the usual question was answered by the other version.

use super::closer::at;
use super::round::{Failed, Question, Rounds, Told, without_body};
use crate::judge::{On, sign_of};
use crate::model::{Destination, Evidence, Family, Route, Source};
use crate::net::Deadline;
use std::net::SocketAddr;

impl Rounds {
    /// Asks after `family` on `route`, where its name has addresses of both.
    pub(super) async fn ask_family(&self, route: &Route, family: Family) {
        let Some(question) = self.question(route).filter(|question| question.way.kind == "direct") else { return };
        let question = Question { spec: without_body(&question.spec), ..question };
        let Some(address) = self.address_of(&question.target, family).await else { return };
        let (began, target) = (self.board.now(), Destination::from(address));
        let slot = self.asker.slot().await;
        let deadline = Deadline::after(self.settings().connect_timeout);
        let connected = self.asker.dial(question.way, &target, deadline).await.map(drop);
        drop(slot);
        let Err(failure) = connected else {
            let is_partial = |standing: &crate::model::Standing| standing.partial.is_some();
            if self.board.snapshot().standing(route).is_some_and(is_partial) {
                // Only a real answer takes back what was said of it.
                let again = at(question, address);
                let asked = self.put(&again).await;
                self.tell_unless_failed(&again, &asked);
            }
            return;
        };
        let Some(sign) = sign_of(&failure, On::Bare).filter(|sign| sign.is_bad()) else { return };
        let mut evidence = Evidence::new(route.clone(), Source::Probe, sign, began, self.board.now());
        evidence.endpoint = failure.endpoint;
        let asked = self.put(&question).await;
        if !matches!(self.tell_unless_failed(&question, &asked), Told::Good) {
            // It is not this version alone.
            return self.tell(&question, &asked, None).await;
        }
        let mut failed = Failed { evidence, address: Some(address), is_foreign_key: false };
        self.ask_the_anchors(&mut failed).await;
        self.board.report(failed.evidence);
    }

    /// The first address of that version, where the name has the other one too.
    async fn address_of(&self, target: &Destination, family: Family) -> Option<SocketAddr> {
        let deadline = Deadline::after(self.settings().dns_timeout * 2);
        let known = self.resolver.as_ref()?.resolve(target.host.name()?, deadline).await.ok()?.addrs;
        let (wanted, others): (Vec<_>, Vec<_>) =
            known.into_iter().partition(|ip| ip.is_ipv4() == matches!(family, Family::V4));
        let first = wanted.first().filter(|_| !others.is_empty())?;
        Some(SocketAddr::new(*first, target.port))
    }
}
