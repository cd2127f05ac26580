//! What a finding was seen by: facts, in words and in values.

use async_graphql::{Context, Enum, ID};
use portaria_domain::audit::fact::{Fact, FactValue, FailuresOn, PermissionUse};
use portaria_domain::audit::telling::ToldFact;
use portaria_domain::device::Device;
use portaria_domain::harmless;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_entity::id::{ChannelId, MemberId};
use portaria_guard::guarded;

use super::channel::Channel;
use super::listed::{EvidenceFactName, ListedEnum};
use super::member::Member;
use super::permission::PermissionKey;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// Which fields of a fact have its value, beside `text`.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceFactKind {
    /// A point in time: `at`.
    Time,
    /// From `at` to `until`.
    Period,
    /// `number`.
    Number,
    /// So many days: `number`.
    Days,
    /// `isTrue`.
    Flag,
    /// Words that anybody may have chosen: `text`.
    Text,
    /// An internet address: the one of `addresses`.
    Address,
    /// `program` and `system`.
    Device,
    /// A sign-in, or as far as it came, or a use of the session that it opened: `at`, the one of `addresses`, `program`, `system`.
    SignIn,
    /// Addresses with the most failures, of `number` in all: `addresses`.
    Addresses,
    /// Accounts with the most failures, of `number` in all: `accounts`; and `foreignNumber` that are none of this workspace.
    Accounts,
    /// Some people of `number` in all, or one: `members`. None: who has the machine.
    Members,
    /// `objectIds` has the role.
    Role,
    /// `objectIds` has the grants.
    Grants,
    /// `channels`.
    Channels,
    /// `objectIds` has the team.
    Team,
    /// `objectIds` has the API key.
    ApiKey,
    /// `objectIds` has the Meta app.
    MetaApp,
    /// `permissions`, with when each was used last.
    Permissions,
    /// `hoursOfWeek`.
    HoursOfWeek,
    /// By what places were compared, in words: `text`.
    Comparison,
}

/// One fact.
pub struct EvidenceFact {
    pub position: usize,
    pub fact: Fact,
    pub told: Option<ToldFact>,
}

impl EvidenceFact {
    /// Whether it says who, or from where somebody came.
    pub fn names_people(&self) -> bool {
        match self.fact.value {
            FactValue::SignIn(_)
            | FactValue::Address(_)
            | FactValue::Addresses { .. }
            | FactValue::Device(_)
            | FactValue::Accounts { .. }
            | FactValue::Member(_)
            | FactValue::Members { .. } => true,
            FactValue::At(_)
            | FactValue::During { .. }
            | FactValue::Number(_)
            | FactValue::Days(_)
            | FactValue::Is(_)
            | FactValue::Text(_)
            | FactValue::Role(_)
            | FactValue::Grants(_)
            | FactValue::Channel(_)
            | FactValue::Channels(_)
            | FactValue::Team(_)
            | FactValue::ApiKey(_)
            | FactValue::MetaApp(_)
            | FactValue::Permissions(_)
            | FactValue::HoursOfWeek(_)
            | FactValue::Basis(_) => false,
        }
    }

    fn user_agent(&self) -> Option<Device> {
        match &self.fact.value {
            FactValue::Device(user_agent) => Some(Device::from_user_agent(user_agent)),
            FactValue::SignIn(sign_in) => Some(Device::from_user_agent(&sign_in.user_agent)),
            _ => None,
        }
    }
}

impl Subject for EvidenceFact {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// A fact of a finding's evidence. What is in `text` is made harmless: one line, no links; still show it as text.
#[guarded]
impl EvidenceFact {
    /// Where it stands among all facts of the finding, from 0: `evidence` and `privateEvidence` in one order.
    #[requires(AccessAuditRead)]
    fn position(&self) -> i32 {
        i32::try_from(self.position).unwrap_or(i32::MAX)
    }

    /// What it says.
    #[requires(AccessAuditRead)]
    fn name(&self) -> EvidenceFactName {
        ListedEnum(self.fact.name)
    }

    /// As a label before the value, in the language asked for. Null where the finding's `summary` has it in a sentence.
    #[requires(AccessAuditRead)]
    fn label(&self) -> Option<&str> {
        self.told.as_ref().map(|told| told.label)
    }

    /// The value in words, in the language asked for and by the workspace's clock. Null where there is no `label`.
    #[requires(AccessAuditRead)]
    fn text(&self) -> Option<&str> {
        self.told.as_ref().map(|told| told.value.as_str())
    }

