//! What a file is, told by its content and not by its name; what WhatsApp takes of it, and how large.
//!
//! Types and sizes: Meta's documentation of the Cloud API, "Media: supported media types".

use portaria_entity::media_file::MediaKind;

const MEGABYTE: u64 = 1 << 20;

/// Meta lets nothing larger through from customers.
pub const INBOUND_LIMIT: u64 = 100 * MEGABYTE;

/// What nothing better is known of.
pub const UNKNOWN: &str = "application/octet-stream";

/// Compound files of old, among them Word's, Excel's and PowerPoint's.
const COMPOUND: &str = "application/x-ole-storage";
const COMPOUND_SIGNATURE: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
const ZIP: &str = "application/zip";

/// What Meta takes as a document beside pictures, films and sounds.
const DOCUMENTS: [&str; 8] = [
    "application/pdf",
    "text/plain",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
];

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nature {
    pub mime: String,
    /// Of a WebP picture.
    pub animated: bool,
    /// Width and height; known of WebP pictures only.
    pub size: Option<(u32, u32)>,
}

impl Nature {
    /// Looks at a file's first bytes. What was told of its type counts only among types that the bytes do not tell apart.
    pub fn of(head: &[u8], told: Option<&str>) -> Self {
        if let Some(picture) = web_picture(head) {
            return picture;
        }
        Self { mime: agreed(seen(head), told).to_owned(), animated: false, size: None }
    }
}

/// The type that bytes show.
fn seen(head: &[u8]) -> &'static str {
    if let Some(brand) = head.get(4..12).and_then(|part| part.strip_prefix(b"ftyp")) {
        return container(brand, head);
    }
    if head.starts_with(&COMPOUND_SIGNATURE) {
        return COMPOUND;
    }
    match infer::get(head).map(|kind| kind.mime_type()) {
        Some("audio/opus") => "audio/ogg",
        // WhatsApp takes Ogg with Opus only.
        Some("audio/ogg") => "audio/vorbis",
        Some("audio/m4a") => "audio/mp4",
        Some(known) => known,
        None if is_text(head) => "text/plain",
        None => UNKNOWN,
    }
}

/// Films and sounds share a container: its brand tells which.
fn container(brand: &[u8], head: &[u8]) -> &'static str {
    match brand {
        [b'3', b'g', ..] => "video/3gpp",
        b"M4A " | b"M4B " => "audio/mp4",
        b"isom" | b"iso2" | b"iso3" | b"iso4" | b"iso5" | b"iso6" | b"mp41" | b"mp42" | b"avc1" | b"dash"
        | b"MSNV" | b"M4V " | b"mmp4" => "video/mp4",
        _ => infer::get(head).map_or(UNKNOWN, |kind| kind.mime_type()),
    }
}

/// What bytes leave open, the sender's word decides.
fn agreed<'a>(seen: &'a str, told: Option<&'a str>) -> &'a str {
    let told = told.map(|told| told.split(';').next().unwrap_or_default().trim()).unwrap_or_default();
    let is_document_in = |family: &str| DOCUMENTS.contains(&told) && told.starts_with(family);
    match seen {
        "video/mp4" if told == "audio/mp4" => told,
        "video/3gpp" if told == "audio/3gpp" => told,
        COMPOUND if is_document_in("application/ms") || is_document_in("application/vnd.ms-") => told,
        ZIP if is_document_in("application/vnd.openxmlformats-") => told,
        _ => seen,
    }
}

/// Words: no controls but those of lines, and no markup. The last character may be cut off.
fn is_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !whole.trim_start().is_empty()
        && !whole.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').starts_with('<')
        && !whole.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
}

