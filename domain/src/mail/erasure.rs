//! Forgetting what was written to somebody who is erased: what went out, and what has not, which never will.

use portaria_entity::id::{MemberId, OutgoingMailId};
use portaria_entity::outgoing_mail::{self, MailStatus};
use portaria_entity::{mail_attachment, mail_secret, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::WITHDRAWN;
use crate::error::Result;
use crate::granting::Change;

/// Mails of the workspace to somebody (`$2`): to their address (`$3`), by a key of their account's or membership's (`$4`, `$5`), and to
/// those that they signed in with before, unless one is somebody else's now.
const THEIRS: &str = "SELECT m.id FROM outgoing_mails m WHERE m.workspace_id = $1 \
     AND (lower(m.to_address) = $3 OR m.dedup_key LIKE $4 OR m.dedup_key LIKE $5 \
          OR (lower(m.to_address) IN (SELECT lower(e.email) FROM sign_in_events e WHERE e.user_id = $2 AND e.email <> '') \
              AND NOT EXISTS (SELECT 1 FROM users u WHERE u.email_normalized = lower(m.to_address) AND u.id <> $2)))";

/// Gives up what waits to be sent to them, and empties all.
pub(crate) async fn erase(change: &Change<'_>, person: &user::Model, member: MemberId) -> Result<()> {
    let transaction = &change.transaction;
    let values = [
        change.workspace_id.0.into(),
        person.id.0.into(),
        person.email_normalized.clone().into(),
        format!("%{}%", person.id).into(),
        format!("%{member}%").into(),
    ];
    let rows = transaction.query_all_raw(change.installation.database.statement(THEIRS, values)).await?;
    let ids = rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect::<Result<Vec<OutgoingMailId>>>()?;
    for some in ids.chunks(200) {
        let some = || some.iter().copied();
        mail_secret::Entity::delete_many()
            .filter(mail_secret::Column::Id.is_in(some()))
            .exec(transaction)
            .await?;
        mail_attachment::Entity::delete_many()
            .filter(mail_attachment::Column::Id.is_in(some()))
            .exec(transaction)
            .await?;
        let given_up = outgoing_mail::ActiveModel {
            status: Set(MailStatus::Failed),
            error: Set(Some(WITHDRAWN.to_owned())),
            // Who is sending it just now has nothing to write down any more.
            leased_until: Set(None),
            ..outgoing_mail::ActiveModel::default()
        };
        outgoing_mail::Entity::update_many()
            .set(given_up)
            .filter(outgoing_mail::Column::Id.is_in(some()))
            .filter(outgoing_mail::Column::Status.eq(MailStatus::Queued))
            .exec(transaction)
            .await?;
        let emptied = outgoing_mail::ActiveModel {
            to_name: Set(String::new()),
            to_address: Set(String::new()),
            subject: Set(String::new()),
            html: Set(String::new()),
            text: Set(String::new()),
            ..outgoing_mail::ActiveModel::default()
        };
        outgoing_mail::Entity::update_many()
            .set(emptied)
            .filter(outgoing_mail::Column::Id.is_in(some()))
            .exec(transaction)
            .await?;
    }
    Ok(())
}
