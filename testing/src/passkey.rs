//! A device with passkeys, in software: it makes keys and signs what pages ask of it. It can be told to lie.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What a device or a page may say that is not so; `None` for the truth.
#[derive(Clone, Default)]
pub struct Lies {
    pub origin: Option<String>,
    pub host: Option<String>,
    pub challenge: Option<String>,
    pub user_handle: Option<String>,
    pub counter: Option<u32>,
    pub unverified: bool,
    /// Of the signature, one bit.
    pub broken: bool,
}

/// A passkey on a device.
#[derive(Clone)]
pub struct SoftwarePasskey {
    key: SigningKey,
    pub id: Vec<u8>,
    host: String,
    user_handle: String,
    /// Zero for ever, as of passkeys that are kept in many places; or it counts.
    pub counter: u32,
}

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const KEY_INCLUDED: u8 = 0x40;

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("randomness");
    bytes
}

impl SoftwarePasskey {
    /// Makes a key for the page that asks; answers what the page sends back.
    pub fn create(options: &str, origin: &str, lies: &Lies) -> (Self, String) {
        let options: Value = serde_json::from_str(options).expect("options");
        assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let passkey = Self {
            key: SigningKey::from_slice(&random::<32>()).expect("a key"),
            id: random::<32>().to_vec(),
            host: text(&options["rp"]["id"]),
            user_handle: text(&options["user"]["id"]),
            counter: 0,
        };
        let mut data = passkey.authenticator_data(KEY_INCLUDED, lies);
        data.extend([0; 16]);
        data.extend(u16::try_from(passkey.id.len()).expect("a short id").to_be_bytes());
        data.extend(&passkey.id);
        data.extend(passkey.public_key());
        // A CBOR map: no attestation, and the data.
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        attestation.extend(u16::try_from(data.len()).expect("short data").to_be_bytes());
        attestation.extend(data);
        let client = client_data("webauthn.create", &options, origin, lies);
        let credential = json!({
            "id": URL_SAFE_NO_PAD.encode(&passkey.id),
            "rawId": URL_SAFE_NO_PAD.encode(&passkey.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "attestationObject": URL_SAFE_NO_PAD.encode(attestation),
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
                "transports": ["internal"],
            },
        });
        (passkey, credential.to_string())
    }

    /// Signs what the page asks; answers what the page sends back.
    pub fn sign(&self, options: &str, origin: &str, lies: &Lies) -> String {
        let options: Value = serde_json::from_str(options).expect("options");
        assert_eq!(options["userVerification"], "required");
        let data = self.authenticator_data(0, lies);
        let client = client_data("webauthn.get", &options, origin, lies);
        let signed = [data.as_slice(), &Sha256::digest(&client)].concat();
        let signature: Signature = self.key.sign(&signed);
        let mut signature = signature.to_der().as_bytes().to_vec();
        if lies.broken {
            let last = signature.len() - 1;
            signature[last] ^= 1;
        }
        let user_handle = lies.user_handle.as_ref().unwrap_or(&self.user_handle);
        json!({
            "id": URL_SAFE_NO_PAD.encode(&self.id),
            "rawId": URL_SAFE_NO_PAD.encode(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "authenticatorData": URL_SAFE_NO_PAD.encode(data),
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
                "signature": URL_SAFE_NO_PAD.encode(signature),
                "userHandle": user_handle,
            },
        })
        .to_string()
    }

    pub fn user_handle(&self) -> String {
        self.user_handle.clone()
    }

    fn authenticator_data(&self, flags: u8, lies: &Lies) -> Vec<u8> {
        let verified = if lies.unverified { 0 } else { USER_VERIFIED };
        let host = lies.host.as_ref().unwrap_or(&self.host);
        let mut data = Sha256::digest(host.as_bytes()).to_vec();
        data.push(flags | USER_PRESENT | verified);
        data.extend(lies.counter.unwrap_or(self.counter).to_be_bytes());
        data
    }

    /// The public key as a CBOR map: elliptic curve, ES256, P-256, x and y.
    fn public_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        let point = point.as_bytes();
        let mut key = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".to_vec();
        key.extend(&point[1..33]);
        key.extend(b"\x22\x58\x20");
        key.extend(&point[33..65]);
        key
    }
}

fn client_data(kind: &str, options: &Value, origin: &str, lies: &Lies) -> Vec<u8> {
    let challenge = lies.challenge.clone().map_or_else(|| options["challenge"].clone(), Value::from);
    let origin = lies.origin.as_deref().unwrap_or(origin);
    json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false })
        .to_string()
        .into_bytes()
}
