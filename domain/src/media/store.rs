//! Where files lie: a folder on disk, or a bucket. Nothing of a file is there before all of it is.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as Location;
use object_store::{Error as StoreError, GetOptions, GetRange, ObjectStore, ObjectStoreExt, WriteMultipart};
use portaria_entity::id::WorkspaceId;

use crate::error::{Error, Result};

/// So much of a file is in memory at a time while it is written to disk: two of these.
const DISK_CHUNK: usize = 256 * 1024;
const PARTS_AT_ONCE: usize = 2;

/// A file's bytes as they come.
pub type Bytestream = BoxStream<'static, Result<Bytes>>;

/// A store of files. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    chunk: usize,
    /// Of a store on disk.
    folder: Option<Arc<PathBuf>>,
}

impl Store {
    /// For throw-away installations.
    pub fn in_memory() -> Self {
        Self::of(Arc::new(InMemory::new()), DISK_CHUNK)
    }

    /// In a folder, which is made if it is not there. What was written is on disk before it is told of.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        let explain = |error: &dyn std::fmt::Display| {
            Error::internal(format!("files in {}: {error}", folder.display()))
        };
        make_private_folder(folder).map_err(|error| explain(&error))?;
        let folder = folder.canonicalize().map_err(|error| explain(&error))?;
        let objects = LocalFileSystem::new_with_prefix(&folder).map_err(|error| explain(&error))?;
        let objects = Arc::new(objects.with_fsync(true));
        Ok(Self { folder: Some(Arc::new(folder)), ..Self::of(objects, DISK_CHUNK) })
    }

    /// Any other, to which files are written in parts of so many bytes.
    pub fn of(objects: Arc<dyn ObjectStore>, chunk: usize) -> Self {
        Self { objects, chunk, folder: None }
    }

    /// A name that nobody can guess, by which nothing is in the store yet.
    pub fn new_key(workspace: WorkspaceId) -> Result<String> {
        let mut random = [0u8; 16];
        getrandom::fill(&mut random).map_err(Error::internal)?;
        let name = hex(&random);
        Ok(format!("{workspace}/{}/{name}", &name[..2]))
    }

    /// Begins to write a file. Unless it is finished nothing of it will be there.
    pub async fn write(&self, key: &str) -> Result<Writing> {
        let upload = self.objects.put_multipart(&location(key)?).await.map_err(Error::from)?;
        Ok(Writing(WriteMultipart::new_with_chunk_size(upload, self.chunk)))
    }

    /// A file's bytes, or a part of them; none when it is not there.
    pub async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<Option<Bytestream>> {
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        match self.objects.get_opts(&location(key)?, options).await {
            Ok(found) => Ok(Some(found.into_stream().map_err(Error::from).boxed())),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a file, and what a process that was killed left of one by this name. It may be gone already.
    pub async fn remove(&self, key: &str) -> Result<()> {
        match self.objects.delete(&location(key)?).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let Some(folder) = self.folder.clone() else { return Ok(()) };
        let path = folder.join(key);
        tokio::task::spawn_blocking(move || remove_unfinished(&path)).await.map_err(Error::internal)?
    }

    /// Writes a file, reads it, and removes it: whether the store can be used.
    pub async fn try_out(&self) -> Result<()> {
        let key = Self::new_key(WorkspaceId(uuid::Uuid::nil()))?;
        let mut writing = self.write(&key).await?;
        writing.write(b"portaria").await?;
        writing.finish().await?;
        let read = match self.read(&key, None).await? {
            Some(stream) => stream.try_collect::<Vec<_>>().await?.concat(),
            None => Vec::new(),
        };
        self.remove(&key).await?;
        match read == b"portaria" {
            true => Ok(()),
            false => Err(Error::internal("what was written to the store of files cannot be read")),
        }
    }
}

/// A file that is being written.
pub struct Writing(WriteMultipart);

impl Writing {
    /// Writes more; waits while the store is slower than who writes.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        // Long pieces are cut, so that none makes more parts at once than are waited for.
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(bytes.len().min(DISK_CHUNK));
            self.0.wait_for_capacity(PARTS_AT_ONCE).await.map_err(Error::from)?;
            self.0.write(piece);
            bytes = rest;
        }
        Ok(())
    }

    /// Puts it in place, on disk for good.
    pub async fn finish(self) -> Result<()> {
        self.0.finish().await.map(drop).map_err(Error::from)
    }

    pub async fn abandon(self) {
        if let Err(error) = self.0.abort().await {
            tracing::warn!(%error, "what was written of a file could not be removed");
        }
    }
}

/// The lower-case hexadecimals of some bytes.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn location(key: &str) -> Result<Location> {
    Location::parse(key).map_err(Error::internal)
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::internal(format!("the store of files: {error}"))
    }
}

fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// While a file is written to disk it has another name: its own, `#`, and a number.
fn remove_unfinished(path: &Path) -> Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(());
    };
    let begins = format!("{name}#");
    let Ok(files) = std::fs::read_dir(folder) else { return Ok(()) };
    for file in files.flatten() {
        if file.file_name().to_str().is_some_and(|name| name.starts_with(&begins)) {
            match std::fs::remove_file(file.path()) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::internal(format!("an unfinished file cannot be removed: {error}")));
                }
                Ok(()) | Err(_) => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(stream: Option<Bytestream>) -> Option<Vec<u8>> {
        Some(stream?.try_collect::<Vec<_>>().await.unwrap().concat())
    }

    #[tokio::test]
    async fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(&folder.path().join("media")).unwrap();
        let key = Store::new_key(WorkspaceId(uuid::Uuid::from_u128(1))).unwrap();
        let mut writing = store.write(&key).await.unwrap();
        writing.write(&vec![7; 600_000]).await.unwrap();
        assert!(store.read(&key, None).await.unwrap().is_none(), "not before it is finished");
        writing.finish().await.unwrap();
        assert_eq!(all(store.read(&key, None).await.unwrap()).await.unwrap().len(), 600_000);
        assert_eq!(all(store.read(&key, Some(10..20)).await.unwrap()).await.unwrap(), [7; 10]);
        store.remove(&key).await.unwrap();
        store.remove(&key).await.unwrap();
        assert!(store.read(&key, None).await.unwrap().is_none());
        store.try_out().await.unwrap();
    }

    #[tokio::test]
    async fn what_a_killed_process_left_goes_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(folder.path()).unwrap();
        let key = Store::new_key(WorkspaceId(uuid::Uuid::from_u128(1))).unwrap();
        let left = folder.path().join(format!("{key}#1"));
        std::fs::create_dir_all(left.parent().unwrap()).unwrap();
        std::fs::write(&left, b"half").unwrap();
        let other = left.with_file_name("another");
        std::fs::write(&other, b"whole").unwrap();
        store.remove(&key).await.unwrap();
        assert!(!left.exists() && other.exists());
    }

    #[tokio::test]
    async fn a_store_on_disk_is_its_owners_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("media");
        Store::in_folder(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        }
        assert!(Store::in_folder(Path::new("/dev/null/x")).is_err());
    }
}
