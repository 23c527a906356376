//! (being filled in)
#![allow(missing_docs)]
use std::ops::Range;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hello {
    Incomplete,
    NotTls,
    Hello(ClientHello),
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    pub server_name: Option<String>,
    pub alpn: Vec<String>,
    pub record_len: usize,
    pub name_range: Option<Range<usize>>,
}
pub fn client_hello(_bytes: &[u8]) -> Hello {
    todo!()
}
pub fn is_alert(_bytes: &[u8]) -> bool {
    todo!()
}
/// Feed server bytes; says whether a record is owed.
#[derive(Clone, Debug, Default)]
pub struct Records {}
impl Records {
    pub fn new() -> Self {
        todo!()
    }
    pub fn feed(&mut self, _bytes: &[u8]) {
        todo!()
    }
    /// Whether the server has begun a record and not finished it.
    pub fn is_owed(&self) -> bool {
        todo!()
    }
}
