//! A line of the protocol, as bytes and back. What is wrong with a question is told to who asked.

use super::protocol::{Ask, Refusal, RefusalCode, SCHEMA, Schemed, nearest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One line of the protocol, its end included.
pub(super) fn encode<T: Serialize>(body: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(&Schemed { schema: SCHEMA, body })?;
    line.push(b'\n');
    Ok(line)
}

/// Reads a question; what is wrong with it comes back as the answer to give.
pub(super) fn decode_ask(line: &[u8]) -> Result<Ask, Refusal> {
    const ASKS: [&str; 16] = [
        "ping",
        "status",
        "why",
        "log",
        "history",
        "use",
        "reload",
        "probe",
        "diagnose",
        "doctor",
        "fetch",
        "report",
        "measurements",
        "doors",
        "ui",
        "metrics",
    ];
    let malformed = |what: &str| Refusal::new(RefusalCode::Malformed, format!("the question is malformed: {what}"));
    let value: Value = serde_json::from_slice(line).map_err(|_| malformed("it is not JSON"))?;
    let name = value.get("ask").and_then(Value::as_str).ok_or_else(|| malformed("it has no \"ask\""))?;
    match value.get("schema").and_then(Value::as_u64) {
        Some(schema) if schema == u64::from(SCHEMA) => {}
        _ => return Err(Refusal::new(RefusalCode::Schema, format!("this byway speaks schema {SCHEMA} only"))),
    }
    if !ASKS.contains(&name) {
        let near = nearest(name, ASKS);
        return Err(Refusal { nearest: near, ..Refusal::new(RefusalCode::UnknownAsk, "there is no such ask") });
    }
    serde_json::from_value(value).map_err(|error| malformed(&error.to_string()))
}

/// Reads any line that is trusted to be of the present schema.
pub(super) fn decode<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    let line: Schemed<T> = serde_json::from_slice(line).ok()?;
    (line.schema == SCHEMA).then_some(line.body)
}
