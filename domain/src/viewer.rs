//! Who asks: a member in a session, or an API key. Resolved once per request from its token; kept for as long as nothing about it can have changed.

mod cache;

use std::sync::Arc;
use std::time::Duration;

use portaria_entity::id::{ApiKeyId, ChannelId, MemberId, SessionId, TeamId, UserId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, QueryResult};

use crate::access::{Access, EffectiveGrant, Scope};
use crate::api_key::Networks;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::grant::role_permissions;
use crate::permission::{Permission, PermissionSet};
use crate::permission_use::{Recorder, Uses, Whose};
use crate::second_factor::{Factors, StepUp};
use crate::session::usage::Opened;
use crate::session_policy::SessionPolicy;
use crate::token::TokenHash;

pub use cache::{Use, ViewerCache};

/// How long an authentication counts as fresh for what is sensitive.
const STEP_UP_WINDOW: Duration = Duration::from_secs(60 * 60);

/// The latest time that is not fresh any more.
pub(crate) fn no_longer_fresh(now: Timestamp) -> Timestamp {
    now - STEP_UP_WINDOW - Duration::from_secs(1)
}

/// Who it is.
#[derive(Clone, Copy, Debug)]
pub enum Principal {
    Member(MemberSession),
    ApiKey(ApiKeyId),
}

/// A member of a workspace in an open session.
#[derive(Clone, Copy, Debug)]
pub struct MemberSession {
    pub member_id: MemberId,
    pub user_id: UserId,
    pub session_id: SessionId,
    /// By which token they ask.
    pub token: TokenHash,
    /// Whether a second factor was given when they last proved who they are.
    pub second_factor: bool,
    pub authenticated_at: Timestamp,
    /// By what else than a password they can prove it.
    pub factors: Factors,
    /// Whether the workspace demands a second factor of them.
    pub second_factor_demanded: bool,
    /// Whether what they proved counts in this workspace alone.
    pub confined: bool,
    /// After so long without use the session ends.
    pub idle: Duration,
}

impl MemberSession {
    /// Whether a second factor is demanded that this session has not shown: until it has, it opens nothing else.
    pub fn is_barred(&self) -> bool {
        self.second_factor_demanded && !self.second_factor
    }

    /// Whether the person proved within the last hour who they are.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.authenticated_at) <= STEP_UP_WINDOW
    }

    /// Whether what is sensitive may be used at `now`.
    pub fn is_stepped_up(&self, now: Timestamp) -> bool {
        self.second_factor && self.is_fresh(now)
    }

    /// Until when the session may use sensitive permissions; none when no second factor was given.
    pub fn stepped_up_until(&self) -> Option<Timestamp> {
        self.second_factor.then(|| self.authenticated_at + STEP_UP_WINDOW)
    }
}

/// A principal of a workspace with what it may do.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub workspace_id: WorkspaceId,
    pub principal: Principal,
    pub access: Access,
    pub expires_at: Timestamp,
    /// From which address they ask just now, where that is known.
    pub address: Option<Arc<str>>,
    /// Where an API key may be used from.
    pub networks: Networks,
    /// Where it is noted what they use.
    uses: Arc<Uses>,
    /// Where a session was opened, as far as that is known.
    opened: Option<Arc<Opened>>,
}

impl Viewer {
    /// The same viewer, asking from an address.
    pub fn asking_from(&self, address: &str) -> Self {
        let address = (!address.is_empty()).then(|| address.into());
        Self { address, ..self.clone() }
    }

    /// The address as the activity log keeps it.
    pub fn stated_address(&self) -> Option<String> {
        self.address.as_deref().map(str::to_owned)
    }

    /// The person's session. Refuses an API key.
    pub fn session(&self) -> Result<&MemberSession> {
        match &self.principal {
            Principal::Member(session) => Ok(session),
            Principal::ApiKey(_) => Err(Error::PersonRequired),
        }
    }

    pub fn member_id(&self) -> Option<MemberId> {
        self.session().ok().map(|session| session.member_id)
    }

