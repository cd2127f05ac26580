//! Files that agents send: handed to Meta once for each number, before the messages that wait for them.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use portaria_domain::access::Scope;
use portaria_domain::media::{self, NewUpload, Receiving};
use portaria_entity::role::BuiltInRole;
use portaria_entity::{channel, media_file};
use portaria_testing::{Stage, databases};
use portaria_worker::cloud_api::CallError;
use portaria_worker::media::Uploads;
use sea_orm::EntityTrait;
use serde_json::json;

use crate::meta::{Meta, give_token};

async fn number(stage: &Stage, id: portaria_entity::id::ChannelId) -> channel::Model {
    let find = channel::Entity::find_by_id((stage.workspace_id, id));
    find.one(stage.installation.database.reader()).await.unwrap().unwrap()
}

/// An agent hands in a document of so many bytes.
async fn handed_in(stage: &Stage, bytes: usize) -> media_file::Model {
    let agent = stage.person(&format!("Ana{bytes}"), &[(BuiltInRole::Agent, Scope::Workspace)]).await;
    let start = Bytes::from_static(b"%PDF-1.7\n");
    let rest = (0..bytes / 1_000).map(|_| Ok::<_, String>(Bytes::from(vec![b'x'; 1_000])));
    let source = stream::iter(std::iter::once(Ok(start)).chain(rest));
    let receiving = Receiving { pause: Duration::from_secs(5) };
    media::receive(&stage.installation, &agent.viewer, NewUpload::default(), (source, receiving))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_file_is_handed_over_once_though_many_wait_and_again_when_meta_has_dropped_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        give_token(&stage, stage.sales).await;
        let meta = Meta::open().await;
        let file = handed_in(&stage, 300_000).await;
        let channel = number(&stage, stage.sales).await;
        let uploads = Uploads::new(stage.installation.clone(), meta.cloud_api());
        meta.desk().upload_takes = Duration::from_millis(300);
        let all = (0..8).map(|_| uploads.meta_id(&channel, &file));
        let ids: Vec<_> = futures_util::future::join_all(all).await.into_iter().map(Result::unwrap).collect();
        assert!(ids.iter().all(|id| id == "91"), "{ids:?}");
        let (of, form) = meta.desk().uploads[0].clone();
        assert_eq!((of.as_str(), meta.desk().uploads.len()), ("padaria-1", 1));
        let text = String::from_utf8_lossy(&form);
        assert!(form.len() > 300_000 && text.contains("%PDF-1.7"));
        assert!(text.contains("name=\"messaging_product\"\r\n\r\nwhatsapp\r\n"), "{}", &text[..600]);
        assert!(text.contains("Content-Type: application/pdf") && text.contains("name=\"type\""));
        stage.clock.advance(Duration::from_secs(28 * 24 * 60 * 60));
        assert_eq!(uploads.meta_id(&channel, &file).await.unwrap(), "91");
        stage.clock.advance(Duration::from_secs(2 * 24 * 60 * 60));
        assert_eq!(uploads.meta_id(&channel, &file).await.unwrap(), "92", "Meta keeps it for thirty days");
    }
}

#[tokio::test]
async fn each_number_has_a_name_of_its_own_and_a_failure_lets_the_next_one_try() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let meta = Meta::open().await;
        let file = handed_in(&stage, 1_000).await;
        let uploads = Uploads::new(stage.installation.clone(), meta.cloud_api());
        let (sales, support) = (number(&stage, stage.sales).await, number(&stage, stage.support).await);
        let none = uploads.meta_id(&sales, &file).await;
        assert!(matches!(none, Err(CallError::Unsent(_))), "it has no token");
        give_token(&stage, stage.sales).await;
        give_token(&stage, stage.support).await;
        let (sales, support) = (number(&stage, sales.id).await, number(&stage, support.id).await);
        let error = json!({ "error": { "message": "no", "code": 131053 } });
        meta.desk().failures.push_back((400, error));
        let refused = uploads.meta_id(&sales, &file).await.unwrap_err();
        assert_eq!(refused.refusal().map(|refusal| refusal.code), Some(131_053));
        meta.desk().failures.push_back((502, json!("bad gateway")));
        let unclear = uploads.meta_id(&sales, &file).await;
        assert!(matches!(unclear, Err(CallError::Unsent(_))), "twice does no harm: {unclear:?}");
        assert_eq!(uploads.meta_id(&sales, &file).await.unwrap(), "91");
        assert_eq!(uploads.meta_id(&support, &file).await.unwrap(), "92");
    }
}

#[tokio::test]
async fn a_message_gets_metas_name_for_its_file_before_it_goes_out() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        give_token(&stage, stage.sales).await;
        let meta = Meta::open().await;
        let file = handed_in(&stage, 1_000).await;
        let contact = stage.customer("Zoë", "5511999990000").await;
        let conversation = stage.conversation(contact, stage.sales, None, &["oi"]).await;
        let find = portaria_entity::message::Entity::find();
        let messages = find.all(stage.installation.database.reader()).await.unwrap();
        let message = messages.iter().find(|row| row.conversation_id == conversation).unwrap().id;
        let channel = number(&stage, stage.sales).await;
        let uploads = Uploads::new(stage.installation.clone(), meta.cloud_api());
        let mut text = json!({ "type": "text", "text": { "body": "oi" } });
        uploads.fill(&channel, message, &mut text).await.unwrap();
        assert_eq!(text, json!({ "type": "text", "text": { "body": "oi" } }), "without a file it stays");
        let writer = stage.installation.database.writer();
        media::attach(writer, &stage.installation, &file, message).await.unwrap();
        let mut payload = json!({ "type": "document", "document": { "filename": "x.pdf" } });
        uploads.fill(&channel, message, &mut payload).await.unwrap();
        assert_eq!(payload["document"], json!({ "filename": "x.pdf", "id": "91" }));
    }
}
