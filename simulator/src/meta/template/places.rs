//! The places in a template's texts: `{{1}}` or `{{name}}`.

use serde_json::Value;

/// How the places of a template are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `{{1}}`, `{{2}}`, ...
    Positional,
    /// `{{order_number}}`.
    Named,
}

impl Format {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Positional => "POSITIONAL",
            Self::Named => "NAMED",
        }
    }
}

/// The places of a text, each once, in the order they first come in.
pub(crate) fn places(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for rest in text.split("{{").skip(1) {
        if let Some((name, _)) = rest.split_once("}}")
            && !found.contains(&name.trim())
        {
            found.push(name.trim());
        }
    }
    found
}

/// How the places of the whole are named; without places as by default.
pub(crate) fn format_of(components: &[Value]) -> Format {
    let texts = components.iter().filter_map(|part| part["text"].as_str());
    let named = texts.flat_map(places).any(|place| place.parse::<u32>().is_err());
    if named { Format::Named } else { Format::Positional }
}

/// How long a text is with those values in its places.
pub(crate) fn filled_length(text: &str, values: &[(String, String)]) -> usize {
    let mut length = text.chars().count();
    for place in places(text) {
        let value =
            values.iter().find(|(name, _)| name == place).map_or(0, |(_, value)| value.chars().count());
        let written = text.matches(&format!("{{{{{place}}}}}")).count();
        length = (length + written * value).saturating_sub(written * (place.chars().count() + 4));
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_once_each() {
        assert_eq!(places("Olá {{1}}, {{2}} e {{1}}!"), ["1", "2"]);
        assert_eq!(places("{{ name }} {{broken"), ["name"]);
        assert_eq!(places("none"), Vec::<&str>::new());
    }

    #[test]
    fn a_filled_text_is_as_long_as_it_reads() {
        let values = [("1".to_owned(), "Ana".to_owned())];
        assert_eq!(filled_length("Olá {{1}}, {{1}}!", &values), "Olá Ana, Ana!".chars().count());
    }
}
