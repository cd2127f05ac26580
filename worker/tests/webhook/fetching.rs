//! Files that customers send: fetched once, whole, in time, and by one at a time, whatever Meta does.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use portaria_domain::media::{self, Media, Scanner, Store};
use portaria_entity::alert::{self, AlertKind};
use portaria_entity::event::{self, EventKind};
use portaria_entity::media_file::{self, MediaKind, MediaReason, MediaState};
use portaria_testing::{Stage, TestDatabase, databases};
use portaria_worker::WorkerOptions;
use portaria_worker::media::{FetchOptions, Fetcher};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

use crate::meta::{File, Meta, give_token};
use crate::site::Site;

const ANA: &str = "5511955550101";
const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0\x00\x10JFIF and so on";

/// A customer sends a file of a kind.
fn sent(whatsapp_id: &str, second: i64, (kind, media_id): (&str, &str), more: &Value) -> Value {
    let at = (portaria_testing::START.as_secs() + second).to_string();
    let mut part = json!({ "id": media_id, "mime_type": "image/jpeg" });
    part.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "from": ANA, "id": whatsapp_id, "timestamp": at, "type": kind, kind: part })
}

struct Yard {
    site: Site,
    meta: Meta,
    fetcher: Fetcher,
}

impl Yard {
    async fn on(test: TestDatabase) -> Self {
        Self::with(test, |media| media).await
    }

    async fn with(test: TestDatabase, change: impl FnOnce(Media) -> Media) -> Self {
        let mut stage = Stage::on(test).await;
        stage.installation = stage.installation.clone().with_media(change(Media::default()));
        give_token(&stage, stage.sales).await;
        let meta = Meta::open().await;
        let options = FetchOptions { pause: Duration::from_millis(500), ..FetchOptions::default() };
        let fetcher = Fetcher::new(stage.installation.clone(), meta.cloud_api(), options);
        Self { site: Site::over(stage, WorkerOptions::default()).await, meta, fetcher }
    }

    async fn customer_sends(&self, whatsapp_id: &str, media_id: &str) {
        self.site.say(json!({ "messages": [sent(whatsapp_id, 1, ("image", media_id), &json!({}))] })).await;
        self.site.settled().await;
    }

    /// Fetches what is due so long from now.
    async fn fetch_after(&self, seconds: u64) -> usize {
        self.site.stage.clock.advance(Duration::from_secs(seconds));
        self.fetcher.fetch_due().await.unwrap()
    }

    async fn files(&self) -> Vec<media_file::Model> {
        let find = media_file::Entity::find().order_by_asc(media_file::Column::Id);
        find.all(self.site.reader()).await.unwrap()
    }

    async fn file(&self) -> media_file::Model {
        let mut files = self.files().await;
        assert_eq!(files.len(), 1);
        files.remove(0)
    }

    async fn state(&self) -> (MediaState, Option<MediaReason>) {
        let file = self.file().await;
        (file.state, file.reason)
    }

    fn store(&self) -> &Store {
        &self.site.stage.installation.media.store
    }

    async fn kept(&self, file: &media_file::Model) -> Option<Vec<u8>> {
        let stream = self.store().read(file.storage_key.as_deref()?, None).await.unwrap()?;
        Some(stream.try_collect::<Vec<_>>().await.unwrap().concat())
    }

    async fn alerts(&self, kind: AlertKind) -> Vec<alert::Model> {
        let find = alert::Entity::find()
            .filter(alert::Column::Kind.eq(kind))
            .filter(alert::Column::ResolvedAt.is_null());
        find.all(self.site.reader()).await.unwrap()
    }

    async fn updates(&self) -> usize {
        let find = event::Entity::find().filter(event::Column::Kind.eq(EventKind::MessageUpdated));
        find.all(self.site.reader()).await.unwrap().len()
    }
}

fn jpeg() -> File {
    File { bytes: JPEG.to_vec(), ..File::default() }
}

