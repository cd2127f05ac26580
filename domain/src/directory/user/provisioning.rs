//! Bringing people in, saying what has changed about them, and letting them go: on the word of a directory.

use portaria_entity::id::{DirectoryUserId, MemberId};
use portaria_entity::invitation;
use portaria_entity::member::MemberStatus;
use portaria_entity::{directory_user, member as member_entity, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use super::{Person, Search, Window, page};
use crate::authentication::normalize_email;
use crate::directory::profile::Profile;
use crate::directory::{credential, letter};
use crate::error::{Error, Refusal, Result};
use crate::granting::Change;
use crate::invitation::{Issue, issue, revoke};
use crate::mail::{Addressee, queue};
use crate::{member, workspace};

/// What a directory wants to hold of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub profile: Profile,
    pub active: bool,
}

/// Takes note of a new person, and invites them if they are to be active. They are nobody's account until they accept.
pub async fn create(change: &mut Change<'_>, wanted: Wanted) -> Result<DirectoryUserId> {
    let profile = wanted.profile.checked()?;
    let id: DirectoryUserId = change.installation.clock.new_id();
    require_unique(change, id, &profile).await?;
    insert(change, id, &profile, (wanted.active, None)).await?;
    change.record("directory_user.created", id, (None, Some(json!({ "active": wanted.active })))).await?;
    if wanted.active {
        invite(change, id, &profile).await?;
    }
    Ok(id)
}

/// Makes what is known of a person what the directory now says. Who holds more than it may give, is not touched at all.
pub async fn replace(change: &mut Change<'_>, before: Person, wanted: Wanted) -> Result<()> {
    let profile = wanted.profile.checked()?;
    if let Some((member, status)) = before.member
        && status != MemberStatus::Removed
    {
        change.touch(member)?;
    }
    require_unique(change, before.id, &profile).await?;
    if before.record.is_none() {
        let member = before.member.map(|(member, _)| member);
        insert(change, before.id, &before.profile, (before.is_active(), member)).await?;
    }
    let sql = "UPDATE directory_users SET user_name = $3, external_id = $4, addresses = $5, profile = $6, active = $7, \
               updated_at = $8 WHERE workspace_id = $1 AND id = $2";
    let values = [
        before.id.0.into(),
        profile.key().into(),
        profile.external_id.clone().into(),
        profile.addresses().into(),
        written(&profile)?.into(),
        wanted.active.into(),
        change.now.0.into(),
    ];
    change.execute(sql, values).await?;
    if profile != before.profile {
        change.record("directory_user.changed", before.id, (None, None)).await?;
        follow(change, &before, &profile).await?;
    }
    set_active(change, &before, &profile, wanted.active).await
}

/// What is kept of a person on the directory's word.
const RECORD: [&str; 2] = [
    "DELETE FROM directory_group_members WHERE workspace_id = $1 AND user_id IN \
     (SELECT id FROM directory_users WHERE workspace_id = $1 AND {whom})",
    "DELETE FROM directory_users WHERE workspace_id = $1 AND {whom}",
];

/// Forgets what the directory said of a removed member, and what came of their groups.
pub(crate) async fn forget(change: &Change<'_>, member: MemberId) -> Result<()> {
    let sql = "DELETE FROM directory_effects WHERE workspace_id = $1 AND member_id = $2";
    change.execute(sql, [member.0.into()]).await?;
    for sql in RECORD {
        change.execute(&sql.replace("{whom}", "member_id = $2"), [member.0.into()]).await?;
    }
    Ok(())
}

/// Forgets a person, whose membership ends.
pub async fn remove(change: &mut Change<'_>, person: &Person) -> Result<()> {
    let told = person.member.map(|(member, _)| json!({ "member": member }));
    match person.member {
        Some((member, status)) if status != MemberStatus::Removed => member::remove(change, member).await?,
        Some(_) | None => {}
    }
    take_back(change, person.id).await?;
    if let Some((member, _)) = person.member {
        forget(change, member).await?;
    }
    for sql in RECORD {
        change.execute(&sql.replace("{whom}", "id = $2"), [person.id.0.into()]).await?;
    }
    change.record("directory_user.removed", person.id, (told, None)).await
}

