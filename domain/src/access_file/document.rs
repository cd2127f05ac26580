//! The file itself: TOML, names instead of ids, in a stable order.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::permission::{Permission, PermissionSet};

/// What a file can be whole for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Roles,
    Teams,
    Grants,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub manages: BTreeSet<Kind>,
    #[serde(default, rename = "role", skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleEntry>,
    #[serde(default, rename = "team", skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<TeamEntry>,
    #[serde(default, rename = "grant", skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<GrantEntry>,
}

/// A custom role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleEntry {
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// Keys such as `contact:read_phone`.
    pub permissions: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamEntry {
    pub name: String,
    /// E-mail addresses.
    #[serde(default)]
    pub members: BTreeSet<String>,
    /// Names of the phone numbers that it serves.
    #[serde(default)]
    pub channels: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantEntry {
    /// E-mail address.
    pub member: String,
    pub role: String,
    /// On this phone number only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// For this team's conversations only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// RFC 3339. Not said: from when it is applied, or has been in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// RFC 3339. Not said: until it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    pub reason: String,
}

impl RoleEntry {
    pub fn set(&self) -> Result<PermissionSet> {
        self.permissions
            .iter()
            .map(|key| {
                Permission::from_key(key).ok_or_else(|| {
                    Error::BadInput(format!("role {:?}: there is no permission {key:?}", self.name))
                })
            })
            .collect()
    }
}

impl Document {
    /// Reads a file. What it does not know it refuses, with the line.
    pub fn parse(text: &str) -> Result<Self> {
        let document: Self = toml::from_str(text).map_err(|error| Error::BadInput(error.to_string()))?;
        document.check()?;
        Ok(document)
    }

    fn check(&self) -> Result<()> {
        for (kind, name, empty) in [
            (Kind::Roles, "role", self.roles.is_empty()),
            (Kind::Teams, "team", self.teams.is_empty()),
            (Kind::Grants, "grant", self.grants.is_empty()),
        ] {
            if !empty && !self.manages.contains(&kind) {
                return Err(Error::BadInput(format!(
                    "there is a [[{name}]], but `manages` does not name its kind"
                )));
            }
        }
        let roles = self.roles.iter().map(|role| ("role", &role.name));
        let teams = self.teams.iter().map(|team| ("team", &team.name));
        let mut seen = BTreeSet::new();
        for (kind, name) in roles.chain(teams) {
            if name.trim() != name || name.is_empty() {
                return Err(Error::BadInput(format!("a {kind} has no name, or space around it: {name:?}")));
            }
            if !seen.insert((kind, name)) {
                return Err(Error::BadInput(format!("the {kind} {name:?} is there twice")));
            }
        }
        for role in &self.roles {
            role.set()?;
        }
        for grant in &self.grants {
            if grant.channel.is_some() && grant.team.is_some() {
                let who = &grant.member;
                return Err(Error::BadInput(format!("a grant to {who} names both a channel and a team")));
            }
        }
        Ok(())
    }

    pub fn to_toml(&self) -> Result<String> {
        toml::to_string_pretty(self).map_err(Error::internal)
    }
}
