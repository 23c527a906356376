//! T8: everything a server sends is dropped, whatever it is asked. It looks like a muted answer (T7b) until the same
//! address is asked with another name, or with bytes that no filter minds.

use crate::model::{Sign, Technique};

/// How one first message to the address went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Something came back.
    Answer,
    /// It was acknowledged, and nothing came back (or nothing came back, and the kernel tells no more).
    Nothing,
    /// It ended otherwise: a reset, no connection, not acknowledged.
    Other,
}

impl Heard {
    /// What a failure's sign means here.
    pub const fn of(sign: Sign) -> Self {
        match sign {
            Sign::HelloMuted | Sign::Silence => Self::Nothing,
            sign if sign.is_good() => Self::Answer,
            _ => Self::Other,
        }
    }
}

/// What three messages to one address and port prove, the real one being muted: the neutral name alone answered is a
/// name's block, neither the name nor other bytes answered is the whole server's. `bytes` is `None` where only the name
/// was compared.
pub fn technique(real: Heard, name: Option<Heard>, bytes: Option<Heard>) -> Option<Technique> {
    if real != Heard::Nothing {
        return None;
    }
    match (name, bytes) {
        (Some(Heard::Answer), _) => Some(Technique::SniDropAnswer),
        (None, Some(Heard::Answer)) => Some(Technique::ProtoBlock),
        (Some(Heard::Nothing), Some(Heard::Nothing)) => Some(Technique::S2cDrop),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_muted_server_is_told_from_a_muted_name() {
        use Heard::{Answer, Nothing, Other};
        for (name, bytes, expected) in [
            (Some(Answer), None, Some(Technique::SniDropAnswer)),
            (Some(Answer), Some(Nothing), Some(Technique::SniDropAnswer)),
            (None, Some(Answer), Some(Technique::ProtoBlock)),
            (Some(Nothing), Some(Nothing), Some(Technique::S2cDrop)),
            (Some(Nothing), None, None),
            (Some(Nothing), Some(Answer), None),
            (Some(Other), Some(Nothing), None),
        ] {
            assert_eq!(technique(Nothing, name, bytes), expected, "{name:?} {bytes:?}");
            assert_eq!(technique(Answer, name, bytes), None);
        }
        assert_eq!(Heard::of(Sign::HelloMuted), Nothing);
        assert_eq!(Heard::of(Sign::HelloDropped), Other);
    }
}
