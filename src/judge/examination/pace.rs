//! T10 on request: one object's speed here beside a neutral one's over the same line and its own through a tunnel. What is
//! slow everywhere is nobody's doing.

/// So many times faster the neutral place must be.
const SLOWER: u64 = 10;
/// Below this many bytes a second nothing can be used …
const UNUSABLE: u64 = 4_000;
/// … and above this many nobody complains.
const FAST: u64 = 64_000;
/// A tunnel has limits of its own.
const TUNNEL_FASTER: u64 = 3;

/// Speeds in bytes a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paces {
    /// The service's object over the bare line.
    pub own: u64,
    /// A neutral place's over the same line, a moment before or after.
    pub neutral: u64,
    /// The service's object through the active tunnel, where that was measured.
    pub tunnel: Option<u64>,
}

/// Whether the service is slow, and nothing else is.
pub fn is_throttled(paces: &Paces) -> bool {
    let Paces { own, neutral, tunnel } = *paces;
    let slow = own < (neutral / SLOWER).max(UNUSABLE) && own < FAST;
    slow && neutral > own.saturating_mul(SLOWER) && tunnel.is_none_or(|tunnel| tunnel >= own * TUNNEL_FASTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_service_is_slow() {
        for (what, own, neutral, tunnel, expected) in [
            ("a policer", 17_300, 900_000, None, true),
            ("a policer, fast through the tunnel", 17_300, 900_000, Some(500_000), true),
            ("unusable", 700, 100_000, None, true),
            ("slow through the tunnel too", 17_300, 900_000, Some(20_000), false),
            ("the line is slow", 17_300, 60_000, None, false),
            ("the line is as slow", 700, 5_000, None, false),
            ("a fast line, a lazy server", 80_000, 9_000_000, None, false),
            ("as it should be", 900_000, 900_000, Some(800_000), false),
        ] {
            assert_eq!(is_throttled(&Paces { own, neutral, tunnel }), expected, "{what}");
        }
    }
}
