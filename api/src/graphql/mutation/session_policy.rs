//! Setting how long sessions may last.

use async_graphql::{Context, InputObject};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::session_policy::{self, SessionPolicy as Policy};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::begin;
use crate::error::Result;
use crate::graphql::payload::payload;
use crate::graphql::session::SessionPolicy;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct SessionPolicyMutation;

impl Subject for SessionPolicyMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// Both limits.
#[derive(InputObject)]
pub struct UpdateSessionPolicyInput {
    /// A session that is not used for so many minutes ends: from 15 to 10080 (a week), and at most `lifetimeMinutes`.
    idle_minutes: i32,
    /// After so many minutes a session ends whatever happens: from 60 to 43200 (30 days).
    lifetime_minutes: i32,
}

payload! {
    /// What came of setting how long sessions may last.
    UpdateSessionPolicyPayload [authenticated] {
        /// The limits as they are now; null when it was refused.
        session_policy: SessionPolicy
    }
    UpdateSessionPolicyUserError, UpdateSessionPolicyErrorCode {
        /// A limit is out of its bounds, or a session would idle for longer than it may last.
        InvalidPeriod = InvalidPeriod,
    }
}

#[guarded]
impl SessionPolicyMutation {
    /// Sets how long sessions in the workspace may last. Open ones are shortened at once, and never lengthened.
    #[requires(SecurityPolicyManage)]
    async fn update_session_policy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Both limits.")] input: UpdateSessionPolicyInput,
    ) -> Result<UpdateSessionPolicyPayload> {
        let policy = Policy { idle_minutes: input.idle_minutes, lifetime_minutes: input.lifetime_minutes };
        let outcome = async {
            let mut change = begin(Request::of(ctx), Permission::SecurityPolicyManage).await?;
            let policy = session_policy::update(&mut change, policy).await?;
            change.finish().await?;
            Ok(Some(policy))
        };
        UpdateSessionPolicyPayload::new(outcome.await)
    }
}