async fn set_active(change: &mut Change<'_>, before: &Person, profile: &Profile, wanted: bool) -> Result<()> {
    let (id, suspended_at) = (before.id, before.record.and_then(|record| record.suspended_at));
    match (before.member, wanted) {
        (Some((member, MemberStatus::Active)), false) => {
            member::suspend(change, member).await?;
            set_suspended(change, id, true).await
        }
        (Some((member, MemberStatus::Suspended)), true) if suspended_at.is_some() => {
            member::reinstate(change, member).await?;
            set_suspended(change, id, false).await
        }
        (Some((_, MemberStatus::Suspended)), true) => Err(Refusal::SuspendedByHand.into()),
        (Some((_, MemberStatus::Active)), true) | (Some((_, MemberStatus::Suspended)), false) => Ok(()),
        // Whom somebody removed is asked again, as if they were new.
        (Some((_, MemberStatus::Removed)), true) => {
            let sql = "UPDATE directory_users SET member_id = NULL, suspended_at = NULL WHERE workspace_id = $1 AND id = $2";
            change.execute(sql, [id.0.into()]).await?;
            invite(change, id, profile).await
        }
        (Some((_, MemberStatus::Removed)) | None, false) => take_back(change, id).await,
        (None, true) => {
            let moved = normalize_email(profile.address()) != normalize_email(before.profile.address());
            if moved || !before.is_active() || has_expired(change, id).await? {
                invite(change, id, profile).await?;
            }
            Ok(())
        }
    }
}

async fn set_suspended(change: &Change<'_>, id: DirectoryUserId, suspended: bool) -> Result<()> {
    let at = suspended.then_some(change.now.0);
    let sql = "UPDATE directory_users SET suspended_at = $3 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [id.0.into(), at.into()]).await?;
    Ok(())
}

/// Refuses the user name or the address of somebody else in the workspace. Whether others have it is not looked at.
async fn require_unique(change: &Change<'_>, id: DirectoryUserId, profile: &Profile) -> Result<()> {
    let user_name = Search { user_name: Some(profile.key()), ..Search::default() };
    let address = Search { address: Some(profile.address().to_owned()), ..Search::default() };
    let source = (&change.installation.database, change.workspace_id);
    for (search, refusal) in [(user_name, Refusal::NameTaken), (address, Refusal::AlreadyMember)] {
        let two = Window { offset: 0, limit: 2 };
        let found = page(&change.transaction, source, &search, two).await?;
        if found.iter().any(|other| other.id != id) {
            return Err(refusal.into());
        }
    }
    Ok(())
}

async fn insert(
    change: &Change<'_>,
    id: DirectoryUserId,
    profile: &Profile,
    (active, member): (bool, Option<MemberId>),
) -> Result<()> {
    let row = directory_user::ActiveModel {
        workspace_id: Set(change.workspace_id),
        id: Set(id),
        user_name: Set(profile.key()),
        external_id: Set(profile.external_id.clone()),
        addresses: Set(profile.addresses()),
        profile: Set(written(profile)?),
        active: Set(active),
        member_id: Set(member),
        made_account: Set(false),
        suspended_at: Set(None),
        created_at: Set(change.now),
        updated_at: Set(change.now),
    };
    directory_user::Entity::insert(row).exec_without_returning(&change.transaction).await?;
    Ok(())
}

/// Makes sure that there is a record of a person, to whom nothing else happens.
pub(in crate::directory) async fn known(change: &Change<'_>, person: &Person) -> Result<()> {
    match person.record {
        Some(_) => Ok(()),
        None => {
            let member = person.member.map(|(member, _)| member);
            insert(change, person.id, &person.profile, (person.is_active(), member)).await
        }
    }
}

fn written(profile: &Profile) -> Result<String> {
    serde_json::to_string(profile).map_err(Error::internal)
}

