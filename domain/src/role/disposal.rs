//! What becomes of those who hold a role that is deleted. Each of whom gets another is on record by itself: else who is let
//! into a small role would come out of a big one, and the log would tell of a role that was deleted.

use portaria_entity::id::{GrantId, RoleId};

use crate::api_key;
use crate::directory;
use crate::error::Result;
use crate::grant;
use crate::granting::{Change, Conferral, Holder, Holding, Title};
use crate::identity_provider;

/// What becomes of those who hold a role that is deleted.
#[derive(Clone, Copy, Debug)]
pub enum Disposal {
    /// Nobody holds it, or it is not deleted.
    OnlyIfUnused,
    /// They get this role instead, in the same scope and for the same time.
    Replace(RoleId),
    /// Their grants end.
    CloseGrants,
}

impl Disposal {
    pub(super) fn replacement(self) -> Option<RoleId> {
        match self {
            Self::Replace(replacement) => Some(replacement),
            Self::OnlyIfUnused | Self::CloseGrants => None,
        }
    }
}

pub(super) async fn dispose(
    change: &mut Change<'_>,
    (holder, holding): (Holder, Holding),
    disposal: Disposal,
) -> Result<()> {
    let held = match holding.title {
        Title::Grant(grant) | Title::ApiKeyGrant(grant) | Title::Approval(grant) => grant,
        Title::Mapping(mapping) => return identity_provider::dispose(change, mapping, disposal).await,
        Title::Eligibility(eligibility) => {
            let sql = "UPDATE emergency_eligibilities SET closed_at = $3, closed_by = $4 \
                       WHERE workspace_id = $1 AND id = $2";
            let author = change.author().map(|author| author.0);
            change.execute(sql, [eligibility.0.into(), change.now.0.into(), author.into()]).await?;
            return Ok(());
        }
    };
    match disposal.replacement() {
        Some(replacement) => replace(change, (holder, holding), (held, replacement)).await,
        None => close(change, holder, held).await,
    }
}

async fn close(change: &Change<'_>, holder: Holder, held: GrantId) -> Result<()> {
    let database = &change.installation.database;
    match holder {
        Holder::Member(_) => {
            let by = (change.now, change.author());
            grant::close(&change.transaction, database, (change.workspace_id, held), by).await?;
            Ok(())
        }
        Holder::ApiKey(_) => api_key::close_grant(change, held).await,
        Holder::Directory(_) => directory::credential::close_approval(change, held).await,
        Holder::Mapping(_) => Ok(()),
    }
}

async fn replace(
    change: &mut Change<'_>,
    (holder, holding): (Holder, Holding),
    (held, replacement): (GrantId, RoleId),
) -> Result<()> {
    let (scope, until) = (holding.scope, holding.valid_until);
    let permissions = change.ledger.role(replacement)?.permissions;
    change.confer_to(holder, Conferral { scope, permissions, until })?;
    match holder {
        Holder::Member(_) => grant::give_instead(change, held, replacement).await,
        Holder::ApiKey(key) => {
            let instead = [(replacement, scope)];
            api_key::regrant(change, key, (&[held], &instead), grant::ROLE_DELETED).await.map(drop)
        }
        Holder::Directory(id) => {
            directory::credential::approve_instead(change, id, (held, replacement, scope)).await
        }
        Holder::Mapping(_) => Ok(()),
    }
}
