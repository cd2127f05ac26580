//! Media as webhooks refer to it: an id to fetch it by, its type and digest, and a short-lived address.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::customer::put;
use crate::random::Random;
use crate::sample;

/// A file a customer sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// The id by which the Graph API gives the file, for seven days.
    pub id: String,
    /// Its MIME type.
    pub mime_type: String,
    /// Base64 of the file's SHA-256.
    pub sha256: String,
    /// The text under it.
    pub caption: Option<String>,
    /// The file's name; documents only.
    pub filename: Option<String>,
    /// Where it can be fetched for a while, with a token.
    pub url: String,
}

impl Media {
    /// A file of that type with a made-up id.
    pub fn made_up(mime_type: &str, random: &mut Random) -> Self {
        let id = random.digits(16);
        Self::of_id(id, mime_type)
    }

    /// The file that has that id: its bytes are [`sample::bytes`].
    pub fn of_id(id: String, mime_type: &str) -> Self {
        let sha256 = STANDARD.encode(Sha256::digest(sample::bytes(mime_type, &id)));
        let url = format!("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid={id}");
        Self { id, mime_type: mime_type.to_owned(), sha256, caption: None, filename: None, url }
    }

    /// With a text under it.
    #[must_use]
    pub fn captioned(mut self, caption: &str) -> Self {
        self.caption = (!caption.is_empty()).then(|| caption.to_owned());
        self
    }

    /// With a file name.
    #[must_use]
    pub fn named(mut self, filename: &str) -> Self {
        self.filename = Some(filename.to_owned());
        self
    }

    /// The object under the message type's own key.
    pub(super) fn to_object(&self) -> Map<String, Value> {
        let mut object = Map::new();
        put(&mut object, "caption", self.caption.as_ref());
        put(&mut object, "filename", self.filename.as_ref());
        object.insert("mime_type".to_owned(), json!(self.mime_type));
        object.insert("sha256".to_owned(), json!(self.sha256));
        object.insert("id".to_owned(), json!(self.id));
        object.insert("url".to_owned(), json!(self.url));
        object
    }
}
