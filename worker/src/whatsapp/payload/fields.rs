//! Single fields out of a JSON object, by what they mean rather than by how they happen to be written.

use serde_json::Value;

/// The first second of the year 10000: later instants are not times but mistakes.
const END_OF_TIME: i64 = 253_402_300_800;

/// A text, also if it was sent as a number. Empty means absent, and U+0000, which PostgreSQL cannot store in
/// text, becomes U+FFFD.
pub(crate) fn text(of: &Value, name: &str) -> Option<String> {
    as_text(of.get(name)?)
}

pub(crate) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.replace('\0', "\u{fffd}")),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// An integer, also if it was sent as text.
pub(crate) fn integer(of: &Value, name: &str) -> Option<i64> {
    match of.get(name)? {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_i64(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// An instant in seconds since 1970; one that no calendar has counts as absent.
pub(crate) fn seconds(of: &Value, name: &str) -> Option<i64> {
    integer(of, name).filter(|&seconds| 0 < seconds && seconds < END_OF_TIME)
}

/// A yes or no, also if it was sent as text.
pub(crate) fn flag(of: &Value, name: &str) -> Option<bool> {
    match of.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A list, empty when there is none.
pub(crate) fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_and_texts_are_both_taken() {
        let of = json!({"a": "12", "b": 12, "c": "twelve", "d": 1.5, "e": null, "f": "true"});
        assert_eq!((integer(&of, "a"), integer(&of, "b")), (Some(12), Some(12)));
        assert_eq!((integer(&of, "c"), integer(&of, "d"), integer(&of, "e")), (None, None, None));
        assert_eq!((text(&of, "a"), text(&of, "b")), (Some("12".into()), Some("12".into())));
        assert_eq!((flag(&of, "f"), flag(&of, "a")), (Some(true), None));
    }

    #[test]
    fn nul_is_replaced_and_empty_is_absent() {
        let of = json!({"nul": "a\u{0}b", "empty": ""});
        assert_eq!(text(&of, "nul"), Some("a\u{fffd}b".into()));
        assert_eq!(text(&of, "empty"), None);
    }

    #[test]
    fn absurd_times_are_absent() {
        let of = json!({"past": -5, "zero": "0", "milliseconds": 1_786_400_000_000_i64, "far": "99999999999999999999"});
        for name in ["past", "zero", "milliseconds", "far"] {
            assert_eq!(seconds(&of, name), None, "{name}");
        }
        assert_eq!(seconds(&json!({"now": "1786400000"}), "now"), Some(1_786_400_000));
    }
}
