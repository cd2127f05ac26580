//! The parameters within a template's text: `{{1}}` or `{{first_name}}`.

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    Parameter(&'a str),
}

/// A text in pieces, in order. What only looks like a parameter is text.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut plain = 0;
    while let Some(open) = rest[plain..].find("{{").map(|at| plain + at) {
        let name = rest[open + 2..].find("}}").map(|end| &rest[open + 2..open + 2 + end]);
        let Some(name) = name.filter(|name| is_name(name)) else {
            plain = open + 2;
            continue;
        };
        if open > 0 {
            pieces.push(Piece::Text(&rest[..open]));
        }
        pieces.push(Piece::Parameter(name));
        rest = &rest[open + 2 + name.len() + 2..];
        plain = 0;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The parameters of a text, each once, in the order in which they first come.
pub fn parameters(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Parameter(name) if !names.contains(&name) => names.push(name),
            Piece::Parameter(_) | Piece::Text(_) => {}
        }
    }
    names
}

/// The text with something in the place of each parameter.
pub fn replaced<'a>(text: &str, value: impl Fn(&str) -> Option<&'a str>) -> String {
    let one = |piece: Piece<'_>| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Parameter(name) => value(name).map_or_else(|| format!("{{{{{name}}}}}"), str::to_owned),
    };
    pieces(text).into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_comes_apart_at_its_parameters() {
        assert_eq!(
            pieces("Oi {{1}}, {{ 2 }} {{x"),
            [Piece::Text("Oi "), Piece::Parameter("1"), Piece::Text(", {{ 2 }} {{x")]
        );
        assert_eq!(parameters("{{b}}{{a}} {{b}}"), ["b", "a"]);
        assert_eq!(pieces("{{{{1}}}}"), [Piece::Text("{{"), Piece::Parameter("1"), Piece::Text("}}")]);
        assert_eq!(replaced("Oi {{nome}} {{x}}", |name| (name == "nome").then_some("Zé")), "Oi Zé {{x}}");
    }

    proptest! {
        #[test]
        fn nothing_of_a_text_is_lost(text in "[{}a1é_ ]{0,40}") {
            prop_assert_eq!(replaced(&text, |_| None), text);
        }
    }
}
