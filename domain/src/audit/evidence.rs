//! What was seen, as a finding keeps it: ids, numbers and instants, so that the same thing stays the same from
//! night to night and can be told in any language.

use portaria_entity::finding::AuditRule;
use portaria_entity::id::MemberId;
use portaria_entity::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// One variant a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Evidence {
    InactiveMember {
        last_active_at: Option<Timestamp>,
        last_sign_in: Option<Success>,
    },
    NeverSignedIn {
        invited_at: Timestamp,
    },
    AccountUnderAttack {
        failures: i64,
        /// Those with the most failures, most first.
        addresses: Vec<FailuresFrom>,
        address_count: i64,
        first_at: Timestamp,
        last_at: Timestamp,
    },
    AddressOnManyAccounts {
        address: String,
        failures: i64,
        /// Accounts of this workspace with the most failures, most first.
        accounts: Vec<FailuresOn>,
        account_count: i64,
        /// Accounts tried that are not this workspace's. Which they are is nobody's business here.
        foreign_count: i64,
        first_at: Timestamp,
        last_at: Timestamp,
    },
    PasswordSpraying {
        failures: i64,
        address_count: i64,
        /// Accounts of this workspace with the most failures, most first.
        accounts: Vec<FailuresOn>,
        account_count: i64,
        /// Accounts tried that are not this workspace's.
        foreign_count: i64,
        first_at: Timestamp,
        last_at: Timestamp,
    },
    SuccessAfterFailures {
        failures: i64,
        first_failure_at: Timestamp,
        last_failure_at: Timestamp,
        success: Success,
    },
    SecondFactorReset {
        reset_at: Timestamp,
        /// None: on the machine.
        reset_by: Option<MemberId>,
        /// Whether they have one again.
        set_up_again: bool,
    },
    TemplateApprovedAlone {
        approved_at: Timestamp,
        /// Its name.
        template: String,
        language: String,
    },
}

/// A sign-in that succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Success {
    pub at: Timestamp,
    pub address: String,
    pub user_agent: String,
}

/// Failures from one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailuresFrom {
    pub address: String,
    pub failures: i64,
}

/// Failures on one member's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailuresOn {
    pub member_id: MemberId,
    pub failures: i64,
}

impl Evidence {
    pub fn rule(&self) -> AuditRule {
        match self {
            Self::InactiveMember { .. } => AuditRule::InactiveMember,
            Self::NeverSignedIn { .. } => AuditRule::NeverSignedIn,
            Self::AccountUnderAttack { .. } => AuditRule::AccountUnderAttack,
            Self::AddressOnManyAccounts { .. } => AuditRule::AddressOnManyAccounts,
            Self::PasswordSpraying { .. } => AuditRule::PasswordSpraying,
            Self::SuccessAfterFailures { .. } => AuditRule::SuccessAfterFailures,
            Self::SecondFactorReset { .. } => AuditRule::SecondFactorReset,
            Self::TemplateApprovedAlone { .. } => AuditRule::TemplateApprovedAlone,
        }
    }

    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }

    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(Error::internal)
    }
}
