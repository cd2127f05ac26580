//! Findings of the auditor.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Enum, ID};
use jiff::tz::TimeZone;
use portaria_domain::api_key;
use portaria_domain::audit::finding::OpenFinding;
use portaria_domain::audit::finding::page::FindingCursor;
use portaria_domain::audit::people::People;
use portaria_domain::audit::rule::{self, Said};
use portaria_domain::audit::telling::{Teller, Told, instant};
use portaria_domain::language::{Language, Wall};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_domain::workspace;
use portaria_entity::finding::{FindingStatus as Status, Severity};
use portaria_entity::id::{ApiKeyId, FindingId, MemberId};
use portaria_entity::time::Timestamp;
use portaria_guard::guarded;
use uuid::Uuid;

use super::ability::FindingAbilities;
use super::api_key::ApiKey;
use super::channel::Channel;
use super::connection::{decode_cursor, encode_cursor};
use super::evidence::EvidenceFact;
use super::listed::{AuditRuleKey, ListedEnum};
use super::member::Member;
use super::time::DateTime;
use crate::error::{Problem, Result};
use crate::guard::Subject;
use crate::request::Request;

/// How soon somebody should act. Severer ones come first.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Severity")]
pub enum FindingSeverity {
    /// Now.
    Critical,
    /// Today.
    High,
    /// When there is time.
    Medium,
    /// Good to know.
    Low,
}

/// How a finding stands.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Status")]
pub enum FindingStatus {
    /// Nobody has said anything of it.
    Open,
    /// Somebody is at it.
    Acknowledged,
    /// Nothing is to be done about it until `dismissedUntil`, which the first audit after that looks at.
    Dismissed,
    /// Its cause is gone, or somebody says so (`resolvedBy`). It is open again when the cause returns.
    Resolved,
}

/// What can be done about a finding from the finding.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum FindingAction {
    /// Suspend the member, as `suspendMember`.
    SuspendMember,
    /// End the member's sessions, as `endMemberSessions`.
    EndSessions,
    /// Take the grants back that it is about, as `revokeGrant`. Needs `reason`.
    RevokeGrants,
    /// Let the grants that it is about end at `until`, as `changeGrant`; those that end before stay. Needs `reason`.
    ShortenGrants,
    /// End the API key, as `revokeApiKey`.
    RevokeApiKey,
    /// Ask the member by mail whether it was them, whether they still need it, or when they set a second factor up: once a day at most. The letter says nothing
    /// of what was seen, and has no links.
    AskMember,
}

impl FindingAction {
    /// The action that a rule suggests, if it is one.
    pub fn of(suggestion: rule::Suggestion) -> Option<Self> {
        Some(match suggestion {
            rule::Suggestion::SuspendMember => Self::SuspendMember,
            rule::Suggestion::EndSessions => Self::EndSessions,
            rule::Suggestion::RevokeGrants => Self::RevokeGrants,
            rule::Suggestion::ShortenGrants => Self::ShortenGrants,
            rule::Suggestion::RevokeApiKey => Self::RevokeApiKey,
            rule::Suggestion::AskMember => Self::AskMember,
            rule::Suggestion::LookAtSettings => return None,
        })
    }
}

impl From<FindingAction> for rule::Suggestion {
    fn from(action: FindingAction) -> Self {
        match action {
            FindingAction::SuspendMember => Self::SuspendMember,
            FindingAction::EndSessions => Self::EndSessions,
            FindingAction::RevokeGrants => Self::RevokeGrants,
            FindingAction::ShortenGrants => Self::ShortenGrants,
            FindingAction::RevokeApiKey => Self::RevokeApiKey,
            FindingAction::AskMember => Self::AskMember,
        }
    }
}

/// What it takes to tell the findings of one answer.
struct Reading {
    people: People,
    wall: Wall,
    /// The reader's own.
    language: Language,
    keys: HashMap<ApiKeyId, ApiKey>,
    now: Timestamp,
}

