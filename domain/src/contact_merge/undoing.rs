//! Taking a merge back: both contacts are there again, each with what was theirs. What came meanwhile goes with whoever is
//! named in it, or stays where it is.

use std::collections::HashSet;

use portaria_entity::consent::{self, ConsentChoice};
use portaria_entity::contact_identity::{self, IdentityKind};
use portaria_entity::contact_merge::{self, Column};
use portaria_entity::contact_merge_part::MergePart;
use portaria_entity::id::{ContactId, ContactMergeId, MessageId, TeamId};
use portaria_entity::message::Direction;
use portaria_entity::routing_decision::RoutingCause;
use portaria_entity::{contact, conversation};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveEnum, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::{Value, json};

use super::holding::hold;
use super::ledger::{OF_CONTACT, Work};
use super::parting::joined;
use super::whose::{Side, Whose};
use super::{ATTEMPTS, is_passing, may_undo};
use crate::consent::decisive;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::team;
use crate::viewer::Viewer;

/// Takes a merge back, unless a later one builds on it. One that was taken back already stays so.
pub async fn undo(
    installation: &Installation,
    viewer: &Viewer,
    id: ContactMergeId,
) -> Result<contact_merge::Model> {
    viewer.note_use(may_undo(viewer, installation.clock.now())?);
    for _ in 1..ATTEMPTS {
        let outcome = attempt(installation, viewer, id).await;
        if !is_passing(&outcome) {
            return outcome;
        }
    }
    attempt(installation, viewer, id).await
}

async fn attempt(
    installation: &Installation,
    viewer: &Viewer,
    id: ContactMergeId,
) -> Result<contact_merge::Model> {
    let work = Work {
        installation,
        viewer,
        transaction: installation.database.begin().await?,
        workspace_id: viewer.workspace_id,
        merge_id: id,
        now: installation.clock.now(),
    };
    let find = || contact_merge::Entity::find_by_id((viewer.workspace_id, id));
    let found = find().one(&work.transaction).await?.ok_or(Error::NotFound)?;
    let pair = [found.into_id, found.contact_id];
    let held = hold(installation, &work.transaction, viewer.workspace_id, pair).await?;
    let mut row = find().lock_exclusive().one(&work.transaction).await?.ok_or(Error::NotFound)?;
    if row.undone_at.is_some() {
        return Ok(row);
    }
    work.refuse_if_built_upon(&row).await?;
    for what in OF_CONTACT {
        work.shift_back(what, row.contact_id.0, row.into_id.0).await?;
    }
    work.restore_profile(pair).await?;
    let mut whose = work.whose(pair).await?;
    let unassigned = work.part_conversations(pair, &held.conversations, &mut whose).await?;
    work.part_senders(pair, &mut whose).await?;
    work.part_identities(pair, &whose).await?;
    work.part_consents(pair).await?;
    work.forget_reveals(pair).await?;
    (row.undone_at, row.undone_by) = (Some(work.now), viewer.member_id());
    let sql = "UPDATE contact_merges SET undone_at = $2, undone_by = $3 WHERE workspace_id = $1 AND id = $4";
    let by = viewer.member_id().map(|member| member.0);
    work.execute(sql, [work.now.0.into(), by.into(), id.0.into()]).await?;
    let told = json!({ "merge": id, "contact": row.contact_id });
    work.record("contact.merge_undone", row.into_id, (Some(told), None)).await?;
    work.route(&unassigned, RoutingCause::NewEpisode).await?;
    work.transaction.commit().await?;
    installation.events.wake();
    Ok(row)
}

