//! A database of countries that a test may alter: see the README beside the file itself.

use std::path::{Path, PathBuf};

use portaria_domain::country::Countries;
use portaria_entity::time::Timestamp;

const FILE: &[u8] = include_bytes!("../fixtures/countries.mmdb");
const COMPANY: &[u8] = include_bytes!("../fixtures/company.mmdb");
/// What stands before the four bytes with the time at which it was made.
const BUILT: &[u8] = b"build_epoch\x04\x02";

/// A copy of the database in a folder of its own.
pub struct CountryFile {
    folder: tempfile::TempDir,
}

impl CountryFile {
    pub fn new() -> Self {
        let copy = Self { folder: tempfile::tempdir().expect("a folder") };
        copy.write(FILE);
        copy
    }

    /// Where the addresses of the simulated company and of those who attack it are.
    pub fn of_company() -> Self {
        let copy = Self { folder: tempfile::tempdir().expect("a folder") };
        copy.write(COMPANY);
        copy
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("countries.mmdb")
    }

    pub fn countries(&self) -> Countries {
        Countries::open(&self.path()).expect("countries")
    }

    pub fn write(&self, bytes: &[u8]) {
        std::fs::write(self.path(), bytes).expect("written");
    }

    /// Puts a file in its place that says it was made then.
    pub fn replace_by_one_of(&self, built_at: Timestamp) {
        let seconds = u32::try_from(built_at.as_secs()).expect("a time within our days");
        let mut bytes = FILE.to_vec();
        let at = place(&bytes, BUILT) + BUILT.len();
        bytes[at..at + 4].copy_from_slice(&seconds.to_be_bytes());
        self.put(&bytes);
    }

    /// Puts a file in its place in which something is called otherwise, in as many letters.
    pub fn replace_by_one_with(&self, otherwise: &[u8], of: &[u8]) {
        let mut bytes = FILE.to_vec();
        let at = place(&bytes, of);
        bytes[at..at + of.len()].copy_from_slice(otherwise);
        self.put(&bytes);
    }

    /// As an operator should: written beside it, then renamed over it. Always later than what it replaces.
    fn put(&self, bytes: &[u8]) {
        let was = modified(&self.path());
        let beside = self.folder.path().join("new");
        std::fs::write(&beside, bytes).expect("written");
        let file = std::fs::File::options().append(true).open(&beside).expect("a file");
        file.set_modified(was + std::time::Duration::from_secs(1)).expect("a time");
        std::fs::rename(beside, self.path()).expect("renamed");
    }
}

impl Default for CountryFile {
    fn default() -> Self {
        Self::new()
    }
}

fn modified(path: &Path) -> std::time::SystemTime {
    std::fs::metadata(path).and_then(|file| file.modified()).expect("a time")
}

fn place(bytes: &[u8], of: &[u8]) -> usize {
    bytes.windows(of.len()).position(|window| window == of).expect("it is in the file")
}
