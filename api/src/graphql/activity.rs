//! The activity log: who did what.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::activity::{Activity as Row, ActivityCursor, ActivityFilter};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::id::ActivityId;
use portaria_guard::guarded;
use uuid::Uuid;

use super::connection::{decode_cursor, encode_cursor};
use super::id::parse_optional;
use super::member::Member;
use super::time::DateTime;
use crate::error::{Problem, Result};
use crate::guard::Subject;
use crate::request::Request;

/// Which activities are wanted. What is not said does not narrow.
#[derive(InputObject, Default)]
pub struct ActivityFilterInput {
    /// Only what this member did (`mem_...`).
    member_id: Option<ID>,
    /// Only what this API key did (`key_...`).
    api_key_id: Option<ID>,
    /// Only what a directory did with this credential (`dir_...`).
    directory_credential_id: Option<ID>,
    /// Only this action, such as `grant.made`; with a dot at the end all of a kind, such as `grant.`.
    action: Option<String>,
    /// Only what was done to this, by its id.
    subject: Option<String>,
    /// From then on.
    from: Option<DateTime>,
    /// Before then.
    until: Option<DateTime>,
}

impl TryFrom<ActivityFilterInput> for ActivityFilter {
    type Error = Problem;

    fn try_from(input: ActivityFilterInput) -> Result<Self> {
        Ok(Self {
            member_id: parse_optional(input.member_id.as_ref())?,
            api_key_id: parse_optional(input.api_key_id.as_ref())?,
            directory_id: parse_optional(input.directory_credential_id.as_ref())?,
            action: input.action,
            subject: input.subject,
            from: input.from.map(|at| at.0),
            until: input.until.map(|at| at.0),
        })
    }
}

pub struct Activity(pub Row);

impl Activity {
    pub fn cursor(&self) -> String {
        encode_cursor(&[self.0.row.id.0.as_bytes()])
    }
}

pub fn activity_cursor(cursor: &str) -> Result<ActivityCursor> {
    let bytes: [u8; 16] = decode_cursor(cursor)?;
    Ok(ActivityId(Uuid::from_bytes(bytes)))
}

impl Subject for Activity {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// Something that was done, as the activity log keeps it: never altered, and sealed into a chain.
#[guarded]
impl Activity {
    /// Starts with `act_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.row.id.into()
    }

    /// When.
    #[requires(AuditLogRead)]
    fn at(&self) -> DateTime {
        self.0.row.at.into()
    }

    /// Which member did it. Null: an API key did, a directory, or the installation itself.
    #[requires(AuditLogRead)]
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.0.row.actor_member_id {
            Some(id) => Ok(Request::of(ctx).loaders()?.member(id).await?.map(Member)),
            None => Ok(None),
        }
    }

    /// Which API key did it (`key_...`). Null: a member did, a directory, or the installation itself.
    #[requires(AuditLogRead)]
    fn api_key_id(&self) -> Option<ID> {
        self.0.row.actor_api_key_id.map(Into::into)
    }

    /// With which credential a directory did it (`dir_...`). Null: somebody or something else did.
    #[requires(AuditLogRead)]
    fn directory_credential_id(&self) -> Option<ID> {
        self.0.row.actor_directory_id.map(Into::into)
    }

    /// In which session (`sess_...`); null when in none.
    #[requires(AuditLogRead)]
    fn session_id(&self) -> Option<ID> {
        self.0.row.session_id.map(Into::into)
    }

    /// What, such as `grant.made` or `contact.phone_revealed`.
    #[requires(AuditLogRead)]
    fn action(&self) -> &str {
        &self.0.row.action
    }

    /// Id of what it was done to.
    #[requires(AuditLogRead)]
    fn subject(&self) -> &str {
        &self.0.row.subject
    }

    /// How it was before, in JSON; null when it was not, or does not matter.
    #[requires(AuditLogRead)]
    fn before(&self) -> Option<&str> {
        self.0.details.before.as_deref()
    }

    /// How it was afterwards, in JSON; null when it was not, or does not matter.
    #[requires(AuditLogRead)]
    fn after(&self) -> Option<&str> {
        self.0.details.after.as_deref()
    }

    /// From which address, where that is known.
    #[requires(AuditLogRead)]
    fn address(&self) -> Option<&str> {
        self.0.details.address.as_deref()
    }

    /// Whether `before`, `after` and `address` were erased, because they told of a person who had to be forgotten.
    #[requires(AuditLogRead)]
    fn erased(&self) -> bool {
        self.0.erased
    }
}