/// A WebP picture, in any of its three forms.
fn web_picture(head: &[u8]) -> Option<Nature> {
    if head.get(..4)? != b"RIFF" || head.get(8..12)? != b"WEBP" {
        return None;
    }
    let number = |at: usize, bytes: usize| -> Option<u32> {
        let part = head.get(at..at + bytes)?;
        Some(part.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    };
    let (animated, size) = match head.get(12..16)? {
        b"VP8X" => {
            let size = number(24, 3).zip(number(27, 3)).map(|(width, height)| (width + 1, height + 1));
            (head.get(20)? & 2 != 0, size)
        }
        b"VP8L" => {
            let size = number(21, 4).map(|bits| ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1));
            (false, size)
        }
        b"VP8 " => (false, number(26, 2).zip(number(28, 2)).map(|(w, h)| (w & 0x3FFF, h & 0x3FFF))),
        _ => return None,
    };
    Some(Nature { mime: "image/webp".to_owned(), animated, size })
}

/// As what a file of this type goes out unless somebody says otherwise; none if WhatsApp does not take it.
pub fn natural_kind(mime: &str) -> Option<MediaKind> {
    [MediaKind::Image, MediaKind::Video, MediaKind::Audio, MediaKind::Sticker, MediaKind::Document]
        .into_iter()
        .find(|kind| fits(*kind, mime))
}

/// Whether WhatsApp takes a file of this type as such.
pub fn fits(kind: MediaKind, mime: &str) -> bool {
    match kind {
        MediaKind::Image => matches!(mime, "image/jpeg" | "image/png"),
        MediaKind::Video => matches!(mime, "video/mp4" | "video/3gpp"),
        MediaKind::Audio => {
            matches!(mime, "audio/aac" | "audio/mp4" | "audio/mpeg" | "audio/amr" | "audio/ogg")
        }
        MediaKind::Sticker => mime == "image/webp",
        MediaKind::Document => {
            DOCUMENTS.contains(&mime)
                || [MediaKind::Image, MediaKind::Video, MediaKind::Audio].iter().any(|kind| fits(*kind, mime))
        }
    }
}

/// How large such a file may be to be sent.
pub fn limit(kind: MediaKind, animated: bool) -> u64 {
    match kind {
        MediaKind::Image => 5 * MEGABYTE,
        MediaKind::Video | MediaKind::Audio => 16 * MEGABYTE,
        MediaKind::Document => 100 * MEGABYTE,
        MediaKind::Sticker if animated => 500 * 1024,
        MediaKind::Sticker => 100 * 1024,
    }
}

