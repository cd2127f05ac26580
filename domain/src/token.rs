//! Random tokens: shown once, stored hashed, and recognisable by their prefix.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

const CHECKSUM_CHARS: usize = 6;

/// 256 random bits with a prefix that says what they are for.
pub struct Token(String);

/// SHA-256 of a token: enough for 256 random bits, and what the database keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl Token {
    pub fn generate(prefix: &str) -> Result<Self> {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes).map_err(Error::internal)?;
        Ok(Self(format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The same with a checksum, by which a scanner of logs and repositories knows it from other text.
    pub fn with_checksum(prefix: &str) -> Result<Self> {
        let Self(token) = Self::generate(prefix)?;
        let checksum = checksum(&token);
        Ok(Self(token + &checksum))
    }

    /// Whether a text is one that [`Token::with_checksum`] could have made.
    pub fn has_checksum(text: &str) -> bool {
        text.split_at_checked(text.len().saturating_sub(CHECKSUM_CHARS))
            .is_some_and(|(token, last)| checksum(token) == last)
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }

    /// The token itself, to be shown to its owner and to nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// The first characters of the SHA-256 in URL-safe base 64.
fn checksum(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))[..CHECKSUM_CHARS].to_owned()
}

impl TokenHash {
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    pub fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_hash_stably() {
        let (one, other) = (Token::generate("ptr_sess").unwrap(), Token::generate("ptr_sess").unwrap());
        assert!(one.reveal().starts_with("ptr_sess_") && one.reveal().len() == 9 + 43);
        assert_ne!(one.hash(), other.hash());
        assert_eq!(TokenHash::of(one.reveal()), one.hash());
    }

    #[test]
    fn a_checksum_tells_a_key_from_other_text() {
        let key = Token::with_checksum("ptr_key").unwrap();
        assert!(Token::has_checksum(key.reveal()) && key.reveal().len() == 8 + 43 + 6);
        for position in [0, 10, key.reveal().len() - 1] {
            let mut altered = key.reveal().to_owned().into_bytes();
            altered[position] = if altered[position] == b'x' { b'y' } else { b'x' };
            assert!(!Token::has_checksum(&String::from_utf8(altered).unwrap()), "{position}");
        }
        assert!(!Token::has_checksum("") && !Token::has_checksum("áéíóú"));
    }
}
