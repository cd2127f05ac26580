//! WhatsApp Business accounts, what Meta says of numbers, and what Portaria does not know yet.

use std::sync::Arc;

use async_graphql::{Enum, ID};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::time::Timestamp;
use portaria_entity::{business_account, channel_fact, unknown_content};
use portaria_guard::guarded;
use serde_json::Value;

use super::time::DateTime;
use crate::guard::Subject;

/// How a WhatsApp Business account stands with Meta.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum BusinessAccountStatus {
    /// All is well, as far as Meta has said.
    Active,
    /// Meta restricts it: see `restrictions`.
    Restricted,
    /// Meta will disable it.
    ScheduledForDisable,
    /// Meta has disabled it.
    Disabled,
    /// It is no longer connected.
    Offboarded,
    /// It is gone.
    Deleted,
}

pub struct BusinessAccount(pub business_account::Model);

impl Subject for BusinessAccount {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// A WhatsApp Business account, as Meta last told of it.
#[guarded]
impl BusinessAccount {
    /// Starts with `waba_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Meta's id of it.
    #[requires(WorkspaceUpdate, ChannelManage)]
    fn waba_id(&self) -> &str {
        &self.0.waba_id
    }

    /// How it stands.
    #[requires(WorkspaceUpdate, ChannelManage)]
    fn status(&self) -> BusinessAccountStatus {
        match self.0.status.as_deref() {
            Some("restricted") => BusinessAccountStatus::Restricted,
            Some("scheduled_for_disable") => BusinessAccountStatus::ScheduledForDisable,
            Some("disabled") => BusinessAccountStatus::Disabled,
            Some("offboarded") => BusinessAccountStatus::Offboarded,
            Some("deleted") => BusinessAccountStatus::Deleted,
            Some(_) | None => BusinessAccountStatus::Active,
        }
    }

    /// What is restricted, and until when.
    #[requires(WorkspaceUpdate, ChannelManage)]
    fn restrictions(&self) -> Vec<AccountRestriction> {
        let rows: Vec<Value> = self
            .0
            .restrictions
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        rows.into_iter().map(AccountRestriction).collect()
    }

    /// What Meta's review came to: `APPROVED`, `REJECTED`, `PENDING` or `DEFERRED`.
    #[requires(WorkspaceUpdate, ChannelManage)]
    fn review(&self) -> Option<&str> {
        self.0.review.as_deref()
    }

    /// How many customers may be written to first in a day: `TIER_250` to `TIER_UNLIMITED`.
    #[requires(WorkspaceUpdate, ChannelManage)]
    fn messaging_limit(&self) -> Option<&str> {
        self.0.messaging_limit.as_deref()
    }

    /// The last that Meta said of it.
    #[requires(WorkspaceUpdate, ChannelManage)]
    fn last_event(&self) -> Option<&str> {
        self.0.last_event.as_deref()
    }

    /// Of when that is.
    #[requires(WorkspaceUpdate, ChannelManage)]
    fn last_event_at(&self) -> Option<DateTime> {
        self.0.last_event_at.map(Into::into)
    }
}

pub struct AccountRestriction(Value);

/// Something that an account may not do.
#[guarded]
impl AccountRestriction {
    /// Meta's name for it: `RESTRICTED_BIZ_INITIATED_MESSAGING`.
    #[authenticated]
    fn kind(&self) -> &str {
        self.0["kind"].as_str().unwrap_or_default()
    }

    /// Until when; null where it does not end by itself.
    #[authenticated]
    fn until(&self) -> Option<DateTime> {
        self.0["until"].as_i64().map(|seconds| Timestamp::from_secs(seconds).into())
    }
}

pub struct ChannelStanding {
    pub row: Arc<channel_fact::Model>,
    /// What the viewer holds towards the number.
    pub held: PermissionSet,
}

impl Subject for ChannelStanding {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// What Meta last told of a phone number.
#[guarded]
impl ChannelStanding {
    /// `FLAGGED` while its quality is low, `UNFLAGGED` once it is better; null if Meta never said.
    #[requires(WorkspaceUpdate, ChannelManage, UsageRead, ApiDebug)]
    fn quality(&self) -> Option<&str> {
        self.row.quality.as_deref()
    }

    /// `THROUGHPUT_UPGRADE` where it may send 1,000 messages a second.
    #[requires(WorkspaceUpdate, ChannelManage, UsageRead, ApiDebug)]
    fn throughput(&self) -> Option<&str> {
        self.row.throughput.as_deref()
    }

    /// How many customers may be written to first in a day.
    #[requires(WorkspaceUpdate, ChannelManage, UsageRead, ApiDebug)]
    fn messaging_limit(&self) -> Option<&str> {
        self.row.messaging_limit.as_deref()
    }

    /// The name that customers see.
    #[requires(WorkspaceRead)]
    fn verified_name(&self) -> Option<&str> {
        self.row.verified_name.as_deref()
    }

    /// What became of the last name asked for: `APPROVED`, `REJECTED`, `DEFERRED`, ...
    #[requires(WorkspaceUpdate, ChannelManage, UsageRead, ApiDebug)]
    fn name_decision(&self) -> Option<&str> {
        self.row.name_decision.as_deref()
    }

    /// The username by which customers find it.
    #[requires(WorkspaceRead)]
    fn username(&self) -> Option<&str> {
        self.row.username.as_deref()
    }

    /// `approved`, `reserved` or `deleted`.
    #[requires(WorkspaceUpdate, ChannelManage, UsageRead, ApiDebug)]
    fn username_status(&self) -> Option<&str> {
        self.row.username_status.as_deref()
    }

    /// How far the chats of the WhatsApp Business app have been taken over: `phase 1: 40 %`, or `refused`.
    #[requires(WorkspaceUpdate, ChannelManage, UsageRead, ApiDebug)]
    fn history(&self) -> Option<&str> {
        self.row.history.as_deref()
    }
}

pub struct UnknownWebhookContent(pub unknown_content::Model);

impl Subject for UnknownWebhookContent {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// Something that WhatsApp sends and this version does not know. It is kept whole.
#[guarded]
impl UnknownWebhookContent {
    /// The webhook field.
    #[requires(WebhookEventRead)]
    fn field(&self) -> &str {
        &self.0.field
    }

    /// The type, status or event within it; empty where the field itself is not known.
    #[requires(WebhookEventRead)]
    fn kind(&self) -> &str {
        &self.0.kind
    }

    /// How often it came.
    #[requires(WebhookEventRead)]
    fn occurrences(&self) -> i32 {
        i32::try_from(self.0.occurrences).unwrap_or(i32::MAX)
    }

    /// When it came first.
    #[requires(WebhookEventRead)]
    fn first_seen_at(&self) -> DateTime {
        self.0.first_seen_at.into()
    }

    /// When it came last.
    #[requires(WebhookEventRead)]
    fn last_seen_at(&self) -> DateTime {
        self.0.last_seen_at.into()
    }
}
