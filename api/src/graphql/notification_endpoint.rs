//! Endpoints of notifications: where else than by mail administrators are told at once.

use async_graphql::{Enum, ID};
use portaria_domain::notification_endpoint::EndpointRow;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::notification_delivery::Model;
use portaria_guard::guarded;

use super::alert_policy::NoticeSeverity;
use super::permission::PermissionKey;
use super::time::DateTime;
use crate::guard::Subject;

/// What an endpoint takes.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::notification_endpoint::EndpointKind")]
pub enum NotificationEndpointKind {
    /// What incoming webhooks of Slack take; others take the same.
    Slack,
    /// JSON, signed as Standard Webhooks has it.
    Webhook,
}

/// How far something came that is sent to an endpoint.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::notification_delivery::NotificationStatus")]
pub enum NotificationStatus {
    /// It is to be sent, perhaps once more.
    Queued,
    /// The endpoint took it.
    Delivered,
    /// It is not tried any more.
    Failed,
}

/// Why something did not come through.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::notification_delivery::NotificationProblem")]
pub enum NotificationProblem {
    /// The answer took more than ten seconds.
    TimedOut,
    /// No connection came to be, or not over TLS.
    Unreachable,
    /// The address, or what its name stands for, is none that something is sent to.
    ForbiddenAddress,
    /// It points elsewhere, which is not followed: configure that address.
    Redirected,
    /// It answered with a status other than 200 to 299.
    Refused,
    /// It answered that it is no more (410). The endpoint is disabled.
    Gone,
    /// The endpoint was disabled, deleted, or changed so that it may not have it, before it went out.
    Withdrawn,
}

pub struct NotificationEndpoint(pub EndpointRow);

impl From<EndpointRow> for NotificationEndpoint {
    fn from(row: EndpointRow) -> Self {
        Self(row)
    }
}

impl Subject for NotificationEndpoint {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// Where administrators are told at once besides by mail. It holds permissions of its own, and is sent what they allow.
#[guarded]
impl NotificationEndpoint {
    /// Starts with `endpoint_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.row.id.into()
    }

    /// What it is called.
    #[requires(SecurityPolicyManage)]
    fn name(&self) -> &str {
        &self.0.row.name
    }

    /// What it takes.
    #[requires(SecurityPolicyManage)]
    fn kind(&self) -> NotificationEndpointKind {
        self.0.row.kind.into()
    }

    /// The host of its address. The whole address may be a secret, and is not shown.
    #[requires(SecurityPolicyManage)]
    fn host(&self) -> &str {
        &self.0.row.host
    }

    /// BCP 47 tag of what it is told in: `pt-BR`, `en` or `es`.
    #[requires(SecurityPolicyManage)]
    fn locale(&self) -> &str {
        &self.0.row.language
    }

    /// What is less severe is not sent there.
    #[requires(SecurityPolicyManage)]
    fn least_severity(&self) -> NoticeSeverity {
        self.0.row.least_severity.into()
    }

    /// What it holds. ACCESS_AUDIT_READ: it is told of findings. MEMBER_READ_PRIVATE: also whom they are about, and what was
    /// seen. Of alerts it is told with the permission that a person needs to see them.
    #[requires(SecurityPolicyManage)]
    fn permissions(&self) -> Vec<PermissionKey> {
        self.0.permissions.iter().map(Into::into).collect()
    }

    /// When it was made.
    #[requires(SecurityPolicyManage)]
    fn created_at(&self) -> DateTime {
        self.0.row.created_at.into()
    }

    /// Since when nothing came through; null when the last attempt did.
    #[requires(SecurityPolicyManage)]
    fn failing_since(&self) -> Option<DateTime> {
        self.0.row.failing_since.map(Into::into)
    }

    /// When it was disabled, by hand or after three days without success; null while it is enabled.
    #[requires(SecurityPolicyManage)]
    fn disabled_at(&self) -> Option<DateTime> {
        self.0.row.disabled_at.map(Into::into)
    }

    /// What was sent there last, or is to be.
    #[requires(SecurityPolicyManage)]
    fn last_delivery(&self) -> Option<NotificationDelivery> {
        self.0.last.clone().map(NotificationDelivery)
    }
}

pub struct NotificationDelivery(Model);

impl Subject for NotificationDelivery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// Something that is sent to an endpoint.
#[guarded]
impl NotificationDelivery {
    /// Starts with `delivery_`. The receiver knows it as `webhook-id`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Whether somebody tried out whether it arrives.
    #[requires(SecurityPolicyManage)]
    fn is_test(&self) -> bool {
        self.0.is_test
    }

    /// How far it came.
    #[requires(SecurityPolicyManage)]
    fn status(&self) -> NotificationStatus {
        self.0.status.into()
    }

    /// How often it was tried.
    #[requires(SecurityPolicyManage)]
    fn attempts(&self) -> i32 {
        self.0.attempts
    }

    /// The HTTP status of the last answer; null when there was none.
    #[requires(SecurityPolicyManage)]
    fn answered(&self) -> Option<i32> {
        self.0.answered
    }

    /// Why it did not come through the last time; null when it did, or was not tried.
    #[requires(SecurityPolicyManage)]
    fn problem(&self) -> Option<NotificationProblem> {
        self.0.problem.map(Into::into)
    }

    /// When it was queued.
    #[requires(SecurityPolicyManage)]
    fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it is tried next; null when it is not.
    #[requires(SecurityPolicyManage)]
    fn next_attempt_at(&self) -> Option<DateTime> {
        self.0.ended_at.is_none().then(|| self.0.next_attempt_at.into())
    }

    /// When it was delivered or given up; null while it is queued.
    #[requires(SecurityPolicyManage)]
    fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(Into::into)
    }
}
