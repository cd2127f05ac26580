//! Which passwords may be chosen: 8 to 128 characters of any kind, none that everybody chooses, and none made of what
//! is known of the person. There are no rules of composition, and nothing about a password is altered or cut off: what
//! is normalised here is only compared.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::error::{Refusal, Result};

pub const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;

/// Whose password it is to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    pub name: &'a str,
    pub email: &'a str,
    /// What the workspaces are called that they belong to.
    pub workspaces: &'a [&'a str],
}

/// Frequent passwords, and words of which frequent ones are made.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common.txt").lines().filter(|line| !line.starts_with("# ")).collect());

/// So many digits or marks before and after a word hide nothing.
const FRAME: usize = 6;
/// Shorter words are not looked up: too much else contains them.
const SHORTEST_WORD: usize = 4;
/// What the product is called is on every page of it.
const PRODUCT: [&str; 2] = ["portaria", "whatsapp"];
/// These join words that are known of a person into a password, and make it no better.
const FILLERS: [&str; 17] = [
    "a", "o", "e", "de", "da", "do", "the", "of", "my", "meu", "minha", "senha", "password", "clave",
    "admin", "com", "br",
];
const LONGEST_FILLER: usize = 8;
/// How letters are written as digits and marks. A one is read as either of two letters.
const LEET: [(char, char); 9] = [
    ('@', 'a'),
    ('4', 'a'),
    ('3', 'e'),
    ('1', 'i'),
    ('0', 'o'),
    ('$', 's'),
    ('5', 's'),
    ('7', 't'),
    ('8', 'b'),
];

/// Refuses a password that must not be chosen.
pub fn check(password: &str, about: &About<'_>) -> Result<()> {
    if !LENGTH.contains(&password.chars().count()) {
        return Err(Refusal::PasswordLength.into());
    }
    let plain: Vec<char> = password.chars().flat_map(char::to_lowercase).map(unaccented).collect();
    let readings = readings(&plain);
    if is_personal(&readings, &plain, about) {
        return Err(Refusal::PasswordPersonal.into());
    }
    if is_pattern(&plain) || readings.iter().any(|reading| COMMON.contains(reading.as_str())) {
        return Err(Refusal::PasswordCommon.into());
    }
    Ok(())
}

/// A password as it stands, and every word it may be taken for: with a frame of digits and marks taken off, and with
/// digits read as letters.
fn readings(plain: &[char]) -> Vec<String> {
    let mut readings = vec![plain.iter().collect()];
    let before = plain.iter().take_while(|c| !c.is_alphabetic()).count();
    let after = plain.iter().rev().take_while(|c| !c.is_alphabetic()).count();
    // A frame is all of the marks, or so few of them that the others may be letters.
    let frames = |marks: usize| (0..=marks.min(FRAME)).chain((marks > FRAME).then_some(marks));
    for start in frames(before).filter(|start| is_frame(&plain[..*start])) {
        for end in frames(after).filter(|end| is_frame(&plain[plain.len() - end..])) {
            let Some(word) = plain.get(start..plain.len() - end).filter(|word| word.len() >= SHORTEST_WORD)
            else {
                continue;
            };
            for one in ['i', 'l'] {
                readings.push(word.iter().map(|c| letter(*c, one)).collect());
            }
            if start + end > 0 && word.iter().any(|c| c.is_alphabetic()) {
                readings.push(word.iter().collect());
            }
        }
    }
    readings
        .extend(repeated(plain).filter(|unit| unit.len() >= SHORTEST_WORD).map(|unit| unit.iter().collect()));
    readings
}

/// Whether digits and marks beside a word are few, or no less known than the word.
fn is_frame(marks: &[char]) -> bool {
    marks.len() <= FRAME || is_pattern(marks)
}

/// `11111111`, `abcabcabc`, `12345678`, `zyxwvuts`, and dates: 25121990.
fn is_pattern(plain: &[char]) -> bool {
    let steps: HashSet<i64> =
        plain.windows(2).map(|pair| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]))).collect();
    let runs = steps.len() == 1 && steps.iter().all(|step| step.abs() <= 1);
    runs || repeated(plain).is_some_and(|unit| unit.len() < SHORTEST_WORD + 1) || is_date(plain)
}

/// The part that a text consists of, more than once.
fn repeated(plain: &[char]) -> Option<&[char]> {
    let whole = |length: &usize| plain.len().is_multiple_of(*length);
    (1..=plain.len() / 2)
        .filter(whole)
        .map(|length| &plain[..length])
        .find(|unit| plain.chunks(unit.len()).all(|chunk| chunk == *unit))
}

/// Eight digits that are a day of this century or the last: day, month and year in any usual order.
fn is_date(plain: &[char]) -> bool {
    let digits: Option<Vec<u32>> = plain.iter().map(|c| c.to_digit(10)).collect();
    let Some(&[a, b, c, d, e, f, g, h]) = digits.as_deref() else { return false };
    let year = |one: u32, two: u32, three: u32, four: u32| one * 1000 + two * 100 + three * 10 + four;
    let days = [
        (a * 10 + b, c * 10 + d, year(e, f, g, h)),
        (c * 10 + d, a * 10 + b, year(e, f, g, h)),
        (g * 10 + h, e * 10 + f, year(a, b, c, d)),
    ];
    days.iter().any(|(day, month, year)| {
        (1..=31).contains(day) && (1..=12).contains(month) && (1930..=2039).contains(year)
    })
}

/// Whether nothing is left of it when what is known of the person, digits and marks are taken away.
fn is_personal(readings: &[String], plain: &[char], about: &About<'_>) -> bool {
    let known = known_words(about);
    let letters: String = plain.iter().filter(|c| c.is_alphabetic()).collect();
    let decoded = readings.iter().map(|reading| reading.chars().filter(|c| c.is_alphabetic()).collect());
    decoded.chain([letters]).any(|text: String| made_of(&text, &known))
}

