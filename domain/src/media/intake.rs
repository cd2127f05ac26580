//! Takes a file into the store as it comes: looked at by its first bytes, counted and hashed, and never whole in memory.

use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sha2::{Digest, Sha256};

use super::store::{Store, Writing, hex};
use crate::error::Error;

/// By so many bytes at most a file's type is told.
const HEAD: usize = 8 * 1024;

/// A file that is in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken<J> {
    pub bytes: u64,
    /// SHA-256 in hexadecimals.
    pub digest: String,
    /// What was found of its first bytes.
    pub judgement: J,
}

/// Why a file is not in the store.
#[derive(Debug)]
pub enum Untaken<R> {
    /// Its first bytes do not please.
    Refused(R),
    TooLarge {
        limit: u64,
    },
    Empty,
    /// It stopped coming.
    Broken(String),
    Store(Error),
}

/// Takes a file in. `judge` sees its first bytes, and says how many it may have, or that it is not wanted. Nothing may come
/// for `pause` at most.
pub async fn take_in<E: Display, J, R>(
    (store, key): (&Store, &str),
    mut source: impl Stream<Item = Result<Bytes, E>> + Unpin,
    pause: Duration,
    judge: impl FnOnce(&[u8]) -> Result<(J, u64), R>,
) -> Result<Taken<J>, Untaken<R>> {
    let mut head = Vec::new();
    while head.len() < HEAD {
        let Some(bytes) = next(&mut source, pause).await? else { break };
        head.extend_from_slice(&bytes);
    }
    if head.is_empty() {
        return Err(Untaken::Empty);
    }
    let (judgement, limit) = judge(&head[..head.len().min(HEAD)]).map_err(Untaken::Refused)?;
    let mut writing = store.write(key).await.map_err(Untaken::Store)?;
    match copy(&mut writing, head, &mut source, (pause, limit)).await {
        Ok((bytes, digest)) => {
            writing.finish().await.map_err(Untaken::Store)?;
            Ok(Taken { bytes, digest, judgement })
        }
        Err(failure) => {
            writing.abandon().await;
            Err(failure)
        }
    }
}

async fn copy<E: Display, R>(
    writing: &mut Writing,
    head: Vec<u8>,
    source: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
    (pause, limit): (Duration, u64),
) -> Result<(u64, String), Untaken<R>> {
    let (mut count, mut hash, mut piece) = (0_u64, Sha256::new(), Bytes::from(head));
    loop {
        count += piece.len() as u64;
        if count > limit {
            return Err(Untaken::TooLarge { limit });
        }
        hash.update(&piece);
        writing.write(&piece).await.map_err(Untaken::Store)?;
        match next(source, pause).await? {
            Some(bytes) => piece = bytes,
            None => return Ok((count, hex(&hash.finalize()))),
        }
    }
}

async fn next<E: Display, R>(
    source: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
    pause: Duration,
) -> Result<Option<Bytes>, Untaken<R>> {
    match tokio::time::timeout(pause, source.next()).await {
        Ok(Some(Ok(bytes))) => Ok(Some(bytes)),
        Ok(Some(Err(error))) => Err(Untaken::Broken(error.to_string())),
        Ok(None) => Ok(None),
        Err(_) => Err(Untaken::Broken(format!("nothing came for {} s", pause.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::stream;
    use portaria_entity::id::WorkspaceId;
    use uuid::Uuid;

    use super::*;

    const PAUSE: Duration = Duration::from_millis(200);

    fn key() -> String {
        Store::new_key(WorkspaceId(Uuid::from_u128(1))).unwrap()
    }

    fn pieces(count: usize, length: usize) -> impl Stream<Item = Result<Bytes, String>> + Unpin {
        stream::iter((0..count).map(move |_| Ok(Bytes::from(vec![b'x'; length]))))
    }

    #[tokio::test]
    async fn a_file_is_counted_hashed_and_judged_by_its_first_bytes() {
        let (store, key) = (Store::in_memory(), key());
        let judge = |head: &[u8]| Ok::<_, ()>((head.len(), 100_000));
        let taken = take_in((&store, &key), pieces(100, 1_000), PAUSE, judge).await.unwrap();
        assert_eq!((taken.bytes, taken.judgement), (100_000, HEAD));
        assert_eq!(taken.digest, hex(&Sha256::digest(vec![b'x'; 100_000])));
        assert!(store.read(&key, None).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn of_a_file_that_is_too_large_empty_refused_or_cut_off_nothing_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(folder.path()).unwrap();
        let judge = |_: &[u8]| Ok::<_, ()>(((), 50_000));
        let key = key();
        let large = take_in((&store, &key), pieces(100, 1_000), PAUSE, judge).await;
        assert!(matches!(large, Err(Untaken::TooLarge { limit: 50_000 })));
        let empty = take_in((&store, &key), pieces(0, 0), PAUSE, judge).await;
        assert!(matches!(empty, Err(Untaken::Empty)));
        let refused = take_in((&store, &key), pieces(1, 10), PAUSE, |_| Err::<((), u64), _>("no")).await;
        assert!(matches!(refused, Err(Untaken::Refused("no"))));
        let cut = stream::iter([Ok(Bytes::from(vec![1; 20_000])), Err("gone".to_owned())]);
        assert!(matches!(take_in((&store, &key), cut, PAUSE, judge).await, Err(Untaken::Broken(_))));
        let slow = pieces(1, 20_000).chain(stream::pending());
        assert!(matches!(take_in((&store, &key), slow, PAUSE, judge).await, Err(Untaken::Broken(_))));
        // What is abandoned is removed aside.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let left = std::fs::read_dir(folder.path().join(&key).parent().unwrap()).map_or(0, Iterator::count);
        assert_eq!(left, 0);
    }

    #[tokio::test]
    async fn who_sends_waits_for_the_store_so_that_memory_stays_small() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(folder.path()).unwrap();
        // Each piece counts while anything holds it.
        let held = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        struct Piece(Vec<u8>, Arc<AtomicUsize>);
        impl AsRef<[u8]> for Piece {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        impl Drop for Piece {
            fn drop(&mut self) {
                self.1.fetch_sub(self.0.len(), Ordering::SeqCst);
            }
        }
        let (holding, seen) = (held.clone(), most.clone());
        let source = stream::iter((0..400).map(move |_| {
            let now = holding.fetch_add(64 * 1024, Ordering::SeqCst) + 64 * 1024;
            seen.fetch_max(now, Ordering::SeqCst);
            Ok::<_, String>(Bytes::from_owner(Piece(vec![0; 64 * 1024], holding.clone())))
        }));
        let taken = take_in((&store, &key()), source, PAUSE, |_| Ok::<_, ()>(((), u64::MAX))).await.unwrap();
        assert_eq!(taken.bytes, 400 * 64 * 1024);
        assert!(most.load(Ordering::SeqCst) <= 256 * 1024, "{} bytes at once", most.load(Ordering::SeqCst));
    }
}
