//! Files: uploaded in bounded size, kept in bounded number, described, fetched and deleted.

use std::collections::VecDeque;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use multer::{Constraints, Multipart, SizeLimit};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::graph_error::GraphError;
use crate::signature::push_hex;

/// A file as it was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMedia {
    /// The id it was given.
    pub id: String,
    /// Its MIME type.
    pub mime_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl StoredMedia {
    /// What a request for the id answers: where the bytes are, and what they are.
    pub(super) fn to_value(&self, base_url: &str) -> Value {
        let mut digest = String::with_capacity(64);
        push_hex(&mut digest, &Sha256::digest(&self.bytes));
        json!({
            "messaging_product": "whatsapp",
            "url": format!("{base_url}/download/{}", self.id),
            "mime_type": self.mime_type,
            "sha256": digest,
            "file_size": self.bytes.len().to_string(),
            "id": self.id,
        })
    }
}

/// The files kept: the oldest goes when there are too many, or too many bytes.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    files: VecDeque<StoredMedia>,
}

/// How many files are kept.
const FILES: usize = 256;
/// How many bytes are kept.
const BYTES: usize = 128 << 20;

impl Shelf {
    pub(super) fn get(&self, id: &str) -> Option<&StoredMedia> {
        self.files.iter().find(|file| file.id == id)
    }

    pub(super) fn put(&mut self, file: StoredMedia) {
        self.files.push_back(file);
        while self.files.len() > FILES || (self.files.len() > 1 && self.bytes() > BYTES) {
            self.files.pop_front();
        }
    }

    fn bytes(&self) -> usize {
        self.files.iter().map(|file| file.bytes.len()).sum()
    }

    pub(super) fn remove(&mut self, id: &str) -> bool {
        let before = self.files.len();
        self.files.retain(|file| file.id != id);
        self.files.len() < before
    }
}

/// Reads an upload's parts: `messaging_product` and `file`, whose type is its own or the part `type`.
pub(super) async fn read_upload(
    headers: &HeaderMap,
    body: Body,
    most: u64,
) -> Result<(String, Vec<u8>), GraphError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = content_type.and_then(|value| multer::parse_boundary(value).ok());
    let boundary =
        boundary.ok_or_else(|| GraphError::parameter("The request must be multipart/form-data."))?;
    // The parts beside the file are a few bytes.
    let limit = SizeLimit::new().whole_stream(most + 16_384).per_field(most);
    let constraints = Constraints::new().size_limit(limit);
    let mut parts = Multipart::with_constraints(body.into_data_stream(), boundary, constraints);
    let (mut product, mut kind, mut file) = (None, None, None);
    while let Some(part) = parts.next_field().await.map_err(|error| unreadable(&error))? {
        let own_kind = part.content_type().map(ToString::to_string);
        match part.name().unwrap_or_default().to_owned().as_str() {
            "messaging_product" => product = Some(part.text().await.map_err(|error| unreadable(&error))?),
            "type" => kind = Some(part.text().await.map_err(|error| unreadable(&error))?),
            "file" => {
                let bytes = part.bytes().await.map_err(|error| unreadable(&error))?;
                file = Some((own_kind, bytes.to_vec()));
            }
            _ => {}
        }
    }
    if product.as_deref() != Some("whatsapp") {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    let (own_kind, bytes) = file.ok_or_else(|| GraphError::parameter("The parameter file is required."))?;
    let kind = kind.or(own_kind).filter(|kind| kind.contains('/'));
    let kind = kind.ok_or_else(|| GraphError::parameter("The parameter type is required."))?;
    if bytes.is_empty() {
        return Err(GraphError::media_upload("The file is empty."));
    }
    Ok((kind, bytes))
}

fn unreadable(error: &multer::Error) -> GraphError {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            GraphError::media_upload("The file is larger than may be sent.")
        }
        _ => GraphError::parameter("The multipart body cannot be read."),
    }
}
