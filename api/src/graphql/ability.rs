//! `viewerCan`: what the viewer may do with a thing now, told by the very rules that decide when they do it.

use async_graphql::{Context, Enum};
use portaria_domain::conversation::{Act, ConversationRow, permit};
use portaria_domain::granting::{self, MemberAct};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_entity::id::{MemberId, RoleId};
use portaria_guard::guarded;

use crate::error::{Code, Problem, Result};
use crate::request::Request;
use crate::sdl::{Declared, declared};

/// Whether the viewer may do something now.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum Ability {
    /// They may.
    Yes,
    /// They may once their session has been authenticated anew with a second factor.
    AfterStepUp,
    /// They may not, as things stand.
    No,
}

impl From<portaria_domain::Result<()>> for Ability {
    fn from(outcome: portaria_domain::Result<()>) -> Self {
        match outcome.map_err(|error| match error {
            portaria_domain::Error::Refused(_) => Problem::NotFound,
            other => other.into(),
        }) {
            Ok(()) => Self::Yes,
            Err(Problem::Refused { code: Code::StepUpRequired, .. }) => Self::AfterStepUp,
            Err(_) => Self::No,
        }
    }
}

/// Whether a field would be answered, by what it declares.
fn reading(ctx: &Context<'_>, held: PermissionSet, is_self: bool, field: (&str, &str)) -> Result<Ability> {
    let request = Request::of(ctx);
    let viewer: &Viewer = request.viewer()?;
    Ok(match declared(field.0, field.1).map(|field| field.access) {
        Some(Declared::Requires { any_of, or_self }) => match or_self && is_self {
            true => Ability::Yes,
            false => viewer.require(held, any_of, request.now).into(),
        },
        Some(Declared::Authenticated | Declared::Public) => Ability::Yes,
        None => Ability::No,
    })
}

pub struct ConversationAbilities(pub ConversationRow);

impl ConversationAbilities {
    fn ability(&self, ctx: &Context<'_>, act: Act) -> Result<Ability> {
        let request = Request::of(ctx);
        Ok(permit(request.viewer()?, &self.0, act, request.now).into())
    }
}

/// What the viewer may do with a conversation now, as it is.
#[guarded]
impl ConversationAbilities {
    /// Take it: `claimConversation`.
    #[authenticated]
    fn claim(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Act::Claim)
    }

    /// Give it to somebody, or put it back into the queue: `assignConversation`.
    #[authenticated]
    fn assign(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Act::Assign)
    }

    /// End its stretch: `resolveConversation`.
    #[authenticated]
    fn resolve(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Act::Resolve)
    }

    /// Have their reading count: `markConversationRead`.
    #[authenticated]
    fn mark_read(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Act::MarkRead)
    }

    /// Read what was said.
    #[authenticated]
    fn read_messages(&self, ctx: &Context<'_>) -> Result<Ability> {
        reading(ctx, self.0.held, false, ("Conversation", "messages"))
    }
}

pub struct ContactAbilities(pub PermissionSet);

/// What the viewer may do towards a customer now.
#[guarded]
impl ContactAbilities {
    /// See the full phone number.
    #[authenticated]
    fn read_phone(&self, ctx: &Context<'_>) -> Result<Ability> {
        reading(ctx, self.0, false, ("Contact", "phone"))
    }

    /// See e-mail and language.
    #[authenticated]
    fn read_profile(&self, ctx: &Context<'_>) -> Result<Ability> {
        reading(ctx, self.0, false, ("Contact", "email"))
    }
}

/// What is held, and who it is.
pub struct MemberAbilities(pub PermissionSet, pub MemberId);

impl MemberAbilities {
    fn is_self(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(Request::of(ctx).viewer()?.is_member(self.1))
    }

    async fn ability(&self, ctx: &Context<'_>, act: MemberAct) -> Result<Ability> {
        let request = Request::of(ctx);
        let viewer: &Viewer = request.viewer()?;
        // Who may never, costs no reading.
        if !viewer.access.everywhere().intersects(MANAGING) {
            return Ok(Ability::No);
        }
        let ledger = request.loaders()?.people.ledger().await?;
        Ok(granting::permit((viewer, &ledger), self.1, act, request.now).into())
    }
}

const MANAGING: PermissionSet =
    PermissionSet::of(&[Permission::MemberManage, Permission::RoleAssign, Permission::RoleManage]);

/// What the viewer may see of a member and do to them now.
#[guarded]
impl MemberAbilities {
    /// See e-mail and last use.
    #[authenticated]
    fn read_private(&self, ctx: &Context<'_>) -> Result<Ability> {
        reading(ctx, self.0, self.is_self(ctx)?, ("Member", "email"))
    }

    /// See which roles they hold, and where.
    #[authenticated]
    fn read_grants(&self, ctx: &Context<'_>) -> Result<Ability> {
        reading(ctx, self.0, self.is_self(ctx)?, ("Member", "grants"))
    }

    /// Shut them out for now: `suspendMember`.
    #[authenticated]
    async fn suspend(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, MemberAct::Suspend).await
    }

    /// Let them in again: `reinstateMember`. What they would hold again is looked at then.
    #[authenticated]
    async fn reinstate(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, MemberAct::Reinstate).await
    }

    /// End their membership: `removeMember`.
    #[authenticated]
    async fn remove(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, MemberAct::Remove).await
    }

    /// Give them a role: `grantRole`. Which ones, is looked at then.
    #[authenticated]
    async fn grant_role(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, MemberAct::GrantRole).await
    }
}

/// Which role.
pub struct RoleAbilities(pub RoleId);

/// What the viewer may do with a role now.
#[guarded]
impl RoleAbilities {
    /// Edit it: `editRole`. What is added is looked at then.
    #[authenticated]
    async fn edit(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx).await
    }

    /// Delete it: `deleteRole`.
    #[authenticated]
    async fn delete(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx).await
    }
}

impl RoleAbilities {
    async fn ability(&self, ctx: &Context<'_>) -> Result<Ability> {
        let request = Request::of(ctx);
        let viewer: &Viewer = request.viewer()?;
        if !viewer.access.everywhere().intersects(MANAGING) {
            return Ok(Ability::No);
        }
        let ledger = request.loaders()?.people.ledger().await?;
        Ok(granting::permit_role((viewer, &ledger), self.0, request.now).into())
    }
}

pub struct ChannelAbilities(pub PermissionSet);

/// What the viewer may see of a phone number now.
#[guarded]
impl ChannelAbilities {
    /// See Meta's ids of it.
    #[authenticated]
    fn read_meta_ids(&self, ctx: &Context<'_>) -> Result<Ability> {
        reading(ctx, self.0, false, ("Channel", "phoneNumberId"))
    }
}
