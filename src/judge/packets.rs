//! T9's pair: the same few bytes in one packet and in many. A request of 64 bytes passes in one segment and stops in
//! writes of two bytes, though both carry nothing to speak of: packets are counted, and nothing harmless counts them.

use crate::model::Technique;

/// How one half ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The answer came.
    Answered,
    /// It began well and then nothing came any more.
    Stopped,
    /// It never came so far: no connection, no handshake.
    Failed,
}

/// The two halves, in the order in which they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// In one segment.
    pub whole: Half,
    /// The same in some thirty packets.
    pub many: Half,
}

/// `freeze` when only the many packets stop.
pub fn technique(pair: Pair) -> Option<Technique> {
    (pair.whole == Half::Answered && pair.many == Half::Stopped).then_some(Technique::Freeze)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_difference_proves() {
        use Half::{Answered, Failed, Stopped};
        for whole in [Answered, Stopped, Failed] {
            for many in [Answered, Stopped, Failed] {
                let expected = ((whole, many) == (Answered, Stopped)).then_some(Technique::Freeze);
                assert_eq!(technique(Pair { whole, many }), expected, "{whole:?} {many:?}");
            }
        }
    }
}
