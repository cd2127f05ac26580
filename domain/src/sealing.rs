//! Secrets at rest: sealed with XChaCha20-Poly1305 under a named key, bound to the row that holds them.
//!
//! Keys are files in a folder that may get a new one while processes run: each looks again when a row names a key that it
//! does not know, and now and then.

pub mod rotation;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const LOOKS: Duration = Duration::from_secs(1);

/// The keys of this installation. New secrets are sealed with the current one; rows carry the name of theirs.
pub struct KeyRing {
    keys: RwLock<Arc<Keys>>,
    /// Where they come from; none for a throw-away installation.
    folder: Option<PathBuf>,
    /// When an unknown name last made this look into the folder.
    looked_at: Mutex<Option<Instant>>,
}

/// Keys by name. The last name in order is the current one's.
struct Keys {
    current: String,
    by_name: BTreeMap<String, Key>,
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
        Ok(Self { keys: RwLock::new(Arc::new(Keys::new(keys)?)), folder: None, looked_at: Mutex::default() })
    }

    /// A ring with one random key that lives as long as the process: for throw-away databases.
    pub fn ephemeral() -> Result<Self> {
        Self::new(BTreeMap::from([("ephemeral".to_owned(), random_key()?)]))
    }

    /// The keys in a folder, one file each. An empty folder is given its first key.
    pub fn open_folder(folder: &Path) -> Result<Self> {
        create_private_folder(folder).map_err(explain(folder))?;
        let mut keys = read_folder(folder)?;
        if keys.is_empty() {
            let key = random_key()?;
            write_private(&folder.join("key-0001"), &key).map_err(explain(folder))?;
            keys.insert("key-0001".to_owned(), key);
        }
        Ok(Self { folder: Some(folder.to_owned()), ..Self::new(keys)? })
    }

    /// Looks which keys there are now. Those that are known stay known.
    pub fn refresh(&self) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let found = read_folder(folder)?;
        let known = self.keys();
        if known.by_name.keys().all(|name| found.contains_key(name)) && known.by_name.len() < found.len() {
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Keys::new(found)?);
        }
        Ok(())
    }

    /// Makes a new key, which seals from now on. Answers its name.
    pub fn add(&self) -> Result<String> {
        let Some(folder) = &self.folder else {
            return Err(Error::internal("the keys of this installation are in no folder"));
        };
        let name = next_name(&self.current());
        write_private(&folder.join(&name), &random_key()?).map_err(explain(folder))?;
        self.refresh()?;
        Ok(name)
    }

    fn keys(&self) -> Arc<Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The keys as they are, with this one if it is there at all.
    fn with(&self, name: &str) -> Result<Arc<Keys>> {
        let keys = self.keys();
        if keys.by_name.contains_key(name) {
            return Ok(keys);
        }
        if self.may_look() {
            self.refresh()?;
        }
        Ok(self.keys())
    }

    /// Once a second: names come from strangers too, in what they hand back sealed, and looking reads files.
    fn may_look(&self) -> bool {
        let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let may = looked_at.is_none_or(|at| at.elapsed() >= LOOKS);
        if may {
            *looked_at = Some(Instant::now());
        }
        may
    }

    /// Whether a key that some row needs is there.
    pub fn has(&self, name: &str) -> bool {
        self.keys().by_name.contains_key(name)
    }

    /// Seals a secret. `bound_to` (a row id, a purpose) must be the same when it is opened.
    pub fn seal(&self, secret: &[u8], bound_to: &[u8]) -> Result<Sealed> {
        let mut nonce = [0u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(Error::internal)?;
        let keys = self.keys();
        let sealed = keys
            .get(&keys.current)?
            .cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: secret, aad: bound_to })
            .map_err(|_| Error::internal("sealing failed"))?;
        Ok(Sealed { bytes: [nonce.as_slice(), &sealed].concat(), key: keys.current.clone() })
    }

    pub fn open(&self, sealed: &[u8], key: &str, bound_to: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let Some((nonce, text)) = sealed.split_first_chunk::<NONCE_BYTES>() else {
            return Err(Error::internal("a sealed secret is too short"));
        };
        let payload = Payload { msg: text, aad: bound_to };
        let opened = self.with(key)?.get(key)?.cipher.decrypt(&XNonce::from(*nonce), payload);
        opened.map(Zeroizing::new).map_err(|_| Error::internal(format!("key {key} does not open a secret")))
    }

    /// The name of the key that is used for what is new.
    pub fn current(&self) -> String {
        self.keys().current.clone()
    }

    /// HMAC-SHA256 of a message, by a key of its own that is derived from the named one.
    pub fn mac(&self, key: &str, message: &[u8]) -> Result<[u8; 32]> {
        authenticate(self.with(key)?.get(key)?.mac.as_slice(), message)
    }
}

