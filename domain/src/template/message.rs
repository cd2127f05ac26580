//! A message from a template: what the gate has to know of the template, and what goes to Meta.

use portaria_entity::id::TemplateId;
use portaria_entity::template::Model;
use portaria_entity::{channel, template};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::Value;

use super::alternative::{alternative_of, is_for_channel};
use super::definition::{Category, Definition};
use super::fill::{Filled, fill};
use super::flaw::Flaw;
use super::standing::{Usability, usability};
use super::values::Values;
use crate::error::{Error, Refusal, Result};

/// A template, as it is wanted to be sent from a number.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub template: Model,
    /// None: Meta has not told what it says.
    pub definition: Option<Definition>,
    pub usability: Usability,
    /// Whether it is one of the number's account, and not held to other numbers.
    pub for_channel: bool,
    /// What to send in its place if it may not be.
    pub alternative: Option<TemplateId>,
}

impl Wanted {
    /// What Meta counts it as: it may have put it into another category than it was written for. None: one that is not known here,
    /// which is to be taken for the strictest.
    pub fn category(&self) -> Option<Category> {
        match &self.template.category {
            Some(told) => told.parse().ok(),
            None => self.definition.as_ref()?.category,
        }
    }

    /// The message as the member `template` of Meta's request, and as people read it; or what is wrong with the values.
    pub fn fill(&self, values: &Values) -> Result<std::result::Result<(Value, Filled), Vec<Flaw>>> {
        let definition = self.definition.as_ref().ok_or(Refusal::NotToldYet)?;
        Ok(fill(definition, values).map(|filled| (filled.to_request(definition), filled)))
    }
}

/// A template, to be sent from a number. One of another account, or that Meta does not have, is not there: who may send templates from
/// the number need not be permitted to see all that there are.
pub async fn wanted(
    connection: &impl ConnectionTrait,
    channel: &channel::Model,
    id: TemplateId,
) -> Result<Wanted> {
    let found = template::Entity::find_by_id((channel.workspace_id, id)).one(connection).await?;
    let of_account = found.filter(|row| row.waba_id == channel.waba_id && row.meta_id.is_some());
    let template = of_account.ok_or(Error::NotFound)?;
    let for_channel = is_for_channel(connection, &template, channel).await?;
    let alternative = alternative_of(connection, channel.workspace_id, id).await?;
    Ok(Wanted {
        usability: usability(&template),
        definition: template.definition.as_deref().map(Definition::from_json).transpose()?,
        for_channel,
        alternative: alternative.map(|set| set.alternative_id),
        template,
    })
}