impl Reading {
    async fn of(request: &Request, rows: &[OpenFinding]) -> Result<Self> {
        let (reader, now) = (request.installation.database.reader(), request.now);
        let id = request.viewer()?.workspace_id;
        let company = workspace::find(reader, id).await?;
        let zone = TimeZone::get(&company.time_zone).map_err(portaria_domain::Error::internal)?;
        let people = People::of(reader, id, rows, now).await?;
        let about: Vec<ApiKeyId> = rows.iter().filter_map(|finding| finding.row.api_key_id).collect();
        let keys = match about.is_empty() {
            true => Vec::new(),
            false => api_key::all(reader, id).await?,
        };
        let keys: Vec<_> = keys.into_iter().filter(|key| about.contains(&key.id)).collect();
        let ids: Vec<ApiKeyId> = keys.iter().map(|key| key.id).collect();
        let keys = if keys.is_empty() { Vec::new() } else { ApiKey::all_of(request, keys).await? };
        Ok(Self {
            people: people.with_countries(request.installation.countries.clone()),
            wall: Wall::new(&zone, instant(now)),
            language: own_language(request, &company.locale).await?,
            keys: ids.into_iter().zip(keys).collect(),
            now,
        })
    }
}

/// The language of who asks; the workspace's for who has none.
pub async fn own_language(request: &Request, otherwise: &str) -> Result<Language> {
    let member = match request.viewer()?.member_id() {
        Some(id) => request.loaders()?.member(id).await?,
        None => None,
    };
    let own = member.as_ref().map(|row| row.user.locale.trim()).filter(|locale| !locale.is_empty());
    Ok(Language::from_tag(own.unwrap_or(otherwise)))
}

/// The language asked for, else the reader's own.
pub fn asked(locale: Option<&str>, own: Language) -> Language {
    locale.map_or(own, Language::from_tag)
}

pub struct Finding {
    finding: Arc<OpenFinding>,
    reading: Arc<Reading>,
}

impl Finding {
    /// Reads what it takes to tell some findings.
    pub async fn all_of(request: &Request, rows: Vec<OpenFinding>) -> Result<Vec<Self>> {
        let reading = Arc::new(Reading::of(request, &rows).await?);
        let told = |row| Self { finding: Arc::new(row), reading: reading.clone() };
        Ok(rows.into_iter().map(told).collect())
    }

    pub async fn one(request: &Request, row: OpenFinding) -> Result<Self> {
        Self::all_of(request, vec![row]).await?.pop().ok_or(Problem::Internal)
    }

    pub fn cursor(&self) -> String {
        encode_cursor(&[&self.finding.row.opened_at.0.to_be_bytes(), self.finding.row.id.0.as_bytes()])
    }

    fn said(&self, locale: Option<&str>) -> &'static Said {
        rule::of(self.finding.row.rule).said(asked(locale, self.reading.language))
    }

    fn told(&self, locale: Option<&str>) -> Told {
        let Reading { people, wall, language, now, .. } = &*self.reading;
        Teller { language: asked(locale, *language), wall, people, at: *now }.tell(&self.finding)
    }

    /// All facts, in words and in values.
    fn facts(&self, locale: Option<&str>) -> Vec<EvidenceFact> {
        let mut told = self.told(locale).facts;
        let facts = self.finding.evidence.facts().iter().enumerate();
        let with_words = facts.map(|(position, fact)| {
            let words = told.iter().position(|told| told.name == fact.name);
            EvidenceFact { position, fact: fact.clone(), told: words.map(|index| told.swap_remove(index)) }
        });
        with_words.collect()
    }

    /// Whether a fact tells of somebody what colleagues are not told without `member:read_private`: whatever was seen of a
    /// person does.
    fn is_private(&self, fact: &EvidenceFact) -> bool {
        self.finding.row.member_id.is_some() || fact.names_people()
    }
}

