//! Files that are handed in: who may, what is taken, how much of it, and what becomes of what nobody sends.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use portaria_domain::access::Scope;
use portaria_domain::error::{Error, Refusal};
use portaria_domain::media::{self, NewUpload, Receiving, Store};
use portaria_domain::viewer::Viewer;
use portaria_entity::id::{MediaFileId, MessageId};
use portaria_entity::media_file::{self, MediaKind, MediaState};
use portaria_entity::message;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};
use sea_orm::EntityTrait;

const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0\x00\x10JFIF";
const PDF: &[u8] = b"%PDF-1.7\n";
const PAUSE: Receiving = Receiving { pause: Duration::from_secs(5) };

/// Hands in a file that begins so and has so many bytes.
async fn hand_in(
    stage: &Stage,
    viewer: &Viewer,
    new: NewUpload,
    (start, bytes): (&[u8], usize),
) -> Result<media_file::Model, Error> {
    let mut pieces = vec![Ok::<_, String>(Bytes::copy_from_slice(start))];
    let mut left = bytes.saturating_sub(start.len());
    let piece = Bytes::from(vec![b'x'; 64 * 1024]);
    while left > 0 {
        let length = left.min(piece.len());
        pieces.push(Ok(piece.slice(..length)));
        left -= length;
    }
    media::receive(&stage.installation, viewer, new, (stream::iter(pieces), PAUSE)).await
}

fn refusal(result: Result<media_file::Model, Error>) -> Option<Refusal> {
    match result {
        Err(Error::Refused(refusal)) => Some(refusal),
        other => {
            drop(other);
            None
        }
    }
}

async fn rows(stage: &Stage) -> usize {
    media_file::Entity::find().all(stage.installation.database.reader()).await.unwrap().len()
}

async fn is_there(stage: &Stage, file: &media_file::Model) -> bool {
    let key = file.storage_key.as_deref().unwrap();
    stage.installation.media.store.read(key, None).await.unwrap().is_some()
}

async fn a_message(stage: &Stage) -> MessageId {
    let contact = stage.customer("Zoë", "5511999990000").await;
    stage.conversation(contact, stage.sales, None, &["oi"]).await;
    let all = message::Entity::find().all(stage.installation.database.reader()).await.unwrap();
    all[0].id
}

#[tokio::test]
async fn a_file_is_taken_from_who_may_send_such_and_is_theirs_alone() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let sol = stage.person("Sol", &[(BuiltInRole::Support, Scope::Workspace)]).await;
        let new = NewUpload { filename: Some("../foto\u{202e}.jpg".to_owned()), ..NewUpload::default() };
        let file = hand_in(&stage, &ana.viewer, new, (JPEG, 5_000)).await.unwrap();
        assert_eq!((file.kind, file.state, file.bytes), (MediaKind::Image, MediaState::Stored, Some(5_000)));
        assert_eq!(file.filename.as_deref(), Some("foto.jpg"));
        let refused = hand_in(&stage, &sol.viewer, NewUpload::default(), (JPEG, 5_000)).await;
        assert!(matches!(refused, Err(Error::Forbidden { .. })));
        assert_eq!(rows(&stage).await, 1, "nothing of a refused one is kept");
        let reader = stage.installation.database.reader();
        let kind = MediaKind::Image;
        assert_eq!(media::for_sending(reader, &ana.viewer, file.id, kind).await.unwrap().id, file.id);
        let theirs = media::for_sending(reader, &bia.viewer, file.id, kind).await;
        assert!(matches!(theirs, Err(Error::NotFound)));
        let none = media::for_sending(reader, &ana.viewer, MediaFileId(uuid::Uuid::nil()), kind).await;
        assert!(matches!(none, Err(Error::NotFound)));
        let as_document = media::for_sending(reader, &ana.viewer, file.id, MediaKind::Document).await;
        assert!(as_document.is_ok(), "a picture may go out as a document");
        let as_sound = media::for_sending(reader, &ana.viewer, file.id, MediaKind::Audio).await;
        assert_eq!(refusal(as_sound), Some(Refusal::FileNotOfKind));
    }
}

