//! Where files of messages lie, and what looks through them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use object_store::aws::AmazonS3Builder;
use portaria_domain::media::{Media, Scanner, Store};
use serde::Deserialize;

use super::{DatabaseConfig, KeysConfig, Secret};

/// The smallest part that S3 takes.
const S3_PART: usize = 5 << 20;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaConfig {
    /// `file:FOLDER` or `s3:BUCKET`; empty: the folder `media` beside that of the keys.
    store: String,
    endpoint: String,
    region: String,
    access_key_id: String,
    secret_access_key: Secret,
    secret_access_key_file: PathBuf,
    /// The program and its arguments; empty: files are not looked through.
    pub scan_command: Vec<String>,
    scan_timeout_seconds: u64,
    link_seconds: u64,
}

/// Where files lie.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    Folder(PathBuf),
    Bucket(String),
}

impl MediaConfig {
    pub fn place(&self, keys: &KeysConfig, database: &DatabaseConfig) -> Result<Place> {
        match self.store.split_once(':') {
            None if self.store.is_empty() => {
                let keys = keys.folder(database)?;
                Ok(Place::Folder(keys.parent().unwrap_or(Path::new("")).join("media")))
            }
            Some(("file", folder)) if !folder.is_empty() => Ok(Place::Folder(folder.into())),
            Some(("s3", bucket)) if !bucket.is_empty() => Ok(Place::Bucket(bucket.to_owned())),
            _ => bail!("media.store must be file:FOLDER or s3:BUCKET"),
        }
    }

    /// Opens the store. A folder is made if it is not there; a bucket is not asked yet.
    pub fn open(&self, keys: &KeysConfig, database: &DatabaseConfig) -> Result<Media> {
        let store = match self.place(keys, database)? {
            Place::Folder(folder) => Store::in_folder(&folder).context("media.store")?,
            Place::Bucket(bucket) => self.bucket(&bucket).context("media.store")?,
        };
        let scanner = self.scan_command.split_first().map(|(program, arguments)| {
            let timeout = Duration::from_secs(self.scan_timeout_seconds);
            Arc::new(Scanner { program: program.clone(), arguments: arguments.to_vec(), timeout })
        });
        Ok(Media { store, scanner, link_lifetime: Duration::from_secs(self.link_seconds) })
    }

    fn bucket(&self, bucket: &str) -> Result<Store> {
        let mut builder = match self.access_key_id.as_str() {
            // What AWS itself reads, or the role of the machine.
            "" => AmazonS3Builder::from_env(),
            key => AmazonS3Builder::new()
                .with_access_key_id(key)
                .with_secret_access_key(self.secret_access_key()?.reveal()),
        };
        builder = builder.with_bucket_name(bucket);
        if !self.region.is_empty() {
            builder = builder.with_region(&self.region);
        }
        if !self.endpoint.is_empty() {
            builder = builder.with_endpoint(&self.endpoint).with_allow_http(self.is_in_the_clear());
        }
        Ok(Store::of(Arc::new(builder.build()?), S3_PART))
    }

    fn secret_access_key(&self) -> Result<Secret> {
        match self.secret_access_key_file.as_os_str().is_empty() {
            true => Ok(self.secret_access_key.clone()),
            false => Secret::from_file(&self.secret_access_key_file),
        }
    }

    /// Whether files cross the network to the store unencrypted.
    pub fn is_in_the_clear(&self) -> bool {
        self.endpoint.starts_with("http://")
    }

    pub(super) fn problems(&self, keys: &KeysConfig, database: &DatabaseConfig) -> Vec<String> {
        let mut problems = Vec::new();
        match self.place(keys, database) {
            Ok(Place::Bucket(_)) if !self.access_key_id.is_empty() => match self.secret_access_key() {
                Ok(secret) if secret.is_empty() => {
                    problems.push("media.access_key_id needs media.secret_access_key_file".to_owned());
                }
                Ok(_) => {}
                Err(error) => problems.push(format!("media.secret_access_key_file: {error:#}")),
            },
            // Where the keys are to be is told by their own section.
            Err(_) if self.store.is_empty() => {}
            Err(error) => problems.push(error.to_string()),
            Ok(_) => {}
        }
        if !self.endpoint.is_empty() && !self.endpoint.contains("://") {
            problems.push("media.endpoint must begin with https:// (or http://)".to_owned());
        }
        if self.scan_command.first().is_some_and(String::is_empty) {
            problems.push("media.scan_command begins with the name of a program".to_owned());
        }
        if !(1..=540).contains(&self.scan_timeout_seconds) {
            problems.push("media.scan_timeout_seconds must be 1 to 540".to_owned());
        }
        if !(10..=3_600).contains(&self.link_seconds) {
            problems.push("media.link_seconds must be 10 to 3600".to_owned());
        }
        problems
    }
}
