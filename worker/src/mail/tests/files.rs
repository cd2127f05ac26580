//! Mails written to a directory.

use super::*;

fn names(directory: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn a_mail_is_one_whole_file_named_by_its_time_and_id() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("data/mail");
    let mailer = Mailer::File(FileTransport::new(&directory));
    mailer.send(&mail()).await.unwrap();
    mailer.send(&mail()).await.unwrap();
    assert_eq!(names(&directory), ["20260313T110005Z-0190b5c1-0000-7000-8000-000000000001.eml"]);
    let written = std::fs::read_to_string(directory.join(&names(&directory)[0])).unwrap();
    assert_eq!(written, text_of(&mail()));
}

#[tokio::test]
async fn a_message_id_cannot_name_a_file_elsewhere() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("mail");
    let mut mail = mail();
    mail.message_id = "..-..@gate.example".to_owned();
    Mailer::File(FileTransport::new(&directory)).send(&mail).await.unwrap();
    assert_eq!(names(&directory), ["20260313T110005Z------.eml"]);
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_tried_again() {
    let home = tempfile::tempdir().unwrap();
    let in_the_way = home.path().join("mail");
    std::fs::write(&in_the_way, "a file").unwrap();
    let error = Mailer::File(FileTransport::new(&in_the_way)).send(&mail()).await.unwrap_err();
    assert!(matches!(error, SendError::Retry(Failure { stage: Stage::Store, .. })), "{error}");
}

#[tokio::test]
async fn the_memory_outbox_fails_as_told_and_then_sends() {
    let outbox = MemoryTransport::default();
    outbox.fail_next(SendError::retry(Stage::Connect, None, "refused"));
    let mailer = Mailer::Memory(outbox.clone());
    assert!(mailer.send(&mail()).await.is_err());
    mailer.send(&mail()).await.unwrap();
    assert_eq!(outbox.sent(), [mail()]);
}
