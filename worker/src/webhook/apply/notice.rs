//! What Meta tells beside messages and statuses: kept whole, then understood by its field. What no version knows yet is
//! counted apart.

use portaria_domain::alert::{Raised, raise, settle};
use portaria_domain::{Result, unknown_content};
use portaria_entity::alert::{AlertKind, AlertSeverity};
use portaria_entity::channel;
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;

use super::message::PLACEHOLDER;
use super::{Application, Fate};
use crate::whatsapp::payload::{Change, Message, MessageKind, OtherChange, StatusKind, StatusUpdate, fields};

/// Fields that Meta documents: only these are told apart in the metrics.
const DOCUMENTED: [&str; 36] = [
    "account_alerts",
    "account_review_update",
    "account_settings_update",
    "account_update",
    "automatic_events",
    "business_capability_update",
    "business_username_updates",
    "calls",
    "consumer_profile",
    "flows",
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "group_status_update",
    "history",
    "message_echoes",
    "message_template_components_update",
    "message_template_quality_update",
    "message_template_status_update",
    "messages",
    "messaging_handovers",
    "partner_solutions",
    "payment_configuration_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "pricing",
    "security",
    "smb_app_state_sync",
    "smb_message_echoes",
    "standby",
    "template_category_update",
    "template_correct_category_detection",
    "tracking_events",
    "user_id_update",
    "user_preferences",
    "statuses",
];
/// Its entries name portfolios, not accounts.
const OF_PORTFOLIOS: &str = "partner_solutions";

/// Something told of an account, a number or a customer.
pub(super) struct Notice<'a> {
    pub change: &'a Change,
    pub field: &'a str,
    pub waba: &'a str,
    /// The number that it is about, if it says so and it is ours.
    pub channel: Option<channel::Model>,
    pub value: Value,
    key: [u8; 32],
    /// When it happened by Meta's clock, or when it came.
    pub at: Timestamp,
}

