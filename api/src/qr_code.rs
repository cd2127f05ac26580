//! A text as a QR code: an SVG picture of its own, without scripts or references.

use std::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};

use crate::error::{Problem, Result};

/// Light around the code, in modules, as its standard wants.
const MARGIN: i32 = 4;

/// Dark on white whatever the page's colours are, for cameras.
pub fn svg(text: &str) -> Result<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|_| Problem::Internal)?;
    let side = code.size() + 2 * MARGIN;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            // Writing into memory does not fail.
            let _ = write!(path, "M{},{}h1v1h-1z", x + MARGIN, y + MARGIN);
        }
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" role=\"img\" \
         shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\
         <path d=\"{path}\" fill=\"#000\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_picture_and_nothing_else() {
        let uri = "otpauth://totp/Portaria:ana%40example.com?secret=ABCDEFGHIJKLMNOPQRSTUVWXYZ234567&issuer=Portaria";
        let picture = svg(uri).unwrap();
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>"));
        assert!(!picture.contains("secret") && !picture.contains("<script") && !picture.contains("href"));
        // The corner of the upper left finder pattern, and the light before it.
        assert!(picture.contains("M4,4h1v1h-1z") && !picture.contains("M3,"));
        assert!(svg(&"x".repeat(10_000)).is_err());
    }
}