    pub fn api_key_id(&self) -> Option<ApiKeyId> {
        match self.principal {
            Principal::Member(_) => None,
            Principal::ApiKey(key) => Some(key),
        }
    }

    /// Whether it has lain idle for too long, when it was last used then. A key may.
    fn is_idle(&self, last_used_at: Timestamp, now: Timestamp) -> bool {
        self.session().is_ok_and(|session| now.since(last_used_at) >= session.idle)
    }

    pub fn is_member(&self, member: MemberId) -> bool {
        self.member_id() == Some(member)
    }

    /// Whether sensitive permissions may be used at `now`. By an API key never: it holds none.
    pub fn is_stepped_up(&self, now: Timestamp) -> bool {
        self.session().is_ok_and(|session| session.is_stepped_up(now))
    }

    /// Whether the workspace demands a second factor that the session has not shown.
    pub fn is_barred(&self) -> bool {
        self.session().is_ok_and(MemberSession::is_barred)
    }

    /// That a second factor is needed for this.
    pub fn step_up_required(&self, any_of: PermissionSet) -> Error {
        let factors = self.session().map(|session| session.factors).unwrap_or_default();
        Error::StepUpRequired { any_of, step_up: StepUp { factors, demanded: self.is_barred() } }
    }

    /// Refuses unless one of the permissions is held in `held`, and usable by this session when it is sensitive. That it is, counts as a use
    /// of it: who only wants to know asks [`Self::ask`].
    pub fn require(&self, held: PermissionSet, any_of: PermissionSet, now: Timestamp) -> Result<()> {
        self.note_use(self.ask(held, any_of, now)?);
        Ok(())
    }

    /// The same question without a use. Answers by which of them: of several, the one that the most roles have.
    pub fn ask(&self, held: PermissionSet, any_of: PermissionSet, now: Timestamp) -> Result<PermissionSet> {
        if self.is_barred() {
            return Err(self.step_up_required(any_of));
        }
        let matching = held.intersection(any_of);
        if matching.is_empty() {
            return Err(Error::Forbidden { any_of });
        }
        let plain = matching.without(PermissionSet::SENSITIVE);
        if !plain.is_empty() {
            return Ok(plain.commonest());
        }
        if self.is_stepped_up(now) { Ok(matching.commonest()) } else { Err(self.step_up_required(matching)) }
    }

    /// Takes note that these made the difference.
    pub fn note_use(&self, used: PermissionSet) {
        self.uses.note(used);
    }

    /// Refuses unless the permission is held for the whole workspace. A use of it, too.
    pub fn require_everywhere(&self, permission: Permission, now: Timestamp) -> Result<()> {
        self.require(self.access.everywhere(), PermissionSet::of(&[permission]), now)
    }

    /// The same question without a use.
    pub fn ask_everywhere(&self, permission: Permission, now: Timestamp) -> Result<PermissionSet> {
        self.ask(self.access.everywhere(), PermissionSet::of(&[permission]), now)
    }
}

/// One statement: the session, its member's grants with their roles' permissions, their teams, and how they stand with
/// second factors; or the key and its grants. A workspace without a policy, which there is not, would demand one.
const LOAD: &str = "
SELECT s.workspace_id, s.id, s.user_id, s.member_id, s.second_factor, s.authenticated_at, s.expires_at, w.access_epoch,
       g.channel_id, g.team_id, g.valid_from, g.valid_until, r.built_in, p.permission, CAST(NULL AS UUID) AS member_of, CAST(NULL AS UUID) AS api_key_id,
       s.created_at, s.last_used_at, l.idle_minutes, l.lifetime_minutes, CAST(NULL AS TEXT) AS allowed_addresses,
       CAST(NULL AS BIGINT) AS standing, s.confined, CAST(NULL AS UUID) AS bot_id,
       CAST(NULL AS TEXT) AS address, CAST(NULL AS TEXT) AS user_agent