pub fn finding_cursor(cursor: &str) -> Result<FindingCursor> {
    let (at, id) = time_and_id(cursor)?;
    Ok((at, FindingId(id)))
}

/// What lists have as cursors that are ordered by time.
pub fn time_and_id(cursor: &str) -> Result<(Timestamp, Uuid)> {
    let bytes: [u8; 24] = decode_cursor(cursor)?;
    let (mut at, mut id) = ([0; 8], [0; 16]);
    at.copy_from_slice(&bytes[..8]);
    id.copy_from_slice(&bytes[8..]);
    Ok((Timestamp(i64::from_be_bytes(at)), Uuid::from_bytes(id)))
}

async fn member(ctx: &Context<'_>, id: Option<MemberId>) -> Result<Option<Member>> {
    match id {
        Some(id) => Ok(Request::of(ctx).loaders()?.member(id).await?.map(Member)),
        None => Ok(None),
    }
}

impl Subject for Finding {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// Something that the auditor saw and an administrator should look at: one for each cause, however often it is seen.
#[guarded]
impl Finding {
    /// Starts with `find_`.
    #[authenticated]
    async fn id(&self) -> ID {
        self.finding.row.id.into()
    }

    /// What the viewer may do with it now.
    #[authenticated]
    fn viewer_can(&self) -> FindingAbilities {
        FindingAbilities(self.finding.clone())
    }

    /// The rule that saw it.
    #[requires(AccessAuditRead)]
    fn rule(&self) -> AuditRuleKey {
        ListedEnum(self.finding.row.rule)
    }

    /// How soon somebody should act.
    #[requires(AccessAuditRead)]
    fn severity(&self) -> FindingSeverity {
        self.finding.row.severity.into()
    }

    /// How it stands.
    #[requires(AccessAuditRead)]
    fn status(&self) -> FindingStatus {
        self.finding.row.status.into()
    }

    /// What is the matter, in a line.
    #[requires(AccessAuditRead)]
    fn title(
        &self,
        #[graphql(desc = "BCP 47 tag: `pt-BR`, `en` or `es`. The reader's own language if not said.")] locale: Option<
            String,
        >,
    ) -> &str {
        self.said(locale.as_deref()).title
    }

    /// What was seen, in a sentence or two. Ages are told as of now.
    #[requires(MemberReadPrivate)]
    fn summary(
        &self,
        #[graphql(desc = "BCP 47 tag: `pt-BR`, `en` or `es`. The reader's own language if not said.")] locale: Option<
            String,
        >,
    ) -> String {
        self.told(locale.as_deref()).seen
    }

    /// Why it matters.
    #[requires(AccessAuditRead)]
    fn why(
        &self,
        #[graphql(desc = "BCP 47 tag: `pt-BR`, `en` or `es`. The reader's own language if not said.")] locale: Option<
            String,
        >,
    ) -> &str {
        self.said(locale.as_deref()).why
    }

    /// What to do.
    #[requires(AccessAuditRead)]
    fn advice(
        &self,
        #[graphql(desc = "BCP 47 tag: `pt-BR`, `en` or `es`. The reader's own language if not said.")] locale: Option<
            String,
        >,
    ) -> &str {
        self.said(locale.as_deref()).what_to_do
    }

    /// The facts about people: who, when they were there, from where and with what. All facts of a finding about a member are.
    #[requires(MemberReadPrivate)]
    fn private_evidence(
        &self,
        #[graphql(desc = "BCP 47 tag: `pt-BR`, `en` or `es`. The reader's own language if not said.")] locale: Option<
            String,
        >,
    ) -> Vec<EvidenceFact> {
        let facts = self.facts(locale.as_deref()).into_iter();
        facts.filter(|fact| self.is_private(fact)).collect()
    }

    /// The facts that tell nothing of anybody. The others are `privateEvidence`.
    #[requires(AccessAuditRead)]
    fn evidence(
        &self,
        #[graphql(desc = "BCP 47 tag: `pt-BR`, `en` or `es`. The reader's own language if not said.")] locale: Option<
            String,
        >,
    ) -> Vec<EvidenceFact> {
        let facts = self.facts(locale.as_deref()).into_iter();
        facts.filter(|fact| !self.is_private(fact)).collect()
    }

