//! Writes each mail to a file of its own, whole or not at all.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs;
use tokio::io::AsyncWriteExt;

use super::error::{SendError, Stage};
use super::message::Composed;

/// The default of an installation without a mail server: `<dir>/<time>-<id>.eml`.
#[derive(Debug, Clone)]
pub struct FileTransport {
    directory: PathBuf,
}

impl FileTransport {
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) async fn send(&self, mail: &Composed) -> Result<(), SendError> {
        self.write(mail).await.map_err(|error| SendError::retry(Stage::Store, None, &error.to_string()))
    }

    /// Written beside its place, synced, then renamed: a reader of the directory never sees half a mail, and
    /// a mail sent twice is one file.
    async fn write(&self, mail: &Composed) -> io::Result<()> {
        fs::create_dir_all(&self.directory).await?;
        let unfinished = self.directory.join(format!(".{}.part", mail.file_stem));
        let mut file = fs::File::create(&unfinished).await?;
        file.write_all(&mail.bytes).await?;
        file.sync_all().await?;
        fs::rename(&unfinished, self.directory.join(format!("{}.eml", mail.file_stem))).await?;
        fs::File::open(&self.directory).await?.sync_all().await
    }
}
