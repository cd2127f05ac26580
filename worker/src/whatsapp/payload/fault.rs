//! An error as Meta reports it beside a message, a status or a whole change.

use serde_json::Value;

use super::fields;

/// One of Meta's errors. Only the code is dependable; the texts change without notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub code: Option<i64>,
    pub title: Option<String>,
    pub details: Option<String>,
}

impl Fault {
    /// The errors listed in an object; those without code and text are left to the raw JSON.
    pub(super) fn all(of: &Value) -> Vec<Self> {
        fields::list(of, "errors").iter().filter_map(Self::read).collect()
    }

    fn read(error: &Value) -> Option<Self> {
        let fault = Self {
            code: fields::integer(error, "code"),
            title: fields::text(error, "title").or_else(|| fields::text(error, "message")),
            details: error.get("error_data").and_then(|data| fields::text(data, "details")),
        };
        (fault.code.is_some() || fault.title.is_some()).then_some(fault)
    }
}
