//! Writes JSON the way Meta puts it on the wire: compact, ASCII only, with `/`, `<`, `%` and `@` escaped.

use serde_json::Value;

/// The bytes Meta would send, and sign, for this value.
pub fn to_wire(value: &Value) -> Vec<u8> {
    // Outside of strings JSON holds none of the characters below, so the compact text can be walked as one.
    let compact = value.to_string();
    let mut wire = Vec::with_capacity(compact.len() + compact.len() / 8);
    for character in compact.chars() {
        match character {
            '/' => wire.extend_from_slice(br"\/"),
            '<' => wire.extend_from_slice(br"\u003C"),
            '%' => wire.extend_from_slice(br"\u0025"),
            '@' => wire.extend_from_slice(br"\u0040"),
            ascii if ascii.is_ascii() => wire.push(ascii as u8),
            other => push_units(&mut wire, other),
        }
    }
    wire
}

/// `\uXXXX` in lower case for each UTF-16 unit, so that what lies beyond the basic plane becomes a pair.
fn push_units(wire: &mut Vec<u8>, character: char) {
    let mut units = [0; 2];
    for unit in character.encode_utf16(&mut units) {
        wire.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wire(value: &Value) -> String {
        String::from_utf8(to_wire(value)).unwrap()
    }

    #[test]
    fn escapes_what_meta_escapes() {
        assert_eq!(wire(&json!({"a": "äöå"})), r#"{"a":"\u00e4\u00f6\u00e5"}"#);
        assert_eq!(wire(&json!("👍")), r#""\ud83d\udc4d""#);
        assert_eq!(wire(&json!("a/b <c> 5% x@y")), r#""a\/b \u003Cc> 5\u0025 x\u0040y""#);
        assert_eq!(wire(&json!({"ключ": [1, 2.5, null, true]})).len(), 46);
    }

    #[test]
    fn an_escaped_backslash_before_a_slash_stays_one() {
        let value = json!("c:\\/ \"quoted\"\n\u{7}");
        assert_eq!(wire(&value), r#""c:\\\/ \"quoted\"\n\u0007""#);
        assert_eq!(serde_json::from_slice::<Value>(&to_wire(&value)).unwrap(), value);
    }

    #[test]
    fn every_character_survives_the_round_trip() {
        for start in (0..0x11_0000_u32).step_by(4096) {
            let text: String = (start..start + 4096).filter_map(char::from_u32).collect();
            let value = json!({ "body": text });
            let bytes = to_wire(&value);
            assert!(bytes.is_ascii());
            assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value);
        }
    }
}
