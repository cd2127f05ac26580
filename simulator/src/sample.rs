//! The files customers send: small, of the right form, and following from their id alone, so that none is stored.

use crate::random::Random;

/// A small picture of a house, in the three forms that can be looked at.
const JPEG: &[u8] = include_bytes!("../samples/house.jpg");
const PNG: &[u8] = include_bytes!("../samples/house.png");
const WEBP: &[u8] = include_bytes!("../samples/house.webp");
/// The head of a film that shows nothing.
const MP4: &[u8] = &[
    0, 0, 0, 0x18, b'f', b't', b'y', b'p', b'i', b's', b'o', b'm', 0, 0, 2, 0, b'i', b's', b'o', b'm', b'm',
    b'p', b'4', b'1',
];

/// The bytes of the file of that type and id.
pub fn bytes(mime_type: &str, id: &str) -> Vec<u8> {
    let essence = mime_type.split(';').next().unwrap_or_default().trim();
    let filling = Random::about(0, &["file", id]).hex(512).into_bytes();
    let framed = |head: &[u8], tail: &[u8]| [head, filling.as_slice(), tail].concat();
    match essence {
        // Behind the end of a picture nobody looks further.
        "image/jpeg" => framed(JPEG, &[]),
        "image/png" => framed(PNG, &[]),
        "image/webp" => framed(WEBP, &[]),
        "video/mp4" | "video/3gpp" | "audio/mp4" => framed(&boxed(filling.len()), &[]),
        "audio/ogg" | "audio/opus" => framed(b"OggS\0\x02\0\0\0\0\0\0\0\0", &[]),
        "audio/mpeg" => framed(b"ID3\x03\0\0\0\0\0\0", &[]),
        "audio/aac" => framed(b"\xff\xf1", &[]),
        "audio/amr" => framed(b"#!AMR\n", &[]),
        "application/pdf" => framed(b"%PDF-1.4\n% ", b"\n%%EOF\n"),
        "text/plain" => filling,
        _ => framed(b"PK\x03\x04", &[]),
    }
}

/// An MP4's head with the filling in a box that readers skip.
fn boxed(length: usize) -> Vec<u8> {
    let announced = (length + 8) as u32;
    [MP4, &announced.to_be_bytes(), b"free"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sniff;

    #[test]
    fn every_sample_is_what_it_says_and_always_the_same() {
        for mime_type in [
            "image/jpeg",
            "image/png",
            "image/webp",
            "video/mp4",
            "audio/ogg; codecs=opus",
            "audio/mpeg",
            "audio/aac",
            "audio/amr",
            "application/pdf",
            "text/plain",
        ] {
            let file = bytes(mime_type, "17");
            assert!(sniff::agrees(mime_type, &file), "{mime_type}");
            assert_eq!(file, bytes(mime_type, "17"));
            assert_ne!(file, bytes(mime_type, "18"));
            assert!(sniff::kind_of(mime_type).is_some_and(|kind| (file.len() as u64) < kind.most_bytes()));
        }
    }
}
