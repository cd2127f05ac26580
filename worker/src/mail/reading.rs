//! Who is to read a mail that tells of others, whether they still may, and where they are reached now: a mail may have waited
//! for days.

use portaria_domain::Installation;
use portaria_domain::audit::reader::{self, Sight};
use portaria_domain::audit::report;
use portaria_domain::error::Result;
use portaria_domain::member::{administrators, by_ids};
use portaria_entity::id::WorkspaceId;
use portaria_entity::{audit_report, outgoing_mail, user};
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

/// Where a mail goes.
pub struct Addressee {
    pub name: String,
    pub address: String,
}

impl From<user::Model> for Addressee {
    fn from(reader: user::Model) -> Self {
        Self { name: reader.name, address: reader.email }
    }
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

    /// Where it goes now; none if its reader may not read it any more. A letter goes where it was meant to: one tells an address
    /// that it is not theirs any more.
    pub async fn addressee(
        &self,
        installation: &Installation,
        mail: &outgoing_mail::Model,
    ) -> Result<Option<Addressee>> {
        let (database, now) = (&installation.database, installation.clock.now());
        match self {
            Self::Report(of) => {
                let reader = (of.workspace_id, of.member_id);
                if !reader::may_read(database.reader(), database, reader, (Sight::of(of), now)).await? {
                    return Ok(None);
                }
                let mut rows = by_ids(database.reader(), of.workspace_id, &[of.member_id]).await?;
                Ok(rows.remove(&of.member_id).map(|row| row.user.into()))
            }
            Self::Alert(workspace, account) => {
                let administrators = administrators(database.reader(), database, *workspace, now).await?;
                let reader = administrators.into_iter().find(|one| one.id.to_string() == *account);
                Ok(reader.map(Addressee::from))
            }
            Self::Own => Ok(Some(Addressee { name: mail.to_name.clone(), address: mail.to_address.clone() })),
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
