//! Custom roles: made, changed, and deleted with a decision for those who hold them.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::role::{self, Disposal, NewRole, RoleEdit};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::begin;
use crate::error::{Problem, Result};
use crate::graphql::id::{parse, parse_optional};
use crate::graphql::payload::payload;
use crate::graphql::permission::PermissionKey;
use crate::graphql::role::Role;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct RoleMutation;

impl Subject for RoleMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// What the role is called, and what it allows.
#[derive(InputObject)]
pub struct CreateRoleInput {
    /// A name that no other role has.
    name: String,
    /// What it is for.
    description: String,
    /// What it allows; beside what the copied role allows, if there is one.
    #[graphql(default)]
    permissions: Vec<PermissionKey>,
    /// A role (`role_...`) to begin with.
    copy_of: Option<ID>,
}

payload! {
    /// What came of creating a role.
    CreateRolePayload [authenticated] {
        /// The new role; null when it was refused.
        role: Role
    }
    CreateRoleUserError, CreateRoleErrorCode {
        /// The viewer does not hold there what this would give.
        NotHeld = NotHeld at "permissions",
        /// The viewer does not hold for so long what this would give.
        OutlastsGranter = OutlastsGranter at "permissions",
        /// That name is taken.
        NameTaken = NameTaken at "name",
    }
}

/// Which role, and what shall be different about it.
#[derive(InputObject)]
pub struct UpdateRoleInput {
    /// Which role (`role_...`).
    role_id: ID,
    /// A name that no other role has; left out, it stays.
    name: Option<String>,
    /// What it is for; left out, it stays.
    description: Option<String>,
    /// All that it shall allow; left out, that stays.
    permissions: Option<Vec<PermissionKey>>,
}

payload! {
    /// What came of changing a role.
    UpdateRolePayload [authenticated] {
        /// The role as it is now; null when it was refused.
        role: Role
    }
    UpdateRoleUserError, UpdateRoleErrorCode {
        /// The viewer does not hold there what this would give.
        NotHeld = NotHeld at "permissions",
        /// The viewer does not hold for so long what this would give.
        OutlastsGranter = OutlastsGranter at "permissions",
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "permissions",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "permissions",
        /// A built-in role cannot be changed.
        BuiltInRole = BuiltInRole at "roleId",
        /// That name is taken.
        NameTaken = NameTaken at "name",
    }
}

/// Which role, and what becomes of those who hold it.
#[derive(InputObject)]
pub struct DeleteRoleInput {
    /// Which role (`role_...`).
    role_id: ID,
    /// The role (`role_...`) that its holders get instead, in the same scope and for the same time.
    replacement_role_id: Option<ID>,
    /// Whether the grants of its holders end instead.
    #[graphql(default)]
    close_grants: bool,
}

payload! {
    /// What came of deleting a role.
    DeleteRolePayload [authenticated] {
        /// The id of what was deleted; null when it was refused.
        role_id: ID
    }
    DeleteRoleUserError, DeleteRoleErrorCode {
        /// The viewer does not hold there what this would give.
        NotHeld = NotHeld at "replacementRoleId",
        /// The viewer does not hold for so long what this would give.
        OutlastsGranter = OutlastsGranter at "replacementRoleId",
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "roleId",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "roleId",
        /// A built-in role cannot be changed.
        BuiltInRole = BuiltInRole at "roleId",
        /// Some hold the role: say what becomes of them.
        RoleInUse = RoleInUse,
    }
}

#[guarded]
impl RoleMutation {
    /// Creates a custom role, from scratch or as a copy. It allows nothing that the viewer does not hold.
    #[requires(RoleManage)]
    async fn create_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the role is called, and what it allows.")] input: CreateRoleInput,
    ) -> Result<CreateRolePayload> {
        let request = Request::of(ctx);
        let copy_of = parse_optional(input.copy_of.as_ref())?;
        let chosen: PermissionSet = input.permissions.into_iter().map(Permission::from).collect();
        let outcome = async {
            let mut change = begin(request, Permission::RoleManage).await?;
            let copied = copy_of.map(|id| change.ledger.role(id)).transpose()?;
            let permissions = copied.map_or(chosen, |role| role.permissions.union(chosen));
            let new = NewRole { name: &input.name, description: &input.description, permissions };
            let row = role::create(&mut change, new).await?;
            change.finish().await?;
            Ok(Some(Role { row, own: false }))
        };
        CreateRolePayload::new(outcome.await)
    }

    /// Changes a custom role, for all who hold it. What is added must be the viewer's to give wherever the role is held.
    #[requires(RoleManage)]
    async fn update_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which role, and what shall be different about it.")] input: UpdateRoleInput,
    ) -> Result<UpdateRolePayload> {
        let request = Request::of(ctx);
        let id = parse(&input.role_id)?;
        let permissions =
            input.permissions.map(|keys| keys.into_iter().map(Permission::from).collect::<PermissionSet>());
        let outcome = async {
            let mut change = begin(request, Permission::RoleManage).await?;
            let edit = RoleEdit {
                name: input.name.as_deref(),
                description: input.description.as_deref(),
                permissions,
            };
            let row = role::edit(&mut change, id, edit).await?;
            change.finish().await?;
            Ok(Some(Role { row, own: false }))
        };
        UpdateRolePayload::new(outcome.await)
    }

    /// Deletes a custom role, with a decision for those who hold it. Their grants stay on record.
    #[requires(RoleManage)]
    async fn delete_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which role, and what becomes of those who hold it.")] input: DeleteRoleInput,
    ) -> Result<DeleteRolePayload> {
        let request = Request::of(ctx);
        let id = parse(&input.role_id)?;
        let disposal = match (parse_optional(input.replacement_role_id.as_ref())?, input.close_grants) {
            (None, false) => Disposal::OnlyIfUnused,
            (Some(role), false) => Disposal::Replace(role),
            (None, true) => Disposal::CloseGrants,
            (Some(_), true) => {
                let either = "Either `replacementRoleId` or `closeGrants`, not both.";
                return Err(Problem::BadUserInput(either.to_owned()));
            }
        };
        let outcome = async {
            let mut change = begin(request, Permission::RoleManage).await?;
            role::delete(&mut change, id, disposal).await?;
            change.finish().await?;
            Ok(Some(id))
        };
        DeleteRolePayload::new(outcome.await)
    }
}
