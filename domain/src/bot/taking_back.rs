//! Taking conversations back from bots by themselves: from who is silent, whose key has ended or holds too little, where the
//! customer asks for a person, and where it has gone on for too long.

use std::collections::BTreeMap;

use portaria_entity::bot_turn::TurnEnd;
use portaria_entity::conversation::{self, Column, ConversationStatus};
use portaria_entity::event::EventKind;
use portaria_entity::id::{ConversationId, WorkspaceId};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::handing::give_to_people;
use super::turn::Ending;
use super::{standings, words_of};
use crate::activity::{Actor, Deed, record};
use crate::conversation::placement;
use crate::error::Result;
use crate::event::{By, Happening, append};
use crate::granting::Change;
use crate::guidance::folded;
use crate::installation::Installation;

/// So many are taken back at once; the others follow.
const AT_ONCE: u64 = 200;

/// Who is silent, has ended, or has gone on for too long.
const DUE: &str = "
SELECT d.workspace_id, d.id, d.cause FROM (
  SELECT c.workspace_id, c.id, CASE
    WHEN b.disconnected_at IS NOT NULL OR k.revoked_at IS NOT NULL OR k.expires_at <= $1 OR NOT EXISTS (
           SELECT 1 FROM bot_channels x WHERE x.workspace_id = b.workspace_id AND x.bot_id = b.id AND x.channel_id = c.channel_id)
      THEN 'access_lost'
    WHEN c.waiting_since <= $1 - b.silent_minutes * $2 AND t.started_at <= $1 - b.silent_minutes * $2 THEN 'silent'
    WHEN (SELECT COUNT(*) FROM messages m WHERE m.workspace_id = c.workspace_id AND m.conversation_id = c.id
          AND m.direction = 'inbound' AND m.received_at >= t.started_at) > b.most_messages THEN 'too_long'
    END AS cause
  FROM conversations c
  JOIN bots b ON b.workspace_id = c.workspace_id AND b.id = c.bot_id
  JOIN api_keys k ON k.workspace_id = b.workspace_id AND k.id = b.api_key_id
  JOIN bot_turns t ON t.workspace_id = c.workspace_id AND t.conversation_id = c.id AND t.ended_at IS NULL
  WHERE c.bot_id IS NOT NULL AND c.status <> 'resolved') d
WHERE d.cause IS NOT NULL ORDER BY d.workspace_id, d.id LIMIT $3";

/// What customers say who wait for a bot's answer: what they said in this turn and is not answered.
const SAID: &str = "
SELECT c.workspace_id, c.id, b.handover_words, m.body FROM conversations c
JOIN bots b ON b.workspace_id = c.workspace_id AND b.id = c.bot_id
JOIN bot_turns t ON t.workspace_id = c.workspace_id AND t.conversation_id = c.id AND t.ended_at IS NULL
JOIN messages m ON m.workspace_id = c.workspace_id AND m.conversation_id = c.id AND m.direction = 'inbound'
     AND m.sent_at >= c.waiting_since AND (t.started_by IS NULL OR m.received_at >= t.started_at)
WHERE c.bot_id IS NOT NULL AND c.status <> 'resolved' AND m.body IS NOT NULL AND b.handover_words <> '[]'
ORDER BY c.workspace_id, c.id LIMIT 5000";

/// Takes back what is to be taken back now, in every workspace. Answers how many conversations were.
pub async fn look_after(installation: &Installation) -> Result<usize> {
    const MINUTE: i64 = 60_000_000;
    let (database, now) = (&installation.database, installation.clock.now());
    let reader = database.reader();
    let mut due: BTreeMap<WorkspaceId, BTreeMap<ConversationId, TurnEnd>> = BTreeMap::new();
    for row in reader.query_all_raw(database.statement(SAID, [])).await? {
        let (words, body): (String, String) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        if asks_for_people(&words_of(&words), &body) {
            due.entry(row.try_get_by_index(0)?).or_default().insert(row.try_get_by_index(1)?, TurnEnd::Asked);
        }
    }
    let values = [now.0.into(), MINUTE.into(), i64::try_from(AT_ONCE).unwrap_or(i64::MAX).into()];
    for row in reader.query_all_raw(database.statement(DUE, values)).await? {
        let cause = TurnEnd::try_from_value(&row.try_get_by_index(2)?)?;
        due.entry(row.try_get_by_index(0)?).or_default().entry(row.try_get_by_index(1)?).or_insert(cause);
    }
    let mut taken = 0;
    for (workspace, conversations) in due {
        // What is wrong in one keeps nobody waiting in another.
        match take_back(installation, workspace, &conversations).await {
            Ok(more) => taken += more,
            Err(error) => {
                tracing::warn!(%error, %workspace, "conversations could not be taken back from bots");
            }
        }
    }
    if taken > 0 {
        installation.events.wake();
    }
    Ok(taken)
}

