//! C10: packets beyond some size vanish on the whole line, and no ICMP message says so. Small questions are answered,
//! large ones and large answers hang: it looks like a freeze or a dropped hello, and is nobody's block.

/// What neutral places did with packets of two sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Exchanges that fit packets of some hundred bytes.
    pub small: Tried,
    /// The same with packets as large as the line claims to carry (1500 bytes).
    pub large: Tried,
}

/// Exchanges of one size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Begun.
    pub sent: u32,
    /// That came through.
    pub passed: u32,
}

/// Two places that agree are no accident.
const ENOUGH: u32 = 2;

/// Whether the line has a hole: small packets pass at two places at least, and no large one does at as many.
pub fn is_hole(sizes: &Sizes) -> bool {
    sizes.small.passed >= ENOUGH && sizes.large.sent >= ENOUGH && sizes.large.passed == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_size_makes_the_difference() {
        let tried = |sent, passed| Tried { sent, passed };
        for (what, small, large, hole) in [
            ("a hole", tried(2, 2), tried(2, 0), true),
            ("one large one passed", tried(2, 2), tried(3, 1), false),
            ("nothing passes", tried(2, 0), tried(2, 0), false),
            ("one place only", tried(1, 1), tried(1, 0), false),
            ("not tried", Tried::default(), Tried::default(), false),
        ] {
            assert_eq!(is_hole(&Sizes { small, large }), hole, "{what}");
        }
    }
}
