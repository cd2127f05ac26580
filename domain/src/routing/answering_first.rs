//! What customers begin on a number where a bot answers first goes to the bot, and to nobody else.

use portaria_entity::episode;
use portaria_entity::event::AssignmentCause;
use portaria_entity::id::BotId;
use sea_orm::EntityTrait;

use super::{Routing, Waiting};
use crate::bot::turn::{Beginning, begin};
use crate::bot::{Standing, standings};
use crate::conversation::assignee;
use crate::error::Result;
use crate::event::{Assigned, Before, By, append_assigned};

impl Routing<'_> {
    /// What people had before a bot did keeps the targets that it had then.
    pub(super) async fn has_targets(&self, waiting: &Waiting) -> Result<bool> {
        let find = episode::Entity::find_by_id((self.workspace_id, waiting.episode_id));
        let found = find.one(self.transaction).await?;
        Ok(found.is_some_and(|row| row.first_response_due_at.is_some() || row.resolution_due_at.is_some()))
    }

    /// The bot that has what customers begin on that number, if it may have this.
    pub(super) async fn bot_that_answers_first(&mut self, waiting: &Waiting) -> Result<Option<BotId>> {
        if self.first.is_none() {
            let (database, of) = (&self.installation.database, (self.workspace_id, self.now));
            let bots = standings(self.transaction, database, of).await?;
            self.first = Some(bots.into_values().filter(|bot| bot.answers_first).collect());
        }
        let may = |bot: &&Standing| bot.may_have(waiting.channel_id, waiting.team_id) && !waiting.escalated;
        Ok(self.first.iter().flatten().find(may).map(|bot| bot.id))
    }

    pub(super) async fn give_to_bot(&self, waiting: &Waiting, bot_id: BotId) -> Result<()> {
        let key = (self.workspace_id, waiting.conversation_id);
        assignee::write_bot(self.transaction, &self.installation.database, key, bot_id).await?;
        let place = (self.workspace_id, waiting.conversation_id, waiting.channel_id);
        let beginning = Beginning { bot_id, by: None, reason: None };
        begin(self.transaction, &self.installation.clock, place, beginning).await?;
        let new = Before { open: false, team_id: waiting.team_id, assignee_id: None, bot_id: None };
        let before = waiting.left.map_or(new, |left| left.before);
        let cause = AssignmentCause::HandedToBot;
        let assigned = Assigned { to: None, cause, choice: None, by: By::Portaria, at: self.now };
        append_assigned(self.transaction, &self.installation.clock, key, (before, assigned)).await
    }
}
