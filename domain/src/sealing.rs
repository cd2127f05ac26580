//! Secrets at rest: sealed with XChaCha20-Poly1305 under a named key, bound to the row that holds them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The keys of this installation. New secrets are sealed with the current one; rows carry the name of theirs.
pub struct KeyRing {
    current: String,
    keys: BTreeMap<String, Key>,
}

struct Key {
    cipher: XChaCha20Poly1305,
    /// Derived, so that no key serves two purposes.
    mac: Zeroizing<[u8; KEY_BYTES]>,
}

/// A sealed secret and the name of the key that opens it.
pub struct Sealed {
    pub bytes: Vec<u8>,
    pub key: String,
}

impl KeyRing {
    /// Keys by name; the last name in order is the current one.
    pub fn new(keys: BTreeMap<String, Zeroizing<Vec<u8>>>) -> Result<Self> {
        let Some(current) = keys.keys().next_back().cloned() else {
            return Err(Error::internal("no sealing key is configured"));
        };
        let keys = keys
            .into_iter()
            .map(|(name, bytes)| match XChaCha20Poly1305::new_from_slice(&bytes) {
                Ok(cipher) => {
                    let mac = Zeroizing::new(authenticate(&bytes, b"portaria: seals of the activity log")?);
                    Ok((name, Key { cipher, mac }))
                }
                Err(_) => Err(Error::internal(format!("sealing key {name} is not {KEY_BYTES} bytes long"))),
            })
            .collect::<Result<_>>()?;
        Ok(Self { current, keys })
    }

    /// A ring with one random key that lives as long as the process: for throw-away databases.
    pub fn ephemeral() -> Result<Self> {
        Self::new(BTreeMap::from([("ephemeral".to_owned(), random_key()?)]))
    }

    /// The keys in a folder, one file each. An empty folder is given its first key.
    pub fn open_folder(folder: &Path) -> Result<Self> {
        let explain =
            |e: std::io::Error| Error::internal(format!("sealing keys in {}: {e}", folder.display()));
        create_private_folder(folder).map_err(explain)?;
        let mut keys = BTreeMap::new();
        for file in std::fs::read_dir(folder).map_err(explain)? {
            let path = file.map_err(explain)?.path();
            let Some(name) =
                path.file_name().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.'))
            else {
                continue;
            };
            keys.insert(name.to_owned(), Zeroizing::new(std::fs::read(&path).map_err(explain)?));
        }
        if keys.is_empty() {
            let key = random_key()?;
            write_private(&folder.join("key-0001"), &key).map_err(explain)?;
            keys.insert("key-0001".to_owned(), key);
        }
        Self::new(keys)
    }

    /// Whether a key that some row needs is there.
    pub fn has(&self, name: &str) -> bool {
        self.keys.contains_key(name)
    }

    /// Seals a secret. `bound_to` (a row id, a purpose) must be the same when it is opened.
    pub fn seal(&self, secret: &[u8], bound_to: &[u8]) -> Result<Sealed> {
        let mut nonce = [0u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(Error::internal)?;
        let cipher = self.cipher(&self.current)?;
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: secret, aad: bound_to })
            .map_err(|_| Error::internal("sealing failed"))?;
        Ok(Sealed { bytes: [nonce.as_slice(), &sealed].concat(), key: self.current.clone() })
    }

    pub fn open(&self, sealed: &[u8], key: &str, bound_to: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let Some((nonce, text)) = sealed.split_first_chunk::<NONCE_BYTES>() else {
            return Err(Error::internal("a sealed secret is too short"));
        };
        let opened = self.cipher(key)?.decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: bound_to });
        opened.map(Zeroizing::new).map_err(|_| Error::internal(format!("key {key} does not open a secret")))
    }

    /// The key that is used for what is new.
    pub fn current(&self) -> &str {
        &self.current
    }

    /// HMAC-SHA256 of a message, by a key of its own that is derived from the named one.
    pub fn mac(&self, key: &str, message: &[u8]) -> Result<[u8; 32]> {
        authenticate(self.key(key)?.mac.as_slice(), message)
    }

    fn cipher(&self, name: &str) -> Result<&XChaCha20Poly1305> {
        Ok(&self.key(name)?.cipher)
    }

    fn key(&self, name: &str) -> Result<&Key> {
        self.keys.get(name).ok_or_else(|| Error::internal(format!("sealing key {name} is missing")))
    }
}

fn authenticate(key: &[u8], message: &[u8]) -> Result<[u8; 32]> {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).map_err(Error::internal)?;
    mac.update(message);
    Ok(mac.finalize().into_bytes().into())
}

fn random_key() -> Result<Zeroizing<Vec<u8>>> {
    let mut key = Zeroizing::new(vec![0u8; KEY_BYTES]);
    getrandom::fill(&mut key).map_err(Error::internal)?;
    Ok(key)
}

fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file that only its owner may read, and does not return before it is on disk.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    match path.parent() {
        Some(parent) => std::fs::File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_where_it_belongs() {
        let ring = KeyRing::ephemeral().unwrap();
        let sealed = ring.seal(b"app secret", b"row 1").unwrap();
        assert_eq!(ring.open(&sealed.bytes, &sealed.key, b"row 1").unwrap().as_slice(), b"app secret");
        assert!(ring.open(&sealed.bytes, &sealed.key, b"row 2").is_err());
        assert!(ring.open(&sealed.bytes, "another", b"row 1").is_err());
        assert!(ring.open(&sealed.bytes[..10], &sealed.key, b"row 1").is_err());
        assert!(!sealed.bytes.windows(10).any(|part| part == b"app secret"));
    }

    #[test]
    fn the_first_start_makes_a_key_and_the_second_finds_it() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        let sealed = KeyRing::open_folder(&keys).unwrap().seal(b"seed", b"row").unwrap();
        let again = KeyRing::open_folder(&keys).unwrap();
        assert_eq!(again.open(&sealed.bytes, &sealed.key, b"row").unwrap().as_slice(), b"seed");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(keys.join("key-0001")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