#[tokio::test]
async fn a_file_that_comes_is_fetched_once_and_told_of() {
    for test in databases().await {
        let yard = Yard::on(test).await;
        yard.meta.put("77", jpeg());
        yard.customer_sends("w1", "77").await;
        yard.customer_sends("w1", "77").await;
        assert_eq!(yard.state().await, (MediaState::Wanted, None));
        assert_eq!(yard.fetch_after(1).await, 1);
        let file = yard.file().await;
        assert_eq!(
            (file.state, file.kind, file.bytes),
            (MediaState::Stored, MediaKind::Image, i64::try_from(JPEG.len()).ok())
        );
        assert_eq!(file.detected_type.as_deref(), Some("image/jpeg"));
        assert_eq!(yard.kept(&file).await.unwrap(), JPEG);
        assert_eq!((yard.fetch_after(3_600).await, yard.meta.desk().asked.len()), (0, 1));
        assert_eq!(yard.updates().await, 1, "whoever looks at the message is told");
        let message = yard.site.message("w1").await;
        let of = media::of_messages(yard.site.reader(), message.workspace_id, &[message.id]).await.unwrap();
        assert_eq!(of[&message.id].id, file.id);
        yard.site.stop().await;
    }
}

#[tokio::test]
async fn files_of_every_kind_are_wanted_and_texts_are_not() {
    for test in databases().await {
        let yard = Yard::on(test).await;
        let messages = [
            sent("w1", 1, ("audio", "1"), &json!({ "voice": true, "mime_type": "audio/ogg; codecs=opus" })),
            sent("w2", 2, ("document", "2"), &json!({ "filename": "../../x\u{202e}fdp.exe" })),
            sent("w3", 3, ("sticker", "3"), &json!({ "animated": true, "mime_type": "image/webp" })),
            sent("w4", 4, ("video", "4"), &json!({})),
            sent("w5", 5, ("image", ""), &json!({})),
            crate::site::text("w6", ANA, 6, "image"),
        ];
        yard.site.say(json!({ "messages": messages })).await;
        yard.site.settled().await;
        let kinds: Vec<_> = yard.files().await.iter().map(|file| file.kind).collect();
        assert_eq!(kinds, [MediaKind::Audio, MediaKind::Document, MediaKind::Sticker, MediaKind::Video]);
        assert!(yard.files().await[2].animated);
        yard.meta.put(
            "1",
            File {
                bytes: b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead".to_vec(),
                ..File::default()
            },
        );
        yard.fetch_after(10).await;
        assert_eq!(yard.files().await[0].detected_type.as_deref(), Some("audio/ogg"), "a voice note");
        yard.site.stop().await;
    }
}

#[tokio::test]
async fn a_placeholder_of_history_has_its_file_once_it_is_told_of() {
    for test in databases().await {
        let yard = Yard::on(test).await;
        let at = portaria_testing::START.as_secs().to_string();
        let history = |message: Value| {
            let change = json!({ "field": "history", "value": {
                "messaging_product": "whatsapp",
                "metadata": { "display_phone_number": "551140000001", "phone_number_id": "padaria-1" },
                "history": [{ "metadata": { "phase": 0, "chunk_order": 1, "progress": 50 },
                              "threads": [{ "id": ANA, "messages": [message] }] }] } });
            json!({ "object": "whatsapp_business_account", "entry": [{ "id": "padaria-waba", "changes": [change] }] })
        };
        let placeholder = json!({ "from": ANA, "id": "w1", "timestamp": at, "type": "media_placeholder" });
        for message in [placeholder.clone(), sent("w1", 0, ("image", "77"), &json!({})), placeholder] {
            assert_eq!(yard.site.deliver(history(message).to_string().as_bytes()).await.status, 200);
            yard.site.settled().await;
        }
        assert_eq!(yard.file().await.meta_id.as_deref(), Some("77"));
        yard.site.stop().await;
    }
}

#[tokio::test]
async fn a_link_that_has_gone_is_asked_for_anew() {
    for test in databases().await {
        let yard = Yard::on(test).await;
        yard.meta.put("77", File { gone_links: 2, ..jpeg() });
        yard.customer_sends("w1", "77").await;
        yard.fetch_after(1).await;
        assert_eq!(yard.state().await, (MediaState::Stored, None));
        assert_eq!(yard.meta.desk().asked.len(), 3);
        yard.site.stop().await;
    }
}

