//! `viewerCan`: what the viewer may do with a thing now, told by the very rules that decide when they do it.

mod api_key;
mod bot;
mod conversation;
mod directory;
mod finding;
mod grant;
mod guidance;
mod member;
mod role;
mod team;
mod template;
mod workspace;

use async_graphql::{Context, Enum};
use portaria_domain::granting::Prospect;
use portaria_domain::permission::{Permission, PermissionSet};

use crate::error::{Code, Problem, Result};
use crate::request::Request;
use crate::sdl::{Declared, declared};

pub use api_key::ApiKeyAbilities;
pub use bot::BotAbilities;
pub use conversation::{ChannelAbilities, ContactAbilities, ConversationAbilities};
pub use directory::DirectoryCredentialAbilities;
pub use finding::FindingAbilities;
pub use grant::{EmergencyEligibilityAbilities, GrantAbilities};
pub use guidance::{GuidelineAbilities, QuickReplyAbilities};
pub use member::MemberAbilities;
pub use role::RoleAbilities;
pub use team::TeamAbilities;
pub use template::TemplateAbilities;
pub use workspace::WorkspaceAbilities;

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

impl<T> From<portaria_domain::Result<T>> for Ability {
    fn from(outcome: portaria_domain::Result<T>) -> Self {
        match outcome.map_err(|error| match error {
            portaria_domain::Error::Refused(_) => Problem::NotFound,
            other => other.into(),
        }) {
            Ok(_) => Self::Yes,
            Err(Problem::Refused { code: Code::StepUpRequired, .. }) => Self::AfterStepUp,
            Err(_) => Self::No,
        }
    }
}

/// Whether a field would be answered, by what it declares.
fn reading(ctx: &Context<'_>, held: PermissionSet, is_self: bool, field: (&str, &str)) -> Result<Ability> {
    let request = Request::of(ctx);
    let viewer = request.viewer()?;
    Ok(match declared(field.0, field.1).map(|field| field.access) {
        Some(Declared::Requires { any_of, or_self }) => match or_self && is_self {
            true => Ability::Yes,
            false => viewer.ask(held, any_of, request.now).into(),
        },
        Some(Declared::Authenticated | Declared::Public) => Ability::Yes,
        None => Ability::No,
    })
}

/// What the rules on changing access say, read from who holds what; who lacks the permission for it costs no reading.
async fn by_ledger(
    ctx: &Context<'_>,
    needed: Permission,
    ask: impl FnOnce(Prospect<'_>) -> portaria_domain::Result<()>,
) -> Result<Ability> {
    let request = Request::of(ctx);
    let viewer = request.viewer()?;
    if !viewer.access.everywhere().contains(needed) {
        return Ok(Ability::No);
    }
    let ledger = request.loaders()?.people.ledger().await?;
    Ok(ask(Prospect { viewer, ledger: &ledger, now: request.now }).into())
}

/// What a permission for the whole workspace says by itself.
fn everywhere(ctx: &Context<'_>, needed: Permission) -> Result<Ability> {
    let request = Request::of(ctx);
    Ok(request.viewer()?.ask_everywhere(needed, request.now).into())
}
