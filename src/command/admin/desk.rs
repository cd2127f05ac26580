//! What the admin commands share: the open installation, finding things by name, and recording what was done.

use std::path::Path;

use anyhow::{Context, Result, bail};
use portaria_domain::activity::{Actor, Deed, record};
use portaria_domain::audit::access_change;
use portaria_domain::authentication::normalize_email;
use portaria_domain::{Installation, channel, team, workspace};
use portaria_entity::id::WorkspaceId;
use portaria_entity::{member, user};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
};

use crate::config::{Config, Secret};
use crate::opening::{Schema, open};

pub struct Desk {
    pub installation: Installation,
}

/// Something that was done, for the activity log.
pub struct Done<'a> {
    pub workspace_id: WorkspaceId,
    pub action: &'a str,
    pub subject: String,
    pub after: serde_json::Value,
}

impl Desk {
    pub async fn open(config: &Config) -> Result<Self> {
        Ok(Self { installation: open(config, Schema::MustBeCurrent).await? })
    }

    pub async fn close(self) -> Result<()> {
        Ok(self.installation.database.close().await?)
    }

    /// Waits for its turn beside a running `serve`.
    pub async fn begin(&self) -> Result<DatabaseTransaction> {
        Ok(self.installation.database.begin().await?)
    }

    /// Says of it that it was done on the machine: to the log, the installation is who did it.
    pub async fn record(&self, transaction: &DatabaseTransaction, mut done: Done<'_>) -> Result<()> {
        done.after[access_change::MACHINE] = true.into();
        let deed = Deed {
            workspace_id: done.workspace_id,
            actor: Actor::Installation,
            action: done.action,
            subject: done.subject,
            before: None,
            after: Some(done.after),
            address: None,
        };
        Ok(record(transaction, &self.installation.clock, deed).await?)
    }

    /// Ends the transaction of a change in who may do what: every process takes note within a second.
    pub async fn commit_access(
        &self,
        transaction: DatabaseTransaction,
        workspace: WorkspaceId,
    ) -> Result<()> {
        workspace::bump_access_epoch(&transaction, &self.installation, workspace).await?;
        Ok(transaction.commit().await?)
    }

    /// A workspace by id or name; without either, the only one there is.
    pub async fn workspace(&self, wanted: Option<&str>) -> Result<portaria_entity::workspace::Model> {
        let all = workspace::all(self.installation.database.reader()).await?;
        match wanted {
            Some(wanted) => {
                only(all, |row| row.id.to_string() == wanted || row.name == wanted, ("workspace", wanted))
            }
            None if all.is_empty() => bail!("there is no workspace yet: see `portaria admin setup-token`"),
            None if all.len() > 1 => {
                let names: Vec<String> = all.iter().map(|row| format!("{} ({})", row.name, row.id)).collect();
                bail!("there are several workspaces; say which by --workspace: {}", names.join(", "))
            }
            None => only(all, |_| true, ("workspace", "")),
        }
    }

    /// A number by id, name, Meta's id or as people write it.
    pub async fn channel(
        &self,
        workspace: WorkspaceId,
        wanted: &str,
    ) -> Result<portaria_entity::channel::Model> {
        let all = channel::all(self.installation.database.reader(), workspace).await?;
        let is_wanted = |row: &portaria_entity::channel::Model| {
            let names = [&row.name, &row.phone_number_id, &row.display_phone_number];
            row.id.to_string() == wanted || names.iter().any(|name| name.as_str() == wanted)
        };
        only(all, is_wanted, ("channel", wanted))
    }

    /// Every member with the person behind it, in the order in which they joined.
    pub async fn members(&self, workspace: WorkspaceId) -> Result<Vec<(member::Model, user::Model)>> {
        let join = member::Entity::belongs_to(user::Entity).from(member::Column::UserId).to(user::Column::Id);
        let rows = member::Entity::find()
            .filter(member::Column::WorkspaceId.eq(workspace))
            .join(JoinType::InnerJoin, join.into())
            .select_also(user::Entity)
            .order_by_asc(member::Column::Id)
            .all(self.installation.database.reader())
            .await?;
        Ok(rows.into_iter().filter_map(|(member, user)| Some((member, user?))).collect())
    }

    /// A member by e-mail.
    pub async fn member(&self, workspace: WorkspaceId, email: &str) -> Result<member::Model> {
        let normalized = normalize_email(email);
        let all = self.members(workspace).await?;
        Ok(only(all, |(_, user)| user.email_normalized == normalized, ("member", email))?.0)
    }

    /// A team by id or name.
    pub async fn team(&self, workspace: WorkspaceId, wanted: &str) -> Result<portaria_entity::team::Model> {
        let all = team::all(self.installation.database.reader(), workspace).await?;
        only(all, |row| row.id.to_string() == wanted || row.name == wanted, ("team", wanted))
    }
}

/// The one row that was meant.
pub fn only<T>(rows: Vec<T>, is_wanted: impl Fn(&T) -> bool, (kind, wanted): (&str, &str)) -> Result<T> {
    let mut found = rows.into_iter().filter(|row| is_wanted(row));
    let first = found.next().with_context(|| format!("there is no {kind} {wanted:?}"))?;
    if found.next().is_some() {
        bail!("there are several {kind}s {wanted:?}: name one by its id");
    }
    Ok(first)
}

/// The secret in a file. It is never an argument: those are seen by everybody on the machine.
pub fn secret(file: &Path) -> Result<Secret> {
    let secret = Secret::from_file(file)?;
    if secret.is_empty() {
        bail!("{} is empty", file.display());
    }
    Ok(secret)
}
