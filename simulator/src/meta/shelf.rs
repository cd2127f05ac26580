//! Files: what the business uploaded, for thirty days, and what customers sent, for seven.

use std::collections::{HashMap, VecDeque};

use crate::sample;
use crate::span::DAY;

/// How long an upload can be used.
const UPLOADED_FOR: u64 = 30 * DAY;
/// How long a customer's file can be fetched.
const RECEIVED_FOR: u64 = 7 * DAY;
/// How many files are kept, and how many bytes of uploads; the oldest go first.
const FILES: usize = 50_000;
const BYTES: usize = 256 << 20;

/// A file.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) mime_type: String,
    /// The number it belongs to.
    pub(crate) line: usize,
    pub(crate) expires: u64,
    /// None for a customer's, whose bytes follow from the id.
    uploaded: Option<std::sync::Arc<Vec<u8>>>,
}

impl File {
    pub(crate) fn bytes(&self, id: &str) -> Vec<u8> {
        self.uploaded.as_ref().map_or_else(|| sample::bytes(&self.mime_type, id), |bytes| bytes.to_vec())
    }
}

/// All files.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    files: HashMap<String, File>,
    order: VecDeque<String>,
    bytes: usize,
}

impl Shelf {
    /// A file that was uploaded.
    pub(crate) fn upload(&mut self, id: &str, mime_type: &str, line: usize, now: u64, bytes: Vec<u8>) {
        self.bytes += bytes.len();
        let uploaded = Some(std::sync::Arc::new(bytes));
        self.put(id, File { mime_type: mime_type.to_owned(), line, expires: now + UPLOADED_FOR, uploaded });
    }

    /// A file a customer sent.
    pub(crate) fn receive(&mut self, id: &str, mime_type: &str, line: usize, now: u64) {
        let expires = now + RECEIVED_FOR;
        self.put(id, File { mime_type: mime_type.to_owned(), line, expires, uploaded: None });
    }

    fn put(&mut self, id: &str, file: File) {
        self.files.insert(id.to_owned(), file);
        self.order.push_back(id.to_owned());
        while self.files.len() > FILES || (self.bytes > BYTES && self.files.len() > 1) {
            let Some(oldest) = self.order.pop_front() else { return };
            self.remove(&oldest);
        }
    }

    /// The file, unless it has expired.
    pub(crate) fn get(&self, id: &str, now: u64) -> Option<&File> {
        self.files.get(id).filter(|file| now < file.expires)
    }

    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let removed = self.files.remove(id);
        self.bytes -= removed.as_ref().and_then(|file| file.uploaded.as_ref()).map_or(0, |bytes| bytes.len());
        if self.order.len() > 2 * FILES {
            self.order.retain(|id| self.files.contains_key(id));
        }
        removed.is_some()
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_expire_and_are_bounded() {
        let mut shelf = Shelf::default();
        shelf.upload("1", "text/plain", 0, 0, b"hi".to_vec());
        shelf.receive("2", "image/jpeg", 0, 0);
        assert!(shelf.get("2", RECEIVED_FOR - 1).is_some() && shelf.get("2", RECEIVED_FOR).is_none());
        assert!(shelf.get("1", UPLOADED_FOR - 1).is_some() && shelf.get("1", UPLOADED_FOR).is_none());
        for id in 0..FILES + 10 {
            shelf.receive(&format!("r{id}"), "image/jpeg", 0, 0);
        }
        assert_eq!(shelf.len(), FILES);
        assert!(shelf.get("1", 0).is_none() && shelf.bytes == 0);
    }
}
