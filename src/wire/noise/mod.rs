//! (being filled in)
#![allow(missing_docs)]
use super::Error;
use crate::model::Grade;

pub const PINNED_ROOT: [u8; 32] = [
    0x14, 0x23, 0x75, 0x57, 0x4d, 0x0a, 0x58, 0x71, 0x66, 0xaa, 0xe7, 0x1e, 0xbe, 0x51, 0x64, 0x37, 0xc4, 0xa2, 0x8b,
    0x73, 0xe3, 0x69, 0x5c, 0x6c, 0xe1, 0xf7, 0xf9, 0x54, 0x5d, 0xa8, 0xee, 0x6b,
];
pub struct Client {}
impl Client {
    pub fn hello(_ephemeral_private: [u8; 32]) -> Result<(Self, Vec<u8>), Error> {
        todo!()
    }
    pub fn answer(&mut self, _bytes: &[u8], _root: &[u8; 32], _now_unix: u64) -> Result<Option<Grade>, Error> {
        todo!()
    }
}
pub struct Authority {}
impl Authority {
    pub fn new(_random: &[u8; 64]) -> Self {
        todo!()
    }
    pub fn root(&self) -> [u8; 32] {
        todo!()
    }
}
pub fn serve(_hello: &[u8], _authority: &Authority, _random: &[u8; 64]) -> Result<Option<Vec<u8>>, Error> {
    todo!()
}
