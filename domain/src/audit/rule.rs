//! What a rule is: how urgent, what can be set, what it suggests, and what it says in each language. `docs/AUDIT-RULES.md` is
//! written from this.

use portaria_entity::finding::{AuditRule, Severity};
use sea_orm::Iterable;

use super::telling::Telling;
use crate::language::Language;

/// A rule of the auditor. What it looks for is in its file.
#[derive(Debug)]
pub struct Rule {
    pub key: AuditRule,
    /// As it is usually; the rule itself may judge otherwise.
    pub severity: Severity,
    /// Whether administrators are told within a minute, and not only in the next report.
    pub at_once: bool,
    pub parameters: &'static [Parameter],
    pub suggestion: Suggestion,
    /// What it looks at and how it judges, for the documentation.
    pub judges: &'static str,
    /// In Portuguese, English and Spanish.
    pub said: [&'static Said; 3],
}

/// A number of a rule that a workspace may set otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    pub name: &'static str,
    pub unit: Unit,
    pub default: i64,
    pub least: i64,
    pub most: i64,
    pub about: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Unit {
    /// So many times, or of something.
    Times,
    Minutes,
    Hours,
    Days,
    Percent,
    /// Of the local day.
    MinuteOfDay,
    KilometresPerHour,
}

/// What may be done about a finding at once, from the finding.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumIter, strum::IntoStaticStr, strum::VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum Suggestion {
    SuspendMember,
    EndSessions,
    RevokeGrants,
    ShortenGrants,
    RevokeApiKey,
    /// Asks the person by mail whether it was them, whether they still need it, or when they set a second factor up.
    AskMember,
    /// Nothing that one click could do.
    LookAtSettings,
}

/// What a rule says in one language.
#[derive(Debug)]
pub struct Said {
    pub title: &'static str,
    pub why: &'static str,
    pub what_to_do: &'static str,
    /// What was seen, in a sentence or two.
    pub seen: fn(&Telling<'_>) -> String,
}

impl Rule {
    pub fn said(&self, language: Language) -> &'static Said {
        language.pick(&self.said)
    }

    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

/// The rule of a key.
pub fn of(key: AuditRule) -> &'static Rule {
    match key {
        AuditRule::StuffingSucceeded => &super::stuffing_succeeded::RULE,
        AuditRule::SuccessAfterFailures => &super::success_after_failures::RULE,
        AuditRule::SignInAfterFactorReset => &super::sign_in_after_factor_reset::RULE,
        AuditRule::SessionUsedElsewhere => &super::session_used_elsewhere::RULE,
        AuditRule::ImpossibleTravel => &super::impossible_travel::RULE,
        AuditRule::PasswordKnown => &super::password_known::RULE,
        AuditRule::AddressOnManyAccounts => &super::address_on_many_accounts::RULE,
        AuditRule::PasswordSpraying => &super::password_spraying::RULE,
        AuditRule::AccountUnderAttack => &super::account_under_attack::RULE,
        AuditRule::SecondFactorReset => &super::second_factor_reset::RULE,
        AuditRule::AdministratorWithoutSecondFactor => &super::administrator_without_second_factor::RULE,
        AuditRule::NewPlace => &super::new_place::RULE,
        AuditRule::DormantAccountAwakened => &super::dormant_account_awakened::RULE,
        AuditRule::ManySessions => &super::many_sessions::RULE,
        AuditRule::SecondFactorMissing => &super::second_factor_missing::RULE,
        AuditRule::DormantAdministrator => &super::dormant_administrator::RULE,
        AuditRule::SignInOutOfHours => &super::sign_in_out_of_hours::RULE,
        AuditRule::TemplateApprovedAlone => &super::template_approved_alone::RULE,
        AuditRule::UndeliveredReport => &super::undelivered_report::RULE,
        AuditRule::InactiveMember => &super::inactive_member::RULE,
        AuditRule::NeverSignedIn => &super::never_signed_in::RULE,
        AuditRule::BrokenChain => &super::broken_chain::RULE,
        AuditRule::ExportAfterGrant => &super::export_after_grant::RULE,
        AuditRule::UnusualDisclosure => &super::unusual_disclosure::RULE,
        AuditRule::ApiKeyFromNewNetwork => &super::api_key_from_new_network::RULE,
        AuditRule::NobodyAvailable => &super::nobody_available::RULE,
        AuditRule::WebhookSignaturesFailing => &super::webhook_signatures_failing::RULE,
        AuditRule::OnlyAdministrator => &super::only_administrator::RULE,
        AuditRule::OrphanedCredential => &super::orphaned_credential::RULE,
        AuditRule::PowerfulApiKey => &super::powerful_api_key::RULE,
        AuditRule::EndlessGrant => &super::endless_grant::RULE,
        AuditRule::EndingGrant => &super::ending_grant::RULE,
        AuditRule::UnusedPermission => &super::unused_permission::RULE,
        AuditRule::StaleApiKey => &super::stale_api_key::RULE,
        AuditRule::SecretDue => &super::secret_due::RULE,
    }
}

/// All rules, in the order in which a report lists them within one degree of urgency.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    AuditRule::iter().map(of)
}
