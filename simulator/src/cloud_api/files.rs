//! Files: uploaded, described, fetched by an address that is good for a while, deleted.

use axum::body::Body;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::admission::Need;
use super::answer::{Answer, Answered, success};
use super::graph_error::GraphError;
use super::routes::Asked;
use super::upload;
use crate::meta::world::World;
use crate::signature::push_hex;

pub(super) async fn upload(asked: &Asked<'_>, number: &str, body: Body) -> Answered {
    let line = {
        let mut world = asked.shared.world();
        *world.tally.requests.entry("uploads").or_default() += 1;
        world.admit(asked.token, Need::Messaging)?;
        let line = world.line(number)?;
        world.accounts[world.lines[line].account].admit()?;
        world.lines[line].admit()?;
        line
    };
    let upload = upload::read(asked.content_type, body).await?;
    let mut world = asked.shared.world();
    world.uploads += 1;
    let id = world.dice(&["upload", &world.uploads.to_string()]).digits(16);
    let now = world.now();
    world.shelf.upload(&id, &upload.mime_type, line, now, upload.bytes);
    Ok(Answer::Value(json!({ "id": id })))
}

impl World {
    /// The file, of that number where the request names one.
    fn file_asked_for(&self, asked: &Asked<'_>, id: &str) -> Result<&crate::meta::File, GraphError> {
        let file = self.shelf.get(id, self.now()).ok_or_else(|| GraphError::no_such_object(id))?;
        let of = asked.query.get("phone_number_id");
        let belongs = of.is_none_or(|number| self.lines[file.line].number.phone_number_id == *number);
        if belongs { Ok(file) } else { Err(GraphError::no_such_object(id)) }
    }
}

pub(super) fn describe(asked: &Asked<'_>, id: &str) -> Answered {
    let mut world = asked.shared.world();
    *world.tally.requests.entry("media").or_default() += 1;
    world.admit(asked.token, Need::Messaging)?;
    let file = world.file_asked_for(asked, id)?;
    let bytes = file.bytes(id);
    let mut digest = String::with_capacity(64);
    push_hex(&mut digest, &Sha256::digest(&bytes));
    Ok(Answer::Value(json!({
        "messaging_product": "whatsapp",
        "url": world.media_url(id, world.now()),
        "mime_type": file.mime_type,
        "sha256": digest,
        "file_size": bytes.len().to_string(),
        "id": id,
    })))
}

pub(super) fn delete(asked: &Asked<'_>, id: &str) -> Answered {
    let mut world = asked.shared.world();
    world.admit(asked.token, Need::Messaging)?;
    world.file_asked_for(asked, id)?;
    world.shelf.remove(id);
    Ok(success())
}

/// The bytes, under the address that a request for the id gave; the token is needed here too.
pub(super) fn download(asked: &Asked<'_>) -> Answered {
    let mut world = asked.shared.world();
    *world.tally.requests.entry("downloads").or_default() += 1;
    world.admit(asked.token, Need::Messaging)?;
    let part = |key: &str| asked.query.get(key).map(String::as_str).unwrap_or_default();
    let (id, now) = (part("mid"), world.now());
    let good = world.is_media_url(id, part("ext"), part("hash"), now);
    match world.shelf.get(id, now).filter(|_| good) {
        Some(file) => Ok(Answer::File { mime_type: file.mime_type.clone(), bytes: file.bytes(id) }),
        None => {
            let mut gone = GraphError::no_such_object(id);
            gone.status = axum::http::StatusCode::NOT_FOUND;
            Err(gone)
        }
    }
}
