//! Edits and revocations that were told in the one conversation of messages in the other: customers name themselves now by
//! this identity, now by that. Once the two are one, they take effect.

use std::collections::BTreeMap;

use portaria_entity::contact_merge_part::MergePart;
use portaria_entity::conversation::Model;
use portaria_entity::event::EventKind;
use portaria_entity::id::MessageId;
use portaria_entity::message;
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde::{Deserialize, Serialize};

use super::ledger::Work;
use crate::error::{Error, Result};
use crate::event::{Happening, append};

/// How a message reads after what was done to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Wording {
    body: Option<String>,
    edited_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct Amendment {
    before: Wording,
    after: Wording,
}

/// Each act upon a message of the same conversation, with whether it came from the other one.
const ACTS: &str = "
SELECT t.id, t.body, t.edited_at, t.revoked_at, a.kind, a.body, a.sent_at,
       CASE WHEN (pa.part_id IS NULL) <> (pt.part_id IS NULL) THEN 1 ELSE 0 END
FROM messages a
JOIN messages t ON t.channel_id = a.channel_id AND t.whatsapp_id = a.reply_to_whatsapp_id
  AND t.conversation_id = a.conversation_id AND t.direction = a.direction
LEFT JOIN contact_merge_parts pa ON pa.workspace_id = $1 AND pa.merge_id = $3 AND pa.kind = 'message' AND pa.part_id = a.id
LEFT JOIN contact_merge_parts pt ON pt.workspace_id = $1 AND pt.merge_id = $3 AND pt.kind = 'message' AND pt.part_id = t.id
WHERE a.workspace_id = $1 AND a.conversation_id = $2 AND a.kind IN ('edit', 'revoke')
ORDER BY a.sent_at, a.whatsapp_id";

impl Work<'_> {
    /// Lets acts take effect on messages that were out of their reach until now.
    pub async fn amend(&self, into: &Model) -> Result<()> {
        let values = [self.workspace_id.0.into(), into.id.0.into(), self.merge_id.0.into()];
        let statement = self.installation.database.statement(ACTS, values);
        let mut found: BTreeMap<MessageId, (Amendment, bool)> = BTreeMap::new();
        for row in self.transaction.query_all_raw(statement).await? {
            let before = Wording {
                body: row.try_get_by_index(1)?,
                edited_at: row.try_get_by_index(2)?,
                revoked_at: row.try_get_by_index(3)?,
            };
            let (kind, body): (String, Option<String>) = (row.try_get_by_index(4)?, row.try_get_by_index(5)?);
            let at: Timestamp = row.try_get_by_index(6)?;
            let target = found.entry(row.try_get_by_index(0)?);
            let (Amendment { after, .. }, comes_across) =
                target.or_insert_with(|| (Amendment { after: before.clone(), before }, false));
            *comes_across |= row.try_get_by_index::<i32>(7)? == 1;
            if kind == "edit" {
                (after.body, after.edited_at) = (body, Some(at));
            } else {
                after.revoked_at = Some(after.revoked_at.map_or(at, |known| known.min(at)));
            }
        }
        for (id, (amendment, comes_across)) in found {
            if comes_across && amendment.before != amendment.after {
                let told = serde_json::to_string(&amendment).map_err(Error::internal)?;
                self.note(MergePart::AmendedMessage, (id.0, into.id.0), Some(told)).await?;
                self.reword(id, &amendment.after).await?;
                self.announce_message(id, into).await?;
            }
        }
        Ok(())
    }

    /// Takes back what came of it, unless more was done to a message since.
    pub async fn take_amendments_back(&self) -> Result<()> {
        for part in self.parts(MergePart::AmendedMessage).await? {
            let amendment: Amendment =
                serde_json::from_str(part.before.as_deref().unwrap_or_default()).map_err(Error::internal)?;
            let id = MessageId(part.part_id);
            let find = message::Entity::find_by_id((self.workspace_id, id)).one(&self.transaction);
            let Some(row) = find.await? else { continue };
            let now = Wording { body: row.body, edited_at: row.edited_at, revoked_at: row.revoked_at };
            if now == amendment.after {
                self.reword(id, &amendment.before).await?;
            }
        }
        Ok(())
    }

    async fn reword(&self, id: MessageId, to: &Wording) -> Result<()> {
        let sql = "UPDATE messages SET body = $2, edited_at = $3, revoked_at = $4 WHERE workspace_id = $1 AND id = $5";
        let values = [
            to.body.clone().into(),
            to.edited_at.map(|at| at.0).into(),
            to.revoked_at.map(|at| at.0).into(),
            id.0.into(),
        ];
        self.execute(sql, values).await?;
        Ok(())
    }

    async fn announce_message(&self, id: MessageId, of: &Model) -> Result<()> {
        let happening = Happening {
            workspace_id: self.workspace_id,
            kind: EventKind::MessageUpdated,
            conversation_id: Some(of.id),
            message_id: Some(id),
            before: None,
        };
        append(&self.transaction, &self.installation.clock, happening).await
    }
}
