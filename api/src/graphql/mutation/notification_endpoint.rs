//! Configuring endpoints of notifications.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::notification_endpoint::{self, Settings, Shown};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::begin;
use crate::error::{Problem, Result};
use crate::graphql::alert_policy::NoticeSeverity;
use crate::graphql::id::parse;
use crate::graphql::notification_endpoint::{NotificationEndpoint, NotificationEndpointKind};
use crate::graphql::payload::payload;
use crate::graphql::permission::PermissionKey;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct NotificationEndpointMutation;

impl Subject for NotificationEndpointMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// An endpoint to be made.
#[derive(InputObject)]
pub struct CreateNotificationEndpointInput {
    /// What it takes. It never changes.
    kind: NotificationEndpointKind,
    /// What to call it.
    name: String,
    /// Where it is: `https://...`. It is kept sealed, and never shown.
    address: String,
    /// In what it is told: `pt-BR`, `en` or `es`. The workspace's language if not said.
    locale: Option<String>,
    /// What is less severe is not sent there.
    #[graphql(default_with = "NoticeSeverity::Low")]
    least_severity: NoticeSeverity,
    /// What it holds, of what the viewer holds for good: ACCESS_AUDIT_READ, MEMBER_READ_PRIVATE, and the permissions of alerts.
    permissions: Vec<PermissionKey>,
}

/// What shall be different about an endpoint; what is not said stays.
#[derive(InputObject)]
pub struct UpdateNotificationEndpointInput {
    /// Which endpoint (`endpoint_...`).
    notification_endpoint_id: ID,
    /// What to call it.
    name: Option<String>,
    /// Where it is.
    address: Option<String>,
    /// In what it is told.
    locale: Option<String>,
    /// What is less severe is not sent there.
    least_severity: Option<NoticeSeverity>,
    /// What it holds, in place of what it held.
    permissions: Option<Vec<PermissionKey>>,
    /// Whether something is sent there: true also after it was disabled because it did not take anything.
    enabled: Option<bool>,
}

/// Which endpoint.
#[derive(InputObject)]
pub struct DeleteNotificationEndpointInput {
    /// Which endpoint (`endpoint_...`).
    notification_endpoint_id: ID,
}

/// Which endpoint, and how long the old secret goes on.
#[derive(InputObject)]
pub struct RotateNotificationEndpointSecretInput {
    /// Which endpoint (`endpoint_...`).
    notification_endpoint_id: ID,
    /// For how many hours the secret that is replaced signs as well, from 0 (for one that has leaked) to 168.
    #[graphql(default = 24)]
    overlap_hours: i32,
}

/// Which endpoint.
#[derive(InputObject)]
pub struct TestNotificationEndpointInput {
    /// Which endpoint (`endpoint_...`).
    notification_endpoint_id: ID,
}

pub struct ShownNotificationEndpoint {
    endpoint: NotificationEndpoint,
    secret: Option<String>,
}

impl From<Shown> for ShownNotificationEndpoint {
    fn from(shown: Shown) -> Self {
        let secret = shown.secret.as_deref().cloned();
        Self { endpoint: NotificationEndpoint(shown.endpoint), secret }
    }
}

/// An endpoint with its secret, which is shown this once.
#[guarded]
impl ShownNotificationEndpoint {
    /// With what is signed: `whsec_...`, for the receiver to verify by. Null for SLACK, where nothing is signed.
    #[authenticated]
    fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    /// What is kept of it.
    #[authenticated]
    fn notification_endpoint(&self) -> &NotificationEndpoint {
        &self.endpoint
    }
}

pub struct DeletedNotificationEndpoint(ID);

/// That an endpoint is deleted.
#[guarded]
impl DeletedNotificationEndpoint {
    /// Which it was (`endpoint_...`).
    #[authenticated]
    fn id(&self) -> &ID {
        &self.0
    }
}

