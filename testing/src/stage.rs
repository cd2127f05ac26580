//! A small company to act in: a workspace, two numbers, and people who are given roles.

use std::sync::Arc;
use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::authentication::{Attempt, Origin, sign_in};
use portaria_domain::channel::NewChannel;
use portaria_domain::clock::Clock;
use portaria_domain::conversation::placement;
use portaria_domain::event::{Happening, append};
use portaria_domain::grant::NewGrant;
use portaria_domain::mail::unsealed;
use portaria_domain::member::NewMember;
use portaria_domain::meta_app::NewMetaApp;
use portaria_domain::password::About;
use portaria_domain::sealing::KeyRing;
use portaria_domain::token::TokenHash;
use portaria_domain::viewer::Viewer;
use portaria_domain::workspace::NewWorkspace;
use portaria_domain::{Installation, channel, grant, member, meta_app, role, second_factor, team, workspace};
use portaria_entity::conversation::ConversationStatus;
use portaria_entity::event::EventKind;
use portaria_entity::id::{
    ChannelId, ContactId, ConversationId, MemberId, MessageId, MetaAppId, TeamId, WorkspaceId,
};
use portaria_entity::message::{DeliveryStatus, Direction, MessageSource};
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;
use portaria_entity::{contact, contact_identity, conversation, message, outgoing_mail, session};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};

use crate::authenticator::Authenticator;
use crate::database::TestDatabase;
use crate::outgoing::queue_message;

/// When every stage's clock begins: 2026-03-02 12:00 UTC, a Monday.
pub const START: Timestamp = Timestamp::from_secs(1_772_452_800);
/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";

/// A workspace on a fresh database with a clock that the test moves.
pub struct Stage {
    pub installation: Installation,
    pub clock: Clock,
    pub workspace_id: WorkspaceId,
    pub meta_app_id: MetaAppId,
    /// The number for sales.
    pub sales: ChannelId,
    /// The number for support.
    pub support: ChannelId,
    pub test_database: TestDatabase,
}

/// Somebody on the stage, signed in.
pub struct Person {
    pub member_id: MemberId,
    pub email: String,
    /// Bearer token.
    pub token: String,
    pub viewer: Arc<Viewer>,
}

impl Stage {
    pub async fn on(test_database: TestDatabase) -> Self {
        Self::with(Clock::fixed(START), test_database).await
    }

    /// A stage on which the same acts give the same ids every time.
    pub async fn repeatable(test_database: TestDatabase) -> Self {
        Self::with(Clock::repeatable(START), test_database).await
    }

    async fn with(clock: Clock, test_database: TestDatabase) -> Self {
        let keys = KeyRing::ephemeral().expect("a key");
        let installation =
            Installation::new(test_database.database.clone(), clock.clone(), keys, "http://portaria.test");
        let (workspace_id, meta_app_id, [sales, support]) = found(&installation, "Padaria", "padaria").await;
        Self { installation, clock, workspace_id, meta_app_id, sales, support, test_database }
    }

    /// Another company on the same installation: workspace, app and one of its numbers.
    pub async fn another_workspace(&self) -> (WorkspaceId, MetaAppId, ChannelId) {
        let (workspace, app, [channel, _]) = found(&self.installation, "Outra", "outra").await;
        (workspace, app, channel)
    }

    /// A member of the workspace who holds a role in each of the scopes, signed in.
    pub async fn person(&self, name: &str, grants: &[(BuiltInRole, Scope)]) -> Person {
        self.person_in(self.workspace_id, name, grants).await
    }

    pub async fn person_in(
        &self,
        workspace: WorkspaceId,
        name: &str,
        grants: &[(BuiltInRole, Scope)],
    ) -> Person {
        let installation = &self.installation;
        let email = format!("{}@{}.example", name.to_lowercase(), &workspace.to_string()[20..]);
        let password_hash =
            Some(installation.passwords.hash(PASSWORD, &About::default()).await.expect("a hash"));
        let transaction = installation.database.begin().await.expect("a transaction");
        let new = NewMember { name, email: &email, locale: "pt-BR", password_hash };
        let member = member::create(&transaction, installation, workspace, new).await.expect("a member");
        transaction.commit().await.expect("committed");
        for (role, scope) in grants {
            self.grant(workspace, member.id, *role, *scope).await;
        }
        self.sign_in(&email).await
    }