#[tokio::test]
async fn what_breaks_off_stalls_or_is_refused_is_tried_again_later() {
    for test in databases().await {
        let yard = Yard::on(test).await;
        let large = vec![b'x'; 200_000];
        yard.meta.put("77", File { bytes: large.clone(), breaks: true, ..File::default() });
        yard.customer_sends("w1", "77").await;
        yard.fetch_after(1).await;
        assert_eq!(yard.state().await, (MediaState::Wanted, Some(MediaReason::Unreachable)));
        assert_eq!(yard.file().await.storage_key, None, "nothing of it is kept");
        assert_eq!(yard.fetch_after(1).await, 0, "not at once");
        let stalls = Some(Duration::from_secs(3));
        yard.meta.put("77", File { bytes: large.clone(), stalls, ..File::default() });
        yard.fetch_after(5).await;
        assert_eq!(yard.state().await, (MediaState::Wanted, Some(MediaReason::Unreachable)));
        yard.meta.put("77", File { bytes: large.clone(), ..File::default() });
        let limited = json!({ "error": { "message": "slow", "code": 80007 } });
        yard.meta.desk().failures = VecDeque::from([(500, json!("garbage")), (429, limited)]);
        yard.fetch_after(20).await;
        assert_eq!(yard.state().await, (MediaState::Wanted, Some(MediaReason::Unreachable)));
        yard.fetch_after(60).await;
        assert_eq!(yard.state().await, (MediaState::Wanted, Some(MediaReason::RateLimited)));
        yard.fetch_after(1_000).await;
        assert_eq!(yard.state().await, (MediaState::Stored, None));
        assert_eq!(yard.kept(&yard.file().await).await.unwrap(), large);
        yard.site.stop().await;
    }
}

#[tokio::test]
async fn a_token_that_is_not_taken_holds_the_number_back_until_it_is() {
    for test in databases().await {
        let yard = Yard::on(test).await;
        for (whatsapp_id, media_id) in
            [("w1", "1"), ("w2", "2"), ("w3", "3"), ("w4", "4"), ("w5", "5"), ("w6", "6")]
        {
            yard.meta.put(media_id, jpeg());
            yard.customer_sends(whatsapp_id, media_id).await;
        }
        yard.meta.desk().revoked = true;
        yard.fetch_after(1).await;
        let asked = yard.meta.desk().asked.len();
        assert!(asked <= 4, "{asked}");
        assert_eq!(yard.fetch_after(60).await, 0, "the others of the number wait too");
        assert!(yard.files().await.iter().all(|file| file.reason == Some(MediaReason::TokenRefused)));
        let alerts = yard.alerts(AlertKind::FilesWaiting).await;
        assert_eq!((alerts.len(), alerts[0].channel_id), (1, Some(yard.site.stage.sales)));
        yard.meta.desk().revoked = false;
        yard.fetch_after(5 * 60).await;
        for _ in 0..3 {
            yard.fetch_after(0).await;
        }
        assert!(yard.files().await.iter().all(|file| file.state == MediaState::Stored));
        assert!(yard.alerts(AlertKind::FilesWaiting).await.is_empty(), "which ends by itself");
        yard.site.stop().await;
    }
}

#[tokio::test]
async fn a_number_without_a_token_says_so() {
    for test in databases().await {
        let yard = Yard::on(test).await;
        yard.site.execute("UPDATE channels SET sealed_access_token = NULL").await;
        yard.customer_sends("w1", "77").await;
        yard.fetch_after(1).await;
        assert_eq!(yard.state().await, (MediaState::Wanted, Some(MediaReason::NoToken)));
        assert_eq!(yard.alerts(AlertKind::FilesWaiting).await.len(), 1);
        give_token(&yard.site.stage, yard.site.stage.sales).await;
        yard.meta.put("77", jpeg());
        yard.fetch_after(5 * 60).await;
        assert_eq!(yard.state().await, (MediaState::Stored, None));
        yard.site.stop().await;
    }
}

