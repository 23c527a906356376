//! What an examination as a whole means (`byway diagnose`), facet by facet: the decision order of detection rules §1.5
//! over everything that was tested. Keeps OONI's logic: a control that is missing makes it inconclusive, what fails on
//! every way is down, what fails only here is blocked. It names an observation, never a motive.

mod pace;
mod packets;
mod streams;
#[cfg(test)]
mod tests;
mod words;

pub use pace::{Paces, is_throttled};
pub use words::says;

use super::On;
use crate::model::{Conclusion, Confidence, Facet, Ground, L4, LinkState, Sign, Technique, Trial, Verdict};

/// What one test brought, as far as anything follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which test.
    pub trial: Trial,
    /// Of which facet; `None` where it is about the line.
    pub facet: Option<Facet>,
    /// Over the bare line or through a tunnel.
    pub on: On,
    /// What it brought.
    pub said: Said,
}

/// What a test brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It was answered as it should be, each time.
    Passed,
    /// It was not answered, each of so many times.
    Failed {
        /// What the failure is a sign of.
        sign: Sign,
        /// How often it was tried.
        tries: u32,
    },
    /// It was answered some of the times.
    Mixed {
        /// What the failures are a sign of.
        sign: Sign,
        /// How often it failed …
        failed: u32,
        /// … of so many times.
        tries: u32,
    },
    /// It was not made, or says nothing.
    Skipped,
}

/// All that was found about one facet, and about the line.
struct Case<'a> {
    facet: Facet,
    findings: &'a [Finding],
}

impl Case<'_> {
    /// What a test of this facet brought, or one that belongs to no facet.
    fn said(&self, trial: Trial, on: On) -> Said {
        let fits = |finding: &&Finding| {
            finding.trial == trial && finding.on == on && finding.facet.is_none_or(|facet| facet == self.facet)
        };
        self.findings.iter().find(fits).map_or(Said::Skipped, |finding| finding.said)
    }

    /// The same, over the bare line.
    fn bare(&self, trial: Trial) -> Said {
        self.said(trial, On::Bare)
    }

    /// What a test failed with, whenever it failed.
    fn failed(&self, trial: Trial) -> Option<Sign> {
        match self.bare(trial) {
            Said::Failed { sign, .. } => Some(sign),
            Said::Passed | Said::Mixed { .. } | Said::Skipped => None,
        }
    }

    fn passed(&self, trial: Trial) -> bool {
        self.bare(trial) == Said::Passed
    }

    /// What the same did through a tunnel (control C8).
    fn twin(&self) -> Elsewhere {
        match self.said(Trial::Tunnel, On::Tunnel) {
            Said::Passed => Elsewhere::Works,
            Said::Failed { sign: Sign::TransportDown, .. } | Said::Skipped => Elsewhere::Unknown,
            Said::Failed { .. } => Elsewhere::FailsToo,
            Said::Mixed { .. } => Elsewhere::Works,
        }
    }
}

/// How the facet does on another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Elsewhere {
    Works,
    FailsToo,
    Unknown,
}

/// What is concluded, before it is put into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reading {
    verdict: Verdict,
    confidence: Confidence,
    because: &'static str,
    advice: &'static str,
}

impl Reading {
    const fn new(verdict: Verdict, confidence: Confidence, because: &'static str, advice: &'static str) -> Self {
        Self { verdict, confidence, because, advice }
    }

    const fn unclear(because: &'static str, advice: &'static str) -> Self {
        Self::new(Verdict::Unclear, Confidence::Inconclusive, because, advice)
    }

    const fn blocked(how: Technique, confidence: Confidence, because: &'static str) -> Self {
        Self::new(Verdict::Blocked(how), confidence, because, words::TAKE_A_TUNNEL)
    }
}

/// What `findings` mean for each of `facets`, on a line in this state.
pub fn conclude(facets: &[(Facet, L4)], findings: &[Finding], link: LinkState, ground: Ground) -> Vec<Conclusion> {
    let of_facet = |(facet, l4): &(Facet, L4)| {
        let case = Case { facet: *facet, findings };
        let reading = match (link, l4) {
            (LinkState::Online, L4::Tcp) => streams::read(&case),
            (LinkState::Online, L4::Udp) => packets::read(&case),
            _ => return words::no_verdict(*facet, link, ground),
        };
        words::spoken(*facet, &reading)
    };
    facets.iter().map(of_facet).collect()
}
