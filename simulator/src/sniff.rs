//! What a file is by its first bytes, and which files WhatsApp takes, of which size.

/// What a message can hold a file as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// A film.
    Video,
    /// A sticker.
    Sticker,
    /// Any other file.
    Document,
}

impl FileKind {
    /// The message type that holds it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Sticker => "sticker",
            Self::Document => "document",
        }
    }

    /// How large it may be at most. A still sticker's 100 KB are not told apart from a moving one's 500.
    pub fn most_bytes(self) -> u64 {
        match self {
            Self::Image => 5 << 20,
            Self::Audio | Self::Video => 16 << 20,
            Self::Sticker => 500 << 10,
            Self::Document => 100 << 20,
        }
    }

    /// Whether a message of that type may hold it: every file may also go as a document.
    pub fn fits(self, message_type: &str) -> bool {
        self.as_str() == message_type || message_type == "document"
    }
}

const TAKEN: &[(&str, FileKind)] = &[
    ("image/jpeg", FileKind::Image),
    ("image/png", FileKind::Image),
    ("image/webp", FileKind::Sticker),
    ("audio/aac", FileKind::Audio),
    ("audio/mp4", FileKind::Audio),
    ("audio/mpeg", FileKind::Audio),
    ("audio/amr", FileKind::Audio),
    ("audio/ogg", FileKind::Audio),
    ("audio/opus", FileKind::Audio),
    ("video/mp4", FileKind::Video),
    ("video/3gpp", FileKind::Video),
    ("text/plain", FileKind::Document),
    ("application/pdf", FileKind::Document),
    ("application/msword", FileKind::Document),
    ("application/vnd.ms-excel", FileKind::Document),
    ("application/vnd.ms-powerpoint", FileKind::Document),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", FileKind::Document),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", FileKind::Document),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", FileKind::Document),
];

/// What a file of that type can be sent as; none when WhatsApp does not take it. Parameters of the type are ignored.
pub fn kind_of(mime_type: &str) -> Option<FileKind> {
    let essence = mime_type.split(';').next().unwrap_or_default().trim();
    TAKEN.iter().find(|(taken, _)| taken.eq_ignore_ascii_case(essence)).map(|(_, kind)| *kind)
}

/// Every type taken, for the complaint.
pub fn all_types() -> String {
    TAKEN.iter().map(|(mime_type, _)| *mime_type).collect::<Vec<_>>().join(", ")
}

/// The family the first bytes speak of; none for what has no mark of its own, as plain text.
fn family(bytes: &[u8]) -> Option<&'static str> {
    let marks: &[(&[u8], &str)] = &[
        (b"\xff\xd8\xff", "jpeg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"OggS", "ogg"),
        (b"ID3", "mpeg"),
        (b"\xff\xfb", "mpeg"),
        (b"\xff\xf3", "mpeg"),
        (b"\xff\xf1", "aac"),
        (b"\xff\xf9", "aac"),
        (b"#!AMR", "amr"),
        (b"%PDF-", "pdf"),
        (b"PK\x03\x04", "zip"),
        (b"\xd0\xcf\x11\xe0", "ole"),
        (b"GIF8", "gif"),
        (b"MZ", "program"),
        (b"\x7fELF", "program"),
        (b"<!DOCTYPE html", "html"),
        (b"<html", "html"),
    ];
    if bytes.get(4..8) == Some(b"ftyp") {
        return Some("mp4");
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some("webp");
    }
    marks.iter().find(|(mark, _)| bytes.starts_with(mark)).map(|(_, family)| *family)
}

/// True when the first bytes can be those of a file of that type.
pub fn agrees(mime_type: &str, bytes: &[u8]) -> bool {
    let essence = mime_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let found = family(bytes);
    match essence.as_str() {
        "image/jpeg" => found == Some("jpeg"),
        "image/png" => found == Some("png"),
        "image/webp" => found == Some("webp"),
        "audio/ogg" | "audio/opus" => found == Some("ogg"),
        "audio/mpeg" => found == Some("mpeg"),
        "audio/aac" => found == Some("aac"),
        "audio/amr" => found == Some("amr"),
        "audio/mp4" | "video/mp4" | "video/3gpp" => found == Some("mp4"),
        "application/pdf" => found == Some("pdf"),
        "text/plain" => !bytes.contains(&0) && !matches!(found, Some("program" | "html")),
        "application/msword" | "application/vnd.ms-excel" | "application/vnd.ms-powerpoint" => {
            found == Some("ole")
        }
        openxml if openxml.starts_with("application/vnd.openxmlformats") => found == Some("zip"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_does_not_make_a_file() {
        assert!(agrees("image/png", b"\x89PNG\r\n\x1a\n...."));
        assert!(!agrees("image/png", b"MZ\x90\x00"));
        assert!(!agrees("image/jpeg", b"<html><script>"));
        assert!(agrees("text/plain", "olá".as_bytes()));
        assert!(!agrees("text/plain", b"a\0b"));
        assert!(!agrees("application/zip", b"PK\x03\x04"));
    }

    #[test]
    fn kinds_follow_the_type() {
        assert_eq!(kind_of("audio/ogg; codecs=opus"), Some(FileKind::Audio));
        assert_eq!(kind_of("image/gif"), None);
        assert!(FileKind::Image.fits("image") && FileKind::Image.fits("document"));
        assert!(!FileKind::Document.fits("image"));
    }
}