payload! {
    /// What came of making an endpoint.
    CreateNotificationEndpointPayload [authenticated] {
        /// The new endpoint; null when it was refused.
        created: ShownNotificationEndpoint
    }
    CreateNotificationEndpointUserError, CreateNotificationEndpointErrorCode {
        /// A name is needed.
        NameMissing = NameMissing at "name",
        /// The name is too long.
        TextTooLong = TextTooLong at "name",
        /// Not an address that something is sent to: it begins with `https://`, and is none of a private network.
        InvalidAddress = ForbiddenUrl at "address",
        /// It would hold nothing.
        NothingConferred = NothingConferred at "permissions",
        /// The viewer does not hold for the whole workspace what it would hold.
        NotHeld = NotHeld at "permissions",
        /// The viewer does not hold for good what it would hold.
        OutlastsGranter = OutlastsGranter at "permissions",
        /// There are 20 already.
        TooMany = TooMany,
    }
}

payload! {
    /// What came of changing an endpoint.
    UpdateNotificationEndpointPayload [authenticated] {
        /// The endpoint as it is now; null when it was refused.
        notification_endpoint: NotificationEndpoint
    }
    UpdateNotificationEndpointUserError, UpdateNotificationEndpointErrorCode {
        /// A name is needed.
        NameMissing = NameMissing at "name",
        /// The name is too long.
        TextTooLong = TextTooLong at "name",
        /// Not an address that something is sent to: it begins with `https://`, and is none of a private network.
        InvalidAddress = ForbiddenUrl at "address",
        /// It would hold nothing.
        NothingConferred = NothingConferred at "permissions",
        /// The viewer does not hold for the whole workspace what it would hold.
        NotHeld = NotHeld at "permissions",
        /// The viewer does not hold for good what it would hold.
        OutlastsGranter = OutlastsGranter at "permissions",
        /// It holds what the viewer does not, or not for good.
        HoldsMore = HoldsMore at "notificationEndpointId",
    }
}

payload! {
    /// What came of deleting an endpoint.
    DeleteNotificationEndpointPayload [authenticated] {
        /// The endpoint that is gone; null when it was refused.
        deleted: DeletedNotificationEndpoint
    }
    DeleteNotificationEndpointUserError, DeleteNotificationEndpointErrorCode {
        /// It holds what the viewer does not, or not for good.
        HoldsMore = HoldsMore at "notificationEndpointId",
    }
}

payload! {
    /// What came of giving an endpoint a new secret.
    RotateNotificationEndpointSecretPayload [authenticated] {
        /// The endpoint with its new secret; null when it was refused.
        rotated: ShownNotificationEndpoint
    }
    RotateNotificationEndpointSecretUserError, RotateNotificationEndpointSecretErrorCode {
        /// It holds what the viewer does not, or not for good.
        HoldsMore = HoldsMore at "notificationEndpointId",
        /// Nothing is signed for SLACK: its address is the secret. Change that.
        NothingToRotate = NothingToRotate at "notificationEndpointId",
        /// The old secret may go on for 168 hours at most.
        TooLong = TooLong at "overlapHours",
    }
}

payload! {
    /// What came of trying out an endpoint.
    TestNotificationEndpointPayload [authenticated] {
        /// The endpoint; what comes of the test is in its `lastDelivery` a few seconds later. Null when it was refused.
        notification_endpoint: NotificationEndpoint
    }
    TestNotificationEndpointUserError, TestNotificationEndpointErrorCode {
        /// It holds what the viewer does not, or not for good.
        HoldsMore = HoldsMore at "notificationEndpointId",
        /// It is disabled.
        AlreadyEnded = AlreadyEnded at "notificationEndpointId",
        /// A test is on its way already.
        AlreadyPending = AlreadyPending at "notificationEndpointId",
    }
}

fn set_of(keys: Vec<PermissionKey>) -> PermissionSet {
    keys.into_iter().map(Permission::from).collect()
}

