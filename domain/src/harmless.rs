//! Makes names chosen by anybody safe to show: one line, no tricks with direction, no links, not endless.
//! Escaping for HTML is the template's work and comes on top.

/// Long enough for any honest name.
const LONGEST: usize = 60;
/// Long enough for what a program says of itself.
const LONGEST_DETAIL: usize = 300;
const MOST_ACCENTS_IN_A_ROW: usize = 3;

/// A name, cleaned. Empty if nothing visible is left.
pub fn name(raw: &str) -> String {
    cleaned(raw, LONGEST)
}

/// The same of what may be longer than a name: a reason, the name of a file.
pub fn detail(raw: &str) -> String {
    cleaned(raw, LONGEST_DETAIL)
}

fn cleaned(raw: &str, longest: usize) -> String {
    let visible: String = raw.chars().filter_map(visible).collect();
    let one_line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    let short = shorten(&calm_accents(&one_line), longest);
    let unlinked = break_links(&short);
    if unlinked.chars().any(is_right_to_left) {
        // Isolated, so that the words around it stay in their order.
        format!("\u{2068}{unlinked}\u{2069}")
    } else {
        unlinked
    }
}

/// An e-mail address, cleaned likewise, and left whole if it looks like one: it is a member's, and known.
pub fn email(raw: &str) -> String {
    let visible: String = raw.chars().filter_map(visible).filter(|c| !c.is_whitespace()).collect();
    let looks_like_one = visible.matches('@').count() == 1 && !visible.contains(['/', ':', '<', '>']);
    if looks_like_one { shorten(&visible, LONGEST) } else { name(&visible) }
}

/// An internet address, or a network of some. What is neither is treated as a name.
pub fn address(raw: &str) -> String {
    let network = || raw.parse::<ipnet::IpNet>().map(|network| network.to_string());
    let address = raw.parse::<std::net::IpAddr>().map(|address| address.to_string());
    address.or_else(|_| network()).unwrap_or_else(|_| name(raw))
}

fn visible(c: char) -> Option<char> {
    match c {
        '\u{2028}' | '\u{2029}' => Some(' '),
        c if c.is_whitespace() => Some(' '),
        c if c.is_control() => None,
        // Direction marks and overrides, invisible characters, tags.
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' => None,
        '\u{2060}'..='\u{206f}' | '\u{ad}' | '\u{180e}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => None,
        '\u{e0000}'..='\u{e0fff}' => None,
        c => Some(c),
    }
}

fn shorten(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let kept: String = text.chars().take(longest - 1).collect();
    format!("{}…", kept.trim_end())
}

/// Letters buried under accents would spill over the lines around them.
fn calm_accents(text: &str) -> String {
    let mut row = 0;
    let keep = |c: &char| {
        row = if is_accent(*c) { row + 1 } else { 0 };
        row <= MOST_ACCENTS_IN_A_ROW
    };
    text.chars().filter(keep).collect()
}

/// Mail programs make links of anything that looks like one. A zero-width space after the dot, slash, colon
/// or at sign keeps a name a name, and is not seen.
fn break_links(text: &str) -> String {
    let mut broken = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        broken.push(c);
        let joins = matches!(c, '.' | '/' | ':' | '@');
        if joins && letters.peek().is_some_and(|next| next.is_alphanumeric() || *next == '/') {
            broken.push('\u{200b}');
        }
    }
    broken
}

fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_honest_name_stays_as_it_is() {
        for honest in ["Ana Souza", "João D'Ávila Jr.", "J. R. Conceição", "李小龍", "Zoë & Söhne"] {
            assert_eq!(name(honest), honest);
        }
    }

    #[test]
    fn direction_tricks_and_line_breaks_are_gone() {
        assert_eq!(name("Ana\u{202e}azuoS\u{202c}"), "AnaazuoS");
        assert_eq!(name("  Ana\r\n\tSouza\u{2028}x\u{0} "), "Ana Souza x");
        assert_eq!(name("\u{200f}\u{200b}\u{feff}"), "");
    }

    #[test]
    fn right_to_left_names_are_kept_and_fenced() {
        assert_eq!(name("دانا"), "\u{2068}دانا\u{2069}");
    }

    #[test]
    fn a_name_is_no_link() {
        assert_eq!(
            name("http://evil.example/x"),
            "http:\u{200b}/\u{200b}/\u{200b}evil.\u{200b}example/\u{200b}x"
        );
        assert_eq!(name("ceo@evil.example"), "ceo@\u{200b}evil.\u{200b}example");
    }

    #[test]
    fn an_address_or_network_stays_as_it_is() {
        for honest in ["198.51.100.7", "2001:db8::7", "2001:db8:1:2::/64"] {
            assert_eq!(address(honest), honest);
        }
        assert_eq!(address("evil.example/64"), name("evil.example/64"));
    }

    #[test]
    fn endless_names_end() {
        assert_eq!(name(&"x".repeat(5_000)).chars().count(), LONGEST);
        assert_eq!(name(&format!("e{}", "\u{301}".repeat(40))), "e\u{301}\u{301}\u{301}");
        assert_eq!(email(&format!("{}@example.com", "x".repeat(500))).chars().count(), LONGEST);
    }
}
