//! What must happen so that the matrix meets what is told by subscriptions only.

use portaria_domain::event::{Assigned, Before, By, append_assigned};
use portaria_domain::signal::Signal;
use portaria_entity::event::AssignmentCause;
use portaria_entity::id::{ConversationId, MemberId};
use portaria_testing::Stage;
use sea_orm::ConnectionTrait;

use crate::catalogue::Samples;

/// Lets happen what a subscription tells of, to the conversation and the colleague of a column. Nothing of those whose
/// every field is for whoever gets the event.
pub async fn happen(stage: &Stage, subscription: &str, samples: &Samples, own: Option<MemberId>) -> bool {
    let id = |kind: &str| samples.get(kind).cloned().unwrap_or_default();
    let workspace_id = stage.workspace_id;
    let Ok(member_id) = id("member").parse::<MemberId>() else { return false };
    let Ok(conversation_id) = id("conversation").parse::<ConversationId>() else { return false };
    let installation = &stage.installation;
    match subscription {
        "conversationAssigned" => {
            let before = Before { open: true, team_id: None, assignee_id: own, bot_id: None };
            let assigned = Assigned {
                to: Some(member_id),
                cause: AssignmentCause::Assigned,
                choice: None,
                by: By::Portaria,
                at: stage.clock.now(),
            };
            let transaction = installation.database.begin().await.unwrap();
            let what = (workspace_id, conversation_id);
            append_assigned(&transaction, &stage.clock, what, (before, assigned)).await.unwrap();
            transaction.commit().await.unwrap();
        }
        "typing" => {
            installation.signals.tell(Signal::Typing {
                workspace_id,
                conversation_id,
                member_id,
                is_typing: true,
            });
        }
        "presenceChanged" => {
            let sql = "UPDATE members SET availability = CASE availability WHEN 'busy' THEN 'available' ELSE 'busy' END \
                       WHERE workspace_id = $1 AND id = $2";
            let values = [workspace_id.0.into(), member_id.0.into()];
            let statement = installation.database.statement(sql, values);
            installation.database.writer().execute_raw(statement).await.unwrap();
            installation.signals.tell(Signal::Presence { workspace_id, member_id });
        }
        _ => return false,
    }
    true
}
