//! A template as a message: filled with what its sender gives, and what the gate has to know of it.

use portaria_entity::id::{ChannelId, TemplateId, WorkspaceId};
use portaria_entity::outgoing_message::MessageCategory;
use portaria_entity::{channel, conversation};
use sea_orm::{ConnectionTrait, EntityTrait};

use super::content::{Prepared, invalid};
use super::gate::{Kind, TemplateFacts};
use crate::error::{Error, Refusal, Result};
use crate::template::definition::Category;
use crate::template::flaw::{Flaw, FlawCode};
use crate::template::message::{Wanted, wanted};
use crate::template::values::Values;

/// Which template, and what it is filled with.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTemplate {
    pub template_id: TemplateId,
    pub values: Values,
}

/// Fills it for the number of a conversation. One that Meta has not told of yet is not approved.
pub(super) async fn prepare(
    connection: &impl ConnectionTrait,
    row: &conversation::Model,
    new: NewTemplate,
) -> Result<Prepared> {
    let wanted = of_channel(connection, (row.workspace_id, row.channel_id), new.template_id).await?;
    let facts = facts_of(&wanted);
    if wanted.definition.is_none() {
        return Err(Refusal::TemplateNotApproved.into());
    }
    let (part, filled) = wanted.fill(&new.values)?.map_err(|flaws| invalid(words(&flaws)))?;
    Ok(Prepared {
        kind: Kind::Template,
        name: "template",
        body: Some(filled.rendered.body),
        part,
        template: Some((new.template_id, facts)),
        has_free_text: false,
        acts_on: None,
    })
}

/// How a template stands now, for the gate.
pub(super) async fn facts(
    connection: &impl ConnectionTrait,
    place: (WorkspaceId, ChannelId),
    id: TemplateId,
) -> Result<Option<TemplateFacts>> {
    match of_channel(connection, place, id).await {
        Ok(wanted) => Ok(Some(facts_of(&wanted))),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn of_channel(
    connection: &impl ConnectionTrait,
    place: (WorkspaceId, ChannelId),
    id: TemplateId,
) -> Result<Wanted> {
    let channel = channel::Entity::find_by_id(place).one(connection).await?.ok_or(Error::NotFound)?;
    wanted(connection, &channel, id).await
}

fn facts_of(wanted: &Wanted) -> TemplateFacts {
    let category = match wanted.category() {
        Some(Category::Utility) => MessageCategory::Utility,
        Some(Category::Authentication) => MessageCategory::Authentication,
        // One that is not known here is taken for the strictest.
        Some(Category::Marketing) | None => MessageCategory::Marketing,
    };
    TemplateFacts { category, status: wanted.template.status, is_for_number: wanted.for_channel }
}

/// `preview` of the template tells each flaw with its place.
fn words(flaws: &[Flaw]) -> &'static str {
    match flaws.first().map(|flaw| flaw.code) {
        Some(FlawCode::Missing) => "template: a value is missing (preview of the template says which)",
        Some(FlawCode::NotInTemplate | FlawCode::Repeated) => {
            "template: a value is not in the template, or is there twice (preview of the template says which)"
        }
        Some(FlawCode::TooLong) => {
            "template: a value, or the whole, is too long (preview of the template says which)"
        }
        Some(FlawCode::InvalidCharacter) => {
            "template: values are one line, without tabs and without more than 4 spaces in a row"
        }
        Some(FlawCode::NotUnderstood) => "template: it has parts that are not known here",
        Some(_) | None => "template: a value does not fit (preview of the template says which)",
    }
}