impl Keys {
    fn new(keys: BTreeMap<String, Zeroizing<Vec<u8>>>) -> Result<Self> {
        let Some(current) = keys.keys().next_back().cloned() else {
            return Err(Error::internal("no sealing key is configured"));
        };
        let by_name = keys
            .into_iter()
            .map(|(name, bytes)| match XChaCha20Poly1305::new_from_slice(&bytes) {
                Ok(cipher) => {
                    let mac = Zeroizing::new(authenticate(&bytes, b"portaria: seals of the activity log")?);
                    Ok((name, Key { cipher, mac }))
                }
                Err(_) => Err(Error::internal(format!("sealing key {name} is not {KEY_BYTES} bytes long"))),
            })
            .collect::<Result<_>>()?;
        Ok(Self { current, by_name })
    }

    fn get(&self, name: &str) -> Result<&Key> {
        self.by_name.get(name).ok_or_else(|| Error::internal(format!("sealing key {name} is missing")))
    }
}

fn explain(folder: &Path) -> impl Fn(std::io::Error) -> Error {
    move |error| Error::internal(format!("sealing keys in {}: {error}", folder.display()))
}

fn read_folder(folder: &Path) -> Result<BTreeMap<String, Zeroizing<Vec<u8>>>> {
    let mut keys = BTreeMap::new();
    for file in std::fs::read_dir(folder).map_err(explain(folder))? {
        let path = file.map_err(explain(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.'));
        if let Some(name) = name {
            keys.insert(name.to_owned(), Zeroizing::new(std::fs::read(&path).map_err(explain(folder))?));
        }
    }
    Ok(keys)
}

/// A name that comes after this one: its last number and one, or a number behind it.
fn next_name(last: &str) -> String {
    let head = last.trim_end_matches(|c: char| c.is_ascii_digit());
    match last[head.len()..].parse::<u64>() {
        Ok(number) if (number + 1).to_string().len() <= last.len() - head.len() => {
            format!("{head}{:0width$}", number + 1, width = last.len() - head.len())
        }
        Ok(_) | Err(_) => format!("{last}-0001"),
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
    // It appears whole, for a process may be looking; a hidden name is no key's.
    let hidden = path.with_file_name(format!(".{}", path.file_name().unwrap_or_default().to_string_lossy()));
    let mut file = options.open(&hidden)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&hidden, path)?;
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

    #[test]
    fn a_process_takes_up_a_key_that_another_one_made() {
        let folder = tempfile::tempdir().unwrap();
        let (running, admin) =
            (KeyRing::open_folder(folder.path()).unwrap(), KeyRing::open_folder(folder.path()).unwrap());
        let old = running.seal(b"seed", b"row").unwrap();
        assert_eq!(admin.add().unwrap(), "key-0002");
        let new = admin.seal(b"seed", b"row").unwrap();
        assert_eq!((old.key.as_str(), new.key.as_str()), ("key-0001", "key-0002"));
        assert_eq!(running.open(&new.bytes, &new.key, b"row").unwrap().as_slice(), b"seed");
        assert_eq!(running.open(&old.bytes, &old.key, b"row").unwrap().as_slice(), b"seed");
        assert_eq!(running.current(), "key-0002", "and uses it itself");
        admin.add().unwrap();
        let newest = admin.seal(b"seed", b"row").unwrap();
        assert!(
            running.open(&newest.bytes, &newest.key, b"row").is_err(),
            "unknown names are looked for once a second"
        );
        running.refresh().unwrap();
        assert!(running.open(&newest.bytes, &newest.key, b"row").is_ok());
        std::fs::remove_file(folder.path().join("key-0001")).unwrap();
        running.refresh().unwrap();
        assert!(running.has("key-0001"), "what it needs it does not forget");
    }

    #[test]
    fn the_next_name_sorts_behind() {
        for (last, next) in
            [("key-0001", "key-0002"), ("key-9999", "key-9999-0001"), ("a", "a-0001"), ("k9", "k9-0001")]
        {
            assert_eq!(next_name(last), next);
            assert!(next_name(last).as_str() > last);
        }
    }
}