#[tokio::test]
async fn after_seven_days_a_file_is_lost_and_says_why() {
    for test in databases().await {
        let yard = Yard::on(test).await;
        yard.meta.desk().revoked = true;
        yard.customer_sends("w1", "77").await;
        for _ in 0..3 {
            yard.fetch_after(24 * 60 * 60).await;
        }
        assert_eq!(yard.state().await, (MediaState::Wanted, Some(MediaReason::TokenRefused)));
        yard.site.stage.clock.advance(Duration::from_secs(4 * 24 * 60 * 60));
        media::tidy(&yard.site.stage.installation).await.unwrap();
        assert_eq!(yard.state().await, (MediaState::Lost, Some(MediaReason::TokenRefused)));
        assert_eq!(yard.fetch_after(3_600).await, 0);
        assert!(yard.updates().await >= 1);
        yard.site.stop().await;
    }
}

#[tokio::test]
async fn what_meta_does_not_know_is_lost_after_a_few_attempts() {
    for test in databases().await {
        let yard = Yard::on(test).await;
        yard.customer_sends("w1", "../77?x=").await;
        yard.fetch_after(1).await;
        assert_eq!(yard.state().await, (MediaState::Lost, Some(MediaReason::Gone)));
        assert!(yard.meta.desk().asked.is_empty(), "an id that is a path is not asked for");
        yard.customer_sends("w2", "404").await;
        for _ in 0..6 {
            yard.fetch_after(3_600).await;
        }
        assert!(yard.files().await.iter().all(|file| file.state == MediaState::Lost));
        assert_eq!(yard.meta.desk().asked.len(), 6);
        yard.site.stop().await;
    }
}

#[tokio::test]
async fn what_is_too_large_empty_or_not_what_was_told_is_not_kept() {
    for test in databases().await {
        let yard = Yard::on(test).await;
        yard.meta.put("1", File { told_size: Some(101 << 20), ..jpeg() });
        yard.meta.put("2", File::default());
        let wrong = Some("00".repeat(32));
        yard.meta.put("3", File { told_sha256: wrong, ..jpeg() });
        yard.meta.put("4", File { told_size: Some(5), ..jpeg() });
        for (whatsapp_id, media_id) in [("w1", "1"), ("w2", "2"), ("w3", "3"), ("w4", "4")] {
            yard.customer_sends(whatsapp_id, media_id).await;
        }
        for _ in 0..6 {
            yard.fetch_after(3_600).await;
        }
        let files = yard.files().await;
        let reasons: Vec<_> = files.iter().map(|file| file.reason).collect();
        let expected =
            [MediaReason::TooLarge, MediaReason::Empty, MediaReason::Altered, MediaReason::Altered];
        assert_eq!(reasons, expected.map(Some));
        assert!(files.iter().all(|file| file.state == MediaState::Refused && file.storage_key.is_none()));
        yard.site.stop().await;
    }
}

