//! What the letter's owner is shown of an invitation before they accept it.

use portaria_entity::invitation;
use portaria_entity::{user, workspace as workspace_entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::acceptance::find;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::workspace;

pub struct Preview {
    pub invitation: invitation::Model,
    pub workspace: workspace_entity::Model,
    /// Whether the address has an account already, whose password is asked for then.
    pub has_account: bool,
}

/// The invitation behind a token; none when it may not be accepted.
pub async fn preview(installation: &Installation, token: &str) -> Result<Option<Preview>> {
    let invitation = match find(installation, token).await {
        Ok(invitation) => invitation,
        Err(Error::Refused(Refusal::InvalidToken)) => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let reader = installation.database.reader();
    let workspace = workspace::find(reader, invitation.workspace_id).await?;
    let account = user::Entity::find().filter(user::Column::EmailNormalized.eq(&invitation.email_normalized));
    let has_account = account.one(reader).await?.is_some();
    Ok(Some(Preview { invitation, workspace, has_account }))
}
