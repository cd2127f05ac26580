//! Whose a conversation is: the one place where that is written. Who changes it says why, by [`tell`] or by routing.

use portaria_entity::conversation;
use portaria_entity::event::AssignmentCause;
use portaria_entity::id::{BotId, ConversationId, MemberId, WorkspaceId};
use sea_orm::ConnectionTrait;

use super::placement;
use crate::database::Database;
use crate::error::Result;
use crate::event::{Assigned, By, append_assigned};
use crate::installation::Installation;

/// From whom it is taken, if it is anybody's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Holder {
    Anybody,
    /// Who is back by now keeps it.
    WhoIsOffline,
}

impl Holder {
    fn condition(self) -> &'static str {
        match self {
            Self::Anybody => "",
            Self::WhoIsOffline => {
                " AND EXISTS (SELECT 1 FROM members m WHERE m.workspace_id = $1 \
                 AND m.id = conversations.assignee_id AND m.availability = 'offline')"
            }
        }
    }
}

/// Writes whose it is; nobody's: it waits in the queue. Who had it last is remembered. Answers whether it was had by whom
/// it was to be taken from.
pub(crate) async fn write(
    connection: &impl ConnectionTrait,
    database: &Database,
    (workspace, conversation): (WorkspaceId, ConversationId),
    (from, to): (Holder, Option<MemberId>),
) -> Result<bool> {
    let condition = from.condition();
    let sql = format!(
        "UPDATE conversations SET assignee_id = $3, bot_id = NULL, last_assignee_id = COALESCE($3, assignee_id, last_assignee_id) \
         WHERE workspace_id = $1 AND id = $2{condition}"
    );
    let values = [workspace.0.into(), conversation.0.into(), to.map(|member| member.0).into()];
    Ok(connection.execute_raw(database.statement(&sql, values)).await?.rows_affected() > 0)
}

/// Writes that a bot has it: then no member does, and it waits in no queue.
pub(crate) async fn write_bot(
    connection: &impl ConnectionTrait,
    database: &Database,
    (workspace, conversation): (WorkspaceId, ConversationId),
    bot: BotId,
) -> Result<()> {
    let sql = "UPDATE conversations SET last_assignee_id = COALESCE(assignee_id, last_assignee_id), \
               assignee_id = NULL, bot_id = $3 WHERE workspace_id = $1 AND id = $2";
    let values = [workspace.0.into(), conversation.0.into(), bot.0.into()];
    connection.execute_raw(database.statement(sql, values)).await?;
    Ok(())
}

/// Tells that a conversation, as it was found, is somebody else's now, unless it is the same one's.
pub(crate) async fn tell(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    found: &conversation::Model,
    (to, cause, by): (Option<MemberId>, AssignmentCause, By),
) -> Result<()> {
    if found.assignee_id == to && found.bot_id.is_none() {
        return Ok(());
    }
    let assigned = Assigned { to, cause, choice: None, by, at: installation.clock.now() };
    let what = (found.workspace_id, found.id);
    append_assigned(connection, &installation.clock, what, (placement(found).into(), assigned)).await
}
