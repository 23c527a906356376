//! A list that the running byway is asked to fetch, for `byway import`: its address in, its copy out.

use crate::model::TransportId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A text that goes over the control place and is shown nowhere. Prints as `***`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unshown(pub String);

/// What came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchedList {
    /// The way it came over.
    pub over: TransportId,
    /// The list, as it is kept.
    pub copy: Unshown,
}

impl fmt::Debug for Unshown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_to_be_shown_is_not() {
        let list = FetchedList { over: "home".into(), copy: Unshown("ss://secret".into()) };
        assert!(!format!("{list:?}").contains("secret"));
        assert_eq!(serde_json::to_value(&list).unwrap()["copy"], "ss://secret");
    }
}