    /// Gives a member a role, for good.
    pub async fn grant(&self, workspace: WorkspaceId, member: MemberId, role: BuiltInRole, scope: Scope) {
        let installation = &self.installation;
        let transaction = installation.database.begin().await.expect("a transaction");
        let role = role::built_in(&transaction, workspace, role).await.expect("a role");
        let new = NewGrant {
            workspace_id: workspace,
            member_id: member,
            role_id: role.id,
            scope,
            valid_until: None,
            reason: "test",
            granted_by: None,
        };
        grant::insert(&transaction, &self.clock, new).await.expect("a grant");
        workspace::bump_access_epoch(&transaction, installation, workspace).await.expect("an epoch");
        transaction.commit().await.expect("committed");
        installation.viewers.access_changed(workspace);
    }

    pub async fn sign_in(&self, email: &str) -> Person {
        self.sign_in_with(email, None).await
    }

    /// The same by who has an authenticator app.
    pub async fn sign_in_with_code(&self, email: &str, code: &str) -> Person {
        self.sign_in_with(email, Some(code)).await
    }

    async fn sign_in_with(&self, email: &str, code: Option<&str>) -> Person {
        let origin =
            Origin { address: "192.0.2.1".to_owned(), user_agent: "test".to_owned(), ..Origin::default() };
        let attempt = Attempt { email, password: PASSWORD, code, workspace_id: None, origin };
        let opened = sign_in(&self.installation, attempt).await.expect("signed in");
        let token = opened.token.reveal().to_owned();
        let viewer = self.viewer(&token).await.expect("a viewer");
        Person { member_id: opened.session.member_id, email: email.to_owned(), token, viewer }
    }

    /// The same person in the same session, with a second factor just given.
    pub async fn step_up(&self, person: &Person) -> Person {
        let database = &self.installation.database;
        let sql = "UPDATE sessions SET second_factor = $2, authenticated_at = $3 WHERE token_hash = $1";
        let hash = TokenHash::of(&person.token).to_vec();
        let values = [hash.into(), true.into(), self.clock.now().0.into()];
        database.writer().execute_raw(database.statement(sql, values)).await.expect("stepped up");
        self.installation.viewers.access_changed(person.viewer.workspace_id);
        let viewer = self.viewer(&person.token).await.expect("a viewer");
        Person {
            member_id: person.member_id,
            email: person.email.clone(),
            token: person.token.clone(),
            viewer,
        }
    }

    /// An authenticator app of this person, set up by the installation.
    pub async fn authenticator(&self, person: &Person) -> Authenticator {
        let enrolment =
            second_factor::set_up(&self.installation, person.viewer.session().expect("a person").user_id)
                .await
                .expect("set up");
        Authenticator::new(&enrolment.secret, &self.clock)
    }

    /// The letters to somebody so far, as they go out.
    pub async fn letters_to(&self, email: &str) -> Vec<outgoing_mail::Model> {
        let reader = self.installation.database.reader();
        let find = outgoing_mail::Entity::find()
            .filter(outgoing_mail::Column::ToAddress.eq(email))
            .order_by_asc(outgoing_mail::Column::Id);
        let mut letters = Vec::new();
        for mail in find.all(reader).await.expect("letters") {
            letters.push(unsealed(reader, &self.installation, mail).await.expect("a letter"));
        }
        letters
    }

