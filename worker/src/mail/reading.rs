//! Who is to read a mail that tells of others, and whether they still may: a mail may have waited for days.

use portaria_domain::Installation;
use portaria_domain::audit::reader::{self, Sight};
use portaria_domain::audit::report;
use portaria_domain::error::Result;
use portaria_domain::member::administrators;
use portaria_entity::id::WorkspaceId;
use portaria_entity::{audit_report, outgoing_mail};
use sea_orm::DatabaseTransaction;

use super::lane::ALERTS;

/// What a mail is, as far as it matters who reads it.
pub enum Reading {
    /// A report of the audit.
    Report(audit_report::Model),
    /// What was told at once, to an administrator's account.
    Alert(WorkspaceId, String),
    /// A letter to somebody about what is theirs.
    Own,
}

impl Reading {
    pub async fn of(installation: &Installation, mail: &outgoing_mail::Model) -> Result<Self> {
        let account = mail.dedup_key.strip_prefix(ALERTS).and_then(|key| key.rsplit(':').next());
        if let (Some(workspace), Some(account)) = (mail.workspace_id, account) {
            return Ok(Self::Alert(workspace, account.to_owned()));
        }
        let report = report::of_mail(installation.database.reader(), mail.id).await?;
        Ok(report.map_or(Self::Own, Self::Report))
    }

    /// Whether the reader may read it now.
    pub async fn is_allowed(&self, installation: &Installation) -> Result<bool> {
        let (database, now) = (&installation.database, installation.clock.now());
        match self {
            Self::Report(of) => {
                let reader = (of.workspace_id, of.member_id);
                reader::may_read(database.reader(), database, reader, (Sight::of(of), now)).await
            }
            Self::Alert(workspace, account) => {
                let administrators = administrators(database.reader(), database, *workspace, now).await?;
                Ok(administrators.iter().any(|one| one.id.to_string() == *account))
            }
            Self::Own => Ok(true),
        }
    }

    /// Puts down that it was not sent.
    pub async fn withdraw(
        &self,
        transaction: &DatabaseTransaction,
        installation: &Installation,
    ) -> Result<()> {
        match self {
            Self::Report(of) => report::withdraw(transaction, of, installation.clock.now()).await,
            Self::Alert(..) | Self::Own => Ok(()),
        }
    }
}
