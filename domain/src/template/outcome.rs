//! What came of something that was done with a template at Meta, written down for its authors.

use std::time::Duration;

use portaria_entity::alert::{AlertKind, AlertSeverity};
use portaria_entity::template_submission::{self, SubmissionState, TemplateOperation};
use portaria_entity::template_version::{self, TemplateVersionState};
use portaria_entity::time::Timestamp;
use portaria_entity::{template, template_alternative, template_channel};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
};
use serde_json::json;

use super::submission::{Job, settle};
use super::{sync, version};
use crate::alert;
use crate::error::{Error, Result};
use crate::fact::{self, About, Fact};
use crate::installation::Installation;

/// So long Meta may take to make up its mind whether it has done what it never answered.
const UNCLEAR: Duration = Duration::from_secs(60);
/// So often it is tried; with pauses of up to a quarter of an hour that is about a day.
const MOST_ATTEMPTS: i32 = 100;
const LONGEST_PAUSE: u64 = 15 * 60;
const LONGEST_WORDS: usize = 2_000;

/// What Meta answered when it took a template.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    pub meta_id: Option<String>,
    pub status: Option<String>,
    pub category: Option<String>,
}

impl Job {
    /// Meta has it as it was sent at `asked_at`.
    pub async fn taken(&self, installation: &Installation, taken: Taken, asked_at: Timestamp) -> Result<()> {
        let transaction = installation.database.begin().await?;
        let done = self.ended(installation, SubmissionState::Done);
        if !settle(&transaction, &self.submission, done).await? {
            return Ok(());
        }
        if let Some(meta_id) = &taken.meta_id
            && !adopt(&transaction, &self.template, meta_id).await?
        {
            drop(transaction);
            let words = "WhatsApp has a template of that name that is worked on here apart from this one.";
            return self.refused(installation, None, words).await;
        }
        self.conclude(&transaction, (TemplateVersionState::Submitted, None)).await?;
        let Some(definition) = &self.definition else {
            return Err(Error::internal("a template without a definition was taken"));
        };
        let written = definition.to_json()?;
        let status = taken.status.map(|status| status.to_ascii_lowercase());
        let known = status.as_deref().filter(|status| status.parse::<template::TemplateStatus>().is_ok());
        // Nothing is said of what Meta did not say: the next reading will tell.
        let facts: [Option<Fact<'_>>; 5] = [
            Some(("definition", Some(&written))),
            Some(("name", Some(&definition.name))),
            Some(("language", Some(&definition.language))),
            known.map(|status| ("status", Some(status))),
            taken.category.as_deref().map(|category| ("category", Some(category))),
        ];
        let place = (self.template.workspace_id, About::Template(self.template.id));
        for fact in facts.into_iter().flatten() {
            fact::put(&transaction, &installation.database, place, fact, asked_at).await?;
        }
        let told = json!({ "version": self.submission.version_id, "operation": self.operation() });
        version::note(&transaction, installation, &self.template, ("template.submitted", told)).await?;
        let alarm = self.alarm();
        let alarm = (self.template.workspace_id, AlertKind::TemplateChanged, alarm.as_str());
        alert::settle(&transaction, (&installation.database, &installation.clock), alarm).await?;
        if known.is_none() {
            let soon = installation.clock.now() + UNCLEAR;
            sync::ask(&transaction, installation, (self.template.workspace_id, &self.template.waba_id), soon)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Meta has it no more.
    pub async fn deleted(&self, installation: &Installation, asked_at: Timestamp) -> Result<()> {
        let transaction = installation.database.begin().await?;
        if !settle(&transaction, &self.submission, self.ended(installation, SubmissionState::Done)).await? {
            return Ok(());
        }
        let place = (self.template.workspace_id, About::Template(self.template.id));
        fact::put(&transaction, &installation.database, place, ("status", Some("deleted")), asked_at).await?;
        let told = json!({ "submission": self.submission.id });
        version::note(&transaction, installation, &self.template, ("template.deleted", told)).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Meta did not take it: its authors are told why.
    pub async fn refused(&self, installation: &Installation, code: Option<i64>, words: &str) -> Result<()> {
        let words: String = words.chars().filter(|c| *c != '\0').take(LONGEST_WORDS).collect();
        let transaction = installation.database.begin().await?;
        let ended = template_submission::ActiveModel {
            error_code: Set(code),
            error: Set(Some(words.clone())),
            ..self.ended(installation, SubmissionState::Refused)
        };
        if !settle(&transaction, &self.submission, ended).await? {
            return Ok(());
        }
        self.conclude(&transaction, (TemplateVersionState::Refused, Some(&words))).await?;
        let told = json!({
            "version": self.submission.version_id, "operation": self.operation(), "code": code, "error": words,
        });
        version::note(&transaction, installation, &self.template, ("template.refused", told)).await?;
        let details = [
            ("template", self.template.name.as_deref().unwrap_or("-")),
            ("language", self.template.language.as_deref().unwrap_or("-")),
            ("event", words.as_str()),
        ];
        let raised = alert::Raised {
            workspace_id: self.template.workspace_id,
            kind: AlertKind::TemplateChanged,
            cause: self.alarm(),
            severity: AlertSeverity::Warning,
            channel_id: None,
            details: details.map(|(name, text)| (name.to_owned(), text.to_owned())).into(),
        };
        alert::raise(&transaction, (&installation.database, &installation.clock), raised).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// It was not done, and can be tried again: after so long, or after a pause that grows.
    pub async fn again(&self, installation: &Installation, why: &str, after: Option<Duration>) -> Result<()> {
        if self.submission.attempts >= MOST_ATTEMPTS {
            return self.refused(installation, None, why).await;
        }
        let attempts = u32::try_from(self.submission.attempts).unwrap_or(0);
        let pause =
            Duration::from_secs(5_u64.saturating_mul(2_u64.saturating_pow(attempts)).min(LONGEST_PAUSE));
        self.wait(installation, SubmissionState::Queued, (why, after.unwrap_or(pause))).await
    }

    /// It is not known whether it was done: Meta is asked in a while.
    pub async fn unclear(&self, installation: &Installation, why: &str) -> Result<()> {
        if self.submission.attempts >= MOST_ATTEMPTS {
            return self.refused(installation, None, why).await;
        }
        self.wait(installation, SubmissionState::Unclear, (why, UNCLEAR)).await
    }

    async fn wait(
        &self,
        installation: &Installation,
        state: SubmissionState,
        (why, pause): (&str, Duration),
    ) -> Result<()> {
        let waits = template_submission::ActiveModel {
            state: Set(state),
            due_at: Set(installation.clock.now() + pause),
            leased_until: Set(Timestamp(0)),
            error: Set(Some(why.chars().filter(|c| *c != '\0').take(LONGEST_WORDS).collect())),
            ..Default::default()
        };
        settle(installation.database.writer(), &self.submission, waits).await.map(drop)
    }

    fn ended(&self, installation: &Installation, state: SubmissionState) -> template_submission::ActiveModel {
        template_submission::ActiveModel {
            state: Set(state),
            ended_at: Set(Some(installation.clock.now())),
            error: Set(None),
            ..Default::default()
        }
    }

    async fn conclude(
        &self,
        connection: &impl ConnectionTrait,
        (state, reason): (TemplateVersionState, Option<&str>),
    ) -> Result<()> {
        let Some(version) = self.submission.version_id else { return Ok(()) };
        let changed = template_version::ActiveModel {
            state: Set(state),
            reason: Set(reason.map(str::to_owned)),
            ..Default::default()
        };
        template_version::Entity::update_many()
            .set(changed)
            .filter(template_version::Column::WorkspaceId.eq(self.submission.workspace_id))
            .filter(template_version::Column::Id.eq(version))
            .exec(connection)
            .await?;
        Ok(())
    }

    fn operation(&self) -> &'static str {
        match self.submission.operation {
            TemplateOperation::Create => "create",
            TemplateOperation::Edit => "edit",
            TemplateOperation::Delete => "delete",
        }
    }

    fn alarm(&self) -> String {
        format!("{}:submission", self.template.id)
    }
}

/// Gives a template Meta's id. What a webhook has told meanwhile under that id becomes its own. False: that is somebody's work, too.
async fn adopt(connection: &impl ConnectionTrait, row: &template::Model, meta_id: &str) -> Result<bool> {
    let of_workspace = template::Entity::find()
        .filter(template::Column::WorkspaceId.eq(row.workspace_id))
        .filter(template::Column::WabaId.eq(row.waba_id.as_str()));
    let other = of_workspace.filter(template::Column::MetaId.eq(meta_id)).one(connection).await?;
    let mut changed = template::ActiveModel { meta_id: Set(Some(meta_id.to_owned())), ..Default::default() };
    match other {
        Some(other) if other.id == row.id => return Ok(true),
        Some(other) if is_worked_on(connection, &other).await? => return Ok(false),
        Some(other) => {
            template::Entity::delete_by_id((other.workspace_id, other.id)).exec(connection).await?;
            let merged = template::Model { id: row.id, created_at: row.created_at, ..other };
            changed = template::ActiveModel::from(merged).reset_all();
        }
        None => {}
    }
    overwrite(connection, row, changed).await
}

async fn overwrite(
    connection: &impl ConnectionTrait,
    row: &template::Model,
    changed: template::ActiveModel,
) -> Result<bool> {
    template::Entity::update_many()
        .set(changed)
        .filter(template::Column::WorkspaceId.eq(row.workspace_id))
        .filter(template::Column::Id.eq(row.id))
        .exec(connection)
        .await?;
    Ok(true)
}

async fn is_worked_on(connection: &impl ConnectionTrait, row: &template::Model) -> Result<bool> {
    let versions = template_version::Entity::find()
        .filter(template_version::Column::WorkspaceId.eq(row.workspace_id))
        .filter(template_version::Column::TemplateId.eq(row.id));
    let submissions = template_submission::Entity::find()
        .filter(template_submission::Column::WorkspaceId.eq(row.workspace_id))
        .filter(template_submission::Column::TemplateId.eq(row.id));
    let alternative = Condition::any()
        .add(template_alternative::Column::TemplateId.eq(row.id))
        .add(template_alternative::Column::AlternativeId.eq(row.id));
    let alternatives = template_alternative::Entity::find()
        .filter(template_alternative::Column::WorkspaceId.eq(row.workspace_id))
        .filter(alternative);
    let channels = template_channel::Entity::find()
        .filter(template_channel::Column::WorkspaceId.eq(row.workspace_id))
        .filter(template_channel::Column::TemplateId.eq(row.id));
    Ok(versions.count(connection).await? > 0
        || submissions.count(connection).await? > 0
        || alternatives.count(connection).await? > 0
        || channels.count(connection).await? > 0)
}
