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
