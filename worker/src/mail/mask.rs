//! Makes e-mail addresses fit for a log line: recognisable to who knows them, useless to who does not.

/// `ana.souza@example.com` becomes `a***@example.com`.
pub fn mask_address(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => {
            let first = local.chars().next().map(String::from).unwrap_or_default();
            format!("{first}***@{domain}")
        }
        None => "***".to_owned(),
    }
}

/// Masks every address inside a text, such as a server's answer.
pub fn mask_addresses(text: &str) -> String {
    text.split_inclusive(is_separator).map(mask_word).collect()
}

fn mask_word(word: &str) -> String {
    let bare = word.trim_end_matches(is_separator);
    let after = &word[bare.len()..];
    if bare.contains('@') { format!("{}{after}", mask_address(bare)) } else { word.to_owned() }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | ':' | '"' | '\'' | '[' | ']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_first_letter_and_domain() {
        assert_eq!(mask_address("ana.souza@example.com"), "a***@example.com");
        assert_eq!(mask_address("é@example.com"), "é***@example.com");
        assert_eq!(mask_address("@example.com"), "***@example.com");
        assert_eq!(mask_address("not an address"), "***");
    }

    #[test]
    fn every_address_in_an_answer_is_masked() {
        let answer = "550 5.1.1 <ana@example.com>: no such user; ask postmaster@example.com";
        assert_eq!(
            mask_addresses(answer),
            "550 5.1.1 <a***@example.com>: no such user; ask p***@example.com"
        );
    }
}