FROM sessions s
JOIN members m ON m.workspace_id = s.workspace_id AND m.id = s.member_id AND m.status = 'active'
JOIN workspaces w ON w.id = s.workspace_id
LEFT JOIN session_policies l ON l.workspace_id = s.workspace_id
LEFT JOIN grants g ON g.workspace_id = s.workspace_id AND g.member_id = s.member_id AND g.closed_at IS NULL
     AND (g.valid_until IS NULL OR g.valid_until > $2)
LEFT JOIN roles r ON r.workspace_id = g.workspace_id AND r.id = g.role_id
LEFT JOIN role_permissions p ON p.workspace_id = r.workspace_id AND p.role_id = r.id
WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2
UNION ALL
SELECT s.workspace_id, s.id, s.user_id, s.member_id, s.second_factor, s.authenticated_at, s.expires_at, 0,
       NULL, NULL, NULL, NULL, NULL, NULL, t.team_id, NULL, s.created_at, s.last_used_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM sessions s JOIN team_members t ON t.workspace_id = s.workspace_id AND t.member_id = s.member_id
WHERE s.token_hash = $1
UNION ALL
SELECT s.workspace_id, s.id, s.user_id, s.member_id, s.second_factor, s.authenticated_at, s.expires_at, 0,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, s.created_at, s.last_used_at, NULL, NULL, NULL,
       CASE WHEN EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = s.user_id AND f.confirmed_at IS NOT NULL) THEN 1 ELSE 0 END
       + CASE WHEN EXISTS (SELECT 1 FROM passkeys k WHERE k.user_id = s.user_id) THEN 2 ELSE 0 END
       + CASE WHEN EXISTS (SELECT 1 FROM recovery_codes c WHERE c.user_id = s.user_id AND c.used_at IS NULL) THEN 4 ELSE 0 END
       + CASE WHEN COALESCE(y.second_factor, 'everyone') = 'everyone' OR y.second_factor = 'roles' AND EXISTS (
             SELECT 1 FROM grants g
             JOIN security_policy_roles r ON r.workspace_id = g.workspace_id AND r.role_id = g.role_id
             WHERE g.workspace_id = s.workspace_id AND g.member_id = s.member_id AND g.closed_at IS NULL
               AND g.valid_from <= $2 AND (g.valid_until IS NULL OR g.valid_until > $2)) THEN 8 ELSE 0 END,
       NULL, NULL, s.address, s.user_agent
FROM sessions s LEFT JOIN security_policies y ON y.workspace_id = s.workspace_id
WHERE s.token_hash = $1
UNION ALL
SELECT k.workspace_id, NULL, NULL, NULL, NULL, NULL,
       CASE WHEN k.token_hash = $1 THEN k.expires_at ELSE k.previous_ends_at END, w.access_epoch,
       g.channel_id, g.team_id, g.created_at, k.expires_at, r.built_in, p.permission, NULL, k.id,
       k.created_at, k.created_at, NULL, NULL, k.allowed_addresses, NULL, NULL, b.id, NULL, NULL
FROM api_keys k
LEFT JOIN bots b ON b.workspace_id = k.workspace_id AND b.api_key_id = k.id AND b.disconnected_at IS NULL
JOIN workspaces w ON w.id = k.workspace_id
LEFT JOIN api_key_grants g ON g.workspace_id = k.workspace_id AND g.api_key_id = k.id AND g.closed_at IS NULL
LEFT JOIN roles r ON r.workspace_id = g.workspace_id AND r.id = g.role_id
LEFT JOIN role_permissions p ON p.workspace_id = r.workspace_id AND p.role_id = r.id
WHERE (k.token_hash = $1 OR k.previous_token_hash = $1 AND k.previous_ends_at > $2)
  AND k.revoked_at IS NULL AND k.expires_at > $2";

/// A viewer as it was read.
struct Loaded {
    viewer: Viewer,
    epoch: i64,
    last_used_at: Timestamp,
}

/// In the number that tells how somebody stands with second factors: the workspace demands one of them.
const DEMANDED: i64 = 8;

