//! What Meta says of a phone number: quality, throughput, limit, the name that customers see, its username.

use portaria_domain::fact::{self, About};
use portaria_domain::{Result, channel_fact};
use portaria_entity::alert::{AlertKind, AlertSeverity};
use portaria_entity::channel;

use super::Application;
use super::notice::{Notice, Understood};

const CHANGED: AlertKind = AlertKind::NumberChanged;

impl Application<'_> {
    pub(super) async fn number_fact(
        &self,
        (channel, notice): (&channel::Model, &Notice<'_>),
        name: &'static str,
        value: Option<&str>,
    ) -> Result<bool> {
        let workspace = self.origin.workspace_id;
        channel_fact::know(self.transaction, workspace, channel.id).await?;
        let place = (workspace, About::Channel(channel.id));
        fact::put(self.transaction, &self.installation.database, place, (name, value), notice.at).await
    }

    async fn number_alarm(
        &self,
        channel: &channel::Model,
        (part, event): (&str, &str),
        severity: AlertSeverity,
    ) -> Result<()> {
        let cause = format!("{}:{part}", channel.id);
        let details = [("channel", channel.name.as_str()), ("event", event)];
        self.alarm((CHANGED, severity), cause, Some(channel), &details).await
    }

    pub(super) async fn number_quality(&self, notice: &Notice<'_>) -> Result<Understood> {
        let Some(event) = notice.text("event") else { return Ok(Understood::Unknown(String::new())) };
        let Some(channel) = &notice.channel else { return Ok(Understood::Known) };
        let here = (channel, notice);
        let limit =
            notice.text("max_daily_conversations_per_business").or_else(|| notice.text("current_limit"));
        if let Some(limit) = limit {
            self.number_fact(here, "messaging_limit", Some(&limit)).await?;
        }
        match event.as_str() {
            "FLAGGED" => {
                if self.number_fact(here, "quality", Some(&event)).await? {
                    let told = ("quality", event.as_str());
                    self.number_alarm(channel, told, AlertSeverity::Warning).await?;
                }
            }
            "UNFLAGGED" => {
                if self.number_fact(here, "quality", Some(&event)).await? {
                    self.calm(CHANGED, &format!("{}:quality", channel.id)).await?;
                }
            }
            "THROUGHPUT_UPGRADE" | "ONBOARDING" | "UPGRADE" => {
                self.number_fact(here, "throughput", Some(&event)).await?;
            }
            "DOWNGRADE" => {
                if self.number_fact(here, "throughput", Some(&event)).await? {
                    let told = ("throughput", event.as_str());
                    self.number_alarm(channel, told, AlertSeverity::Warning).await?;
                }
            }
            _ => return Ok(Understood::Unknown(event)),
        }
        Ok(Understood::Known)
    }

    pub(super) async fn number_name(&self, notice: &Notice<'_>) -> Result<Understood> {
        let Some(decision) = notice.text("decision") else { return Ok(Understood::Unknown(String::new())) };
        let Some(channel) = &notice.channel else { return Ok(Understood::Known) };
        let here = (channel, notice);
        let is_news = self.number_fact(here, "name_decision", Some(&decision)).await?;
        let name = notice.text("requested_verified_name");
        match decision.as_str() {
            "APPROVED" => {
                if name.is_some() {
                    self.number_fact(here, "verified_name", name.as_deref()).await?;
                }
                if is_news {
                    self.calm(CHANGED, &format!("{}:name", channel.id)).await?;
                }
            }
            "REJECTED" | "DECLINED" if is_news => {
                let reason = notice.text("rejection_reason").filter(|reason| reason != "NONE");
                let told = format!("name {decision} {}", reason.unwrap_or_default());
                self.number_alarm(channel, ("name", told.trim_end()), AlertSeverity::Warning).await?;
            }
            "REJECTED" | "DECLINED" | "DEFERRED" | "PENDING" | "PENDING_REVIEW" => {}
            _ => return Ok(Understood::Unknown(decision)),
        }
        Ok(Understood::Known)
    }

    pub(super) async fn username(&self, notice: &Notice<'_>) -> Result<Understood> {
        let Some(status) = notice.text("status") else { return Ok(Understood::Unknown(String::new())) };
        if !matches!(status.as_str(), "approved" | "reserved" | "deleted") {
            return Ok(Understood::Unknown(status));
        }
        let Some(channel) = &notice.channel else { return Ok(Understood::Known) };
        let here = (channel, notice);
        let username = notice.text("username").filter(|_| status != "deleted");
        let is_news = self.number_fact(here, "username_status", Some(&status)).await?;
        // Both change together, so that of two of one second the same one decides of both.
        if is_news {
            self.replace_username(channel, username.as_deref(), notice).await?;
        }
        match (status.as_str(), is_news) {
            ("deleted", true) => {
                self.number_alarm(channel, ("username", "username deleted"), AlertSeverity::Notice).await?;
            }
            (_, true) => self.calm(CHANGED, &format!("{}:username", channel.id)).await?,
            (_, false) => {}
        }
        Ok(Understood::Known)
    }

    async fn replace_username(
        &self,
        channel: &channel::Model,
        username: Option<&str>,
        notice: &Notice<'_>,
    ) -> Result<()> {
        use sea_orm::ConnectionTrait;
        let sql = "UPDATE channel_facts SET username = $3, username_at = $4 WHERE workspace_id = $1 AND channel_id = $2";
        let values = [
            self.origin.workspace_id.0.into(),
            channel.id.0.into(),
            username.map(str::to_owned).into(),
            notice.at.0.into(),
        ];
        self.transaction.execute_raw(self.installation.database.statement(sql, values)).await?;
        Ok(())
    }
}
