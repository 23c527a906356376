//! (being filled in)
#![allow(missing_docs)]
use super::Error;

pub const PRODUCTION_KEY: u64 = 0xd09d_1d85_de64_fd85;

pub struct Start {
    pub random: [u8; 64],
    pub nonce: [u8; 16],
    pub dc: i16,
    pub msg_id: i64,
    pub padding_words: u8,
    pub padding: [u8; 252],
}
pub struct Client {}
impl Client {
    pub fn hello(_start: &Start) -> (Self, Vec<u8>) {
        todo!()
    }
    pub fn answer(&mut self, _bytes: &[u8]) -> Result<Option<Answer>, Error> {
        todo!()
    }
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    ResPq { fingerprints: Vec<u64>, server_nonce: [u8; 16] },
    TransportError(i32),
}
#[derive(Default)]
pub struct Server {}
impl Server {
    pub fn new() -> Self {
        todo!()
    }
    pub fn receive(&mut self, _bytes: &[u8]) -> Result<Option<[u8; 16]>, Error> {
        todo!()
    }
    pub fn res_pq(&mut self, _nonce: &[u8; 16], _server_nonce: &[u8; 16], _fingerprints: &[u64]) -> Vec<u8> {
        todo!()
    }
    pub fn frame(&mut self, _payload: &[u8]) -> Vec<u8> {
        todo!()
    }
}
