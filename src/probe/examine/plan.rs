//! Which tests an examination makes, in which order. Every neutral half comes before any real one: whatever a real one
//! sets off falls on no control (T19).

use super::subject::Subject;
use super::transfers::has_a_page;
use crate::judge::On;
use crate::model::{L4, Trial};

/// One test to be made.
pub(super) struct Test {
    pub(super) trial: Trial,
    /// Which subject; `None` where it is about the line.
    pub(super) subject: Option<usize>,
    pub(super) on: On,
    /// Whether all about this subject's streams has been tested after it.
    pub(super) closes: bool,
}

impl Test {
    const fn of_line(trial: Trial) -> Self {
        Self { trial, subject: None, on: On::Bare, closes: false }
    }

    const fn bare(trial: Trial, subject: usize) -> Self {
        Self { trial, subject: Some(subject), on: On::Bare, closes: false }
    }

    const fn inside(trial: Trial, subject: usize) -> Self {
        Self { on: On::Tunnel, ..Self::bare(trial, subject) }
    }
}

/// All that is tested about these.
pub(super) fn plan(subjects: &[Subject<'_>]) -> Vec<Test> {
    let mut plan: Vec<Test> = [Trial::Link, Trial::Dns, Trial::LateAnswer].map(Test::of_line).into();
    let streams = || subjects.iter().enumerate().filter(|(_, subject)| subject.l4 == L4::Tcp);
    for (index, subject) in streams() {
        if subject.shows_a_name() {
            plan.push(Test::bare(Trial::NeutralName, index));
        }
        plan.push(Test::bare(Trial::NeutralBytes, index));
    }
    for (index, subject) in streams() {
        plan.push(Test::bare(Trial::Service, index));
        plan.push(Test::inside(Trial::Tunnel, index));
        plan.push(Test::bare(Trial::OtherEndpoint, index));
        plan.push(Test::bare(Trial::OtherFamily, index));
        if subject.shows_a_name() {
            plan.push(Test::bare(Trial::NeutralAddress, index));
            plan.push(Test::bare(Trial::SmallHello, index));
        }
        plan.push(Test::bare(Trial::Body, index));
        plan.push(Test::inside(Trial::Body, index));
        plan.push(Test::bare(Trial::Packets, index));
        plan.push(Test { closes: true, ..Test::bare(Trial::Goodput, index) });
        if has_a_page(subject.facet, subject.question.as_ref()) {
            plan.push(Test::bare(Trial::PlainHttp, index));
            plan.push(Test::bare(Trial::Quic, index));
        }
    }
    for (index, _) in subjects.iter().enumerate().filter(|(_, subject)| subject.l4 == L4::Udp) {
        plan.push(Test::bare(Trial::Calls, index));
        plan.push(Test::inside(Trial::Tunnel, index));
        plan.push(Test::bare(Trial::NeutralStun, index));
        plan.push(Test { closes: true, ..Test::bare(Trial::NeutralUdp, index) });
    }
    plan
}
