//! (being filled in)
#![allow(missing_docs)]
use super::tls::ClientHello;
use crate::model::FirstFlight;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Tls(ClientHello),
    Noise,
    Mtproto,
    Http { idempotent: bool, host: Option<String> },
    Unknown,
    Incomplete,
}
pub fn kind(_bytes: &[u8], _hint: FirstFlight) -> Kind {
    todo!()
}
impl Kind {
    pub fn may_replay(&self) -> bool {
        todo!()
    }
}
