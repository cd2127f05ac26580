//! Anything with an id, by its id.

use async_graphql::{ID, Interface};
use portaria_domain::access::Reading;
use portaria_domain::audit::finding::page;
use portaria_domain::permission::Permission;
use portaria_domain::{channel, conversation, message, role, team};
use portaria_entity::id::{
    ChannelId, ContactId, ConversationId, FindingId, MemberId, MessageId, RoleId, TeamId, TemplateId, TypedId,
};
use uuid::Uuid;

use super::channel::Channel;
use super::contact::Contact;
use super::conversation::Conversation;
use super::finding::Finding;
use super::member::Member;
use super::message::Message;
use super::role::Role;
use super::team::Team;
use super::template::Template;
use crate::error::{Problem, Result};
use crate::request::Request;

/// Anything that has an id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque; the prefix tells the type."))]
pub enum Node {
    Channel(Channel),
    Contact(Contact),
    Conversation(Conversation),
    Finding(Finding),
    Member(Member),
    Message(Message),
    Role(Role),
    Team(Team),
    Template(Template),
}

/// What an id stands for, through the same scoped finders as everywhere else.
pub async fn find(request: &Request, id: &ID) -> Result<Node> {
    let viewer = request.viewer()?;
    let loaders = request.loaders()?;
    let reader = request.installation.database.reader();
    if let Some(id) = typed::<ConversationId>(id) {
        return Ok(Node::Conversation(Conversation(conversation::find(reader, viewer, id).await?)));
    }
    if let Some(id) = typed::<ContactId>(id) {
        return loaders.contact(id).await?.map(Contact).map(Node::Contact).ok_or(Problem::NotFound);
    }
    if let Some(id) = typed::<MemberId>(id) {
        return loaders.member(id).await?.map(Member).map(Node::Member).ok_or(Problem::NotFound);
    }
    if let Some(id) = typed::<MessageId>(id) {
        let found = message::by_ids(reader, viewer.workspace_id, &[id]).await?.remove(&id);
        // What is not there takes as many reads as what may not be known of.
        let place = found.as_ref().map_or(ConversationId(Uuid::nil()), |message| message.conversation_id);
        let conversation = conversation::find(reader, viewer, place).await?;
        let readable =
            conversation.reading == Reading::Whole && conversation.held.contains(Permission::MessageRead);
        return match found {
            Some(row) if readable => Ok(Node::Message(Message { row: row.into(), held: conversation.held })),
            Some(_) | None => Err(Problem::NotFound),
        };
    }
    if let Some(id) = typed::<ChannelId>(id) {
        let all = channel::all(reader, viewer.workspace_id).await?;
        return all
            .into_iter()
            .find(|row| row.id == id)
            .map(|row| Node::Channel(Channel(row.into())))
            .ok_or(Problem::NotFound);
    }
    if let Some(id) = typed::<TeamId>(id) {
        let all = team::all(reader, viewer.workspace_id).await?;
        return all
            .into_iter()
            .find(|row| row.id == id)
            .map(|row| Node::Team(Team(row.into())))
            .ok_or(Problem::NotFound);
    }
    if let Some(id) = typed::<RoleId>(id) {
        let all = role::all(reader, viewer.workspace_id).await?;
        let viewers = viewer.member_id();
        let own = role::grants_of(reader, viewer.workspace_id, viewers.as_slice(), request.now).await?;
        let own = own.iter().any(|grant| grant.role_id == id);
        let role = all.into_iter().find(|row| row.role.id == id).map(|row| Role { row, own });
        return role.map(Node::Role).ok_or(Problem::NotFound);
    }
    if let Some(id) = typed::<TemplateId>(id) {
        let found = loaders.templates.template(id).await?;
        return found.map(Template).map(Node::Template).ok_or(Problem::NotFound);
    }
    if let Some(id) = typed::<FindingId>(id) {
        if viewer.require_everywhere(Permission::AccessAuditRead, request.now).is_err() {
            return Err(Problem::NotFound);
        }
        let found = page::find(reader, viewer.workspace_id, id).await?;
        return Ok(Node::Finding(Finding::one(request, found).await?));
    }
    Err(Problem::BadUserInput("This is not an id of anything that can be asked for.".to_owned()))
}

fn typed<T: TypedId>(id: &ID) -> Option<T> {
    id.parse().ok()
}
