//! Something an administrator should look at. Opened once per cause.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{ApiKeyId, AuditRunId, ChannelId, FindingId, MemberId, WorkspaceId};
use crate::time::Timestamp;

/// In the order in which a report lists them within one degree of urgency.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    strum::IntoStaticStr,
    VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AuditRule {
    StuffingSucceeded,
    SuccessAfterFailures,
    SignInAfterFactorReset,
    SessionUsedElsewhere,
    ImpossibleTravel,
    BrokenChain,
    ExportAfterGrant,
    UnusualDisclosure,
    ApiKeyFromNewNetwork,
    PasswordKnown,
    AddressOnManyAccounts,
    PasswordSpraying,
    AccountUnderAttack,
    SecondFactorReset,
    AdministratorWithoutSecondFactor,
    NewPlace,
    DormantAccountAwakened,
    ManySessions,
    SecondFactorMissing,
    DormantAdministrator,
    SignInOutOfHours,
    NobodyAvailable,
    WebhookSignaturesFailing,
    TemplateApprovedAlone,
    OnlyAdministrator,
    OrphanedCredential,
    PowerfulApiKey,
    UndeliveredReport,
    InactiveMember,
    NeverSignedIn,
    EndlessGrant,
    EndingGrant,
    UnusedPermission,
    StaleApiKey,
    SecretDue,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Severity {
    Critical,
    High,
    Medium,
    Low,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FindingStatus {
    Open,
    /// Somebody has seen it and is at it.
    Acknowledged,
    /// Nothing is to be done about it until `dismissed_until`.
    Dismissed,
    Resolved,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "findings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FindingId,
    pub rule: AuditRule,
    /// What makes it the same finding when seen again.
    pub cause: String,
    pub severity: Severity,
    pub status: FindingStatus,
    /// Whom it is about.
    pub member_id: Option<MemberId>,
    pub api_key_id: Option<ApiKeyId>,
    pub channel_id: Option<ChannelId>,
    pub evidence: String,
    pub opened_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    /// The run that opened it.
    pub audit_run_id: AuditRunId,
    pub acknowledged_at: Option<Timestamp>,
    pub acknowledged_by: Option<MemberId>,
    pub dismissed_at: Option<Timestamp>,
    pub dismissed_by: Option<MemberId>,
    pub dismissed_until: Option<Timestamp>,
    pub dismissal_reason: Option<String>,
    /// When administrators were told at once.
    pub alerted_at: Option<Timestamp>,
    /// How severe it was when it was dismissed: worse than that, it is open again.
    pub dismissed_severity: Option<Severity>,
    /// Who called it resolved; none: its cause was gone.
    pub resolved_by: Option<MemberId>,
    /// How often it was opened again.
    pub reopened_count: i32,
    /// When whom it is about was asked by mail.
    pub asked_at: Option<Timestamp>,
    pub asked_by: Option<MemberId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
