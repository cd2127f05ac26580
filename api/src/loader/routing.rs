//! Batches reads about routing: labels, skills, targets, rules, hours, and what would be decided now.

use std::collections::HashMap;
use std::sync::Arc;

use portaria_domain::routing::setting::{self, TeamRouting};
use portaria_domain::routing::{Candidate, judge_now};
use portaria_domain::{label, target};
use portaria_entity::id::{ConversationId, EpisodeId, LabelId, MemberId, TeamId};
use portaria_entity::{episode, label as label_entity};

use super::{Source, reading, shared};
use crate::batch::Batch;
use crate::error::Result;

pub struct RoutingLoaders {
    labels: Batch<LabelId, Arc<label_entity::Model>>,
    marks: Batch<ConversationId, Arc<Vec<LabelId>>>,
    skills: Batch<MemberId, Arc<Vec<LabelId>>>,
    episodes: Batch<EpisodeId, Arc<episode::Model>>,
    judged: Batch<ConversationId, Arc<Vec<Candidate>>>,
    teams: Batch<TeamId, TeamRouting>,
}

impl RoutingLoaders {
    pub(super) fn new(source: &Arc<Source>) -> Self {
        Self {
            labels: reading(source, Source::labels),
            marks: reading(source, Source::marks),
            skills: reading(source, Source::skills),
            episodes: reading(source, Source::episodes),
            judged: reading(source, Source::judged),
            teams: reading(source, Source::team_routings),
        }
    }

    pub async fn label(&self, id: LabelId) -> Result<Option<Arc<label_entity::Model>>> {
        self.labels.load(id).await
    }

    /// What a conversation is marked with.
    pub async fn marks(&self, id: ConversationId) -> Result<Arc<Vec<LabelId>>> {
        Ok(self.marks.load(id).await?.unwrap_or_default())
    }

    /// What a member is good at.
    pub async fn skills(&self, id: MemberId) -> Result<Arc<Vec<LabelId>>> {
        Ok(self.skills.load(id).await?.unwrap_or_default())
    }

    pub async fn episode(&self, id: EpisodeId) -> Result<Option<Arc<episode::Model>>> {
        self.episodes.load(id).await
    }

    /// Everybody's verdict on a conversation that waits; none on one that does not.
    pub async fn judged(&self, id: ConversationId) -> Result<Option<Arc<Vec<Candidate>>>> {
        self.judged.load(id).await
    }

    /// How a team's conversations are routed.
    pub async fn of_team(&self, id: TeamId) -> Result<TeamRouting> {
        Ok(self.teams.load(id).await?.unwrap_or_default())
    }
}

impl Source {
    async fn labels(
        self: Arc<Self>,
        _ids: Vec<LabelId>,
    ) -> Result<HashMap<LabelId, Arc<label_entity::Model>>> {
        let rows = label::all(self.database.reader(), self.viewer.workspace_id).await?;
        Ok(shared(rows.into_iter().map(|row| (row.id, row))))
    }

    async fn marks(
        self: Arc<Self>,
        ids: Vec<ConversationId>,
    ) -> Result<HashMap<ConversationId, Arc<Vec<LabelId>>>> {
        let (reader, workspace) = (self.database.reader(), self.viewer.workspace_id);
        Ok(shared(label::of_conversations(reader, &self.database, workspace, &ids).await?))
    }

    async fn skills(self: Arc<Self>, _ids: Vec<MemberId>) -> Result<HashMap<MemberId, Arc<Vec<LabelId>>>> {
        let (reader, workspace) = (self.database.reader(), self.viewer.workspace_id);
        Ok(shared(label::of_members(reader, &self.database, workspace).await?))
    }

    async fn episodes(
        self: Arc<Self>,
        ids: Vec<EpisodeId>,
    ) -> Result<HashMap<EpisodeId, Arc<episode::Model>>> {
        let rows = target::episodes(self.database.reader(), self.viewer.workspace_id, &ids).await?;
        Ok(shared(rows.into_iter().map(|row| (row.id, row))))
    }

    async fn judged(
        self: Arc<Self>,
        ids: Vec<ConversationId>,
    ) -> Result<HashMap<ConversationId, Arc<Vec<Candidate>>>> {
        let (reader, workspace) = (self.database.reader(), self.viewer.workspace_id);
        let now = (&self.database, self.clock.now());
        Ok(shared(judge_now(reader, now, workspace, &ids).await?))
    }

    async fn team_routings(self: Arc<Self>, _ids: Vec<TeamId>) -> Result<HashMap<TeamId, TeamRouting>> {
        Ok(setting::of_teams(self.database.reader(), self.viewer.workspace_id).await?)
    }
}
