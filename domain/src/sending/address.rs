//! By what Meta knows whom a message goes to: a phone number, a user id, or a group.

use std::collections::HashMap;

use portaria_entity::contact_identity::{self, IdentityKind};
use portaria_entity::id::{ContactId, ConversationId, WorkspaceId};
use portaria_entity::{contact_group, conversation};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::database::padded;
use crate::error::Result;

/// Whom a message goes to.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// Digits only.
    Phone(String),
    /// A business-scoped user id.
    User(String),
    /// Meta's id of a group.
    Group(String),
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whose it is, is nobody's business in a log.
        f.write_str(match self {
            Self::Phone(_) => "Phone",
            Self::User(_) => "User",
            Self::Group(_) => "Group",
        })
    }
}

/// Where messages of these conversations go: to the phone number that was seen last, to a user id where none is known, or to
/// the group. Nothing for whom WhatsApp cannot find.
pub async fn of_conversations(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    conversations: &[ConversationId],
) -> Result<HashMap<ConversationId, Address>> {
    let ids = padded(conversations.to_vec());
    let contacts: Vec<(ConversationId, ContactId)> = conversation::Entity::find()
        .select_only()
        .column(conversation::Column::Id)
        .column(conversation::Column::ContactId)
        .filter(conversation::Column::WorkspaceId.eq(workspace))
        .filter(conversation::Column::Id.is_in(ids))
        .into_tuple()
        .all(connection)
        .await?;
    let of_contacts =
        of_contacts(connection, workspace, contacts.iter().map(|(_, contact)| *contact)).await?;
    let address = |(conversation, contact)| Some((conversation, of_contacts.get(&contact)?.clone()));
    Ok(contacts.into_iter().filter_map(address).collect())
}

async fn of_contacts(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    contacts: impl Iterator<Item = ContactId>,
) -> Result<HashMap<ContactId, Address>> {
    let ids = padded(contacts.collect());
    let identities = contact_identity::Entity::find()
        .filter(contact_identity::Column::WorkspaceId.eq(workspace))
        .filter(contact_identity::Column::ContactId.is_in(ids.iter().copied()))
        .filter(contact_identity::Column::Kind.is_in([IdentityKind::Phone, IdentityKind::BusinessScopedId]))
        .order_by_asc(contact_identity::Column::LastSeenAt)
        .order_by_asc(contact_identity::Column::Id)
        .all(connection)
        .await?;
    let mut found: HashMap<ContactId, Address> = HashMap::new();
    for identity in identities {
        match (identity.kind, found.get(&identity.contact_id)) {
            (IdentityKind::Phone, _) => found.insert(identity.contact_id, Address::Phone(identity.value)),
            (IdentityKind::BusinessScopedId, Some(Address::Phone(_))) => None,
            (IdentityKind::BusinessScopedId, _) => {
                found.insert(identity.contact_id, Address::User(identity.value))
            }
            (IdentityKind::ParentId | IdentityKind::Username, _) => None,
        };
    }
    let groups: Vec<(ContactId, String)> = contact_group::Entity::find()
        .select_only()
        .column(contact_group::Column::ContactId)
        .column(contact_group::Column::GroupId)
        .filter(contact_group::Column::WorkspaceId.eq(workspace))
        .filter(contact_group::Column::ContactId.is_in(ids))
        .into_tuple()
        .all(connection)
        .await?;
    found.extend(groups.into_iter().map(|(contact, group)| (contact, Address::Group(group))));
    Ok(found)
}
