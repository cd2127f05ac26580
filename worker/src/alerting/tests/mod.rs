//! Telling at once, on real databases with a clock that the test moves.

mod delivering;
mod receiver;
mod sweeping;
mod telling;

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::alert::{Details, Raised, raise};
use portaria_domain::database::Database;
use portaria_domain::outbound::OutboundPolicy;
use portaria_domain::sealing::KeyRing;
use portaria_entity::alert::{AlertKind, AlertSeverity};
use portaria_entity::finding;
use portaria_entity::id::UserId;
use portaria_entity::member;
use portaria_entity::role::BuiltInRole;
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_entity::time::Timestamp;
use portaria_testing::{Person, Stage, TestDatabase};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::*;
use crate::mail::{Mailer, MemoryTransport, Outbox, OutgoingMail};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// A workspace with an administrator who reads Portuguese and one who reads English, and what they were mailed.
struct Scene {
    stage: Stage,
    memory: MemoryTransport,
    alerting: Alerting,
    ada: Person,
    bob: Person,
}

fn sender() -> Mailbox {
    Mailbox { name: Some("Portaria".to_owned()), address: "portaria@gate.example".to_owned() }
}

impl Scene {
    async fn on(test: TestDatabase) -> Self {
        let mut stage = Stage::on(test).await;
        let policy = OutboundPolicy { allow_http_loopback: true, private_hosts: Vec::new() };
        stage.installation = stage.installation.with_outbound(policy);
        let everywhere = [(BuiltInRole::Administrator, Scope::Workspace)];
        let (ada, bob) = (stage.person("Ada", &everywhere).await, stage.person("Bob", &everywhere).await);
        let english = "UPDATE users SET locale = 'en-GB' WHERE name = 'Bob'";
        let database = &stage.installation.database;
        sea_orm::ConnectionTrait::execute_raw(database.writer(), database.statement(english, []))
            .await
            .unwrap();
        let alerting = Alerting::new(stage.installation.clone(), sender());
        Self { stage, memory: MemoryTransport::default(), alerting, ada, bob }
    }

    /// Another process over the same database, with a connection of its own.
    async fn another_process(&self) -> Alerting {
        let database = Database::connect(&self.stage.test_database.options).await.unwrap();
        let url = &self.stage.installation.public_url;
        let clock = self.stage.clock.clone();
        let installation = Installation::new(database, clock, KeyRing::ephemeral().unwrap(), url);
        let installation = Installation { keys: self.stage.installation.keys.clone(), ..installation };
        let policy = OutboundPolicy { allow_http_loopback: true, private_hosts: Vec::new() };
        Alerting::new(installation.with_outbound(policy), sender())
    }

    /// What alerts were mailed to somebody so far, oldest first.
    async fn mails_to(&self, person: &Person) -> Vec<OutgoingMail> {
        let mailer = Mailer::Memory(self.memory.clone());
        let outbox = Outbox::with_mailer(self.stage.installation.clone(), mailer, sender());
        outbox.send_queued(&CancellationToken::new()).await.unwrap();
        let is_alert = |mail: &OutgoingMail| mail.subject.starts_with("Padaria: ");
        let sent = self.memory.sent().into_iter();
        sent.filter(|mail| mail.to.address == person.email && is_alert(mail)).collect()
    }

    async fn raise(&self, kind: AlertKind, severity: AlertSeverity, cause: &str) {
        let Installation { database, clock, .. } = &self.stage.installation;
        let raised = Raised {
            workspace_id: self.stage.workspace_id,
            kind,
            cause: cause.to_owned(),
            severity,
            channel_id: None,
            details: Details::from([("reason".to_owned(), "no room".to_owned())]),
        };
        raise(database.writer(), (database, clock), raised).await.unwrap();
    }

    async fn findings(&self) -> Vec<finding::Model> {
        let find = finding::Entity::find().order_by_asc(finding::Column::Id);
        find.all(self.stage.installation.database.reader()).await.unwrap()
    }

    /// Somebody tries a person's account once.
    async fn tries(&self, person: &Person, at: Timestamp, outcome: SignInOutcome) {
        let user: UserId = person.viewer.session().unwrap().user_id;
        let is_known = matches!(outcome, SignInOutcome::Succeeded | SignInOutcome::SecondFactorMissing);
        let row = sign_in_event::ActiveModel {
            id: Set(self.stage.clock.id_at(at)),
            at: Set(at),
            user_id: Set(Some(user)),
            workspace_id: Set(is_known.then_some(self.stage.workspace_id)),
            email: Set(person.email.clone()),
            outcome: Set(outcome),
            address: Set("203.0.113.66".to_owned()),
            network: Set("203.0.113.66".to_owned()),
            user_agent: Set("curl/8".to_owned()),
        };
        let writer = self.stage.installation.database.writer();
        sign_in_event::Entity::insert(row).exec_without_returning(writer).await.unwrap();
    }

    /// Wrong passwords within the last minutes, and then a right one.
    async fn is_guessed(&self, person: &Person) {
        let now = self.stage.clock.now();
        for n in 1..=6 {
            self.tries(person, now - n * Duration::from_secs(20), SignInOutcome::WrongPassword).await;
        }
        self.tries(person, now, SignInOutcome::Succeeded).await;
    }

    async fn is_called(&self, person: &Person, name: &str) {
        let user: UserId = person.viewer.session().unwrap().user_id;
        let row = portaria_entity::user::ActiveModel {
            id: Set(user),
            name: Set(name.to_owned()),
            ..portaria_entity::user::ActiveModel::default()
        };
        let writer = self.stage.installation.database.writer();
        portaria_entity::user::Entity::update(row).exec(writer).await.unwrap();
    }

    /// How many members the workspace has.
    async fn members(&self) -> usize {
        let find = member::Entity::find().filter(member::Column::WorkspaceId.eq(self.stage.workspace_id));
        find.all(self.stage.installation.database.reader()).await.unwrap().len()
    }
}
