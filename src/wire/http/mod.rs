//! (being filled in)
#![allow(missing_docs)]
use super::Error;
use crate::model::Secret;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head<T> {
    Incomplete,
    /// The head and its length in bytes.
    Head(T, usize),
}
/// Fields in the order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {}
impl Fields {
    pub fn new() -> Self {
        todo!()
    }
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        std::iter::empty()
    }
    /// First value with this name, if it is readable text.
    pub fn get(&self, _name: &str) -> Option<&str> {
        todo!()
    }
    pub fn push(&mut self, _name: &str, _value: &[u8]) -> Result<(), Error> {
        todo!()
    }
    pub fn remove(&mut self, _name: &str) {
        todo!()
    }
    /// Takes away every hop-by-hop field (RFC 9110 §7.6.1).
    pub fn remove_hop_by_hop(&mut self) {
        todo!()
    }
    /// Names listed in Connection, lower-case.
    pub fn connection_tokens(&self) -> Vec<String> {
        todo!()
    }
}
/// How a body ends (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    None,
    Length(u64),
    Chunked,
    UntilClose,
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead {
    pub method: String,
    pub target: String,
    /// HTTP/1.x
    pub minor: u8,
    pub fields: Fields,
    pub body: Body,
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    pub status: u16,
    pub reason: String,
    pub minor: u8,
    pub fields: Fields,
}
impl RequestHead {
    pub fn encode(&self) -> Vec<u8> {
        todo!()
    }
}
impl ResponseHead {
    pub fn encode(&self) -> Vec<u8> {
        todo!()
    }
    /// The body of an answer to a request with this method.
    pub fn body(&self, _method: &str) -> Result<Body, Error> {
        todo!()
    }
}
pub fn request_head(_bytes: &[u8]) -> Result<Head<RequestHead>, Error> {
    todo!()
}
pub fn response_head(_bytes: &[u8]) -> Result<Head<ResponseHead>, Error> {
    todo!()
}
pub fn is_hop_by_hop(_name: &str, _connection_tokens: &[String]) -> bool {
    todo!()
}
pub fn is_idempotent(_method: &str) -> bool {
    todo!()
}
pub fn basic_login(_header_value: &str) -> Option<(String, Secret<String>)> {
    todo!()
}
