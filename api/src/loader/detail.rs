//! What surrounds the messages and customers of an answer, each read in one statement.

use std::collections::HashMap;
use std::sync::Arc;

use portaria_domain::channel_sending::{self, ChannelSending};
use portaria_domain::message::content::Carried;
use portaria_domain::message::detail::{self, Outcome, Reaction, Receipt, Version};
use portaria_domain::{bot, channel_fact, consent, contact_group, quick_reply};
use portaria_entity::id::{ApiKeyId, ChannelId, ContactId, MessageId};
use portaria_entity::{
    channel_fact as fact_entity, consent as consent_entity, contact_group as group_entity,
    message_quick_reply as quick_reply_entity, outgoing_message as outgoing_entity,
};

use super::{Source, reading, shared};
use crate::batch::Batch;
use crate::error::Result;

pub struct DetailLoaders {
    pub carried: Batch<MessageId, Arc<Carried>>,
    pub answered: Batch<MessageId, MessageId>,
    pub reactions: Batch<MessageId, Arc<Vec<Reaction>>>,
    pub senders: Batch<MessageId, Arc<String>>,
    pub outcomes: Batch<MessageId, Arc<Outcome>>,
    pub versions: Batch<MessageId, Arc<Vec<Version>>>,
    pub receipts: Batch<MessageId, Arc<Vec<Receipt>>>,
    pub sendings: Batch<ChannelId, Arc<ChannelSending>>,
    pub outgoing: Batch<MessageId, Arc<outgoing_entity::Model>>,
    pub quick_replies: Batch<MessageId, Arc<quick_reply_entity::Model>>,
    pub programs: Batch<ApiKeyId, Arc<String>>,
    pub consents: Batch<ContactId, Arc<consent_entity::Model>>,
    pub groups: Batch<ContactId, Arc<group_entity::Model>>,
    pub facts: Batch<ChannelId, Arc<fact_entity::Model>>,
}

impl DetailLoaders {
    pub(super) fn new(source: &Arc<Source>) -> Self {
        Self {
            carried: reading(source, Source::carried),
            answered: reading(source, Source::answered),
            reactions: reading(source, Source::reactions),
            senders: reading(source, Source::senders),
            outcomes: reading(source, Source::outcomes),
            versions: reading(source, Source::versions),
            receipts: reading(source, Source::receipts),
            outgoing: reading(source, Source::outgoing),
            quick_replies: reading(source, Source::quick_replies),
            programs: reading(source, Source::programs),
            sendings: reading(source, Source::sendings),
            consents: reading(source, Source::consents),
            groups: reading(source, Source::groups),
            facts: reading(source, Source::facts),
        }
    }
}

impl Source {
    async fn quick_replies(
        self: Arc<Self>,
        ids: Vec<MessageId>,
    ) -> Result<HashMap<MessageId, Arc<quick_reply_entity::Model>>> {
        let reader = self.database.reader();
        Ok(shared(quick_reply::of_messages(reader, self.viewer.workspace_id, &ids).await?))
    }

    async fn programs(self: Arc<Self>, ids: Vec<ApiKeyId>) -> Result<HashMap<ApiKeyId, Arc<String>>> {
        Ok(shared(bot::names_of(self.database.reader(), self.viewer.workspace_id, &ids).await?))
    }

    async fn sendings(
        self: Arc<Self>,
        ids: Vec<ChannelId>,
    ) -> Result<HashMap<ChannelId, Arc<ChannelSending>>> {
        let reader = self.database.reader();
        Ok(shared(channel_sending::of_channels(reader, self.viewer.workspace_id, &ids).await?))
    }

    async fn outgoing(
        self: Arc<Self>,
        ids: Vec<MessageId>,
    ) -> Result<HashMap<MessageId, Arc<outgoing_entity::Model>>> {
        Ok(shared(detail::outgoing(self.database.reader(), self.viewer.workspace_id, &ids).await?))
    }

    async fn carried(self: Arc<Self>, ids: Vec<MessageId>) -> Result<HashMap<MessageId, Arc<Carried>>> {
        Ok(shared(detail::carried(self.database.reader(), self.viewer.workspace_id, &ids).await?))
    }

    async fn answered(self: Arc<Self>, ids: Vec<MessageId>) -> Result<HashMap<MessageId, MessageId>> {
        let place = (self.database.reader(), &self.database);
        Ok(detail::answered(place, self.viewer.workspace_id, &ids).await?)
    }

    async fn reactions(
        self: Arc<Self>,
        ids: Vec<MessageId>,
    ) -> Result<HashMap<MessageId, Arc<Vec<Reaction>>>> {
        let place = (self.database.reader(), &self.database);
        Ok(shared(detail::reactions(place, self.viewer.workspace_id, &ids).await?))
    }

    async fn senders(self: Arc<Self>, ids: Vec<MessageId>) -> Result<HashMap<MessageId, Arc<String>>> {
        let place = (self.database.reader(), &self.database);
        Ok(shared(detail::senders(place, self.viewer.workspace_id, &ids).await?))
    }

    async fn outcomes(self: Arc<Self>, ids: Vec<MessageId>) -> Result<HashMap<MessageId, Arc<Outcome>>> {
        let place = (self.database.reader(), &self.database);
        Ok(shared(detail::outcomes(place, self.viewer.workspace_id, &ids).await?))
    }

    async fn versions(self: Arc<Self>, ids: Vec<MessageId>) -> Result<HashMap<MessageId, Arc<Vec<Version>>>> {
        let place = (self.database.reader(), &self.database);
        Ok(shared(detail::versions(place, self.viewer.workspace_id, &ids).await?))
    }

    async fn receipts(self: Arc<Self>, ids: Vec<MessageId>) -> Result<HashMap<MessageId, Arc<Vec<Receipt>>>> {
        let place = (self.database.reader(), &self.database);
        Ok(shared(detail::receipts(place, self.viewer.workspace_id, &ids).await?))
    }

    async fn consents(
        self: Arc<Self>,
        ids: Vec<ContactId>,
    ) -> Result<HashMap<ContactId, Arc<consent_entity::Model>>> {
        Ok(shared(consent::of_contacts(self.database.reader(), self.viewer.workspace_id, &ids).await?))
    }

    async fn groups(
        self: Arc<Self>,
        ids: Vec<ContactId>,
    ) -> Result<HashMap<ContactId, Arc<group_entity::Model>>> {
        Ok(shared(contact_group::of_contacts(self.database.reader(), self.viewer.workspace_id, &ids).await?))
    }

    async fn facts(
        self: Arc<Self>,
        _ids: Vec<ChannelId>,
    ) -> Result<HashMap<ChannelId, Arc<fact_entity::Model>>> {
        Ok(shared(channel_fact::all(self.database.reader(), self.viewer.workspace_id).await?))
    }
}
