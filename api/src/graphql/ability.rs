//! `viewerCan`: what the viewer may do with a thing now, told by the very rules that decide when they do it.

use async_graphql::{Context, Enum};
use portaria_domain::conversation::{Act, ConversationRow, permit};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
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

/// What is held, and whether it is the viewer themself.
pub struct MemberAbilities(pub PermissionSet, pub bool);

/// What the viewer may see of a member now.
#[guarded]
impl MemberAbilities {
    /// See e-mail and last use.
    #[authenticated]
    fn read_private(&self, ctx: &Context<'_>) -> Result<Ability> {
        reading(ctx, self.0, self.1, ("Member", "email"))
    }

    /// See which roles they hold, and where.
    #[authenticated]
    fn read_grants(&self, ctx: &Context<'_>) -> Result<Ability> {
        reading(ctx, self.0, self.1, ("Member", "grants"))
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
