//! Reading an upload: part by part, piece by piece, and no further than a file of its kind may be long.

use axum::body::Body;
use multer::{Constraints, Field, Multipart, SizeLimit};

use super::graph_error::GraphError;
use crate::sniff::{self, FileKind};

/// What the parts beside the file may hold.
const SMALL_PART: u64 = 16_384;

/// An upload.
pub(super) struct Upload {
    pub(super) mime_type: String,
    pub(super) bytes: Vec<u8>,
}

/// Reads an upload's parts: `messaging_product` and `file`, whose type is its own or the part `type`.
pub(super) async fn read(content_type: Option<&str>, body: Body) -> Result<Upload, GraphError> {
    let boundary = content_type.and_then(|value| multer::parse_boundary(value).ok());
    let boundary =
        boundary.ok_or_else(|| GraphError::parameter("The request must be multipart/form-data."))?;
    let most = FileKind::Document.most_bytes();
    let limit = SizeLimit::new().whole_stream(most + 4 * SMALL_PART).for_field("type", SMALL_PART);
    let limit = limit.for_field("messaging_product", SMALL_PART).per_field(most);
    let constraints = Constraints::new().size_limit(limit);
    let mut parts = Multipart::with_constraints(body.into_data_stream(), boundary, constraints);
    let (mut product, mut kind, mut file) = (None, None, None);
    while let Some(part) = parts.next_field().await.map_err(|error| unreadable(&error))? {
        match part.name().unwrap_or_default().to_owned().as_str() {
            "messaging_product" => product = Some(part.text().await.map_err(|error| unreadable(&error))?),
            "type" => kind = Some(part.text().await.map_err(|error| unreadable(&error))?),
            "file" => {
                let own = part.content_type().map(ToString::to_string);
                file = Some((own.clone(), file_of(part, kind.as_deref().or(own.as_deref())).await?));
            }
            _ => {}
        }
    }
    if product.as_deref() != Some("whatsapp") {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    let (own_kind, bytes) = file.ok_or_else(|| GraphError::parameter("The parameter file is required."))?;
    let mime_type = kind.filter(|kind| kind.contains('/')).or(own_kind);
    let mime_type = mime_type.ok_or_else(|| GraphError::parameter("The parameter type is required."))?;
    examine(&mime_type, &bytes)?;
    Ok(Upload { mime_type, bytes })
}

/// The file, given up as soon as it is longer than one of its type may be.
async fn file_of(mut part: Field<'_>, mime_type: Option<&str>) -> Result<Vec<u8>, GraphError> {
    let kind = mime_type.and_then(sniff::kind_of).unwrap_or(FileKind::Document);
    let mut bytes = Vec::new();
    while let Some(piece) = part.chunk().await.map_err(|error| unreadable(&error))? {
        bytes.extend_from_slice(&piece);
        if bytes.len() as u64 > kind.most_bytes() {
            return Err(too_large());
        }
    }
    Ok(bytes)
}

/// The type is one WhatsApp takes, the content is of that type, and it is not too long.
fn examine(mime_type: &str, bytes: &[u8]) -> Result<(), GraphError> {
    let kind = sniff::kind_of(mime_type).ok_or_else(|| {
        let types = sniff::all_types();
        GraphError::parameter(format!(
            "Param file must be a file with one of the following types: {types}. Received file of type '{mime_type}'."
        ))
    })?;
    if bytes.is_empty() {
        return Err(GraphError::media_upload("The file is empty."));
    }
    if bytes.len() as u64 > kind.most_bytes() {
        return Err(too_large());
    }
    if !sniff::agrees(mime_type, bytes) {
        return Err(GraphError::media_upload(format!("The file's content is not of type {mime_type}.")));
    }
    Ok(())
}

fn too_large() -> GraphError {
    GraphError::media_upload("The file is larger than a file of its type may be.")
}

fn unreadable(error: &multer::Error) -> GraphError {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => too_large(),
        _ => GraphError::parameter("The multipart body cannot be read."),
    }
}