/// Invites a person, unless somebody has done so by hand: what they promised stays.
async fn invite(change: &mut Change<'_>, id: DirectoryUserId, profile: &Profile) -> Result<()> {
    take_back(change, id).await?;
    let address = normalize_email(profile.address());
    let by_hand = invitation::Entity::find()
        .filter(invitation::Column::WorkspaceId.eq(change.workspace_id))
        .filter(invitation::Column::EmailNormalized.eq(&address))
        .filter(invitation::Column::AcceptedAt.is_null())
        .filter(invitation::Column::RevokedAt.is_null())
        .filter(invitation::Column::ExpiresAt.gt(change.now))
        .one(&change.transaction)
        .await?;
    if by_hand.is_some() {
        return Ok(());
    }
    let credentials = credential::rows_in_force(change).await?;
    let invited_by = credentials.first().ok_or(Refusal::AlreadyEnded)?.created_by;
    let workspace = workspace::find(&change.transaction, change.workspace_id).await?;
    let issued = Issue {
        name: &profile.shown_name(),
        email: profile.address(),
        locale: profile.preferred_language.as_deref().unwrap_or(&workspace.locale),
        invited_by,
        directory_user_id: Some(id),
    };
    let row = issue(change, issued).await?;
    change.record("invitation.sent", row.id, (None, Some(json!({ "directoryUser": id })))).await
}

/// Takes back what was asked on the directory's word.
async fn take_back(change: &mut Change<'_>, id: DirectoryUserId) -> Result<()> {
    let open = invitation::Entity::find()
        .filter(invitation::Column::WorkspaceId.eq(change.workspace_id))
        .filter(invitation::Column::DirectoryUserId.eq(id))
        .filter(invitation::Column::AcceptedAt.is_null())
        .filter(invitation::Column::RevokedAt.is_null())
        .filter(invitation::Column::ExpiresAt.gt(change.now))
        .all(&change.transaction)
        .await?;
    for row in open {
        revoke(change, row.id).await?;
    }
    Ok(())
}

/// Whether the last invitation ran out. One that somebody took back is not sent again by itself.
async fn has_expired(change: &Change<'_>, id: DirectoryUserId) -> Result<bool> {
    let last = invitation::Entity::find()
        .filter(invitation::Column::WorkspaceId.eq(change.workspace_id))
        .filter(invitation::Column::DirectoryUserId.eq(id))
        .order_by_desc(invitation::Column::Id)
        .one(&change.transaction)
        .await?;
    Ok(last.is_some_and(|last| last.revoked_at.is_none() && last.expires_at <= change.now))
}

/// Lets an account follow the directory: only one that came to be by its invitation, of who is in no other workspace.
async fn follow(change: &Change<'_>, before: &Person, after: &Profile) -> Result<()> {
    let (Some((member, _)), Some(record)) = (before.member, before.record) else { return Ok(()) };
    if !record.made_account {
        return Ok(());
    }
    let find = member_entity::Entity::find_by_id((change.workspace_id, member));
    let member = find.one(&change.transaction).await?.ok_or(Error::NotFound)?;
    let find = user::Entity::find_by_id(member.user_id);
    let account = find.one(&change.transaction).await?.ok_or(Error::NotFound)?;
    const ALONE: &str =
        "NOT EXISTS (SELECT 1 FROM members m WHERE m.user_id = users.id AND m.workspace_id <> $1)";
    if after.shown_name() != before.profile.shown_name() {
        let sql = format!("UPDATE users SET name = $3 WHERE id = $2 AND {ALONE}");
        change.execute(&sql, [account.id.0.into(), after.shown_name().into()]).await?;
    }
    let address = normalize_email(after.address());
    if address == account.email_normalized || address == normalize_email(before.profile.address()) {
        return Ok(());
    }
    let sql = format!(
        "UPDATE users SET email = $3, email_normalized = $4 WHERE id = $2 AND {ALONE} \
         AND NOT EXISTS (SELECT 1 FROM users other WHERE other.email_normalized = $4)"
    );
    let values = [account.id.0.into(), after.address().into(), address.into()];
    if change.execute(&sql, values).await? == 1 {
        change.record("member.address_changed", member.id, (None, None)).await?;
        tell_old_address(change, &account).await?;
    }
    Ok(())
}

async fn tell_old_address(change: &Change<'_>, account: &user::Model) -> Result<()> {
    let workspace = workspace::find(&change.transaction, change.workspace_id).await?;
    let to = Addressee {
        workspace_id: change.workspace_id,
        name: &account.name,
        address: &account.email,
        dedup_key: format!("address_changed:{}:{}", account.id, change.now.0),
    };
    let letter = letter::address_changed(&workspace.name, account);
    queue(&change.transaction, &change.installation.clock, to, &letter).await
}
