//! What a grant shall be instead, as a decision keeps it.

use portaria_entity::id::{ChannelId, RoleId, TeamId};
use portaria_entity::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::coverage::Names;
use super::snapshot::Moment;
use crate::access::Scope;
use crate::error::{Error, Result};

/// What a grant shall be instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    pub role_id: RoleId,
    pub scope: Scope,
    pub valid_until: Option<Timestamp>,
}

/// The same as it is kept, with what role and place were called.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WrittenTerms {
    pub role_id: RoleId,
    pub channel_id: Option<ChannelId>,
    pub team_id: Option<TeamId>,
    pub valid_until: Option<Moment>,
    /// None: it was decided before names were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_name: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub role_built_in: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_name: Option<String>,
}

impl WrittenTerms {
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(Error::internal)
    }

    /// What the role was called, or its id.
    pub fn role(&self) -> String {
        self.role_name.clone().unwrap_or_else(|| self.role_id.to_string())
    }

    /// What the number or team was called, or its id; empty for the whole workspace.
    pub fn place(&self) -> String {
        let id = || self.channel_id.map(|id| id.to_string()).or(self.team_id.map(|id| id.to_string()));
        self.scope_name.clone().or_else(id).unwrap_or_default()
    }
}

impl Terms {
    pub(super) fn to_json(self, names: &Names) -> Result<String> {
        let (channel_id, team_id) = self.scope.columns();
        let role = names.roles.get(&self.role_id);
        let written = WrittenTerms {
            role_id: self.role_id,
            channel_id,
            team_id,
            valid_until: self.valid_until.map(Moment),
            role_name: role.map(|(name, _)| name.clone()),
            role_built_in: role.is_some_and(|(_, built_in)| *built_in),
            scope_name: match self.scope {
                Scope::Workspace => None,
                Scope::Channel(id) => names.channels.get(&id).cloned(),
                Scope::Team(id) => names.teams.get(&id).cloned(),
            },
        };
        serde_json::to_string(&written).map_err(Error::internal)
    }

    pub fn from_json(text: &str) -> Result<Self> {
        let written = WrittenTerms::from_json(text)?;
        Ok(Self {
            role_id: written.role_id,
            scope: Scope::of_grant(written.channel_id, written.team_id),
            valid_until: written.valid_until.map(|until| until.0),
        })
    }
}
