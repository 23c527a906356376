//! A full examination in one word.

use super::outline::Outline;
use super::status::Up;
use crate::model::{Conclusion, LinkState, Verdict};

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
