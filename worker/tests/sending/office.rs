//! A worker that sends to the stand-in, and hears of statuses as Meta tells them.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_entity::id::{ChannelId, ConversationId, MessageId};
use portaria_entity::outgoing_message::{self, SendFailure, SendState};
use portaria_entity::role::BuiltInRole;
use portaria_entity::{channel_sending, message};
use portaria_testing::{START, Stage, TestDatabase};
use portaria_worker::WorkerOptions;
use portaria_worker::cloud_api::{CloudApi, CloudApiOptions};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::meta::Meta;
use crate::site::Site;

/// How long Meta's answer is waited for here.
pub const TIMEOUT: Duration = Duration::from_secs(3);

pub struct Office {
    pub site: Site,
    pub meta: Meta,
}

pub fn options(meta: &Meta) -> WorkerOptions {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let api =
        CloudApiOptions { base_url: meta.base_url.clone(), timeout: TIMEOUT, ..CloudApiOptions::default() };
    WorkerOptions { cloud_api: Some(CloudApi::new(&api).unwrap()), ..WorkerOptions::default() }
}

impl Office {
    pub async fn on(test: TestDatabase) -> Self {
        Self::over(Stage::on(test).await).await
    }

    /// Both numbers have a token, and there is somebody who may write.
    pub async fn over(stage: Stage) -> Self {
        stage.person("Rita", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        for channel in [stage.sales, stage.support] {
            stage.give_token(channel, "first token").await;
        }
        let meta = Meta::open().await;
        let site = Site::over(stage, options(&meta)).await;
        Self { site, meta }
    }

    pub fn stage(&self) -> &Stage {
        &self.site.stage
    }

    pub fn name(&self) -> &'static str {
        self.stage().test_database.name
    }

    /// Conversations over the number for sales, with a customer each.
    pub async fn conversations(&self, count: usize) -> Vec<ConversationId> {
        let mut conversations = Vec::new();
        for place in 0..count {
            conversations.push(self.conversation(place, self.stage().sales).await);
        }
        conversations
    }

    pub async fn conversation(&self, place: usize, channel: ChannelId) -> ConversationId {
        let contact = self.stage().customer("Ana", &format!("55119555{place:05}")).await;
        let conversation = self.stage().conversation(contact, channel, None, &[]).await;
        self.keep_open().await;
        conversation
    }

    /// Every customer may be answered for a month.
    pub async fn keep_open(&self) {
        let at = self.stage().clock.now() + Duration::from_secs(30 * 24 * 3_600);
        self.site.execute(&format!("UPDATE conversations SET last_inbound_at = {}", at.0)).await;
    }

    pub async fn outgoing(&self, id: MessageId) -> outgoing_message::Model {
        let key = (self.stage().workspace_id, id);
        outgoing_message::Entity::find_by_id(key).one(self.site.reader()).await.unwrap().unwrap()
    }

    pub async fn message(&self, id: MessageId) -> message::Model {
        let key = (self.stage().workspace_id, id);
        message::Entity::find_by_id(key).one(self.site.reader()).await.unwrap().unwrap()
    }

    pub async fn message_count(&self) -> u64 {
        message::Entity::find().count(self.site.reader()).await.unwrap()
    }

    pub async fn state(&self, id: MessageId) -> SendState {
        self.outgoing(id).await.state
    }

    pub async fn failure(&self, id: MessageId) -> Option<SendFailure> {
        self.outgoing(id).await.failure
    }

    pub async fn sending(&self) -> channel_sending::Model {
        let key = (self.stage().workspace_id, self.stage().sales);
        for _ in 0..1_500 {
            let find = channel_sending::Entity::find_by_id(key);
            if let Some(row) = find.one(self.site.reader()).await.unwrap() {
                return row;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nobody sends on {}", self.name());
    }

    /// Waits until a message is so far.
    pub async fn until(&self, id: MessageId, state: SendState) {
        let so_far = async || self.state(id).await == state;
        wait_for(self.name(), &format!("{state:?}"), so_far).await;
    }

    /// Waits until Meta has received so many requests.
    pub async fn until_received(&self, count: usize) {
        wait_for(self.name(), "requests", async || self.meta.received().len() >= count).await;
    }

    /// Time passes, and everybody has the time to notice.
    pub async fn pass(&self, time: Duration) {
        self.stage().clock.advance(time);
        tokio::time::sleep(Duration::from_millis(600)).await;
    }

    /// Time passes until something is so, a little at a time.
    pub async fn pass_until(&self, step: Duration, so: impl AsyncFn() -> bool) {
        for _ in 0..400 {
            if so().await {
                return;
            }
            self.stage().clock.advance(step);
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        panic!("it does not come to that on {}", self.name());
    }

    /// Meta tells of a message sent from the number for sales.
    pub async fn tell(&self, whatsapp_id: &str, status: &str, more: Value) {
        let seconds = self.stage().clock.now().as_secs() - START.as_secs();
        let mut told = json!({
            "id": whatsapp_id, "status": status, "recipient_id": "5511955500000",
            "timestamp": (START.as_secs() + seconds).to_string(),
        });
        for (name, value) in more.as_object().unwrap() {
            told[name] = value.clone();
        }
        self.site.say(json!({ "statuses": [told] })).await;
        self.site.settled().await;
    }
}

/// Waits until something is so.
pub async fn wait_for(name: &str, what: &str, so: impl AsyncFn() -> bool) {
    for _ in 0..1_500 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: it does not come to that on {name}");
}