#[tokio::test]
async fn only_what_whatsapp_takes_is_taken_whatever_it_calls_itself() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let jpeg =
            |kind| NewUpload { kind, mime_type: Some("image/jpeg".to_owned()), ..NewUpload::default() };
        let sticker =
            [&b"RIFF\0\0\0\0WEBPVP8X\x02\0\0\0\0\0\0\0"[..], &[0xFF, 0x01, 0, 0xFF, 0x01, 0]].concat();
        let small = [&b"RIFF\0\0\0\0WEBPVP8X\x02\0\0\0\0\0\0\0"[..], &[0x7F, 0, 0, 0x7F, 0, 0]].concat();
        let (image, document) = (Some(MediaKind::Image), Some(MediaKind::Document));
        for (kind, start, bytes, expected) in [
            (None, JPEG, 5 << 20, None),
            (None, JPEG, (5 << 20) + 1, Some(Refusal::FileTooLarge)),
            (document, JPEG, 6 << 20, None),
            (None, &b"<!DOCTYPE html><script>"[..], 100, Some(Refusal::FileTypeNotTaken)),
            (None, b"<svg onload=alert(1)>", 21, Some(Refusal::FileTypeNotTaken)),
            (None, b"MZ\x90\0\x03", 500, Some(Refusal::FileTypeNotTaken)),
            (document, b"PK\x03\x04 zip of zips", 500, Some(Refusal::FileTypeNotTaken)),
            (image, PDF, 500, Some(Refusal::FileNotOfKind)),
            (None, PDF, 500, None),
            (None, b"", 0, Some(Refusal::FileEmpty)),
            (None, &sticker, 100 << 10, None),
            (None, &sticker, (100 << 10) + 1, Some(Refusal::FileTooLarge)),
            (None, &small, 1_000, Some(Refusal::StickerSize)),
        ] {
            let result = hand_in(&stage, &ana.viewer, jpeg(kind), (start, bytes)).await;
            let told = format!("{:?} {bytes} {kind:?}: {result:?}", String::from_utf8_lossy(start));
            assert_eq!(result.is_ok(), expected.is_none(), "{told}");
            assert_eq!(refusal(result), expected, "{told}");
        }
        let told = NewUpload { bytes: Some(101 << 20), ..NewUpload::default() };
        let result = hand_in(&stage, &ana.viewer, told, (PDF, 10)).await;
        assert_eq!(refusal(result), Some(Refusal::FileTooLarge), "before any of it comes");
        assert_eq!(rows(&stage).await, 4);
    }
}

#[tokio::test]
async fn so_much_may_wait_and_no_more_until_some_of_it_is_sent() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let new = || NewUpload { bytes: Some(10), ..NewUpload::default() };
        let mut last = None;
        for _ in 0..50 {
            last = Some(hand_in(&stage, &ana.viewer, new(), (PDF, 10)).await.unwrap());
        }
        let more = hand_in(&stage, &ana.viewer, new(), (PDF, 10)).await;
        assert_eq!(refusal(more), Some(Refusal::TooManyFiles));
        assert!(hand_in(&stage, &bia.viewer, new(), (PDF, 10)).await.is_ok(), "each has their own");
        let message = a_message(&stage).await;
        let writer = stage.installation.database.writer();
        media::attach(writer, &stage.installation, &last.unwrap(), message).await.unwrap();
        assert!(hand_in(&stage, &ana.viewer, new(), (PDF, 10)).await.is_ok(), "one was sent");
    }
}