impl Work<'_> {
    /// Refuses while who stayed has been merged further, or somebody else was merged into them since.
    async fn refuse_if_built_upon(&self, row: &contact_merge::Model) -> Result<()> {
        let later = Condition::any()
            .add(Column::ContactId.eq(row.into_id))
            .add(Condition::all().add(Column::IntoId.eq(row.into_id)).add(Column::Id.gt(row.id)));
        let find = contact_merge::Entity::find()
            .filter(Column::WorkspaceId.eq(self.workspace_id))
            .filter(Column::UndoneAt.is_null())
            .filter(later);
        match find.one(&self.transaction).await? {
            Some(_) => Err(Refusal::LaterMerge.into()),
            None => Ok(()),
        }
    }

    /// What was taken from the other to complete who stayed is theirs no more, unless it was changed since.
    async fn restore_profile(&self, [stays, goes]: [ContactId; 2]) -> Result<()> {
        let find =
            async |id| contact::Entity::find_by_id((self.workspace_id, id)).one(&self.transaction).await;
        let (Some(mut row), Some(other)) = (find(stays).await?, find(goes).await?) else {
            return Err(Error::internal("a merge without its contacts"));
        };
        let parts = self.parts(MergePart::Profile).await?;
        let before = parts.first().and_then(|part| part.before.as_deref()).unwrap_or_default();
        let before: Value = serde_json::from_str(before).map_err(Error::internal)?;
        for (name, now, taken) in [
            ("name", &mut row.name, &other.name),
            ("language", &mut row.language, &other.language),
            ("email", &mut row.email, &other.email),
        ] {
            if before[name].is_null() && *now == *taken {
                *now = None;
            }
        }
        let stays = contact::ActiveModel {
            workspace_id: Set(row.workspace_id),
            id: Set(row.id),
            name: Set(row.name),
            language: Set(row.language),
            email: Set(row.email),
            updated_at: Set(self.now),
            ..Default::default()
        };
        let goes = contact::ActiveModel {
            workspace_id: Set(other.workspace_id),
            id: Set(other.id),
            merged_into_id: Set(None),
            updated_at: Set(self.now),
            ..Default::default()
        };
        for row in [stays, goes] {
            contact::Entity::update(row).exec(&self.transaction).await?;
        }
        Ok(())
    }

    /// By what both were known before they were merged. A username tells nothing: it passes from one to another.
    async fn whose(&self, [stays, goes]: [ContactId; 2]) -> Result<Whose> {
        let rows = contact_identity::Entity::find()
            .filter(contact_identity::Column::WorkspaceId.eq(self.workspace_id))
            .filter(contact_identity::Column::ContactId.is_in([stays, goes]))
            .filter(contact_identity::Column::Kind.ne(IdentityKind::Username))
            .all(&self.transaction)
            .await?;
        let of = |contact: ContactId| -> HashSet<String> {
            let theirs = rows.iter().filter(|row| row.contact_id == contact && row.id.0 < self.merge_id.0);
            theirs.map(|row| row.value.clone()).collect()
        };
        Ok(Whose { goes: of(goes), stays: of(stays) })
    }

    /// Answers the conversations that nobody has now and somebody waits in.
    async fn part_conversations(
        &self,
        pair: [ContactId; 2],
        rows: &[conversation::Model],
        whose: &mut Whose,
    ) -> Result<Vec<conversation::Model>> {
        let teams: Vec<TeamId> =
            team::all(&self.transaction, self.workspace_id).await?.into_iter().map(|team| team.id).collect();
        let mut unassigned = Vec::new();
        self.take_amendments_back().await?;
        for part in self.parts(MergePart::Conversation).await? {
            if let Some(row) = rows.iter().find(|row| row.id.0 == part.part_id) {
                unassigned.extend(self.part_whole(row.clone(), pair, whose).await?);
            }
        }
        for joined in joined(rows, &self.parts(MergePart::Joined).await?)? {
            unassigned.extend(self.part(joined, &teams, whose).await?);
        }
        Ok(unassigned)
    }

    /// Who wrote in groups meanwhile.
    async fn part_senders(&self, [stays, goes]: [ContactId; 2], whose: &mut Whose) -> Result<()> {
        let sql = "SELECT m.id, m.direction, m.payload FROM message_senders s \
                   JOIN messages m ON m.workspace_id = s.workspace_id AND m.id = s.message_id \
                   WHERE s.workspace_id = $1 AND s.contact_id = $2 AND s.message_id > $3 ORDER BY m.id LIMIT 500";
        let mut after = MessageId(self.merge_id.0);
        loop {
            let values = [self.workspace_id.0.into(), stays.0.into(), after.0.into()];
            let statement = self.installation.database.statement(sql, values);
            let rows = self.transaction.query_all_raw(statement).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                after = row.try_get_by_index(0)?;
                let direction = Direction::try_from_value(&row.try_get_by_index(1)?)?;
                let payload: String = row.try_get_by_index(2)?;
                if whose.is(direction, &payload) == Some(Side::Goes) {
                    let sql = "UPDATE message_senders SET contact_id = $2 WHERE workspace_id = $1 AND message_id = $3";
                    self.execute(sql, [goes.0.into(), after.0.into()]).await?;
                }
            }
        }
    }

    /// What was learnt meanwhile together with what is theirs is theirs too.
    async fn part_identities(&self, [stays, goes]: [ContactId; 2], whose: &Whose) -> Result<()> {
        use contact_identity::Column;
        contact_identity::Entity::update_many()
            .col_expr(Column::ContactId, Expr::value(goes.0))
            .filter(Column::WorkspaceId.eq(self.workspace_id))
            .filter(Column::ContactId.eq(stays))
            .filter(Column::Id.gt(self.merge_id.0))
            .filter(Column::Value.is_in(whose.goes.iter().cloned()))
            .exec(&self.transaction)
            .await?;
        Ok(())
    }

    /// A refusal that was put down by the merge is taken back. One that came while they were one holds for both: nobody can
    /// tell whose it was.
    async fn part_consents(&self, [stays, goes]: [ContactId; 2]) -> Result<()> {
        let sql = "DELETE FROM consents WHERE workspace_id = $1 AND id IN (SELECT part_id FROM contact_merge_parts \
                   WHERE workspace_id = $1 AND merge_id = $2 AND kind = 'added_consent')";
        self.execute(sql, [self.merge_id.0.into()]).await?;
        let since = consent::Entity::find()
            .filter(consent::Column::WorkspaceId.eq(self.workspace_id))
            .filter(consent::Column::ContactId.eq(stays))
            .filter(consent::Column::Id.gt(self.merge_id.0))
            .all(&self.transaction)
            .await?;
        match decisive(since).filter(|row| row.choice == ConsentChoice::Withdrawn) {
            Some(refused) => self.copy_refusal(refused, goes).await.map(|_| ()),
            None => Ok(()),
        }
    }
}