/// Reads the viewer behind a token; `None` when there is no open session of an active member.
async fn load(
    (database, recorder): (&Database, &Recorder),
    token: TokenHash,
    now: Timestamp,
) -> Result<Option<Loaded>> {
    let statement = database.statement(LOAD, [token.to_vec().into(), now.0.into()]);
    let rows = database.reader().query_all_raw(statement).await?;
    let mut grants = Vec::new();
    let mut member_of = Vec::new();
    let mut found = None;
    // Nobody's: no factor, and one demanded.
    let mut standing = DEMANDED;
    let mut opened = None;
    for row in &rows {
        let team = row.try_get_by_index::<Option<TeamId>>(14)?;
        match (team, row.try_get_by_index::<Option<i64>>(21)?) {
            (Some(team), _) => member_of.push(team),
            (None, Some(read)) => {
                standing = read;
                opened = Opened::from(row.try_get_by_index(24)?, row.try_get_by_index(25)?).map(Arc::new);
            }
            (None, None) => {
                found = Some(row);
                grants.extend(effective_grant(row)?);
            }
        }
    }
    let Some(row) = found else { return Ok(None) };
    let mut expires_at: Timestamp = row.try_get_by_index(6)?;
    let principal = match row.try_get_by_index::<Option<ApiKeyId>>(15)? {
        Some(key) => {
            for grant in &mut grants {
                *grant = grant.of_api_key();
            }
            Principal::ApiKey(key)
        }
        None => {
            let policy = SessionPolicy::of_columns(row.try_get_by_index(18)?, row.try_get_by_index(19)?);
            // A lifetime that was shortened since holds for it too.
            expires_at = expires_at.min(row.try_get_by_index::<Timestamp>(16)? + policy.lifetime());
            Principal::Member(MemberSession {
                session_id: row.try_get_by_index(1)?,
                token,
                user_id: row.try_get_by_index(2)?,
                member_id: row.try_get_by_index(3)?,
                second_factor: row.try_get_by_index(4)?,
                authenticated_at: row.try_get_by_index(5)?,
                factors: Factors {
                    authenticator_app: standing & 1 != 0,
                    passkey: standing & 2 != 0,
                    recovery_code: standing & 4 != 0,
                },
                second_factor_demanded: standing & DEMANDED != 0,
                confined: row.try_get_by_index(22)?,
                idle: policy.idle(),
            })
        }
    };
    let member_id = match principal {
        Principal::Member(session) => Some(session.member_id),
        Principal::ApiKey(_) => None,
    };
    let addresses: Option<String> = row.try_get_by_index(20)?;
    let workspace_id = row.try_get_by_index(0)?;
    let whose = match principal {
        Principal::Member(session) => Whose::Member(session.member_id),
        Principal::ApiKey(key) => Whose::ApiKey(key),
    };
    let mut viewer = Viewer {
        workspace_id,
        principal,
        expires_at,
        access: Access::new(member_id, grants, member_of, now).of_bot(row.try_get_by_index(23)?),
        address: None,
        networks: Networks::stored(&addresses.unwrap_or_default()),
        uses: recorder.of(workspace_id, whose),
        opened,
    };
    if viewer.is_barred() {
        viewer.access = viewer.access.withheld();
    }
    let (epoch, last_used_at) = (row.try_get_by_index(7)?, row.try_get_by_index(17)?);
    Ok(Some(Loaded { viewer, epoch, last_used_at }))
}

fn effective_grant(row: &QueryResult) -> Result<Option<EffectiveGrant>> {
    let Some(valid_from) = row.try_get_by_index::<Option<Timestamp>>(10)? else { return Ok(None) };
    let scope = Scope::of_grant(
        row.try_get_by_index::<Option<ChannelId>>(8)?,
        row.try_get_by_index::<Option<TeamId>>(9)?,
    );
    let permissions = role_permissions(row.try_get_by_index(12)?, row.try_get_by_index(13)?)?;
    Ok(Some(EffectiveGrant { scope, permissions, valid_from, valid_until: row.try_get_by_index(11)? }))
}
