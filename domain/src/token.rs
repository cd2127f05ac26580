//! Random tokens: shown once, stored hashed, and recognisable by their prefix.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

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

    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }

    /// The token itself, to be shown to its owner and to nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
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
}
