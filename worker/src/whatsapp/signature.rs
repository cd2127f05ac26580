//! Decides whether received bytes were signed with one of a Meta app's secrets.
//!
//! The signature covers the bytes as they arrived. Reading them and writing them again gives other bytes
//! (Meta escapes non-ASCII characters, `/` and others), so nothing here ever parses the body.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header that carries the signature, as `sha256=<64 hexadecimal digits>`.
pub const HEADER: &str = "X-Hub-Signature-256";

const SCHEME: &[u8] = b"sha256=";

/// What came of checking a body against the secrets in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// The secret at this place in the list made the signature.
    Valid { secret_index: usize },
    /// There was no signature header at all.
    MissingHeader,
    /// The header is not `sha256=` and 64 hexadecimal digits.
    MalformedHeader,
    /// A well-formed signature that none of the secrets makes.
    NoMatch,
}

/// Checks `header` over `body` against each of `secrets`, comparing in constant time.
///
/// An empty secret never matches: a signature by the empty key is one that anybody can make.
pub fn verify<S: AsRef<[u8]>>(
    header: Option<&[u8]>,
    body: &[u8],
    secrets: impl IntoIterator<Item = S>,
) -> Verification {
    let claimed = match header.map(parse) {
        None => return Verification::MissingHeader,
        Some(None) => return Verification::MalformedHeader,
        Some(Some(claimed)) => claimed,
    };
    secrets
        .into_iter()
        .position(|secret| made_by(secret.as_ref(), body, &claimed))
        .map_or(Verification::NoMatch, |secret_index| Verification::Valid { secret_index })
}

/// What is wrong with the header whatever the body: nothing for one that is well formed.
pub fn flaw(header: Option<&[u8]>) -> Option<Verification> {
    match header.map(parse) {
        None => Some(Verification::MissingHeader),
        Some(None) => Some(Verification::MalformedHeader),
        Some(Some(_)) => None,
    }
}

/// Reads the digest out of a header value; `None` when it has another shape.
fn parse(header: &[u8]) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = header.trim_ascii().strip_prefix(SCHEME)?.try_into().ok()?;
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (nibble(pair[0])? << 4) | nibble(pair[1])?;
    }
    Some(digest)
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn made_by(secret: &[u8], body: &[u8], claimed: &[u8; 32]) -> bool {
    if secret.is_empty() {
        return false;
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return false;
    };
    mac.update(body);
    mac.verify_slice(claimed).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 4231, test case 2.
    const KEY: &[u8] = b"Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";
    const SIGNED: &str = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    #[test]
    fn a_published_vector_verifies() {
        assert_eq!(verify(Some(SIGNED.as_bytes()), BODY, [KEY]), Verification::Valid { secret_index: 0 });
    }

    #[test]
    fn any_of_several_secrets_may_have_signed() {
        let secrets = [&b"retired"[..], b"", KEY];
        assert_eq!(verify(Some(SIGNED.as_bytes()), BODY, secrets), Verification::Valid { secret_index: 2 });
    }

    #[test]
    fn one_altered_byte_is_no_match() {
        let mut body = BODY.to_vec();
        body[3] ^= 1;
        assert_eq!(verify(Some(SIGNED.as_bytes()), &body, [KEY]), Verification::NoMatch);
    }

    #[test]
    fn no_secret_and_the_empty_secret_match_nothing() {
        assert_eq!(verify(Some(SIGNED.as_bytes()), BODY, [] as [&[u8]; 0]), Verification::NoMatch);
        let mac = Hmac::<Sha256>::new_from_slice(b"").unwrap().chain_update(BODY).finalize().into_bytes();
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        let header = format!("sha256={hex}");
        assert_eq!(verify(Some(header.as_bytes()), BODY, [b""]), Verification::NoMatch);
    }

    #[test]
    fn a_missing_header_is_told_from_a_malformed_one() {
        assert_eq!(verify(None, BODY, [KEY]), Verification::MissingHeader);
        let short = &SIGNED[..SIGNED.len() - 1];
        let long = format!("{SIGNED}0");
        let other_digit = SIGNED.replace('5', "g");
        let sha1 = SIGNED.replace("sha256", "sha1");
        for header in ["", "sha256=", short, &long, &other_digit, &sha1, &SIGNED[7..], "sha256=\u{e9}"] {
            let outcome = verify(Some(header.as_bytes()), BODY, [KEY]);
            assert_eq!(outcome, Verification::MalformedHeader, "{header}");
        }
    }

    #[test]
    fn escapes_are_signed_as_they_arrive() {
        let escaped = br#"{"body":"\u00e4\ud83c\udf35 a\/b \u0040"}"#;
        let mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap().chain_update(escaped).finalize().into_bytes();
        let hex: String = mac.iter().map(|byte| format!("{byte:02X}")).collect();
        let header = format!("sha256={hex}");
        assert_eq!(verify(Some(header.as_bytes()), escaped, [KEY]), Verification::Valid { secret_index: 0 });
        let read: serde_json::Value = serde_json::from_slice(escaped).unwrap();
        let rewritten = read.to_string();
        assert_eq!(verify(Some(header.as_bytes()), rewritten.as_bytes(), [KEY]), Verification::NoMatch);
    }
}
