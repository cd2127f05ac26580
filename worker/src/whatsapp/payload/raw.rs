//! JSON that may be partly broken, taken apart so that one bad value does not cost its neighbours.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// An object's members, each still unread. Of a repeated name the last counts.
pub(super) type Members<'a> = BTreeMap<String, &'a RawValue>;

const REPLACEMENT: &str = r"\ufffd";
const ESCAPE_LENGTH: usize = 6;
/// Nothing that Meta sends and we look at lies deeper.
const SALVAGE_DEPTH: usize = 12;

/// The body as text that a JSON reader can take: no byte-order mark, no invalid UTF-8, no half of a surrogate
/// pair (a text cut in the middle of an emoji leaves one, and readers refuse the whole document for it).
pub(super) fn readable(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => mend_surrogates(text),
        Cow::Owned(text) => Cow::Owned(mend_surrogates(&text).into_owned()),
    }
}

/// The members of an object; `None` for anything else.
pub(super) fn members(raw: &RawValue) -> Option<Members<'_>> {
    serde_json::from_str(raw.get()).ok()
}

/// The elements of an array; `None` for anything else.
pub(super) fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

/// The value read whole, or, where something in it cannot be read (a number out of range, nesting beyond the
/// reader's limit), that part of it which can.
pub(super) fn value(raw: &RawValue) -> Value {
    whole(raw).or_else(|| salvage(raw, SALVAGE_DEPTH)).unwrap_or_default()
}

fn salvage(raw: &RawValue, depth: usize) -> Option<Value> {
    let deeper = depth.checked_sub(1)?;
    let read = |part: &RawValue| whole(part).or_else(|| salvage(part, deeper));
    if let Some(members) = members(raw) {
        let members = members.into_iter().filter_map(|(name, member)| Some((name, read(member)?)));
        return Some(Value::Object(members.collect()));
    }
    // An element keeps its place: what cannot be read leaves a gap.
    elements(raw)
        .map(|elements| elements.into_iter().map(|element| read(element).unwrap_or_default()).collect())
}

/// The value read whole, or nothing.
pub(super) fn whole(raw: &RawValue) -> Option<Value> {
    serde_json::from_str(raw.get()).ok()
}

fn mend_surrogates(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut mended = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = bytes[at..].iter().position(|&byte| byte == b'\\') {
        let here = at + found;
        match code_unit(bytes, here) {
            None => at = (here + 2).min(bytes.len()),
            Some(0xd800..0xdc00)
                if matches!(code_unit(bytes, here + ESCAPE_LENGTH), Some(0xdc00..0xe000)) =>
            {
                at = here + 2 * ESCAPE_LENGTH;
            }
            Some(0xd800..0xe000) => {
                mended.push_str(&text[copied..here]);
                mended.push_str(REPLACEMENT);
                at = here + ESCAPE_LENGTH;
                copied = at;
            }
            Some(_) => at = here + ESCAPE_LENGTH,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(&text[copied..]);
    Cow::Owned(mended)
}

/// The UTF-16 unit that `\uXXXX` at this place stands for.
fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + ESCAPE_LENGTH)?.strip_prefix(br"\u")?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_pairs_are_replaced_and_pairs_kept() {
        let cases = [
            (r#""a \ud83c\udf35 b""#, r#""a \ud83c\udf35 b""#),
            (r#""cut \ud83c""#, r#""cut \ufffd""#),
            (r#""\udf35 first""#, r#""\ufffd first""#),
            (r#""\uD83C\ud83c\udf35""#, r#""\ufffd\ud83c\udf35""#),
            (r#""not an escape \\ud83c""#, r#""not an escape \\ud83c""#),
            (r#""\u+d83 \é \"#, r#""\u+d83 \é \"#),
        ];
        for (given, expected) in cases {
            assert_eq!(mend_surrogates(given), expected);
        }
    }

    #[test]
    fn bytes_become_text() {
        assert_eq!(readable(b"\xef\xbb\xbf{}"), "{}");
        assert_eq!(readable(b"\"\xff\""), "\"\u{fffd}\"");
    }

    #[test]
    fn what_can_be_read_around_damage_is() {
        let raw: Box<RawValue> =
            serde_json::from_str(r#"{"id":"a","size":1e999,"in":{"list":[1,1e999,{"n":7}],"b":-1e999}}"#)
                .unwrap();
        assert_eq!(value(&raw), serde_json::json!({"id": "a", "in": {"list": [1, null, {"n": 7}]}}));
    }
}
