//! What Meta says of a WhatsApp Business account: restrictions, reviews, limits, security, payment.

use portaria_domain::fact::{self, About};
use portaria_domain::{Result, business_account};
use portaria_entity::alert::{self, AlertKind, AlertSeverity};
use portaria_entity::channel;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use super::Application;
use super::notice::{Notice, Understood};
use crate::whatsapp::payload::{StatusUpdate, fields};

/// Nothing goes out without a way to pay.
const NO_PAYMENT: i64 = 131_042;
/// An alert that many messages cause is raised so often at most.
const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

const RESTRICTED: AlertKind = AlertKind::AccountRestricted;

impl Application<'_> {
    async fn account_fact(
        &self,
        notice: &Notice<'_>,
        name: &'static str,
        value: Option<&str>,
    ) -> Result<bool> {
        let workspace = self.origin.workspace_id;
        business_account::know(self.transaction, &self.installation.clock, workspace, notice.waba).await?;
        let place = (workspace, About::BusinessAccount(notice.waba));
        fact::put(self.transaction, &self.installation.database, place, (name, value), notice.at).await
    }

    pub(super) async fn account_update(&self, notice: &Notice<'_>) -> Result<Understood> {
        let Some(event) = notice.text("event") else { return Ok(Understood::Unknown(String::new())) };
        self.account_fact(notice, "last_event", Some(&event)).await?;
        let status = match event.as_str() {
            "DISABLED_UPDATE" => match fields::text(&notice.value["ban_info"], "waba_ban_state").as_deref() {
                Some("REINSTATE") => "active",
                Some("SCHEDULE_FOR_DISABLE") => "scheduled_for_disable",
                _ => "disabled",
            },
            "ACCOUNT_RESTRICTION" => "restricted",
            "ACCOUNT_DELETED" => "deleted",
            "ACCOUNT_OFFBOARDED" => "offboarded",
            "ACCOUNT_RECONNECTED" => "active",
            "ACCOUNT_VIOLATION" => {
                let kind = fields::text(&notice.value["violation_info"], "violation_type");
                let told = format!("{event} {}", kind.unwrap_or_default());
                let what = (RESTRICTED, AlertSeverity::Warning);
                self.account_alarm(notice, what, "violation", told.trim_end()).await?;
                return Ok(Understood::Known);
            }
            "PARTNER_REMOVED" | "PARTNER_APP_UNINSTALLED" => {
                return self.account_changed(notice, &event, AlertSeverity::Warning).await;
            }
            "AD_ACCOUNT_LINKED"
            | "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE"
            | "BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE"
            | "MM_LITE_TERMS_SIGNED"
            | "PARTNER_ADDED"
            | "PARTNER_APP_INSTALLED"
            | "PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE"
            | "VOLUME_BASED_PRICING_TIER_UPDATE" => {
                return self.account_changed(notice, &event, AlertSeverity::Notice).await;
            }
            _ => return Ok(Understood::Unknown(event)),
        };
        self.account_status(notice, &event, status).await?;
        Ok(Understood::Known)
    }

    /// How an account stands: told when it is not well, and settled when it is again.
    async fn account_status(&self, notice: &Notice<'_>, event: &str, status: &str) -> Result<()> {
        if !self.account_fact(notice, "status", Some(status)).await? {
            return Ok(());
        }
        let restrictions = restrictions(&notice.value);
        let written = (!restrictions.is_empty()).then(|| Value::from(restrictions.clone()).to_string());
        let place = (self.origin.workspace_id, About::BusinessAccount(notice.waba));
        let told = ("restrictions", written.as_deref());
        fact::accompany(self.transaction, &self.installation.database, place, told, notice.at).await?;
        if status == "active" {
            return self.calm(RESTRICTED, notice.waba).await;
        }
        let kinds: Vec<_> = restrictions.iter().filter_map(|one| fields::text(one, "kind")).collect();
        let told = format!("{event} {}", kinds.join(", "));
        self.account_alarm(notice, (RESTRICTED, AlertSeverity::Critical), "", told.trim_end()).await
    }

    async fn account_alarm(
        &self,
        notice: &Notice<'_>,
        what: (AlertKind, AlertSeverity),
        part: &str,
        event: &str,
    ) -> Result<()> {
        let cause = if part.is_empty() { notice.waba.to_owned() } else { format!("{}:{part}", notice.waba) };
        self.alarm(what, cause, notice.channel.as_ref(), &[("account", notice.waba), ("event", event)]).await
    }

    async fn account_changed(
        &self,
        notice: &Notice<'_>,
        event: &str,
        severity: AlertSeverity,
    ) -> Result<Understood> {
        self.account_alarm(notice, (AlertKind::AccountChanged, severity), event, event).await?;
        Ok(Understood::Known)
    }

    pub(super) async fn account_review(&self, notice: &Notice<'_>) -> Result<Understood> {
        let Some(decision) = notice.text("decision") else { return Ok(Understood::Unknown(String::new())) };
        let is_news = self.account_fact(notice, "review", Some(&decision)).await?;
        match decision.as_str() {
            "APPROVED" if is_news => self.calm(RESTRICTED, &format!("{}:review", notice.waba)).await?,
            "REJECTED" if is_news => {
                let what = (RESTRICTED, AlertSeverity::Critical);
                self.account_alarm(notice, what, "review", "review: REJECTED").await?;
            }
            "APPROVED" | "REJECTED" | "PENDING" | "DEFERRED" => {}
            _ => return Ok(Understood::Unknown(decision)),
        }
        Ok(Understood::Known)
    }

    /// Both forms are seen: within `alert_info`, and flat.
    pub(super) async fn account_alert(&self, notice: &Notice<'_>) -> Result<Understood> {
        let info = notice.value.get("alert_info").filter(|info| info.is_object()).unwrap_or(&notice.value);
        let Some(kind) = fields::text(info, "alert_type") else {
            return Ok(Understood::Unknown(String::new()));
        };
        let entity = notice.text("entity_id").unwrap_or_else(|| notice.waba.to_owned());
        let (alert, severity) = match fields::text(info, "alert_severity").as_deref() {
            Some("CRITICAL") => (RESTRICTED, AlertSeverity::Critical),
            Some("WARNING") => (AlertKind::AccountChanged, AlertSeverity::Warning),
            _ => (AlertKind::AccountChanged, AlertSeverity::Notice),
        };
        let cause = format!("{entity}:{kind}");
        let is_over = fields::text(info, "alert_status")
            .is_some_and(|status| matches!(status.as_str(), "RESOLVED" | "INACTIVE" | "CLOSED"));
        if is_over {
            self.calm(RESTRICTED, &cause).await?;
            self.calm(AlertKind::AccountChanged, &cause).await?;
            return Ok(Understood::Known);
        }
        self.account_fact(notice, "last_event", Some(&kind)).await?;
        let description = fields::text(info, "alert_description").unwrap_or_default();
        let event = format!("{kind}. {description}");
        let details = [("account", notice.waba), ("event", event.trim_end_matches(". "))];
        self.alarm((alert, severity), cause, notice.channel.as_ref(), &details).await?;
        Ok(Understood::Known)
    }

    pub(super) async fn capability(&self, notice: &Notice<'_>) -> Result<Understood> {
        self.account_fact(notice, "last_event", Some(notice.field)).await?;
        // The older form counted by number.
        let limit = notice
            .text("max_daily_conversations_per_business")
            .or_else(|| notice.text("max_daily_conversation_per_phone"));
        if let Some(limit) = limit
            && self.account_fact(notice, "messaging_limit", Some(&limit)).await?
        {
            let what = (AlertKind::AccountChanged, AlertSeverity::Notice);
            let event = format!("messaging limit {limit}");
            self.account_alarm(notice, what, "messaging_limit", &event).await?;
        }
        Ok(Understood::Known)
    }

    pub(super) async fn security(&self, notice: &Notice<'_>) -> Result<Understood> {
        let Some(event) = notice.text("event") else { return Ok(Understood::Unknown(String::new())) };
        let channel = notice.channel.as_ref();
        let name = channel.map_or(notice.waba, |channel| channel.name.as_str());
        let place = channel.map_or_else(|| notice.waba.to_owned(), |channel| channel.id.to_string());
        let what = (AlertKind::SecurityEvent, AlertSeverity::Critical);
        let details = [("channel", name), ("event", event.as_str())];
        self.alarm(what, format!("{place}:{event}"), channel, &details).await?;
        match event.as_str() {
            "PIN_CHANGED" | "PIN_RESET_REQUEST" | "PIN_REQUEST_SUCCESS" => Ok(Understood::Known),
            _ => Ok(Understood::Unknown(event)),
        }
    }

    pub(super) async fn payment_configuration(&self, notice: &Notice<'_>) -> Result<Understood> {
        let name = notice.text("configuration_name").unwrap_or_default();
        let status = notice.text("status").unwrap_or_default();
        let cause = format!("{}:{name}", notice.waba);
        if status.eq_ignore_ascii_case("active") {
            self.calm(AlertKind::PaymentEvent, &cause).await?;
        } else {
            let event = format!("{name} {status}");
            let what = (AlertKind::PaymentEvent, AlertSeverity::Warning);
            self.alarm(what, cause, None, &[("event", event.trim())]).await?;
        }
        Ok(Understood::Known)
    }

    pub(super) async fn flow(&self, notice: &Notice<'_>) -> Result<Understood> {
        let event = notice.text("event").unwrap_or_default();
        let flow = notice.text("flow_id").unwrap_or_default();
        let status = notice.text("new_status").unwrap_or_default();
        match (event.as_str(), status.as_str()) {
            ("FLOW_STATUS_CHANGE", "PUBLISHED") => {
                self.calm(AlertKind::AccountChanged, &format!("{}:flow {flow}", notice.waba)).await?;
            }
            ("FLOW_STATUS_CHANGE", "THROTTLED" | "BLOCKED") | ("FLOW_VERSION_EXPIRY_WARNING", _) => {
                let what = (AlertKind::AccountChanged, AlertSeverity::Warning);
                let told = format!("flow {flow} {event} {status}");
                self.account_alarm(notice, what, &format!("flow {flow}"), told.trim_end()).await?;
            }
            (
                "FLOW_STATUS_CHANGE"
                | "CLIENT_ERROR_RATE"
                | "ENDPOINT_ERROR_RATE"
                | "ENDPOINT_LATENCY"
                | "ENDPOINT_AVAILABILITY",
                _,
            ) => {}
            _ => return Ok(Understood::Unknown(event)),
        }
        Ok(Understood::Known)
    }

    /// A message that was not sent for want of payment: told once a minute, however many there are.
    pub(super) async fn heed_payment(&self, channel: &channel::Model, status: &StatusUpdate) -> Result<()> {
        if !status.faults.iter().any(|fault| fault.code == Some(NO_PAYMENT)) {
            return Ok(());
        }
        let cause = format!("{}:unpaid", channel.waba_id);
        let recent = alert::Entity::find()
            .filter(alert::Column::WorkspaceId.eq(self.origin.workspace_id))
            .filter(alert::Column::Kind.eq(AlertKind::PaymentEvent))
            .filter(alert::Column::Cause.eq(&cause))
            .filter(alert::Column::LastSeenAt.gt(self.installation.clock.now() - MINUTE))
            .one(self.transaction)
            .await?;
        if recent.is_some() {
            return Ok(());
        }
        let what = (AlertKind::PaymentEvent, AlertSeverity::Critical);
        self.alarm(what, cause, Some(channel), &[("event", "131042")]).await
    }
}

/// What is restricted and until when, as `{kind, until}`.
fn restrictions(value: &Value) -> Vec<Value> {
    let of = |one: &Value| {
        let kind = fields::text(one, "restriction_type")?;
        Some(json!({ "kind": kind, "until": fields::seconds(one, "expiration") }))
    };
    fields::list(value, "restriction_info").iter().filter_map(of).collect()
}