    /// The token in the newest letter to somebody.
    pub async fn token_for(&self, email: &str) -> String {
        let letters = self.letters_to(email).await;
        let text = &letters.last().expect("a letter").text;
        let (_, rest) = text.split_once("#token=").expect("a link");
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).collect()
    }

    /// The viewer behind a token as it is now.
    pub async fn viewer(&self, token: &str) -> Option<Arc<Viewer>> {
        portaria_domain::authentication::authenticate(&self.installation, token).await.expect("an answer")
    }

    /// The viewer in a person's session as it is now, by whatever token.
    pub async fn viewer_of(&self, person: &Person) -> Option<Arc<Viewer>> {
        let key = (person.viewer.workspace_id, person.viewer.session().expect("a person").session_id);
        let find = session::Entity::find_by_id(key).one(self.installation.database.reader()).await;
        let row = find.expect("an answer").expect("a session");
        let hash = TokenHash(row.token_hash.try_into().expect("a hash"));
        self.installation.viewers.resolve(hash).await.expect("an answer")
    }

    /// A team of these members that serves these channels.
    pub async fn team(&self, name: &str, members: &[MemberId], channels: &[ChannelId]) -> TeamId {
        let transaction = self.installation.database.begin().await.expect("a transaction");
        let team =
            team::create(&transaction, &self.installation, self.workspace_id, name).await.expect("a team");
        for member in members {
            team::add_member(&transaction, &self.installation, (self.workspace_id, team), *member)
                .await
                .expect("joined");
        }
        for channel in channels {
            team::add_channel(&transaction, &self.installation, (self.workspace_id, team), *channel)
                .await
                .expect("served");
        }
        workspace::bump_access_epoch(&transaction, &self.installation, self.workspace_id)
            .await
            .expect("an epoch");
        transaction.commit().await.expect("committed");
        self.installation.viewers.access_changed(self.workspace_id);
        team
    }

    /// Gives a number an access token, so that it can send.
    pub async fn connect(&self, channel: ChannelId) {
        let sealed = self.installation.keys.seal(b"a token", channel.0.as_bytes()).expect("sealed");
        let database = &self.installation.database;
        let sql = "UPDATE channels SET sealed_access_token = $2, sealing_key = $3 WHERE id = $1";
        let values = [channel.0.into(), sealed.bytes.into(), sealed.key.into()];
        database.writer().execute_raw(database.statement(sql, values)).await.expect("connected");
    }

    /// A customer with a phone number.
    pub async fn customer(&self, name: &str, phone: &str) -> ContactId {
        let now = self.clock.now();
        let id = self.clock.new_id();
        let row = contact::Model {
            workspace_id: self.workspace_id,
            id,
            name: Some(name.to_owned()),
            language: None,
            email: None,
            created_at: now,
            updated_at: now,
            merged_into_id: None,
        };
        let identity = contact_identity::Model {
            workspace_id: self.workspace_id,
            id: self.clock.new_id(),
            contact_id: id,
            kind: contact_identity::IdentityKind::Phone,
            portfolio: String::new(),
            value: phone.to_owned(),
            created_at: now,
            last_seen_at: now,
        };
        let writer = self.installation.database.writer();
        contact::Entity::insert(row.into_active_model())
            .exec_without_returning(writer)
            .await
            .expect("a contact");
        contact_identity::Entity::insert(identity.into_active_model())
            .exec_without_returning(writer)
            .await
            .expect("a phone");
        id
    }

    /// An open conversation of a customer, with a message a minute; the clock moves on.
    pub async fn conversation(
        &self,
        contact: ContactId,
        channel: ChannelId,
        assignee: Option<MemberId>,
        texts: &[&str],
    ) -> ConversationId {
        let id = self.clock.new_id();
        let mut row = conversation::Model {
            workspace_id: self.workspace_id,
            id,
            contact_id: contact,
            channel_id: channel,
            team_id: None,
            status: ConversationStatus::Open,
            assignee_id: assignee,
            episode_id: None,
            last_message_id: None,
            last_activity_at: self.clock.now(),
            last_inbound_at: None,
            waiting_since: Some(self.clock.now()),
            unread_count: i32::try_from(texts.len()).expect("few texts"),
            last_assignee_id: assignee,
            snoozed_until: None,
            escalated_at: None,
            created_at: self.clock.now(),
            merged_into_id: None,
        };
        let mut messages = Vec::new();
        for text in texts {
            self.clock.advance(Duration::from_secs(60));
            let message = self.message(id, channel, text);
            row.last_message_id = Some(message.id);
            row.last_activity_at = self.clock.now();
            row.last_inbound_at = Some(self.clock.now());
            messages.push(message.into_active_model());
        }
        let writer = self.installation.database.writer();
        conversation::Entity::insert(row.into_active_model())
            .exec_without_returning(writer)
            .await
            .expect("a conversation");
        message::Entity::insert_many(messages).exec_without_returning(writer).await.expect("messages");
        id
    }

    /// A customer writes in a conversation that is there; the clock moves on.
    pub async fn message_arrives(&self, id: ConversationId, text: &str) {
        self.clock.advance(Duration::from_secs(60));
        let transaction = self.installation.database.begin().await.expect("a transaction");
        let found = conversation::Entity::find_by_id((self.workspace_id, id)).one(&transaction).await;
        let before = found.expect("an answer").expect("a conversation");
        let message = self.message(id, before.channel_id, text);
        let mut after = before.clone().into_active_model();
        after.last_message_id = Set(Some(message.id));
        after.last_activity_at = Set(self.clock.now());
        after.last_inbound_at = Set(Some(self.clock.now()));
        after.unread_count = Set(before.unread_count + 1);
        conversation::Entity::update(after).exec(&transaction).await.expect("a conversation");
        let message_id = Some(message.id);
        message::Entity::insert(message.into_active_model())
            .exec_without_returning(&transaction)
            .await
            .expect("a message");
        for (kind, message_id, before) in [
            (EventKind::MessageReceived, message_id, None),
            (EventKind::ConversationChanged, None, Some(placement(&before).into())),
        ] {
            let conversation_id = Some(id);
            let happening =
                Happening { workspace_id: self.workspace_id, kind, conversation_id, message_id, before };
            append(&transaction, &self.clock, happening).await.expect("an event");
        }
        transaction.commit().await.expect("committed");
        self.installation.events.wake();
    }

    /// Gives a number a token to send with.
    pub async fn give_token(&self, channel: ChannelId, token: &str) {
        let sealed =
            self.installation.keys.seal(token.as_bytes(), channel.0.as_bytes()).expect("a sealed token");
        let database = &self.installation.database;
        let sql = "UPDATE channels SET sealed_access_token = $2, sealing_key = $3 WHERE id = $1";
        let values = [channel.0.into(), sealed.bytes.into(), sealed.key.into()];
        database.writer().execute_raw(database.statement(sql, values)).await.expect("a token");
    }

    /// A text that is to be sent in a conversation, as the API queues it.
    pub async fn queued_message(&self, id: ConversationId, text: &str) -> MessageId {
        let payload = serde_json::json!({ "type": "text", "text": { "body": text, "preview_url": false } });
        self.queued(id, "text", &payload).await
    }

    /// The same of anything that can be sent, with its payload as it goes to Meta.
    pub async fn queued(&self, id: ConversationId, kind: &str, payload: &serde_json::Value) -> MessageId {
        let installation = &self.installation;
        let message = queue_message(&installation.database, &self.clock, id, (kind, payload)).await;
        installation.signals.queued();
        message
    }

    fn message(&self, conversation: ConversationId, channel: ChannelId, text: &str) -> message::Model {
        let id: MessageId = self.clock.new_id();
        message::Model {
            workspace_id: self.workspace_id,
            id,
            conversation_id: conversation,
            channel_id: channel,
            direction: Direction::Inbound,
            whatsapp_id: format!("wamid.{id}"),
            kind: "text".to_owned(),
            body: Some(text.to_owned()),
            payload: "{}".to_owned(),
            reply_to_whatsapp_id: None,
            author_id: None,
            sent_at: self.clock.now(),
            received_at: self.clock.now(),
            status: DeliveryStatus::None,
            status_at: None,
            edited_at: None,
            revoked_at: None,
            source: MessageSource::Live,
            delivery_id: None,
            author_key_id: None,
            sending: None,
        }
    }
}

