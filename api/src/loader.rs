//! Loaders: what many rows of an answer need is read in one statement. One set per request, for rows depend on the viewer.

mod advice;
mod detail;
mod people;
mod routing;
mod template;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use portaria_domain::activity::phone_reveal;
use portaria_domain::clock::Clock;
use portaria_domain::contact::ContactRow;
use portaria_domain::database::Database;
use portaria_domain::member::MemberRow;
use portaria_domain::message::MessageRow;
use portaria_domain::role::RoleRow;
use portaria_domain::viewer::Viewer;
use portaria_domain::{Installation, channel, contact, member, message, role, team};
use portaria_entity::id::{ChannelId, ContactId, MemberId, MessageId, TeamId};
use portaria_entity::{channel as channel_entity, grant, team as team_entity};

use crate::batch::Batch;
use crate::error::Result;

/// A grant in force, with its role.
pub type GrantWithRole = (grant::Model, RoleRow);

pub use advice::AdviceLoaders;
pub use detail::DetailLoaders;
pub use people::{EligibilityWithRole, PeopleLoaders};
pub use routing::RoutingLoaders;
pub use template::TemplateLoaders;

pub struct Loaders {
    pub advice: AdviceLoaders,
    pub people: PeopleLoaders,
    pub routing: RoutingLoaders,
    pub details: DetailLoaders,
    pub templates: TemplateLoaders,
    contacts: Batch<ContactId, Arc<ContactRow>>,
    phones: Batch<ContactId, Arc<str>>,
    reveals: Batch<ContactId, ()>,
    members: Batch<MemberId, Arc<MemberRow>>,
    messages: Batch<MessageId, Arc<MessageRow>>,
    channels: Batch<ChannelId, Arc<channel_entity::Model>>,
    teams: Batch<TeamId, Arc<team_entity::Model>>,
    grants: Batch<MemberId, Arc<Vec<GrantWithRole>>>,
}

/// What the loaders read with.
struct Source {
    database: Database,
    clock: Clock,
    viewer: Arc<Viewer>,
}

impl Loaders {
    pub fn new(installation: &Installation, viewer: &Arc<Viewer>) -> Self {
        let Installation { database, clock, .. } = installation.clone();
        let source = Arc::new(Source { database, clock, viewer: viewer.clone() });
        Self {
            advice: AdviceLoaders::new(&source),
            people: PeopleLoaders::new(&source),
            routing: RoutingLoaders::new(&source),
            details: DetailLoaders::new(&source),
            templates: TemplateLoaders::new(&source),
            contacts: reading(&source, Source::contacts),
            phones: reading(&source, Source::phones),
            reveals: reading(&source, Source::reveals),
            members: reading(&source, Source::members),
            messages: reading(&source, Source::messages),
            channels: reading(&source, Source::channels),
            teams: reading(&source, Source::teams),
            grants: reading(&source, Source::grants),
        }
    }

    /// A customer, unless the viewer may not know of them.
    pub async fn contact(&self, id: ContactId) -> Result<Option<Arc<ContactRow>>> {
        self.contacts.load(id).await
    }

    /// A customer's phone number in digits, for the field's guard to show or mask.
    pub async fn phone(&self, id: ContactId) -> Result<Option<Arc<str>>> {
        self.phones.load(id).await
    }

    /// Puts down that the viewer is about to be shown a customer's full phone number.
    pub async fn reveal(&self, id: ContactId) -> Result<()> {
        self.reveals.load(id).await.map(|_| ())
    }

    pub async fn member(&self, id: MemberId) -> Result<Option<Arc<MemberRow>>> {
        self.members.load(id).await
    }

    /// A message of a conversation that the viewer reads whole.
    pub async fn message(&self, id: MessageId) -> Result<Option<Arc<MessageRow>>> {
        self.messages.load(id).await
    }

    pub async fn channel(&self, id: ChannelId) -> Result<Option<Arc<channel_entity::Model>>> {
        self.channels.load(id).await
    }

    pub async fn team(&self, id: TeamId) -> Result<Option<Arc<team_entity::Model>>> {
        self.teams.load(id).await
    }

    /// The grants that a member holds now.
    pub async fn grants(&self, id: MemberId) -> Result<Arc<Vec<GrantWithRole>>> {
        Ok(self.grants.load(id).await?.unwrap_or_default())
    }
}

fn reading<K, V, F>(source: &Arc<Source>, read: fn(Arc<Source>, Vec<K>) -> F) -> Batch<K, V>
where
    K: Copy + Ord + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    F: Future<Output = Result<HashMap<K, V>>> + Send + 'static,
{
    let source = source.clone();
    Batch::new(move |keys| read(source.clone(), keys))
}

fn shared<K: Hash + Eq, V>(rows: impl IntoIterator<Item = (K, V)>) -> HashMap<K, Arc<V>> {
    rows.into_iter().map(|(key, row)| (key, Arc::new(row))).collect()
}

impl Source {
    async fn contacts(self: Arc<Self>, ids: Vec<ContactId>) -> Result<HashMap<ContactId, Arc<ContactRow>>> {
        Ok(shared(contact::by_ids(self.database.reader(), &self.viewer, &ids).await?))
    }

    async fn phones(self: Arc<Self>, ids: Vec<ContactId>) -> Result<HashMap<ContactId, Arc<str>>> {
        let phones = contact::phones(self.database.reader(), &self.viewer, &ids).await?;
        Ok(phones.into_iter().map(|(id, phone)| (id, phone.into())).collect())
    }

    async fn reveals(self: Arc<Self>, ids: Vec<ContactId>) -> Result<HashMap<ContactId, ()>> {
        phone_reveal::note((&self.database, &self.clock), &self.viewer, &ids).await?;
        Ok(HashMap::new())
    }

    async fn members(self: Arc<Self>, ids: Vec<MemberId>) -> Result<HashMap<MemberId, Arc<MemberRow>>> {
        Ok(shared(member::by_ids(self.database.reader(), self.viewer.workspace_id, &ids).await?))
    }

    async fn messages(self: Arc<Self>, ids: Vec<MessageId>) -> Result<HashMap<MessageId, Arc<MessageRow>>> {
        Ok(shared(message::by_ids(self.database.reader(), self.viewer.workspace_id, &ids).await?))
    }

    async fn channels(
        self: Arc<Self>,
        _ids: Vec<ChannelId>,
    ) -> Result<HashMap<ChannelId, Arc<channel_entity::Model>>> {
        let rows = channel::all(self.database.reader(), self.viewer.workspace_id).await?;
        Ok(shared(rows.into_iter().map(|row| (row.id, row))))
    }

    async fn teams(self: Arc<Self>, _ids: Vec<TeamId>) -> Result<HashMap<TeamId, Arc<team_entity::Model>>> {
        let rows = team::all(self.database.reader(), self.viewer.workspace_id).await?;
        Ok(shared(rows.into_iter().map(|row| (row.id, row))))
    }

    async fn grants(
        self: Arc<Self>,
        ids: Vec<MemberId>,
    ) -> Result<HashMap<MemberId, Arc<Vec<GrantWithRole>>>> {
        let workspace = self.viewer.workspace_id;
        let roles = role::all(self.database.reader(), workspace).await?;
        let mut held: HashMap<MemberId, Vec<GrantWithRole>> = HashMap::new();
        for row in role::grants_of(self.database.reader(), workspace, &ids, self.clock.now()).await? {
            if let Some(role) = roles.iter().find(|role| role.role.id == row.role_id) {
                held.entry(row.member_id).or_default().push((row, role.clone()));
            }
        }
        Ok(shared(held))
    }
}