#[cfg(unix)]
fn scanner(script: String) -> Option<Arc<Scanner>> {
    let arguments = vec!["-c".to_owned(), script];
    Some(Arc::new(Scanner { program: "/bin/sh".to_owned(), arguments, timeout: Duration::from_secs(5) }))
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_there_before_it_was_looked_through_and_nothing_harmful_ever() {
    for test in databases().await {
        let folder = tempfile::tempdir().unwrap();
        let works = folder.path().join("works");
        let script = format!("test -e {} || exit 2; ! grep -q EICAR", works.display());
        let yard = Yard::with(test, |media| Media { scanner: scanner(script), ..media }).await;
        yard.meta.put("1", jpeg());
        yard.meta.put("2", File { bytes: [JPEG, b"EICAR"].concat(), ..File::default() });
        yard.customer_sends("w1", "1").await;
        yard.customer_sends("w2", "2").await;
        yard.fetch_after(1).await;
        let files = yard.files().await;
        for file in &files {
            assert_eq!((file.state, file.reason), (MediaState::Scanning, Some(MediaReason::ScanFailed)));
        }
        let key = files[1].storage_key.clone().unwrap();
        std::fs::write(&works, "").unwrap();
        yard.fetch_after(60).await;
        let files = yard.files().await;
        assert_eq!((files[0].state, files[0].reason), (MediaState::Stored, None));
        assert_eq!((files[1].state, files[1].reason), (MediaState::Refused, Some(MediaReason::Infected)));
        assert_eq!(yard.meta.desk().asked.len(), 2, "fetched once each");
        media::tidy(&yard.site.stage.installation).await.unwrap();
        assert!(yard.store().read(&key, None).await.unwrap().is_none());
        let alerts = yard.alerts(AlertKind::FileInfected).await;
        assert_eq!((alerts.len(), &alerts[0].cause), (1, &files[1].channel_id.unwrap().to_string()));
        yard.site.stop().await;
    }
}

#[tokio::test]
async fn what_a_killed_process_was_at_is_taken_up_and_leaves_nothing_behind() {
    for test in databases().await {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(folder.path()).unwrap();
        let yard = Yard::with(test, |media| Media { store, ..media }).await;
        yard.meta.put("77", jpeg());
        yard.customer_sends("w1", "77").await;
        let installation = &yard.site.stage.installation;
        yard.site.stage.clock.advance(Duration::from_secs(1));
        // A process claims it, writes half of it, and is killed: on disk that is a file of another name.
        let lease = Duration::from_secs(300);
        let mut dead = media::claim(installation, 4, lease).await.unwrap().remove(0);
        assert!(media::begin(installation, &mut dead).await.unwrap());
        let left = folder.path().join(format!("{}#1", dead.file.storage_key.as_deref().unwrap()));
        std::fs::create_dir_all(left.parent().unwrap()).unwrap();
        std::fs::write(&left, b"half").unwrap();
        assert_eq!(yard.fetch_after(60).await, 0, "another waits for the lease to end");
        assert_eq!(yard.fetch_after(300).await, 1);
        let file = yard.file().await;
        assert_eq!(file.state, MediaState::Stored);
        // If it was only slow, it has nothing to say any more.
        let late = media::Outcome::Lost(MediaReason::Gone);
        assert!(!media::settle(installation, &dead, late).await.unwrap());
        media::tidy(installation).await.unwrap();
        assert!(!left.exists());
        assert_eq!(yard.kept(&file).await.unwrap(), JPEG);
        yard.site.stop().await;
    }
}

#[tokio::test]
async fn a_running_fetcher_fetches_by_itself_and_stops_when_told() {
    for test in databases().await {
        let yard = Yard::on(test).await;
        for number in 0..9 {
            yard.meta.put(&format!("{number}"), jpeg());
            yard.customer_sends(&format!("w{number}"), &format!("{number}")).await;
        }
        yard.site.stage.clock.advance(Duration::from_secs(5));
        let stop = tokio_util::sync::CancellationToken::new();
        let running = tokio::spawn(yard.fetcher.clone().run(stop.clone()));
        for _ in 0..500 {
            if yard.files().await.iter().all(|file| file.state == MediaState::Stored) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(yard.files().await.iter().all(|file| file.state == MediaState::Stored));
        stop.cancel();
        tokio::time::timeout(Duration::from_secs(5), running).await.unwrap().unwrap();
        yard.site.stop().await;
    }
}

#[tokio::test]
async fn files_of_messages_that_are_removed_go_with_them() {
    for test in databases().await {
        let yard = Yard::on(test).await;
        yard.meta.put("77", jpeg());
        yard.customer_sends("w1", "77").await;
        yard.fetch_after(1).await;
        let (message, file) = (yard.site.message("w1").await, yard.file().await);
        let installation = &yard.site.stage.installation;
        let transaction = installation.database.begin().await.unwrap();
        media::forget_messages(&transaction, installation, message.workspace_id, &[message.id])
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        media::tidy(installation).await.unwrap();
        assert!(yard.files().await.is_empty() && yard.kept(&file).await.is_none());
        yard.site.stop().await;
    }
}
