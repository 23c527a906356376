//! All that is known, in one word: what an exit code can say.

use super::status::Up;
use crate::model::LinkState;

/// What `status -q` and `probe` end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outline {
    /// Nothing is known to be down.
    Well,
    /// Something is down.
    Degraded,
    /// Everything that is known is down.
    AllDown,
    /// There is no internet, or a captive portal.
    NoInternet,
}

impl Outline {
    /// Of a link and the state of every facet.
    pub fn of(link: LinkState, facets: impl IntoIterator<Item = Up>) -> Self {
        if matches!(link, LinkState::Offline | LinkState::Captive) {
            return Self::NoInternet;
        }
        let (mut up, mut down) = (0_usize, 0_usize);
        for facet in facets {
            match facet {
                Up::Yes => up += 1,
                Up::No => down += 1,
                Up::Unsure => {}
            }
        }
        match (up, down) {
            (_, 0) => Self::Well,
            (0, _) => Self::AllDown,
            _ => Self::Degraded,
        }
    }
}
