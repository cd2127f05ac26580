//! Whole audits on real databases with a clock that the test moves.

mod changes;
mod clocks;
mod mailed;
mod once;
mod reports;
mod review;
mod sight;
mod undelivered;

use std::time::Duration;

use portaria_domain::Installation;
use portaria_domain::access::Scope;
use portaria_entity::finding::AuditRule;
use portaria_entity::id::{MemberId, UserId};
use portaria_entity::role::BuiltInRole;
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_entity::time::Timestamp;
use portaria_entity::{audit_rule_setting, audit_run, member};
use portaria_testing::{Person, Stage};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::*;
use crate::mail::{Mailbox, Mailer, MemoryTransport, OutgoingMail};

/// When the workspace's audit is due for the first time: 08:00 in São Paulo, the day after the stage began.
fn first_due() -> Timestamp {
    Timestamp::from_secs(1_772_535_600)
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A workspace with two administrators, and what its mails were.
struct Scene {
    stage: Stage,
    memory: MemoryTransport,
    auditor: Auditor,
}

impl Scene {
    async fn on(stage: Stage) -> Self {
        let memory = MemoryTransport::default();
        let auditor = auditor(&stage.installation, &memory);
        let everywhere = [(BuiltInRole::Administrator, Scope::Workspace)];
        for name in ["Alice", "Bruno"] {
            stage.person(name, &everywhere).await;
        }
        stage.person("Carla", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        Self::leave_out_what_follows_from_idleness(&stage).await;
        Self { stage, memory, auditor }
    }

    /// Nobody here does anything for weeks, nor sets up a second factor: that is not what these tests ask.
    async fn leave_out_what_follows_from_idleness(stage: &Stage) {
        let idle = [
            AuditRule::AdministratorWithoutSecondFactor,
            AuditRule::DormantAdministrator,
            AuditRule::NobodyAvailable,
        ];
        let rows = idle.map(|rule| audit_rule_setting::ActiveModel {
            workspace_id: Set(stage.workspace_id),
            rule: Set(rule),
            is_enabled: Set(false),
            changed_at: Set(stage.clock.now()),
            changed_by: Set(None),
        });
        let writer = stage.installation.database.writer();
        audit_rule_setting::Entity::insert_many(rows).exec_without_returning(writer).await.unwrap();
    }

    /// Another process over the same database, with a connection of its own.
    async fn another_process(&self) -> Auditor {
        let database =
            portaria_domain::database::Database::connect(&self.stage.test_database.options).await.unwrap();
        let keys = portaria_domain::sealing::KeyRing::ephemeral().unwrap();
        let installation =
            Installation::new(database, self.stage.clock.clone(), keys, &self.stage.installation.public_url);
        auditor(&installation, &self.memory)
    }

    async fn tick(&self) -> usize {
        self.auditor.tick().await.unwrap().len()
    }

    async fn runs(&self) -> Vec<audit_run::Model> {
        audit_run::Entity::find()
            .order_by_asc(audit_run::Column::ScheduledFor)
            .all(self.stage.installation.database.reader())
            .await
            .unwrap()
    }

    async fn mails(&self) -> Vec<OutgoingMail> {
        self.auditor.send_queued_mails().await.unwrap();
        self.memory.sent()
    }
}

fn auditor(installation: &Installation, memory: &MemoryTransport) -> Auditor {
    let sender = Mailbox { name: Some("Portaria".to_owned()), address: "portaria@gate.example".to_owned() };
    let outbox = Outbox::with_mailer(installation.clone(), Mailer::Memory(memory.clone()), sender);
    Auditor::with_outbox(installation.clone(), outbox)
}

async fn user_of(stage: &Stage, member_id: MemberId) -> UserId {
    let find = member::Entity::find().filter(member::Column::Id.eq(member_id));
    find.one(stage.installation.database.reader()).await.unwrap().unwrap().user_id
}

/// Somebody tries a person's account once.
async fn tries(stage: &Stage, person: &Person, at: Timestamp, outcome: SignInOutcome) {
    let row = sign_in_event::ActiveModel {
        id: Set(stage.clock.id_at(at)),
        at: Set(at),
        user_id: Set(Some(user_of(stage, person.member_id).await)),
        workspace_id: Set((outcome == SignInOutcome::Succeeded).then_some(stage.workspace_id)),
        email: Set(person.email.clone()),
        outcome: Set(outcome),
        address: Set("203.0.113.66".to_owned()),
        network: Set("203.0.113.66".to_owned()),
        user_agent: Set("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0".to_owned()),
    };
    let writer = stage.installation.database.writer();
    sign_in_event::Entity::insert(row).exec_without_returning(writer).await.unwrap();
}

async fn execute(stage: &Stage, sql: &str) {
    stage.installation.database.writer().execute_unprepared(sql).await.unwrap();
}

async fn alice(scene: &Scene) -> Person {
    let find = portaria_entity::user::Entity::find().filter(portaria_entity::user::Column::Name.eq("Alice"));
    let user = find.one(scene.stage.installation.database.reader()).await.unwrap().unwrap();
    scene.stage.sign_in(&user.email).await
}

/// The subjects that somebody got, and clears nothing.
async fn subjects(scene: &Scene, name: &str) -> Vec<String> {
    let to = |mail: &OutgoingMail| mail.to.name.as_deref() == Some(name);
    scene.mails().await.into_iter().filter(to).map(|mail| mail.subject).collect()
}

/// Somebody's account is under attack before the first audit.
async fn attacked(scene: &Scene) -> Person {
    let dora = scene.stage.person("Dora", &[(BuiltInRole::Agent, Scope::Channel(scene.stage.sales))]).await;
    for n in 0..12 {
        let at = first_due() - Duration::from_secs(60 + n);
        tries(&scene.stage, &dora, at, SignInOutcome::WrongPassword).await;
    }
    dora
}