/// Founds a workspace with an app and two numbers, whose ids at Meta begin with the key.
async fn found(
    installation: &Installation,
    name: &str,
    key: &str,
) -> (WorkspaceId, MetaAppId, [ChannelId; 2]) {
    let transaction = installation.database.begin().await.expect("a transaction");
    let new = NewWorkspace { name, time_zone: "America/Sao_Paulo", locale: "pt-BR" };
    let workspace = workspace::create(&transaction, installation, new).await.expect("a workspace").id;
    // A stage's people do what their roles allow with a password alone, unless a test demands more of them.
    let sql = "UPDATE security_policies SET second_factor = 'nobody' WHERE workspace_id = $1";
    let statement = installation.database.statement(sql, [workspace.0.into()]);
    transaction.execute_raw(statement).await.expect("a policy");
    let new = NewMetaApp {
        workspace_id: workspace,
        key,
        name,
        verify_token: "verify me",
        app_secret: "app secret",
    };
    let app = meta_app::create(&transaction, installation, new).await.expect("an app").id;
    let mut channels = Vec::new();
    for (name, number) in [("Vendas", "1"), ("Suporte", "2")] {
        let new = NewChannel {
            workspace_id: workspace,
            meta_app_id: app,
            name,
            waba_id: &format!("{key}-waba"),
            phone_number_id: &format!("{key}-{number}"),
            display_phone_number: &format!("+55 11 4000-000{number}"),
            team_id: None,
            access_token: None,
        };
        channels.push(channel::create(&transaction, installation, new).await.expect("a channel").id);
    }
    transaction.commit().await.expect("committed");
    (workspace, app, [channels[0], channels[1]])
}
