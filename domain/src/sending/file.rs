//! Messages with a file: a picture, a film, a sound, a sticker or a document, handed in before.

use portaria_entity::id::MediaFileId;
use portaria_entity::media_file::{self, MediaKind};
use serde_json::json;

use super::content::{Prepared, invalid, put, within_if_given};
use super::gate::Kind;
use crate::error::{Refusal, Result};
use crate::media::harmless;

/// A file with what goes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    pub kind: MediaKind,
    pub file_id: MediaFileId,
    /// Words under it: words of one's own, as any.
    pub caption: Option<String>,
    /// What the customer sees a document called; else as it was handed in.
    pub filename: Option<String>,
    /// Whether a sound is shown as spoken into the conversation.
    pub voice: bool,
}

/// As what the gate knows it.
pub(super) fn gate_kind(kind: MediaKind) -> Kind {
    match kind {
        MediaKind::Image => Kind::Image,
        MediaKind::Video => Kind::Video,
        MediaKind::Audio => Kind::Audio,
        MediaKind::Sticker => Kind::Sticker,
        MediaKind::Document => Kind::Document,
    }
}

pub(super) fn prepare(new: NewFile) -> Result<Prepared> {
    let caption = within_if_given("caption: 1 to 1,024 characters", new.caption, 1_024)?;
    let filename = within_if_given("document.filename: 1 to 240 characters", new.filename, 240)?;
    let mut part = json!({});
    put(&mut part, "caption", caption.clone());
    put(&mut part, "filename", filename.as_deref().and_then(harmless));
    if new.voice {
        put(&mut part, "voice", Some(true));
    }
    let name = new.kind.into();
    let file = Some((new.file_id, new.kind));
    // What the customer sees a document called are words, too.
    let has_free_text = caption.is_some() || part.get("filename").is_some();
    Ok(Prepared { file, has_free_text, ..Prepared::free(gate_kind(new.kind), name, caption, part) })
}

/// What only the file itself tells: its name, and whether it can be a voice message. A template says for itself what it shows.
pub(super) fn complete(prepared: &mut Prepared, file: &media_file::Model, kind: MediaKind) -> Result<()> {
    if file.state != media_file::MediaState::Stored {
        return Err(Refusal::FileNotReady.into());
    }
    if prepared.kind == Kind::Template {
        return Ok(());
    }
    let part = &mut prepared.part;
    if kind == MediaKind::Document && part.get("filename").is_none() {
        put(part, "filename", file.filename.clone());
    }
    let is_spoken = part.get("voice").is_some();
    if is_spoken && file.detected_type.as_deref() != Some("audio/ogg") {
        return Err(invalid("audio.voice: only Ogg with Opus can be a voice message"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(kind: MediaKind) -> NewFile {
        let file_id = MediaFileId(uuid::Uuid::from_u128(1));
        NewFile { kind, file_id, caption: None, filename: None, voice: false }
    }

    #[test]
    fn a_caption_is_free_text_and_its_absence_is_not() {
        let prepared = prepare(new(MediaKind::Image)).unwrap();
        assert_eq!((prepared.name, prepared.has_free_text, prepared.part), ("image", false, json!({})));
        let caption = Some("Veja".to_owned());
        let prepared = prepare(NewFile { caption, ..new(MediaKind::Video) }).unwrap();
        assert!(prepared.has_free_text);
        assert_eq!(prepared.part, json!({ "caption": "Veja" }));
        let long = Some("é".repeat(1_025));
        assert!(prepare(NewFile { caption: long, ..new(MediaKind::Image) }).is_err());
    }

    #[test]
    fn a_document_goes_by_a_harmless_name() {
        let filename = Some("../a\u{202e}fdp.exe".to_owned());
        let prepared = prepare(NewFile { filename, ..new(MediaKind::Document) }).unwrap();
        assert_eq!(prepared.part, json!({ "filename": "afdp.exe" }));
    }
}
