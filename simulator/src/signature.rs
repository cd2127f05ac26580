//! Signs webhook bodies as Meta does: `X-Hub-Signature-256`, an HMAC-SHA256 keyed with the app secret.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header that carries the signature.
pub const HEADER: &str = "X-Hub-Signature-256";

/// The header's value for these exact bytes: `sha256=` and 64 lower-case hexadecimal digits.
pub fn sign(app_secret: &[u8], body: &[u8]) -> String {
    let mut value = String::with_capacity(71);
    value.push_str("sha256=");
    push_hex(&mut value, &hmac_sha256(app_secret, body));
    value
}

/// HMAC takes keys of every length, so the constructor's error cannot happen; an empty digest would fail
/// every verification rather than pass one.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        },
    )
}

/// Appends bytes as lower-case hexadecimal digits.
pub(crate) fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_rfc_4231() {
        // Test case 2 of the RFC.
        assert_eq!(
            sign(b"Jefe", b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        // Test case 6: a key longer than a block.
        assert_eq!(
            sign(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First"),
            "sha256=60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn agrees_with_openssl_on_an_escaped_body() {
        // printf '%s' BODY | openssl dgst -sha256 -hmac app-secret
        assert_eq!(
            sign(b"app-secret", br#"{"text":"ol\u00e1 \ud83d\udc4b \/ \u0040"}"#),
            "sha256=1e0907030ca92ade098176c218b8f4027133492cb0b60bf19c0cb2c86bdc4106"
        );
    }

    #[test]
    fn one_altered_byte_changes_it() {
        assert_ne!(sign(b"secret", b"{}"), sign(b"secret", b"{ }"));
        assert_ne!(sign(b"secret", b"{}"), sign(b"Secret", b"{}"));
        assert_eq!(sign(b"", b"").len(), 71);
    }
}
