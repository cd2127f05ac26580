//! Erasing a person: what was written to them, sent or not.

use portaria_domain::access::Scope;
use portaria_domain::granting::Change;
use portaria_domain::mail::WITHDRAWN;
use portaria_domain::member;
use portaria_domain::permission::Permission;
use portaria_entity::id::{AuditRunId, NoticeId, OutgoingMailId};
use portaria_entity::outgoing_mail::{self, MailStatus};
use portaria_entity::role::BuiltInRole;
use portaria_entity::{mail_attachment, mail_secret, sign_in_event};
use portaria_testing::{Stage, databases};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, EntityTrait, PaginatorTrait};

/// A letter of the workspace, with all that may go along.
async fn written(stage: &Stage, (key, address): (&str, &str), status: MailStatus) -> OutgoingMailId {
    let id: OutgoingMailId = stage.clock.new_id();
    let now = stage.clock.now();
    let row = outgoing_mail::Model {
        id,
        workspace_id: Some(stage.workspace_id),
        dedup_key: key.to_owned(),
        to_name: "Ana".to_owned(),
        to_address: address.to_owned(),
        subject: "Ana".to_owned(),
        html: "<p>Ana</p>".to_owned(),
        text: "Ana".to_owned(),
        message_id: format!("{}@gate.example", id.0),
        status,
        attempts: 0,
        next_attempt_at: now,
        leased_until: (status == MailStatus::Queued).then_some(now),
        error: None,
        created_at: now,
        sent_at: None,
    };
    let writer = stage.installation.database.writer();
    let row = outgoing_mail::ActiveModel::from(row).reset_all();
    outgoing_mail::Entity::insert(row).exec_without_returning(writer).await.unwrap();
    let file = mail_attachment::Model {
        id,
        name: "a.csv".into(),
        media_type: "text/csv".into(),
        content: "Ana".into(),
    };
    mail_attachment::Entity::insert(mail_attachment::ActiveModel::from(file).reset_all())
        .exec_without_returning(writer)
        .await
        .unwrap();
    let secret = mail_secret::Model { id, sealed_secret: vec![1], sealing_key: "k".to_owned() };
    mail_secret::Entity::insert(mail_secret::ActiveModel::from(secret).reset_all())
        .exec_without_returning(writer)
        .await
        .unwrap();
    id
}

#[tokio::test]
async fn what_waits_to_be_sent_to_who_is_erased_is_given_up_and_emptied_wherever_it_was_to_go() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let user = ana.viewer.session().unwrap().user_id;
        let at = stage.clock.now();
        // She signed in with two others before, of which one is Bia's now.
        for email in ["Ana@Old.Example", &bia.email] {
            let row = sign_in_event::ActiveModel {
                id: Set(stage.clock.new_id()),
                at: Set(at),
                user_id: Set(Some(user)),
                workspace_id: Set(Some(stage.workspace_id)),
                email: Set(email.to_owned()),
                outcome: Set(sign_in_event::SignInOutcome::Succeeded),
                address: Set(String::new()),
                network: Set(String::new()),
                user_agent: Set(String::new()),
            };
            let writer = stage.installation.database.writer();
            sign_in_event::Entity::insert(row).exec_without_returning(writer).await.unwrap();
        }
        let alert = format!("alerts:{}:{user}", stage.clock.new_id::<NoticeId>());
        let report = format!("audit:{}:{}", stage.clock.new_id::<AuditRunId>(), ana.member_id);
        let hers = [
            written(&stage, ("a", &ana.email.to_uppercase()), MailStatus::Queued).await,
            written(&stage, ("b", &ana.email), MailStatus::Sent).await,
            written(&stage, ("c", "ana@old.example"), MailStatus::Queued).await,
            written(&stage, (&alert, "ana@older.example"), MailStatus::Queued).await,
            written(&stage, (&report, "ana@older.example"), MailStatus::Failed).await,
        ];
        let others = [
            written(&stage, ("d", &bia.email), MailStatus::Queued).await,
            written(&stage, ("e", "caio@old.example"), MailStatus::Queued).await,
        ];
        let helena = stage.person("Helena", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let helena = stage.step_up(&helena).await;
        let by = [Permission::PrivacyManage];
        let mut change = Change::by(&stage.installation, &helena.viewer, &by).await.unwrap();
        member::remove(&mut change, ana.member_id).await.unwrap();
        member::erase(&mut change, ana.member_id, "pedido 12").await.unwrap();
        change.finish().await.unwrap();
        let reader = stage.installation.database.reader();
        let row = async |id| outgoing_mail::Entity::find_by_id(id).one(reader).await.unwrap().unwrap();
        let mut fates = Vec::new();
        for id in hers {
            let row = row(id).await;
            let left = [&row.to_name, &row.to_address, &row.subject, &row.html, &row.text];
            assert!(left.iter().all(|text| text.is_empty()), "{row:?}");
            fates.push((row.status, row.error.as_deref() == Some(WITHDRAWN), row.leased_until));
        }
        let given_up = (MailStatus::Failed, true, None);
        let (sent, failed) = ((MailStatus::Sent, false, None), (MailStatus::Failed, false, None));
        assert_eq!(fates, [given_up, sent, given_up, given_up, failed]);
        for id in others {
            let row = row(id).await;
            assert_eq!((row.status, row.text.as_str()), (MailStatus::Queued, "Ana"), "{row:?}");
        }
        let counts = (
            mail_attachment::Entity::find().count(reader).await.unwrap(),
            mail_secret::Entity::find().count(reader).await.unwrap(),
        );
        assert_eq!(counts, (2, 2), "those of others");
    }
}
