//! What Meta says of message templates: status, quality, category, components. An unknown one is made known.

use portaria_domain::fact::{self, About, Fact};
use portaria_domain::template::standing::{Trouble, status_cause, trouble};
use portaria_domain::template::sync;
use portaria_domain::{Result, template};
use portaria_entity::alert::{AlertKind, AlertSeverity};
use portaria_entity::template::{Model, TemplateStatus};
use serde_json::Value;

use super::Application;
use super::notice::{Notice, Understood};
use crate::whatsapp::payload::fields;

const CHANGED: AlertKind = AlertKind::TemplateChanged;

impl Application<'_> {
    pub(super) async fn template(&self, notice: &Notice<'_>) -> Result<Understood> {
        let Some(meta_id) = notice.text("message_template_id") else {
            return Ok(Understood::Unknown(String::new()));
        };
        let key = (self.origin.workspace_id, notice.waba, meta_id.as_str());
        let (name, language) =
            (notice.text("message_template_name"), notice.text("message_template_language"));
        let named = name.as_deref().zip(language.as_deref());
        let mut row = template::know(self.transaction, &self.installation.clock, key, named).await?;
        row.name = name.or(row.name);
        row.language = language.or(row.language);
        for (column, member) in [("name", "message_template_name"), ("language", "message_template_language")]
        {
            if let Some(value) = notice.text(member) {
                self.template_fact((&row, notice), (column, Some(&value))).await?;
            }
        }
        // What belongs to one field is now and then sent in another.
        let understood = self.template_status(&row, notice).await?;
        self.template_quality(&row, notice).await?;
        self.template_category(&row, notice).await?;
        self.template_components(&row, notice).await?;
        Ok(understood)
    }

    async fn template_fact(&self, (row, notice): (&Model, &Notice<'_>), fact: Fact<'_>) -> Result<bool> {
        let place = (self.origin.workspace_id, About::Template(row.id));
        fact::put(self.transaction, &self.installation.database, place, fact, notice.at).await
    }

    async fn template_alarm(
        &self,
        row: &Model,
        (part, event): (&str, &str),
        severity: AlertSeverity,
    ) -> Result<()> {
        let details = [
            ("template", row.name.as_deref().or(row.meta_id.as_deref()).unwrap_or("-")),
            ("language", row.language.as_deref().unwrap_or("-")),
            ("event", event),
        ];
        self.alarm((CHANGED, severity), format!("{}:{part}", row.id), None, &details).await
    }

    async fn template_status(&self, row: &Model, notice: &Notice<'_>) -> Result<Understood> {
        let Some(event) = notice.text("event") else { return Ok(Understood::Known) };
        let status = match event.as_str() {
            // Both mean that it may be used again.
            "REINSTATED" | "UNARCHIVED" | "UNPAUSED" => TemplateStatus::Approved,
            other => match other.to_ascii_lowercase().parse() {
                Ok(status) => status,
                Err(_) => return Ok(Understood::Unknown(event)),
            },
        };
        let name: &'static str = status.into();
        if !self.template_fact((row, notice), ("status", Some(name))).await? {
            return Ok(Understood::Known);
        }
        let reason = reason(&notice.value);
        let place = (self.origin.workspace_id, About::Template(row.id));
        let told = ("reason", reason.as_deref());
        fact::accompany(self.transaction, &self.installation.database, place, told, notice.at).await?;
        if let Some(category) = notice.text("message_template_category") {
            self.template_fact((row, notice), ("category", Some(&category))).await?;
        }
        let severity = match trouble(status) {
            Trouble::Bad(severity) => severity,
            Trouble::Over => {
                self.calm(CHANGED, &status_cause(row.id)).await?;
                return Ok(Understood::Known);
            }
            Trouble::Undecided => return Ok(Understood::Known),
        };
        let told = format!("{event} {}", reason.unwrap_or_default());
        self.template_alarm(row, ("status", told.trim_end()), severity).await?;
        Ok(Understood::Known)
    }

    async fn template_quality(&self, row: &Model, notice: &Notice<'_>) -> Result<()> {
        let Some(score) = notice.text("new_quality_score") else { return Ok(()) };
        if !self.template_fact((row, notice), ("quality", Some(&score))).await? {
            return Ok(());
        }
        match score.as_str() {
            "RED" => self.template_alarm(row, ("quality", "quality RED"), AlertSeverity::Warning).await,
            "GREEN" => self.calm(CHANGED, &format!("{}:quality", row.id)).await,
            _ => Ok(()),
        }
    }

    /// A day before, Meta says which category would be right; when it is done, which it is.
    async fn template_category(&self, row: &Model, notice: &Notice<'_>) -> Result<()> {
        let coming = notice.text("correct_category");
        let now = notice.text("new_category").or_else(|| notice.text("category"));
        if let Some(now) = &now {
            self.template_fact((row, notice), ("category", Some(now))).await?;
        }
        if now.is_none() && coming.is_none() {
            return Ok(());
        }
        let coming = coming.filter(|coming| now.as_ref() != Some(coming));
        if !self.template_fact((row, notice), ("coming_category", coming.as_deref())).await? {
            return Ok(());
        }
        match (coming, now, notice.text("previous_category")) {
            (Some(coming), _, _) => {
                let told = format!("category becomes {coming} within 24 h");
                self.template_alarm(row, ("category", &told), AlertSeverity::Warning).await
            }
            (None, Some(now), Some(before)) if now != before => {
                let told = format!("category {before} -> {now}");
                self.template_alarm(row, ("category", &told), AlertSeverity::Warning).await
            }
            _ => self.calm(CHANGED, &format!("{}:category", row.id)).await,
        }
    }

    async fn template_components(&self, row: &Model, notice: &Notice<'_>) -> Result<()> {
        let parts = ["title", "element", "footer", "buttons"];
        let of = |part: &&str| {
            let member = notice.value.get(format!("message_template_{part}"))?;
            Some(((*part).to_owned(), member.clone()))
        };
        let components: serde_json::Map<String, Value> = parts.iter().filter_map(of).collect();
        if components.is_empty() {
            return Ok(());
        }
        let written = Value::Object(components).to_string();
        if self.template_fact((row, notice), ("components", Some(&written))).await? {
            // Here only some of it is told, and in another form: what there is now is read as a whole.
            let account = (row.workspace_id, row.waba_id.as_str());
            sync::ask(self.transaction, self.installation, account, self.installation.clock.now()).await?;
        }
        Ok(())
    }
}

/// Why, in Meta's words: the reason's name, and what is said beside it.
fn reason(value: &Value) -> Option<String> {
    let named = fields::text(value, "reason").filter(|reason| reason != "NONE");
    let beside = ["rejection_info", "other_info"].into_iter().find_map(|member| {
        let info = value.get(member)?;
        fields::text(info, "reason")
            .or_else(|| fields::text(info, "description"))
            .or_else(|| fields::text(info, "title"))
    });
    match (named, beside) {
        (Some(named), Some(beside)) => Some(format!("{named}: {beside}")),
        (named, beside) => named.or(beside),
    }
}