/// Whether somebody says one of these words, as whole words, accents and capitals aside.
fn asks_for_people(words: &[String], body: &str) -> bool {
    let plain = |text: &str| {
        let spaced: String =
            folded(text).chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
        format!(" {} ", spaced.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let body = plain(&body.chars().take(1_000).collect::<String>());
    words.iter().map(|word| plain(word)).any(|word| word.len() > 2 && body.contains(&word))
}

async fn take_back(
    installation: &Installation,
    workspace: WorkspaceId,
    due: &BTreeMap<ConversationId, TurnEnd>,
) -> Result<usize> {
    let transaction = installation.database.begin().await?;
    let rows = conversation::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::Id.is_in(due.keys().copied()))
        .filter(Column::BotId.is_not_null())
        .filter(Column::Status.ne(ConversationStatus::Resolved))
        .order_by_asc(Column::Id)
        .lock_exclusive()
        .all(&transaction)
        .await?;
    for row in &rows {
        let cause = due.get(&row.id).copied().unwrap_or(TurnEnd::AccessLost);
        take_one(&transaction, installation, row, cause).await?;
    }
    transaction.commit().await?;
    Ok(rows.len())
}

async fn take_one(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    row: &conversation::Model,
    cause: TurnEnd,
) -> Result<()> {
    let ending = Ending::of(cause, None, installation.clock.now());
    let chosen = give_to_people(transaction, installation, row, (ending, By::Portaria)).await?;
    let deed = Deed {
        workspace_id: row.workspace_id,
        actor: Actor::Installation,
        action: "conversation.taken_from_bot",
        subject: row.id.to_string(),
        before: Some(serde_json::json!({ "bot": row.bot_id })),
        after: Some(serde_json::json!({ "assignee": chosen, "cause": cause.to_value() })),
        address: None,
    };
    record(transaction, &installation.clock, deed).await?;
    let happening = Happening {
        workspace_id: row.workspace_id,
        kind: EventKind::ConversationChanged,
        conversation_id: Some(row.id),
        message_id: None,
        before: Some(placement(row).into()),
    };
    append(transaction, &installation.clock, happening).await
}

/// What bots of a workspace have, locked: before anything is routed in the same transaction.
pub(crate) async fn held(change: &Change<'_>) -> Result<Vec<conversation::Model>> {
    let find = conversation::Entity::find()
        .filter(Column::WorkspaceId.eq(change.workspace_id))
        .filter(Column::BotId.is_not_null())
        .filter(Column::Status.ne(ConversationStatus::Resolved))
        .order_by_asc(Column::Id)
        .lock_exclusive();
    Ok(find.all(&change.transaction).await?)
}

/// Takes from bots what they may have no longer, in the transaction of the change that made it so.
pub(crate) async fn release_lost(change: &Change<'_>, held: Vec<conversation::Model>) -> Result<usize> {
    if held.is_empty() {
        return Ok(0);
    }
    let (installation, workspace) = (change.installation, change.workspace_id);
    let bots = standings(&change.transaction, &installation.database, (workspace, change.now)).await?;
    let mut lost = 0;
    for row in &held {
        let bot = row.bot_id.and_then(|bot| bots.get(&bot));
        if !bot.is_some_and(|bot| bot.may_have(row.channel_id, row.team_id)) {
            take_one(&change.transaction, installation, row, TurnEnd::AccessLost).await?;
            lost += 1;
        }
    }
    Ok(lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_heard_whole_whatever_stands_around_them() {
        let words = ["Atendente".to_owned(), "falar com algu\u{e9}m".to_owned(), "!".to_owned()];
        for said in ["ATENDENTE!", "quero um atendente, por favor", "posso falar com alguem?"] {
            assert!(asks_for_people(&words, said), "{said}");
        }
        for said in ["os atendentes", "falar", "!", "oi", ""] {
            assert!(!asks_for_people(&words, said), "{said}");
        }
    }
}
