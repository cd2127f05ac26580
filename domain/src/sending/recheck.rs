//! The gate once more, just before a message goes out: what was permitted when it was written may not be any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use portaria_entity::conversation;
use portaria_entity::id::{ApiKeyId, MemberId, WorkspaceId};
use portaria_entity::message;
use portaria_entity::outgoing_message::{self, MessageCategory, SendFailure};
use portaria_entity::template::TemplateStatus;
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, EntityTrait};

use super::content::kind_of;
use super::facts::of_sender;
use super::gate::{Asked, Facts, Kind, NumberState, Obstacle, TemplateFacts, ask_whatsapp};
use super::{quick_reply, template};
use crate::access::Access;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::granting::{Ledger, potential_of_key};
use crate::permission::{Permission, PermissionSet};

/// What everybody of a workspace may do, as of one access epoch.
struct Known {
    epoch: i64,
    at: Timestamp,
    members: HashMap<MemberId, Access>,
    keys: HashMap<ApiKeyId, Access>,
}

/// Asks again, and remembers what people may do for as long as that does not change. One a process.
#[derive(Default)]
pub struct Recheck {
    known: Mutex<HashMap<WorkspaceId, Arc<Known>>>,
}

/// What is looked at again: a message and its place in line.
pub struct Candidate<'a> {
    pub outgoing: &'a outgoing_message::Model,
    pub message: &'a message::Model,
}

impl Recheck {
    /// Why a message must not go out; none when it may.
    pub async fn objection(
        &self,
        (connection, database): (&impl ConnectionTrait, &Database),
        candidate: &Candidate<'_>,
        now: Timestamp,
    ) -> Result<Option<SendFailure>> {
        let Candidate { outgoing, message } = candidate;
        let key = (outgoing.workspace_id, outgoing.conversation_id);
        let row = conversation::Entity::find_by_id(key).one(connection).await?;
        let row = row.ok_or_else(|| Error::internal("a message without its conversation"))?;
        let known = self.known((connection, database), outgoing.workspace_id, now).await?;
        let access = match (message.author_id, message.author_key_id) {
            (Some(member), _) => known.members.get(&member),
            (None, Some(key)) => known.keys.get(&key),
            (None, None) => None,
        };
        let held =
            access.map_or(PermissionSet::EMPTY, |access| access.in_conversation(row.channel_id, row.team_id));
        // Whose the conversation is may have changed since, by the very one who wrote.
        let who = (outgoing.sender_id, held, true);
        // That the number is stopped is no objection, but must not hide one: what tries whether it is well again is a message too.
        let number = NumberState { has_token: true, stopped: None };
        let read = of_sender((connection, database), who, &row, now).await?;
        let facts = Facts { waiting: 0, number, ..read };
        let asked = asked(connection, outgoing, message).await?;
        if !held.contains_all(asked.permissions(&facts)) {
            return Ok(Some(SendFailure::NotPermitted));
        }
        if let Some(key) = message.author_key_id
            && !held.contains(Permission::ConversationAssign)
            && !still_has((connection, database), &row, key).await?
        {
            return Ok(Some(SendFailure::NotPermitted));
        }
        Ok(ask_whatsapp(&facts, &asked).err().and_then(failure))
    }

    async fn known(
        &self,
        (connection, database): (&impl ConnectionTrait, &Database),
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> Result<Arc<Known>> {
        let sql = "SELECT access_epoch FROM workspaces WHERE id = $1";
        let row = connection.query_one_raw(database.statement(sql, [workspace.0.into()])).await?;
        let epoch: i64 = row.ok_or(Error::NotFound)?.try_get_by_index(0)?;
        let remembered = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = remembered().get(&workspace).cloned();
        if let Some(known) = known.filter(|known| known.holds(epoch, now)) {
            return Ok(known);
        }
        let ledger = Ledger::read(connection, database, workspace, now).await?;
        let known = Arc::new(Known {
            epoch,
            at: now,
            members: ledger.members.iter().map(|(id, standing)| (*id, standing.access(now))).collect(),
            keys: ledger.keys.iter().map(|(id, held)| (*id, potential_of_key(held, now))).collect(),
        });
        remembered().insert(workspace, known.clone());
        Ok(known)
    }
}

impl Known {
    /// Grants begin and end by themselves, too.
    fn holds(&self, epoch: i64, now: Timestamp) -> bool {
        let next = self.members.values().chain(self.keys.values()).filter_map(Access::next_change).min();
        self.epoch == epoch
            && self.at <= now
            && next.is_none_or(|next| now < next)
            && now.since(self.at) < std::time::Duration::from_secs(60)
    }
}

/// Whether a conversation is still with the bot that a key is: what it wrote before it was taken away is not said any more.
async fn still_has(
    (connection, database): (&impl ConnectionTrait, &Database),
    row: &conversation::Model,
    key: ApiKeyId,
) -> Result<bool> {
    let Some(bot) = row.bot_id else { return Ok(false) };
    let sql = "SELECT 1 FROM bots WHERE workspace_id = $1 AND id = $2 AND api_key_id = $3";
    let values = [row.workspace_id.0.into(), bot.0.into(), key.0.into()];
    Ok(connection.query_one_raw(database.statement(sql, values)).await?.is_some())
}

async fn asked(
    connection: &impl ConnectionTrait,
    outgoing: &outgoing_message::Model,
    message: &message::Model,
) -> Result<Asked> {
    let kind = match outgoing.category {
        MessageCategory::Service => kind_of(&message.kind, &message.payload),
        MessageCategory::Utility | MessageCategory::Marketing | MessageCategory::Authentication => {
            Kind::Template
        }
    };
    // It goes out as a text, of words that are nobody's own.
    let kind = match kind {
        Kind::Text if quick_reply::is_one(connection, (message.workspace_id, message.id)).await? => {
            Kind::QuickReply
        }
        other => other,
    };
    // Captions were looked at when it was written; that nobody may write words any more stops them here, too.
    let has_free_text =
        message.body.is_some() && matches!(kind, Kind::Image | Kind::Video | Kind::Document | Kind::Audio);
    let place = (outgoing.workspace_id, outgoing.channel_id);
    let template = match outgoing.template_id {
        None => None,
        Some(id) => Some(template::facts(connection, place, id).await?.unwrap_or(TemplateFacts {
            category: outgoing.category,
            status: Some(TemplateStatus::Deleted),
            is_for_number: false,
        })),
    };
    Ok(Asked { has_free_text, template, ..Asked::of(kind) })
}

/// What its author is told. What only has to wait is no objection.
fn failure(obstacle: Obstacle) -> Option<SendFailure> {
    Some(match obstacle {
        Obstacle::NotPermitted | Obstacle::NotAssignee => SendFailure::NotPermitted,
        Obstacle::NumberNotConnected | Obstacle::NumberStopped | Obstacle::TooManyWaiting => return None,
        Obstacle::NotAddressable | Obstacle::PhoneNeeded | Obstacle::NotForGroups => {
            SendFailure::NotAddressable
        }
        Obstacle::WindowClosed => SendFailure::WindowClosed,
        Obstacle::TemplateNotApproved
        | Obstacle::TemplatePaused
        | Obstacle::TemplateDisabled
        | Obstacle::TemplateNotForNumber => SendFailure::TemplateUnusable,
        Obstacle::MarketingRefused | Obstacle::ConsentMissing => SendFailure::MarketingStopped,
    })
}