    /// Which of the fields below have the value.
    #[requires(AccessAuditRead)]
    fn kind(&self) -> EvidenceFactKind {
        match self.fact.value {
            FactValue::At(_) => EvidenceFactKind::Time,
            FactValue::During { .. } => EvidenceFactKind::Period,
            FactValue::Number(_) => EvidenceFactKind::Number,
            FactValue::Days(_) => EvidenceFactKind::Days,
            FactValue::Is(_) => EvidenceFactKind::Flag,
            FactValue::Text(_) => EvidenceFactKind::Text,
            FactValue::Address(_) => EvidenceFactKind::Address,
            FactValue::Device(_) => EvidenceFactKind::Device,
            FactValue::SignIn(_) => EvidenceFactKind::SignIn,
            FactValue::Addresses { .. } => EvidenceFactKind::Addresses,
            FactValue::Accounts { .. } => EvidenceFactKind::Accounts,
            FactValue::Member(_) | FactValue::Members { .. } => EvidenceFactKind::Members,
            FactValue::Role(_) => EvidenceFactKind::Role,
            FactValue::Grants(_) => EvidenceFactKind::Grants,
            FactValue::Channel(_) | FactValue::Channels(_) => EvidenceFactKind::Channels,
            FactValue::Team(_) => EvidenceFactKind::Team,
            FactValue::ApiKey(_) => EvidenceFactKind::ApiKey,
            FactValue::MetaApp(_) => EvidenceFactKind::MetaApp,
            FactValue::Permissions(_) => EvidenceFactKind::Permissions,
            FactValue::HoursOfWeek(_) => EvidenceFactKind::HoursOfWeek,
            FactValue::Basis(_) => EvidenceFactKind::Comparison,
        }
    }

    /// Hours of the week, from 0: Monday from midnight to one o'clock, by the workspace's clock.
    #[requires(AccessAuditRead)]
    fn hours_of_week(&self) -> Option<Vec<i32>> {
        match &self.fact.value {
            FactValue::HoursOfWeek(hours) => {
                Some(hours.iter().filter_map(|hour| i32::try_from(*hour).ok()).collect())
            }
            _ => None,
        }
    }

    /// When, or from when.
    #[requires(AccessAuditRead)]
    fn at(&self) -> Option<DateTime> {
        match &self.fact.value {
            FactValue::At(at) | FactValue::During { from: at, .. } => Some((*at).into()),
            FactValue::SignIn(sign_in) => Some(sign_in.at.into()),
            _ => None,
        }
    }

    /// Until when.
    #[requires(AccessAuditRead)]
    fn until(&self) -> Option<DateTime> {
        match &self.fact.value {
            FactValue::During { to, .. } => Some((*to).into()),
            _ => None,
        }
    }

    /// How many.
    #[requires(AccessAuditRead)]
    fn number(&self) -> Option<i64> {
        match &self.fact.value {
            FactValue::Number(number) | FactValue::Days(number) => Some(*number),
            FactValue::Addresses { count, .. }
            | FactValue::Accounts { count, .. }
            | FactValue::Members { count, .. } => Some(*count),
            _ => None,
        }
    }

    /// How many accounts beside them are none of this workspace.
    #[requires(AccessAuditRead)]
    fn foreign_number(&self) -> Option<i64> {
        match &self.fact.value {
            FactValue::Accounts { foreign, .. } => Some(*foreign),
            _ => None,
        }
    }

    /// Whether it is so.
    #[requires(AccessAuditRead)]
    fn is_true(&self) -> Option<bool> {
        match &self.fact.value {
            FactValue::Is(is) => Some(*is),
            _ => None,
        }
    }

    /// The program that was used, as far as it said: as in `OpenSession.program`.
    #[requires(AccessAuditRead)]
    fn program(&self) -> Option<&str> {
        self.user_agent().and_then(|device| device.program)
    }

    /// What that runs on: as in `OpenSession.system`.
    #[requires(AccessAuditRead)]
    fn system(&self) -> Option<&str> {
        self.user_agent().and_then(|device| device.system)
    }

    /// Internet addresses.
    #[requires(MemberReadPrivate)]
    fn addresses(&self) -> Option<Vec<EvidenceAddress>> {
        let one = |address: &str| Some(vec![EvidenceAddress { address: address.to_owned(), failures: None }]);
        match &self.fact.value {
            FactValue::Address(address) => one(address),
            FactValue::SignIn(sign_in) => one(&sign_in.address),
            FactValue::Addresses { named, .. } => {
                let from = named.iter().map(|from| EvidenceAddress {
                    address: from.address.clone(),
                    failures: Some(from.failures),
                });
                Some(from.collect())
            }
            _ => None,
        }
    }

