//! Names of files as strangers gave them, made harmless for whoever saves the file.

const LONGEST: usize = 120;

/// The name without what leads into folders, hides an ending, or ends a header.
pub fn harmless(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .filter(|c| !c.is_control() && !turns_or_hides(*c))
        .map(|c| if matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|') { '_' } else { c })
        .collect();
    let kept = kept.trim_matches(|c: char| c == '.' || c.is_whitespace());
    if kept.is_empty() {
        return None;
    }
    Some(shortened(kept))
}

/// Characters that change the direction of writing, or are not to be seen.
fn turns_or_hides(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Cut in the middle: the ending tells what it is.
fn shortened(name: &str) -> String {
    let count = name.chars().count();
    if count <= LONGEST {
        return name.to_owned();
    }
    let ending =
        name.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| ending.chars().count() <= 10);
    let ending = ending.map(|ending| format!(".{ending}")).unwrap_or_default();
    let start: String = name.chars().take(LONGEST - ending.chars().count()).collect();
    start + &ending
}

/// `Content-Disposition`: in the page or to be saved, and under which name (RFC 6266).
pub fn disposition(inline: bool, name: &str) -> String {
    let way = if inline { "inline" } else { "attachment" };
    let plain: String =
        name.chars().map(|c| if c.is_ascii() && !matches!(c, '"' | '\\' | '%') { c } else { '_' }).collect();
    format!("{way}; filename=\"{plain}\"; filename*=UTF-8''{}", encoded(name))
}

fn encoded(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_lead_nowhere_and_hide_nothing() {
        for (given, expected) in [
            ("../../etc/passwd", Some("passwd")),
            ("C:\\Windows\\x.exe", Some("x.exe")),
            ("a\r\nSet-Cookie: x=1", Some("aSet-Cookie_ x=1")),
            ("recibo\u{202e}fdp.exe", Some("recibofdp.exe")),
            ("..", None),
            (" . ", None),
            ("\u{200b}", None),
            (".htaccess", Some("htaccess")),
            ("Orçamento nº 3.pdf", Some("Orçamento nº 3.pdf")),
        ] {
            assert_eq!(harmless(given).as_deref(), expected, "{given:?}");
        }
        let long = format!("{}.pdf", "é".repeat(500));
        let short = harmless(&long).unwrap();
        assert!(short.ends_with(".pdf") && short.chars().count() == LONGEST);
    }

    #[test]
    fn a_name_of_any_letters_can_be_saved() {
        assert_eq!(
            disposition(false, "Orçamento \"1\".pdf"),
            "attachment; filename=\"Or_amento _1_.pdf\"; filename*=UTF-8''Or%C3%A7amento%20%221%22.pdf"
        );
        assert!(disposition(true, "x").starts_with("inline; "));
    }

    proptest! {
        #[test]
        fn no_name_ends_the_header(name in any::<String>()) {
            let name = harmless(&name).unwrap_or_else(|| "x".to_owned());
            let header = disposition(false, &name);
            prop_assert!(header.bytes().all(|byte| (32..127).contains(&byte)), "{header}");
            prop_assert_eq!(header.matches('"').count(), 2);
            prop_assert!(!name.contains('/') && !name.contains('\\'));
        }
    }
}