/// Whether a browser may be told the type: it then shows or plays the file, and can run nothing that is in it.
pub fn is_safe(mime: &str) -> bool {
    matches!(mime, "image/webp" | "image/gif")
        || [MediaKind::Image, MediaKind::Video, MediaKind::Audio].iter().any(|kind| fits(*kind, mime))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mime(head: &[u8], told: Option<&str>) -> String {
        Nature::of(head, told).mime
    }

    #[test]
    fn a_type_is_told_by_content() {
        for (head, expected) in [
            (&b"\xFF\xD8\xFF\xE0\x00\x10JFIF"[..], "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
            (b"GIF89a", "image/gif"),
            (b"\0\0\0\x18ftypmp42\0\0\0\0", "video/mp4"),
            (b"\0\0\0\x18ftyp3gp4\0\0\0\0", "video/3gpp"),
            (b"\0\0\0\x18ftypM4A \0\0\0\0", "audio/mp4"),
            (b"ID3\x04\0\0\0\0\0\0", "audio/mpeg"),
            (b"#!AMR\n\0\0\0\0\0\0\0", "audio/amr"),
            (b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01", "audio/ogg"),
            (b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1e\x01vorbis\0", "audio/vorbis"),
            (b"%PDF-1.7\n", "application/pdf"),
            ("Olá, até já".as_bytes(), "text/plain"),
            (&"Olá".as_bytes()[..3], "text/plain"),
            (b"\x01\x02\x03", UNKNOWN),
            (b"a\0b", UNKNOWN),
        ] {
            assert_eq!(mime(head, Some("image/jpeg")), expected);
        }
    }

    #[test]
    fn what_is_disguised_is_seen_through() {
        for head in [
            &b"<!DOCTYPE html><html><script>alert(1)</script>"[..],
            b"<html><body>",
            b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"x\"/>",
            b"MZ\x90\0\x03\0\0\0\x04\0\0\0",
            b"\x7fELF\x02\x01\x01\0",
            b"PK\x03\x04\x14\0\0\0\x08\0bomb bomb bomb bomb bomb bomb bomb",
            b"#!/bin/sh\nrm -rf /",
        ] {
            for told in ["image/jpeg", "image/png", "video/mp4", "audio/ogg"] {
                let found = mime(head, Some(told));
                assert!(!is_safe(&found), "{found} of {:?}", String::from_utf8_lossy(head));
                assert_eq!(natural_kind(&found), None, "{found}");
            }
        }
    }

    #[test]
    fn the_senders_word_decides_only_what_bytes_leave_open() {
        let zip = b"PK\x03\x04\x14\0\0\0\x08\0something that is no document of office";
        let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        assert_eq!(mime(zip, Some(docx)), docx);
        assert_eq!(mime(zip, Some("application/pdf")), ZIP);
        let old = [&COMPOUND_SIGNATURE[..], &[0; 500]].concat();
        assert_eq!(mime(&old, Some("application/vnd.ms-excel")), "application/vnd.ms-excel");
        assert_eq!(mime(&old, Some("application/msword; x=y")), "application/msword");
        assert_eq!(mime(&old, Some("image/png")), COMPOUND);
        let container = b"\0\0\0\x18ftypisom\0\0\0\0";
        assert_eq!(mime(container, Some("audio/mp4")), "audio/mp4");
        assert_eq!(mime(container, Some("audio/mpeg")), "video/mp4");
    }

    #[test]
    fn a_sticker_shows_its_size_and_whether_it_moves() {
        let mut moving = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x12\0\0\0".to_vec();
        moving.extend([0xFF, 0x01, 0, 0xFF, 0x01, 0]);
        let nature = Nature::of(&moving, None);
        assert_eq!((nature.animated, nature.size), (true, Some((512, 512))));
        let bits: u32 = 511 | 511 << 14;
        let still = [&b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f"[..], bits.to_le_bytes().as_slice()].concat();
        let nature = Nature::of(&still, None);
        assert_eq!(
            (nature.mime.as_str(), nature.animated, nature.size),
            ("image/webp", false, Some((512, 512)))
        );
        assert_eq!((limit(MediaKind::Sticker, false), limit(MediaKind::Sticker, true)), (102_400, 512_000));
    }

    #[test]
    fn every_kind_takes_what_meta_documents() {
        assert_eq!(natural_kind("image/png"), Some(MediaKind::Image));
        assert_eq!(natural_kind("audio/ogg"), Some(MediaKind::Audio));
        assert_eq!(natural_kind("image/webp"), Some(MediaKind::Sticker));
        assert_eq!(natural_kind("application/pdf"), Some(MediaKind::Document));
        for none in ["text/html", "application/zip", "image/svg+xml", UNKNOWN, "image/gif", "audio/vorbis"] {
            assert_eq!(natural_kind(none), None, "{none}");
        }
        assert!(fits(MediaKind::Document, "image/jpeg") && !fits(MediaKind::Document, "image/webp"));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(start in 0_usize..8, rest in proptest::collection::vec(any::<u8>(), 0..9_000)) {
            let starts: [&[u8]; 8] = [b"", b"PK\x03\x04", b"RIFF\0\0\0\0WEBPVP8X", b"RIFF\0\0\0\0WEBPVP8 ", b"\0\0\0\0ftyp",
                &COMPOUND_SIGNATURE, b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0\x13\0\0\0[Content_Types].xml", b"OggS"];
            let head = [starts[start], &rest].concat();
            for length in [head.len(), head.len() / 2, head.len().min(31), head.len().min(12)] {
                let _ = Nature::of(&head[..length], Some("audio/mp4"));
            }
        }
    }
}