impl Notice<'_> {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        fields::text(&self.value, name)
    }

    /// The same for a repetition.
    pub(super) fn key(&self) -> String {
        self.key[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Whether a notice could be understood.
pub(super) enum Understood {
    Known,
    /// The field is known; this kind within it is not.
    Unknown(String),
}

impl Application<'_> {
    /// Keeps what is told, once, and lets it have its effect if it is of an account of this workspace.
    pub(super) async fn notice(
        &mut self,
        change: &Change,
        channel: Option<channel::Model>,
        other: &OtherChange,
    ) -> Result<Fate> {
        let numbers =
            if channel.is_some() || change.field.is_empty() { Vec::new() } else { self.numbers().await? };
        let waba = change.waba_id.as_deref().unwrap_or_default();
        let is_ours = channel.is_some()
            || matches!(change.field.as_str(), "" | OF_PORTFOLIOS)
            || numbers.iter().any(|number| number.waba_id == waba);
        let fate = self.keep(change, channel.as_ref(), other).await?;
        // An account that none of our numbers belongs to has no say here.
        if fate != Fate::Stored || !is_ours {
            return Ok(fate);
        }
        let value = other.value();
        let channel = channel.or_else(|| number_shown(numbers, waba, change.display_phone_number.as_deref()));
        let time = change.entry_time.or_else(|| fields::seconds(&value, "timestamp"));
        let at = self.time(time);
        let notice = Notice { change, field: &change.field, waba, channel, value, key: other.dedup_key, at };
        if let Understood::Unknown(kind) = self.understand(&notice).await? {
            self.count_unknown(notice.field, &kind).await?;
        }
        Ok(fate)
    }

    async fn understand(&mut self, notice: &Notice<'_>) -> Result<Understood> {
        match notice.field {
            "account_update" => self.account_update(notice).await,
            "account_alerts" => self.account_alert(notice).await,
            "account_review_update" => self.account_review(notice).await,
            "account_settings_update" | "business_capability_update" => self.capability(notice).await,
            "payment_configuration_update" => self.payment_configuration(notice).await,
            "security" => self.security(notice).await,
            "flows" => self.flow(notice).await,
            "phone_number_quality_update" => self.number_quality(notice).await,
            "phone_number_name_update" => self.number_name(notice).await,
            "business_username_updates" => self.username(notice).await,
            "message_template_status_update"
            | "message_template_quality_update"
            | "message_template_components_update"
            | "template_category_update"
            | "template_correct_category_detection" => self.template(notice).await,
            "user_preferences" => self.preferences(notice).await,
            "user_id_update" => self.user_ids(notice).await,
            "calls" => self.calls(notice).await,
            "messaging_handovers" => self.handover(notice).await,
            "history" => self.history(notice).await,
            "smb_app_state_sync" => self.address_book(notice).await,
            "group_lifecycle_update"
            | "group_participants_update"
            | "group_settings_update"
            | "group_status_update" => self.groups(notice).await,
            "messages" | "standby" if notice.value.get("conversation_context").is_some() => {
                self.context(notice).await
            }
            "messages" | "standby" | "message_echoes" | "smb_message_echoes"
                if notice.value.get("errors").is_some() =>
            {
                Ok(Understood::Known)
            }
            // Nothing follows from these, but that they are kept.
            "partner_solutions" | "automatic_events" | "consumer_profile" | "pricing" | "tracking_events" => {
                Ok(Understood::Known)
            }
            _ => Ok(Understood::Unknown(String::new())),
        }
    }

    async fn numbers(&self) -> Result<Vec<channel::Model>> {
        let find = channel::Entity::find().filter(channel::Column::WorkspaceId.eq(self.origin.workspace_id));
        Ok(find.all(self.transaction).await?)
    }

    /// Counts what is of no kind that is known, in the metrics under the fields that Meta documents only.
    pub(super) async fn count_unknown(&self, field: &str, kind: &str) -> Result<()> {
        let label = DOCUMENTED.into_iter().find(|known| *known == field).unwrap_or("other");
        metrics::counter!("portaria_webhook_unknown_total", "field" => label).increment(1);
        let place = (field, kind);
        let (database, workspace) = (&self.installation.database, self.origin.workspace_id);
        unknown_content::count(self.transaction, database, workspace, place, self.origin.received_at).await
    }

    /// Counts a message of an unknown type.
    pub(super) async fn note_unknown_kind(&self, message: &Message) -> Result<()> {
        match &message.kind {
            MessageKind::Unknown(name) if name != PLACEHOLDER => self.count_unknown("messages", name).await,
            _ => Ok(()),
        }
    }

    /// What follows from a status beside its message's: of an unknown kind, of a customer's refusal, of payment.
    pub(super) async fn heed(
        &mut self,
        channel: &channel::Model,
        status: &StatusUpdate,
        message: Option<&portaria_entity::message::Model>,
    ) -> Result<()> {
        if let StatusKind::Unknown(name) = &status.kind
            && !is_of_payment(status)
        {
            self.count_unknown("statuses", name).await?;
        }
        self.heed_refusal(status, message).await?;
        self.heed_payment(channel, status).await
    }

    pub(super) async fn alarm(
        &self,
        (kind, severity): (AlertKind, AlertSeverity),
        cause: String,
        channel: Option<&channel::Model>,
        details: &[(&str, &str)],
    ) -> Result<()> {
        let details = details.iter().map(|(name, value)| ((*name).to_owned(), shortened(value))).collect();
        let raised = Raised {
            workspace_id: self.origin.workspace_id,
            kind,
            cause,
            severity,
            channel_id: channel.map(|channel| channel.id),
            details,
        };
        raise(self.transaction, (&self.installation.database, &self.installation.clock), raised).await
    }

    pub(super) async fn calm(&self, kind: AlertKind, cause: &str) -> Result<()> {
        let tools = (&self.installation.database, &self.installation.clock);
        settle(self.transaction, tools, (self.origin.workspace_id, kind, cause)).await?;
        Ok(())
    }
}

/// Payments have states of their own names.
fn is_of_payment(status: &StatusUpdate) -> bool {
    let raw: Value = serde_json::from_str(&status.raw).unwrap_or_default();
    fields::text(&raw, "type").as_deref() == Some("payment")
}

/// The number of an account that is written so, however it is spaced.
fn number_shown(numbers: Vec<channel::Model>, waba: &str, shown: Option<&str>) -> Option<channel::Model> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let wanted = digits(shown?);
    let is_it =
        |number: &channel::Model| number.waba_id == waba && digits(&number.display_phone_number) == wanted;
    numbers.into_iter().find(|number| !wanted.is_empty() && is_it(number))
}

/// Meta's words go into mails and onto screens: not whole novels.
fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}