#[tokio::test]
async fn what_nobody_sends_goes_after_a_day_and_what_was_sent_stays() {
    for test in databases().await {
        let mut stage = Stage::on(test).await;
        let folder = tempfile::tempdir().unwrap();
        let media =
            media::Media { store: Store::in_folder(folder.path()).unwrap(), ..media::Media::default() };
        stage.installation = stage.installation.clone().with_media(media);
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let sent = hand_in(&stage, &ana.viewer, NewUpload::default(), (PDF, 100)).await.unwrap();
        let unsent = hand_in(&stage, &ana.viewer, NewUpload::default(), (PDF, 100)).await.unwrap();
        let message = a_message(&stage).await;
        let installation = &stage.installation;
        media::attach(installation.database.writer(), installation, &sent, message).await.unwrap();
        stage.clock.advance(Duration::from_secs(23 * 60 * 60));
        media::tidy(installation).await.unwrap();
        assert_eq!(rows(&stage).await, 2);
        stage.clock.advance(Duration::from_secs(2 * 60 * 60));
        media::tidy(installation).await.unwrap();
        assert_eq!(rows(&stage).await, 1);
        assert!(is_there(&stage, &sent).await && !is_there(&stage, &unsent).await);
        let late = media::attach(installation.database.writer(), installation, &unsent, message).await;
        assert!(matches!(late, Err(Error::NotFound)), "what is gone is not sent");
    }
}

#[tokio::test]
async fn what_breaks_off_or_was_left_is_tidied_up() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let pieces = stream::iter([Ok(Bytes::from_static(PDF)), Err("connection lost")]);
        let broken =
            media::receive(&stage.installation, &ana.viewer, NewUpload::default(), (pieces, PAUSE)).await;
        assert_eq!(refusal(broken), Some(Refusal::FileIncomplete));
        assert_eq!(rows(&stage).await, 0);
        // Whoever takes it in is stopped in the middle: nobody is left to tidy up.
        let endless = stream::pending::<Result<Bytes, String>>();
        let receiving = media::receive(
            &stage.installation,
            &ana.viewer,
            NewUpload::default(),
            (Box::pin(endless), PAUSE),
        );
        assert!(tokio::time::timeout(Duration::from_millis(200), receiving).await.is_err());
        assert_eq!(rows(&stage).await, 1);
        stage.clock.advance(Duration::from_secs(60 * 60));
        media::tidy(&stage.installation).await.unwrap();
        assert_eq!(rows(&stage).await, 0);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_harmful_is_not_taken_and_administrators_are_told() {
    for test in databases().await {
        let mut stage = Stage::on(test).await;
        let arguments = vec!["-c".to_owned(), "! grep -q EICAR".to_owned()];
        let timeout = Duration::from_secs(5);
        let scanner = media::Scanner { program: "/bin/sh".to_owned(), arguments, timeout };
        let media = media::Media { scanner: Some(scanner.into()), ..media::Media::default() };
        stage.installation = stage.installation.clone().with_media(media);
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let bad = hand_in(&stage, &ana.viewer, NewUpload::default(), (b"%PDF-1.7 EICAR", 100)).await;
        assert_eq!(refusal(bad), Some(Refusal::FileInfected));
        assert!(hand_in(&stage, &ana.viewer, NewUpload::default(), (PDF, 100)).await.is_ok());
        assert_eq!(rows(&stage).await, 1);
        let alerts =
            portaria_entity::alert::Entity::find().all(stage.installation.database.reader()).await.unwrap();
        assert_eq!(alerts[0].kind, portaria_entity::alert::AlertKind::FileInfected);
        let again = hand_in(&stage, &ana.viewer, NewUpload::default(), (b"%PDF-1.7 EICAR!", 100)).await;
        assert_eq!(refusal(again), Some(Refusal::FileInfected));
        let alerts =
            portaria_entity::alert::Entity::find().all(stage.installation.database.reader()).await.unwrap();
        assert_eq!((alerts.len(), alerts[0].occurrences), (1, 2), "whoever hands in many is one alert");
    }
}
