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
        // Files go one by one; not every store that speaks S3 removes several at once.
        builder = builder.with_bucket_name(bucket).with_disable_bulk_delete(true);
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};
    use std::sync::Mutex;

    use axum::Router;
    use axum::body::Bytes;
    use axum::extract::{Path as At, Query, State};
    use axum::http::{HeaderMap, Method, StatusCode};
    use axum::response::{IntoResponse, Response};
    use axum::routing::any;

    use super::*;
    use crate::config::load;

    fn with(variables: &[(&str, &str)]) -> Result<crate::config::Config> {
        let variable =
            |(name, value): &(&str, &str)| (format!("PORTARIA_MEDIA__{name}"), (*value).to_owned());
        load(None, variables.iter().map(variable))
    }

    #[test]
    fn files_lie_beside_the_keys_unless_it_is_said_where() {
        let place = |variables: &[(&str, &str)]| {
            let config = with(variables).unwrap();
            config.media.place(&config.keys, &config.database).unwrap()
        };
        assert_eq!(place(&[]), Place::Folder("data/media".into()));
        assert_eq!(place(&[("STORE", "file:/srv/files")]), Place::Folder("/srv/files".into()));
        assert_eq!(place(&[("STORE", "s3:files")]), Place::Bucket("files".to_owned()));
    }

    #[test]
    fn what_cannot_work_is_told() {
        for (variables, expected) in [
            (&[("STORE", "ftp:x")][..], "media.store must be"),
            (&[("STORE", "s3:")], "media.store must be"),
            (&[("STORE", "s3:x"), ("ACCESS_KEY_ID", "me")], "media.access_key_id needs"),
            (&[("ENDPOINT", "minio:9000")], "media.endpoint must begin"),
            (&[("SCAN_COMMAND", "[\"\"]")], "media.scan_command begins"),
            (&[("SCAN_TIMEOUT_SECONDS", "0")], "media.scan_timeout_seconds"),
            (&[("LINK_SECONDS", "86400")], "media.link_seconds"),
        ] {
            let told = with(variables).err().map(|error| format!("{error:#}")).unwrap_or_default();
            assert!(told.contains(expected), "{expected}: {told}");
        }
        let config = with(&[("SCAN_COMMAND", "[\"clamdscan\", \"-\"]")]).unwrap();
        assert_eq!(config.media.scan_command, ["clamdscan", "-"]);
    }

    /// What a store that speaks S3 has been given: parts of what is being written, and what is there.
    #[derive(Default)]
    struct Bucket {
        parts: BTreeMap<u32, Bytes>,
        objects: HashMap<String, Vec<u8>>,
        methods: Vec<String>,
    }

    type Parameters = Query<HashMap<String, String>>;

    async fn s3(
        State(bucket): State<Arc<Mutex<Bucket>>>,
        At(key): At<String>,
        method: Method,
        Query(query): Parameters,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response {
        let signed = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !signed.starts_with("AWS4-HMAC-SHA256 Credential=me/") {
            return StatusCode::FORBIDDEN.into_response();
        }
        let mut bucket = bucket.lock().unwrap();
        bucket.methods.push(method.to_string());
        let xml = |name: &str, inner: &str| {
            format!("<{name}><Bucket>files</Bucket>{inner}</{name}>").into_response()
        };
        match (method.as_str(), query.contains_key("uploads"), query.get("partNumber")) {
            ("POST", true, _) => xml("InitiateMultipartUploadResult", "<UploadId>u1</UploadId>"),
            ("PUT", _, Some(number)) => {
                bucket.parts.insert(number.parse().unwrap(), body);
                ([("etag", "\"p\"")], "").into_response()
            }
            ("POST", ..) => {
                let whole = std::mem::take(&mut bucket.parts).into_values().flatten().collect();
                bucket.objects.insert(key, whole);
                xml("CompleteMultipartUploadResult", "<ETag>\"w\"</ETag>")
            }
            ("GET", ..) => match bucket.objects.get(&key) {
                Some(bytes) => {
                    let head = [("etag", "\"w\""), ("last-modified", "Mon, 02 Mar 2026 12:00:00 GMT")];
                    (head, bytes.clone()).into_response()
                }
                None => StatusCode::NOT_FOUND.into_response(),
            },
            ("DELETE", ..) => {
                bucket.objects.remove(&key);
                StatusCode::NO_CONTENT.into_response()
            }
            _ => StatusCode::NOT_IMPLEMENTED.into_response(),
        }
    }

    #[tokio::test]
    async fn files_are_written_read_and_removed_in_a_bucket() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let bucket: Arc<Mutex<Bucket>> = Arc::default();
        let router = Router::new().route("/files/{*key}", any(s3)).with_state(bucket.clone());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let variables = [
            ("STORE", "s3:files"),
            ("ENDPOINT", endpoint.as_str()),
            ("ACCESS_KEY_ID", "me"),
            ("SECRET_ACCESS_KEY", "secret"),
        ];
        let config = with(&variables).unwrap();
        assert!(config.media.is_in_the_clear() && config.problems().is_empty());
        let media = config.media.open(&config.keys, &config.database).unwrap();
        media.store.try_out().await.unwrap();
        assert!(bucket.lock().unwrap().objects.is_empty());
        assert_eq!(bucket.lock().unwrap().methods, ["POST", "PUT", "POST", "GET", "DELETE"]);
    }
}
