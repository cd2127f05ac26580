//! Signatures as Standard Webhooks has them: HMAC-SHA256 over id, time and body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The value of `webhook-signature`: one for each secret, with spaces between them. `seconds` are those of Unix time.
pub fn signature<'a>(
    secrets: impl IntoIterator<Item = &'a [u8]>,
    (id, seconds, body): (&str, i64, &str),
) -> String {
    let signed = format!("{id}.{seconds}.{body}");
    let by = |secret: &[u8]| {
        let mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        let code = mac.chain_update(signed.as_bytes()).finalize().into_bytes();
        Some(format!("v1,{}", STANDARD.encode(code)))
    };
    secrets.into_iter().filter_map(by).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the specification gives.
    #[test]
    fn it_is_the_signature_of_the_specification() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let message = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature([secret.as_slice()], message), expected);
        let both = signature([b"another".as_slice(), secret.as_slice()], message);
        assert!(both.starts_with("v1,") && both.ends_with(&format!(" {expected}")));
    }
}
