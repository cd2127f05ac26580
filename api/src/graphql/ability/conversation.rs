//! What the viewer may do with a conversation, a customer and a phone number.

use async_graphql::Context;
use portaria_domain::contact_merge::may_merge;
use portaria_domain::conversation::{Act, ConversationRow, permit};
use portaria_domain::permission::PermissionSet;
use portaria_guard::guarded;

use super::{Ability, reading};
use crate::error::Result;
use crate::request::Request;

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

    /// Hand it to another team: `transferConversation`.
    #[authenticated]
    fn transfer(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Act::Transfer)
    }

    /// End its stretch: `resolveConversation`.
    #[authenticated]
    fn resolve(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Act::Resolve)
    }

    /// Put it off: `snoozeConversation`.
    #[authenticated]
    fn snooze(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Act::Snooze)
    }

    /// Hand it to who receives escalations: `escalateConversation`.
    #[authenticated]
    fn escalate(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Act::Escalate)
    }

    /// Mark it: `labelConversation`.
    #[authenticated]
    fn label(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Act::Label)
    }

    /// Hand it to a bot: `handToBot`. To which, is looked at then.
    #[authenticated]
    fn hand_to_bot(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Act::HandToBot)
    }

    /// Hand it from a bot to people: `handToPeople`.
    #[authenticated]
    fn hand_to_people(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Act::HandToPeople)
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

    /// Merge them with another contact who is the same person: `mergeContacts`.
    #[authenticated]
    fn merge(&self, ctx: &Context<'_>) -> Result<Ability> {
        let request = Request::of(ctx);
        Ok(may_merge(request.viewer()?, request.now).into())
    }

    /// See e-mail and language.
    #[authenticated]
    fn read_profile(&self, ctx: &Context<'_>) -> Result<Ability> {
        reading(ctx, self.0, false, ("Contact", "email"))
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