    /// Accounts of the workspace's people.
    #[requires(MemberReadPrivate)]
    fn accounts(&self) -> Option<Vec<EvidenceAccount>> {
        match &self.fact.value {
            FactValue::Accounts { named, .. } => Some(named.iter().cloned().map(EvidenceAccount).collect()),
            _ => None,
        }
    }

    /// People of the workspace.
    #[requires(MemberReadPrivate)]
    async fn members(&self, ctx: &Context<'_>) -> Result<Option<Vec<Member>>> {
        let ids: Vec<MemberId> = match &self.fact.value {
            FactValue::Member(member) => member.iter().copied().collect(),
            FactValue::Members { named, .. } => named.clone(),
            _ => return Ok(None),
        };
        let loaders = Request::of(ctx).loaders()?;
        let mut members = Vec::new();
        for id in ids {
            members.extend(loaders.member(id).await?.map(Member));
        }
        Ok(Some(members))
    }

    /// Phone numbers of the workspace.
    #[requires(AccessAuditRead)]
    async fn channels(&self, ctx: &Context<'_>) -> Result<Option<Vec<Channel>>> {
        let ids: Vec<ChannelId> = match &self.fact.value {
            FactValue::Channel(channel) => vec![*channel],
            FactValue::Channels(channels) => channels.clone(),
            _ => return Ok(None),
        };
        let loaders = Request::of(ctx).loaders()?;
        let mut channels = Vec::new();
        for id in ids {
            channels.extend(loaders.channel(id).await?.map(Channel));
        }
        Ok(Some(channels))
    }

    /// Permissions that are held.
    #[requires(AccessAuditRead)]
    fn permissions(&self) -> Option<Vec<EvidencePermission>> {
        match &self.fact.value {
            FactValue::Permissions(uses) => {
                let known = |used: &PermissionUse| {
                    let permission = Permission::from_key(&used.permission)?;
                    Some(EvidencePermission { permission, used: used.clone() })
                };
                Some(uses.iter().filter_map(known).collect())
            }
            _ => None,
        }
    }

    /// Ids of other things: of a role, of grants, of a team, an API key or a Meta app. One may be gone.
    #[requires(AccessAuditRead)]
    fn object_ids(&self) -> Option<Vec<ID>> {
        match &self.fact.value {
            FactValue::Role(role) => Some(vec![(*role).into()]),
            FactValue::Grants(grants) => Some(grants.iter().map(|grant| (*grant).into()).collect()),
            FactValue::Team(team) => Some(vec![(*team).into()]),
            FactValue::ApiKey(key) => Some(vec![(*key).into()]),
            FactValue::MetaApp(app) => Some(vec![(*app).into()]),
            _ => None,
        }
    }
}

pub struct EvidenceAddress {
    address: String,
    failures: Option<i64>,
}

impl Subject for EvidenceAddress {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// An internet address in evidence.
#[guarded]
impl EvidenceAddress {
    /// The address, or the network of an IPv6 one where that is what counts (`2001:db8::/64`); empty for the machine itself.
    #[requires(MemberReadPrivate)]
    fn address(&self) -> String {
        if self.address.is_empty() { String::new() } else { harmless::address(&self.address) }
    }

    /// In which country it is: as in `OpenSession.country`.
    #[requires(MemberReadPrivate)]
    fn country(&self, ctx: &Context<'_>) -> Option<String> {
        let country = Request::of(ctx).installation.countries.of(&self.address);
        country.map(|country| country.code().to_owned())
    }

    /// How many attempts failed from there; null where that is not what it is about.
    #[requires(MemberReadPrivate)]
    fn failures(&self) -> Option<i64> {
        self.failures
    }
}

pub struct EvidenceAccount(FailuresOn);

impl Subject for EvidenceAccount {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// Somebody's account in evidence.
#[guarded]
impl EvidenceAccount {
    /// Whose it is.
    #[requires(MemberReadPrivate)]
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        Ok(Request::of(ctx).loaders()?.member(self.0.member_id).await?.map(Member))
    }

    /// How many attempts failed on it.
    #[requires(MemberReadPrivate)]
    fn failures(&self) -> i64 {
        self.0.failures
    }
}

pub struct EvidencePermission {
    permission: Permission,
    used: PermissionUse,
}

impl Subject for EvidencePermission {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// A permission in evidence.
#[guarded]
impl EvidencePermission {
    /// Which one.
    #[requires(AccessAuditRead)]
    fn permission(&self) -> PermissionKey {
        self.permission.into()
    }

    /// When it was used last, to the day; null when never, as far as that is recorded.
    #[requires(AccessAuditRead)]
    fn last_used_at(&self) -> Option<DateTime> {
        self.used.last_used_at.map(Into::into)
    }
}