#[guarded]
impl NotificationEndpointMutation {
    /// Has administrators told at once in another way, besides by mail. One gives an endpoint only what one holds oneself, for
    /// the whole workspace and for good. It is the workspace's, and goes on when its maker leaves.
    #[requires(SecurityPolicyManage)]
    async fn create_notification_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it takes, where it is, and what it is told.")]
        input: CreateNotificationEndpointInput,
    ) -> Result<CreateNotificationEndpointPayload> {
        let permissions = Some(set_of(input.permissions));
        let settings = Settings {
            name: Some(&input.name),
            address: Some(&input.address),
            language: input.locale.as_deref(),
            least_severity: Some(input.least_severity.into()),
            permissions,
            is_enabled: None,
        };
        let outcome = async {
            let mut change = begin(Request::of(ctx), Permission::SecurityPolicyManage).await?;
            let shown = notification_endpoint::create(&mut change, input.kind.into(), settings).await?;
            change.finish().await?;
            Ok(Some(shown))
        };
        CreateNotificationEndpointPayload::new(outcome.await)
    }

    /// Changes an endpoint. What waits to be sent there is withdrawn when its address changes, or it may have less.
    #[requires(SecurityPolicyManage)]
    async fn update_notification_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which endpoint, and what shall be different.")]
        input: UpdateNotificationEndpointInput,
    ) -> Result<UpdateNotificationEndpointPayload> {
        let id = parse(&input.notification_endpoint_id)?;
        let settings = Settings {
            name: input.name.as_deref(),
            address: input.address.as_deref(),
            language: input.locale.as_deref(),
            least_severity: input.least_severity.map(Into::into),
            permissions: input.permissions.map(set_of),
            is_enabled: input.enabled,
        };
        let outcome = async {
            let mut change = begin(Request::of(ctx), Permission::SecurityPolicyManage).await?;
            let row = notification_endpoint::update(&mut change, id, settings).await?;
            change.finish().await?;
            Ok(Some(row))
        };
        UpdateNotificationEndpointPayload::new(outcome.await)
    }

    /// Takes an endpoint away, with its secrets and with what waits to be sent there.
    #[requires(SecurityPolicyManage)]
    async fn delete_notification_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which endpoint.")] input: DeleteNotificationEndpointInput,
    ) -> Result<DeleteNotificationEndpointPayload> {
        let id = parse(&input.notification_endpoint_id)?;
        let outcome = async {
            let mut change = begin(Request::of(ctx), Permission::SecurityPolicyManage).await?;
            let id = notification_endpoint::delete(&mut change, id).await?;
            change.finish().await?;
            Ok(Some(DeletedNotificationEndpoint(id.into())))
        };
        DeleteNotificationEndpointPayload::new(outcome.await)
    }

    /// Gives an endpoint a new secret at once. For as long as is said here, what is sent is signed with the old one as well; a
    /// secret that was replaced before ends now.
    #[requires(SecurityPolicyManage)]
    async fn rotate_notification_endpoint_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which endpoint, and how long the old secret goes on.")]
        input: RotateNotificationEndpointSecretInput,
    ) -> Result<RotateNotificationEndpointSecretPayload> {
        let id = parse(&input.notification_endpoint_id)?;
        let overlap = u32::try_from(input.overlap_hours)
            .map_err(|_| Problem::BadUserInput("`overlapHours` is from 0 to 168.".to_owned()))?;
        let outcome = async {
            let mut change = begin(Request::of(ctx), Permission::SecurityPolicyManage).await?;
            let shown = notification_endpoint::rotate(&mut change, id, overlap).await?;
            change.finish().await?;
            Ok(Some(shown))
        };
        RotateNotificationEndpointSecretPayload::new(outcome.await)
    }

    /// Sends something to an endpoint, within seconds and once, to see whether it arrives.
    #[requires(SecurityPolicyManage)]
    async fn test_notification_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which endpoint.")] input: TestNotificationEndpointInput,
    ) -> Result<TestNotificationEndpointPayload> {
        let id = parse(&input.notification_endpoint_id)?;
        let outcome = async {
            let mut change = begin(Request::of(ctx), Permission::SecurityPolicyManage).await?;
            let row = notification_endpoint::test(&mut change, id).await?;
            change.finish().await?;
            Ok(Some(row))
        };
        TestNotificationEndpointPayload::new(outcome.await)
    }
}