/// Names, parts of the e-mail address, and what the workspaces and the product are called.
fn known_words(about: &About<'_>) -> HashSet<String> {
    let texts = [about.name, about.email].into_iter().chain(about.workspaces.iter().copied()).chain(PRODUCT);
    let mut words = HashSet::new();
    for text in texts {
        let plain: String = text.chars().flat_map(char::to_lowercase).map(unaccented).collect();
        let parts = plain.split(|c: char| !c.is_alphabetic()).map(str::to_owned);
        // What stands between digits and marks, and also without regard to them.
        let whole = std::iter::once(plain.as_str()).chain(plain.split('@'));
        let whole = whole.map(|text| text.chars().filter(|c| c.is_alphabetic()).collect());
        words.extend(parts.chain(whole).filter(|word: &String| word.len() > 1));
    }
    words
}

/// Whether a text is a row of such words, at least one of which says something of the person.
fn made_of(text: &str, known: &HashSet<String>) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let longest = known.iter().map(|word| word.chars().count()).max().unwrap_or(0).max(LONGEST_FILLER);
    // For each place: whether the text before it is such a row, and then whether of fillers alone.
    let mut reached: Vec<Option<bool>> = vec![None; letters.len() + 1];
    reached[0] = Some(false);
    for start in 0..letters.len() {
        let Some(tells) = reached[start] else { continue };
        for end in start + 1..=letters.len().min(start + longest) {
            let word: String = letters[start..end].iter().collect();
            let tells = match (known.contains(&word), FILLERS.contains(&word.as_str())) {
                (true, _) => true,
                (false, true) => tells,
                (false, false) => continue,
            };
            reached[end] = Some(reached[end].unwrap_or(false) || tells);
        }
    }
    !letters.is_empty() && reached[letters.len()] == Some(true)
}

fn letter(c: char, one: char) -> char {
    match LEET.iter().find(|(digit, _)| *digit == c) {
        Some(_) if c == '1' => one,
        Some((_, letter)) => *letter,
        None => c,
    }
}

/// Letters of the languages spoken here without their accents.
fn unaccented(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    const ANA: About<'_> = About {
        name: "Ana Conceição Souza",
        email: "ana.souza@estrela.example",
        workspaces: &["Padaria Boa Vista"],
    };

    fn refusal(password: &str) -> Option<Refusal> {
        match check(password, &ANA) {
            Ok(()) => None,
            Err(Error::Refused(refusal)) => Some(refusal),
            Err(failure) => panic!("{failure}"),
        }
    }

    #[test]
    fn any_eight_to_128_characters_will_do_and_none_is_altered() {
        for good in ["correct horse battery staple", "ç é ü 日本語 x", "        . ", "xkqzvbwm", "g7!Kq2#pL"]
        {
            assert_eq!(refusal(good), None, "{good}");
        }
        let long = "né ok qual?".repeat(12);
        assert_eq!(refusal(&long[..long.char_indices().nth(128).unwrap().0]), None);
        assert_eq!(refusal(&long), Some(Refusal::PasswordLength));
        assert_eq!(refusal("qzjxkvb"), Some(Refusal::PasswordLength));
    }

    #[test]
    fn what_everybody_chooses_is_refused_however_it_is_dressed() {
        for common in [
            "senha123",
            "Senha@123",
            "brasil2024",
            "Brasil2026!",
            "flamengo",
            "Fl4m3ng0",
            "FLAMENGO10",
            "password",
            "P@ssw0rd",
            "12345678",
            "87654321",
            "11111111",
            "qwertyui",
            "1q2w3e4r",
            "abcabcabc",
            "25121990",
            "19901225",
            "mudar123",
            "corinthians1910",
            "deusefiel",
            "teamo123",
            "iloveyou",
            "trustno1",
            "flamengoflamengo",
            "mariana2024",
            "2024senha",
            "senha12345678",
            "gabriel!!!!!!!!",
            "contraseña1",
            "Palmeiras#1",
        ] {
            assert_eq!(refusal(common), Some(Refusal::PasswordCommon), "{common}");
        }
    }

    #[test]
    fn what_is_known_of_the_person_is_refused() {
        for personal in [
            "anasouza",
            "Ana.Souza",
            "ana.souza@estrela.example",
            "Souza1987",
            "c0nceicao",
            "padariaboavista",
            "P4daria2026",
            "portaria",
            "Portaria#2026",
            "ana@estrela",
            "senhadaana1",
            "BoaVista123!",
        ] {
            assert_eq!(refusal(personal), Some(Refusal::PasswordPersonal), "{personal}");
        }
        for good in ["ana gosta de bolo", "souza-quer-ferias", "a padaria fecha cedo"] {
            assert_eq!(refusal(good), None, "{good}");
        }
    }

    #[test]
    fn the_list_is_long_enough_and_normal() {
        assert!(COMMON.iter().filter(|word| word.len() >= 8).count() > 3_000);
        for word in COMMON.iter() {
            assert!(
                word.len() >= SHORTEST_WORD
                    && word.chars().all(|c| c.is_ascii_graphic() && !c.is_uppercase()),
                "{word}"
            );
        }
    }

    #[test]
    fn the_longest_password_is_judged_quickly() {
        for filling in ["1", "a", "a1", "é", "na"] {
            let password: String = filling.repeat(128).chars().take(128).collect();
            let began = std::time::Instant::now();
            let _ = check(&password, &ANA);
            assert!(began.elapsed() < std::time::Duration::from_secs(1), "{filling}");
        }
    }
}