    /// The member that it is about; null when it is about none.
    #[requires(AccessAuditRead)]
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.finding.row.member_id).await
    }

    /// The API key that it is about; null when it is about none.
    #[requires(AccessAuditRead)]
    fn api_key(&self) -> Option<&ApiKey> {
        self.finding.row.api_key_id.and_then(|id| self.reading.keys.get(&id))
    }

    /// The number that it is about; null when it is about none.
    #[requires(AccessAuditRead)]
    async fn channel(&self, ctx: &Context<'_>) -> Result<Option<Channel>> {
        match self.finding.row.channel_id {
            Some(id) => Ok(Request::of(ctx).loaders()?.channel(id).await?.map(Channel)),
            None => Ok(None),
        }
    }

    /// What to do about it at once, with `takeFindingAction`; null when one click does not do it, or it is resolved.
    #[requires(AccessAuditRead)]
    fn suggested_action(&self) -> Option<FindingAction> {
        self.finding.suggested().and_then(FindingAction::of)
    }

    /// All that `takeFindingAction` can do about it. Whether the viewer may is `viewerCan { takeAction }`.
    #[requires(AccessAuditRead)]
    fn actions(&self) -> Vec<FindingAction> {
        self.finding.actions().into_iter().filter_map(FindingAction::of).collect()
    }

    /// When it was opened; the last time, if it was opened again. `findings` is in this order.
    #[requires(AccessAuditRead)]
    fn opened_at(&self) -> DateTime {
        self.finding.row.opened_at.into()
    }

    /// How often it was opened again.
    #[requires(AccessAuditRead)]
    fn reopened_count(&self) -> i32 {
        self.finding.row.reopened_count
    }

    /// When the auditor saw it last.
    #[requires(AccessAuditRead)]
    fn last_seen_at(&self) -> DateTime {
        self.finding.row.last_seen_at.into()
    }

    /// When somebody said that they are at it.
    #[requires(AccessAuditRead)]
    fn acknowledged_at(&self) -> Option<DateTime> {
        self.finding.row.acknowledged_at.map(Into::into)
    }

    /// Who is at it.
    #[requires(AccessAuditRead)]
    async fn acknowledged_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.finding.row.acknowledged_by).await
    }

    /// When it was dismissed.
    #[requires(AccessAuditRead)]
    fn dismissed_at(&self) -> Option<DateTime> {
        self.finding.row.dismissed_at.map(Into::into)
    }

    /// Who dismissed it.
    #[requires(AccessAuditRead)]
    async fn dismissed_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.finding.row.dismissed_by).await
    }

    /// Until when it is dismissed.
    #[requires(AccessAuditRead)]
    fn dismissed_until(&self) -> Option<DateTime> {
        self.finding.row.dismissed_until.map(Into::into)
    }

    /// Why it was dismissed.
    #[requires(AccessAuditRead)]
    fn dismissal_reason(&self) -> Option<&str> {
        self.finding.row.dismissal_reason.as_deref()
    }

    /// When its cause was gone, or somebody called it resolved.
    #[requires(AccessAuditRead)]
    fn resolved_at(&self) -> Option<DateTime> {
        self.finding.row.resolved_at.map(Into::into)
    }

    /// Who called it resolved; null when its cause was gone by itself.
    #[requires(AccessAuditRead)]
    async fn resolved_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.finding.row.resolved_by).await
    }

    /// When its member was asked by mail, the last time.
    #[requires(AccessAuditRead)]
    fn asked_at(&self) -> Option<DateTime> {
        self.finding.row.asked_at.map(Into::into)
    }

    /// Who asked.
    #[requires(AccessAuditRead)]
    async fn asked_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.finding.row.asked_by).await
    }
}
