//! The bytes of a mail, and that nobody's name can add a header.

use super::*;

fn headers(text: &str) -> &str {
    text.split_once("\r\n\r\n").unwrap().0
}

/// The names of all headers of the mail itself, folded lines left out.
fn header_names(text: &str) -> Vec<&str> {
    let lines = headers(text).lines().filter(|line| !line.starts_with([' ', '\t']));
    lines.map(|line| line.split_once(':').unwrap().0).collect()
}

#[test]
fn a_mail_looks_so() {
    insta::assert_snapshot!(text_of(&mail()));
}

#[test]
fn the_same_mail_is_the_same_bytes() {
    assert_eq!(text_of(&mail()), text_of(&mail()));
}

#[test]
fn a_file_goes_along_behind_the_words() {
    let attachment = Attachment {
        name: "portaria-2026-03-13.csv".to_owned(),
        media_type: "text/csv; charset=utf-8; header=present".to_owned(),
        content: format!("\u{feff}\"Urgência\"\r\n\"{}\"\r\n", "ção;".repeat(500)),
    };
    let with_file = OutgoingMail { attachment: Some(attachment), ..mail() };
    let text = text_of(&with_file);
    assert_eq!(text, text_of(&with_file));
    assert!(text.is_ascii() && text.split("\r\n").all(|line| line.len() <= 998));
    let places = ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/csv"];
    let places = places.map(|part| text.find(part).unwrap_or_else(|| panic!("{part} in {text}")));
    assert!(places.is_sorted(), "{places:?}");
    assert!(text.contains("Content-Disposition: attachment; filename=\"portaria-2026-03-13.csv\""), "{text}");
    // The mark of UTF-8, and the first letters.
    assert!(text.contains("\r\n\r\n77u/IlVyZ8OqbmNpYSI"), "{text}");
}

#[test]
fn every_line_is_ascii_and_short_enough_for_any_server() {
    let mut long = mail();
    long.html = format!("<p>{}</p>", "ção ".repeat(5_000));
    let text = text_of(&long);
    assert!(text.is_ascii());
    assert!(text.split("\r\n").all(|line| line.len() <= 998));
}

#[test]
fn no_value_can_add_a_header() {
    let honest = header_names(&text_of(&mail())).join(" ");
    for evil in
        ["x\r\nBcc: all@example.com", "x\nBcc: all@example.com", "x\r\n\r\nbody", "\u{0}\u{85}\u{b}x\r"]
    {
        let mut mail = mail();
        evil.clone_into(&mut mail.subject);
        mail.to.name = Some(evil.to_owned());
        mail.from.name = Some(evil.to_owned());
        assert_eq!(header_names(&text_of(&mail)).join(" "), honest, "{evil:?}");
    }
}

#[test]
fn an_address_or_message_id_with_a_line_break_is_refused_for_good() {
    let mut to = mail();
    to.to.address = "joao@example.com\r\nRCPT TO:<all@example.com>".to_owned();
    let mut id = mail();
    id.message_id = "1@gate.example>\r\nBcc: all@example.com".to_owned();
    for mail in [to, id] {
        let error = message::Composed::from_mail(&mail).err().unwrap();
        assert!(matches!(error, SendError::Permanent(Failure { stage: Stage::Compose, .. })), "{error}");
    }
}

#[test]
fn a_queued_mail_has_one_message_id_for_ever() {
    let id = uuid::Uuid::from_u128(7);
    assert_eq!(message_id(id, "portaria@gate.example"), "00000000-0000-0000-0000-000000000007@gate.example");
}
