//! Why somebody may do something, or may not; and what a refusal was about.

use async_graphql::{Context, Enum};
use portaria_domain::decision::Decision as DomainDecision;
use portaria_domain::explanation::{Explanation, Object, Question, explain};
use portaria_domain::permission::{Breadth, Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::grant::Grant;
use super::member::Member;
use super::permission::PermissionKey;
use super::role::Role;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// What comes of the question whether a member may do something.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_domain::explanation::Verdict")]
pub enum AccessVerdict {
    /// They may.
    Allowed,
    /// They may in a two-factor session that was authenticated within the last hour; or once they have set up the second
    /// factor that the workspace demands of them.
    AllowedWithTwoFactor,
    /// They may not.
    Denied,
}

/// What one grant does for the question.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_domain::explanation::GrantOutcome")]
pub enum GrantOutcome {
    /// It confers the permission there.
    Confers,
    /// Its role does not allow it.
    RoleLacksIt,
    /// The permission does not exist at so narrow a scope.
    TooNarrow,
    /// It holds for another number or team.
    Elsewhere,
    /// It has not begun.
    NotYet,
    /// It has ended.
    Ended,
}

/// How much of the conversation in question the member may see: what they hold counts only for what they see.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_domain::explanation::RowCondition")]
pub enum RowCondition {
    /// All of it.
    Whole,
    /// That it waits in the queue; little may be done before it is claimed.
    QueueOnly,
    /// Nothing.
    NotVisible,
}

pub struct AccessExplanation {
    explained: Explanation,
    own: bool,
}

impl AccessExplanation {
    /// Explains to a viewer who may know.
    pub async fn of(request: &Request, question: &Question) -> Result<Self> {
        let own = request.viewer()?.is_member(question.member_id);
        let database = &request.installation.database;
        Ok(Self { explained: explain(database.reader(), database, question).await?, own })
    }
}

/// Why a member may do something, or may not: role, grant, scope, condition.
#[guarded]
impl AccessExplanation {
    /// What was asked about.
    #[authenticated]
    fn permission(&self) -> PermissionKey {
        self.explained.permission.into()
    }

    /// Whether they may.
    #[authenticated]
    fn verdict(&self) -> AccessVerdict {
        self.explained.verdict.into()
    }

    /// Whether every active member has it without a grant.
    #[authenticated]
    fn basic(&self) -> bool {
        self.explained.permission.entry().breadth == Breadth::Basic
    }

    /// Whether it needs a fresh two-factor session.
    #[authenticated]
    fn sensitive(&self) -> bool {
        self.explained.permission.entry().sensitive
    }

    /// Whether they are an active member: who is not may do nothing.
    #[authenticated]
    fn member_active(&self) -> bool {
        self.explained.member_active
    }

    /// How much of the conversation or customer they may see; null when the question was about neither.
    #[authenticated]
    fn row_condition(&self) -> Option<RowCondition> {
        self.explained.row.map(Into::into)
    }

    /// Each grant they hold or held, and what it does here.
    #[authenticated]
    fn grants(&self) -> Vec<GrantExplanation> {
        let of =
            |(row, role, outcome): &(_, _, portaria_domain::explanation::GrantOutcome)| GrantExplanation {
                grant: Grant {
                    row: Clone::clone(row),
                    role: Role { row: Clone::clone(role), own: self.own },
                },
                outcome: (*outcome).into(),
            };
        self.explained.grants.iter().map(of).collect()
    }
}

pub struct GrantExplanation {
    grant: Grant,
    outcome: GrantOutcome,
}

/// What one grant does for a question.
#[guarded]
impl GrantExplanation {
    /// The grant, with its role and scope.
    #[authenticated]
    fn grant(&self) -> &Grant {
        &self.grant
    }

    /// What it does.
    #[authenticated]
    fn outcome(&self) -> GrantOutcome {
        self.outcome
    }
}

pub struct Decision(pub DomainDecision);

impl Subject for Decision {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }

    fn is_self(&self, viewer: &Viewer) -> bool {
        self.0.is_of(viewer)
    }
}

/// A refusal that was told under a `decisionId`.
#[guarded]
impl Decision {
    /// Who was refused. Null: an API key was.
    #[requires(RoleRead, or_self)]
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.0.member_id {
            Some(member) => Ok(Request::of(ctx).loaders()?.member(member).await?.map(Member)),
            None => Ok(None),
        }
    }

    /// Type and field, e.g. `Contact.phone`.
    #[requires(RoleRead, or_self)]
    fn field(&self) -> &str {
        &self.0.field
    }

    /// When it was.
    #[requires(RoleRead, or_self)]
    fn at(&self) -> DateTime {
        self.0.at.into()
    }

    /// For each permission that would have done: whether they hold it somewhere as of now, and why not. Empty for an API key:
    /// `apiKeys` tells its grants.
    #[requires(RoleRead, or_self)]
    async fn explanations(&self, ctx: &Context<'_>) -> Result<Vec<AccessExplanation>> {
        let request = Request::of(ctx);
        let mut all = Vec::new();
        let Some(member_id) = self.0.member_id else { return Ok(all) };
        for permission in self.0.any_of.iter().filter_map(|key| Permission::from_key(key)) {
            let question = Question {
                workspace_id: self.0.workspace_id,
                member_id,
                permission,
                object: Object::Anything,
                now: request.now,
            };
            all.push(AccessExplanation::of(request, &question).await?);
        }
        Ok(all)
    }
}
