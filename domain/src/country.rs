//! Countries: in which one an address is, by a database that the operator provides, and what it is called.

mod countries;
mod database;
mod position;

pub use countries::Countries;
pub use database::CountryDatabase;
pub use position::Position;

/// Longer than any country's name.
const LONGEST_NAME: usize = 60;

/// A country as a database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country {
    code: String,
    portuguese: Option<String>,
    english: Option<String>,
    spanish: Option<String>,
}

impl Country {
    /// Two capital letters, as ISO 3166-1 has them: `BR`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What it is called in the language of a locale as `pt-BR`; its code when the database does not say. One line,
    /// without markup, and no link.
    pub fn name(&self, locale: &str) -> &str {
        let name = match locale.split('-').next().unwrap_or_default() {
            "en" => &self.english,
            "es" => &self.spanish,
            _ => &self.portuguese,
        };
        name.as_deref().unwrap_or(&self.code)
    }
}

fn is_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// A name that may be shown. The file comes from elsewhere: what looks like anything but a name is left out.
fn presentable(name: Option<&str>) -> Option<String> {
    let name = name?.trim();
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count());
    let is_plain = name.chars().all(|c| c.is_alphanumeric() || " -'’.,&()[]".contains(c));
    (fits && is_plain && !links(name)).then(|| name.to_owned())
}

/// Whether mail programs might make a link of it: two letters or more on both sides of a dot.
fn links(name: &str) -> bool {
    let of_two = |word: &str| word.chars().filter(|c| c.is_alphanumeric()).count() > 1;
    name.split(' ').any(|word| {
        word.match_indices('.').any(|(at, dot)| of_two(&word[..at]) && of_two(&word[at + dot.len()..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_honest_name_is_shown_as_it_is() {
        for honest in [
            "Côte d’Ivoire",
            "U.S. Virgin Islands",
            "São Tomé e Príncipe",
            "Congo (RDC)",
            "Myanmar [Burma]",
            "EE. UU.",
        ] {
            assert_eq!(presentable(Some(honest)).as_deref(), Some(honest));
        }
    }

    #[test]
    fn what_is_no_name_is_not_shown() {
        for odd in
            ["", "  ", "<b>x</b>", "www.evil.example", "evil.example", "a\nb", "x\u{202e}y", "http://x"]
        {
            assert_eq!(presentable(Some(odd)), None, "{odd:?}");
        }
        assert_eq!(presentable(Some(&"x".repeat(61))), None);
        assert_eq!(presentable(None), None);
    }

    #[test]
    fn a_country_without_a_name_in_a_language_is_its_code_there() {
        let country = Country {
            code: "PT".to_owned(),
            portuguese: Some("Portugal".to_owned()),
            english: None,
            spanish: None,
        };
        assert_eq!(
            [country.name("pt-BR"), country.name("en-GB"), country.name("es")],
            ["Portugal", "PT", "PT"]
        );
    }
}
