//! The ClientHello (RFC 8446 §4.1.2), whole or cut over several records; the name in it (RFC 6066 §3) and the
//! protocols it offers (RFC 7301). A fingerprint is not computed.

use super::{HANDSHAKE, LONGEST_RECORD, RECORD_HEADER};
use crate::model::{Host, Private};
use crate::wire::cursor::Cursor;
use std::fmt;
use std::ops::Range;

const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
const HOST_NAME: u8 = 0;
/// The longest hello that is put together. Real ones have 200 to 2000 bytes; a first flight is held up to 64 KB.
const LONGEST_HELLO: usize = 1 << 16;

/// What the first bytes of a client are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hello {
    /// The beginning of a ClientHello.
    Incomplete,
    /// Something else.
    NotTls,
    /// A ClientHello.
    Hello(ClientHello),
}

/// What a ClientHello shows. Debug output hides the name.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientHello {
    /// The name asked for, lower-case, when it is a host name.
    pub server_name: Option<String>,
    /// The protocols offered, in the client's order.
    pub alpn: Vec<String>,
    /// How many bytes the hello takes, record headers included.
    pub record_len: usize,
    /// Where the name stands in the bytes, from its first to its last byte. A hello cut within the name has a record
    /// header in between.
    pub name_range: Option<Range<usize>>,
}

/// Reads a ClientHello from the first bytes of a client.
pub fn client_hello(bytes: &[u8]) -> Hello {
    let message = match assemble(bytes) {
        Ok(Some(message)) => message,
        Ok(None) => return Hello::Incomplete,
        Err(NotTls) => return Hello::NotTls,
    };
    match parse(&message) {
        Some(hello) => Hello::Hello(hello),
        None => Hello::NotTls,
    }
}

impl fmt::Debug for ClientHello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("ClientHello");
        out.field("server_name", &self.server_name.as_ref().map(Private)).field("alpn", &self.alpn);
        out.field("record_len", &self.record_len).finish_non_exhaustive()
    }
}

struct NotTls;

/// A handshake message taken out of its records.
struct Message {
    bytes: Vec<u8>,
    /// For each record: where its payload begins in the message and in the input.
    pieces: Vec<(usize, usize)>,
    /// How many bytes of the input the records took.
    taken: usize,
}

impl Message {
    /// Where the byte at `at` stands in the input.
    fn place(&self, at: usize) -> usize {
        let (message, input) = self.pieces.iter().rfind(|(begins, _)| *begins <= at).copied().unwrap_or_default();
        input + at - message
    }
}

fn assemble(bytes: &[u8]) -> Result<Option<Message>, NotTls> {
    let mut cursor = Cursor::new(bytes);
    let mut message = Message { bytes: Vec::new(), pieces: Vec::new(), taken: 0 };
    loop {
        let Some(length) = record_header(&mut cursor)? else { return Ok(None) };
        message.pieces.push((message.bytes.len(), cursor.at()));
        let available = length.min(cursor.rest().len());
        message.bytes.extend_from_slice(cursor.take(available).unwrap_or_default());
        if message.bytes.first().is_some_and(|kind| *kind != CLIENT_HELLO) {
            return Err(NotTls);
        }
        let announced = Cursor::new(message.bytes.get(1..).unwrap_or_default()).u24().map(|body| 4 + body as usize);
        if announced.is_some_and(|whole| whole > LONGEST_HELLO) {
            return Err(NotTls);
        }
        if available < length {
            return Ok(None);
        }
        if let Some(whole) = announced.filter(|whole| *whole <= message.bytes.len()) {
            message.bytes.truncate(whole);
            message.taken = cursor.at();
            return Ok(Some(message));
        }
    }
}

/// The length of the record that begins here; refuses what cannot be the header of a handshake record.
fn record_header(cursor: &mut Cursor<'_>) -> Result<Option<usize>, NotTls> {
    let header = cursor.rest();
    let fits = |at: usize, range: Range<u8>| header.get(at).is_none_or(|byte| range.contains(byte));
    if !(fits(0, HANDSHAKE..HANDSHAKE + 1) && fits(1, 3..4) && fits(2, 0..5)) {
        return Err(NotTls);
    }
    let length = cursor.take(RECORD_HEADER).map(|header| usize::from(u16::from_be_bytes([header[3], header[4]])));
    match length {
        Some(length) if !(1..=LONGEST_RECORD).contains(&length) => Err(NotTls),
        length => Ok(length),
    }
}

fn parse(message: &Message) -> Option<ClientHello> {
    let mut hello = ClientHello { server_name: None, alpn: Vec::new(), record_len: message.taken, name_range: None };
    let mut cursor = Cursor::new(&message.bytes);
    cursor.take(4)?;
    let [major, _] = cursor.array()?;
    cursor.take(32)?;
    let session = cursor.u8()?;
    cursor.take(usize::from(session))?;
    let suites = cursor.u16()?;
    cursor.take(usize::from(suites))?;
    let compressions = cursor.u8()?;
    cursor.take(usize::from(compressions))?;
    if major != 3 || session > 32 || suites < 2 || suites % 2 != 0 || compressions == 0 {
        return None;
    }
    // A hello of TLS 1.2 may have no extensions at all.
    if cursor.is_empty() {
        return Some(hello);
    }
    let length = usize::from(cursor.u16()?);
    if length != cursor.rest().len() {
        return None;
    }
    while !cursor.is_empty() {
        let kind = cursor.u16()?;
        let length = usize::from(cursor.u16()?);
        let begins = cursor.at();
        let content = cursor.take(length)?;
        match kind {
            SERVER_NAME => name(content, begins, message, &mut hello)?,
            ALPN => hello.alpn = protocols(content)?,
            _ => {}
        }
    }
    Some(hello)
}

fn name(content: &[u8], begins: usize, message: &Message, hello: &mut ClientHello) -> Option<()> {
    let mut list = list(content)?;
    while !list.is_empty() {
        let kind = list.u8()?;
        let length = usize::from(list.u16()?);
        // The list stands two bytes into the extension.
        let at = begins + 2 + list.at();
        let text = list.take(length)?;
        if kind == HOST_NAME && length > 0 && hello.name_range.is_none() {
            hello.name_range = Some(message.place(at)..message.place(at + length - 1) + 1);
            let host = std::str::from_utf8(text).ok().and_then(|text| Host::parse(text).ok());
            hello.server_name = host.and_then(|host| host.name().map(str::to_owned));
        }
    }
    Some(())
}

fn protocols(content: &[u8]) -> Option<Vec<String>> {
    let mut list = list(content)?;
    let mut found = Vec::new();
    while !list.is_empty() {
        let length = usize::from(list.u8()?);
        found.push(String::from_utf8_lossy(list.take(length)?).into_owned());
    }
    Some(found)
}

/// A list that fills its extension, behind its own length.
fn list(content: &[u8]) -> Option<Cursor<'_>> {
    let mut cursor = Cursor::new(content);
    let length = usize::from(cursor.u16()?);
    (cursor.rest().len() == length).then(|| Cursor::new(cursor.rest()))
}
