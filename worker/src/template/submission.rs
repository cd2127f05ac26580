//! Does one thing with a template at Meta. Meta has no key by which a repeated request is known: so what may have been done
//! already is looked for first, by name and language, and only what is not there is sent again.

use std::time::Duration;

use portaria_domain::error::{Error, Result};
use portaria_domain::sending::failure::{Remedy, remedy};
use portaria_domain::template::definition::Definition;
use portaria_domain::template::outcome::Taken;
use portaria_domain::template::submission::Job;
use portaria_entity::template_submission::TemplateOperation;
use portaria_entity::time::Timestamp;
use reqwest::Method;
use serde_json::Value;

use super::catalogue::{FIELDS, named, words};
use super::{NO_TOKEN, TemplateWork, path};
use crate::cloud_api::{AccessToken, CallError, GraphError};

/// Until somebody has seen to a token or a permission.
const UNTIL_MENDED: Duration = Duration::from_secs(15 * 60);
/// Meta counts calls by the hour.
const TOO_OFTEN: Duration = Duration::from_secs(10 * 60);
/// Too many calls about an account's templates.
const TOO_MANY_CALLS: i64 = 80_008;
/// There is a template of that name in that language.
const NAME_TAKEN: [i64; 2] = [2_388_023, 2_388_024];
const ANOTHER: &str = "WhatsApp has another template of that name in that language.";

pub(super) async fn perform(work: &TemplateWork, job: &Job) -> Result<()> {
    let Some(token) = work.token(&job.channels)? else {
        return job.again(&work.installation, NO_TOKEN, Some(UNTIL_MENDED)).await;
    };
    let attempt = Attempt { work, job, token, asked_at: work.installation.clock.now() };
    match job.submission.operation {
        TemplateOperation::Create => attempt.create().await,
        TemplateOperation::Edit => attempt.edit().await,
        TemplateOperation::Delete => attempt.delete().await,
    }
}

struct Attempt<'a> {
    work: &'a TemplateWork,
    job: &'a Job,
    token: AccessToken,
    /// Facts of the answer are of then: what a webhook tells meanwhile is newer.
    asked_at: Timestamp,
}

impl Attempt<'_> {
    async fn create(&self) -> Result<()> {
        if self.job.ask_first {
            match self.there().await {
                Ok(Some(there)) => return self.settle(&there).await,
                Ok(None) => {}
                Err(error) => return self.not_asked(&error).await,
            }
        }
        let definition = self.definition()?;
        let Some(path) = path(&self.job.submission.waba_id, &[]) else { return self.no_account().await };
        let sent = self.call(Method::POST, &path, Some(&definition.to_creation())).await;
        match sent {
            Ok(answer) => match taken(&answer) {
                taken @ Taken { meta_id: Some(_), .. } => self.taken(taken).await,
                _ => self.job.unclear(&self.work.installation, "WhatsApp's answer names no template.").await,
            },
            Err(CallError::Refused(refusal)) if is_name_taken(&refusal) => match self.there().await {
                Ok(Some(there)) => self.settle(&there).await,
                // It was deleted less than 30 days ago, or it is not shown yet.
                Ok(None) => self.refused(&refusal).await,
                Err(error) => self.not_asked(&error).await,
            },
            Err(error) => self.failed(error).await,
        }
    }

    async fn edit(&self) -> Result<()> {
        let definition = self.definition()?;
        let Some(meta_id) = self.job.template.meta_id.as_deref().filter(|id| is_id(id)) else {
            return Err(Error::internal("a template that Meta does not have is to be edited"));
        };
        if self.job.ask_first {
            match self.call(Method::GET, &format!("{meta_id}?fields={FIELDS}"), None).await {
                Ok(there) if says(&there, definition) => return self.taken(taken(&there)).await,
                Ok(_) => {}
                Err(error) => return self.not_asked(&error).await,
            }
        }
        match self.call(Method::POST, meta_id, Some(&definition.to_edit())).await {
            // What became of its status is not in the answer.
            Ok(answer) => self.taken(Taken { meta_id: None, ..taken(&answer) }).await,
            Err(error) => self.failed(error).await,
        }
    }

    async fn delete(&self) -> Result<()> {
        let template = &self.job.template;
        let (Some(meta_id), Some(name)) = (template.meta_id.as_deref(), template.name.as_deref()) else {
            return self
                .job
                .refused(&self.work.installation, None, "WhatsApp has not told its name yet.")
                .await;
        };
        if self.job.ask_first {
            match self.is_there(meta_id, name).await {
                Ok(true) => {}
                Ok(false) => return self.gone().await,
                Err(error) => return self.not_asked(&error).await,
            }
        }
        let query = [("hsm_id", meta_id), ("name", name)];
        let Some(path) = path(&self.job.submission.waba_id, &query) else { return self.no_account().await };
        match self.call(Method::DELETE, &path, None).await {
            Ok(_) => self.gone().await,
            Err(CallError::Refused(refusal)) if is_final(&refusal) => {
                match self.is_there(meta_id, name).await {
                    Ok(false) => self.gone().await,
                    Ok(true) | Err(_) => self.refused(&refusal).await,
                }
            }
            Err(error) => self.failed(error).await,
        }
    }

    /// What Meta has under the template's name and language.
    async fn there(&self) -> std::result::Result<Option<Value>, CallError> {
        let template = &self.job.template;
        let (Some(name), Some(language)) = (&template.name, &template.language) else { return Ok(None) };
        let found = named(self.work, &self.token, (&self.job.submission.waba_id, name)).await?;
        let in_language =
            |row: &Value| row.get("language").and_then(Value::as_str) == Some(language.as_str());
        Ok(found.into_iter().find(in_language))
    }

    async fn is_there(&self, meta_id: &str, name: &str) -> std::result::Result<bool, CallError> {
        let found = named(self.work, &self.token, (&self.job.submission.waba_id, name)).await?;
        Ok(found.iter().any(|row| row.get("id").and_then(Value::as_str) == Some(meta_id)))
    }

    /// Meta has one of that name: ours, or another.
    async fn settle(&self, there: &Value) -> Result<()> {
        if says(there, self.definition()?) {
            return self.taken(taken(there)).await;
        }
        self.job.refused(&self.work.installation, None, ANOTHER).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> std::result::Result<Value, CallError> {
        self.work.api.call(&self.token, method, path, body).await
    }

    fn definition(&self) -> Result<&Definition> {
        self.job.definition.as_ref().ok_or_else(|| Error::internal("nothing says what the template says"))
    }

    async fn taken(&self, taken: Taken) -> Result<()> {
        self.job.taken(&self.work.installation, taken, self.asked_at).await
    }

    async fn gone(&self) -> Result<()> {
        self.job.deleted(&self.work.installation, self.asked_at).await
    }

    async fn refused(&self, refusal: &GraphError) -> Result<()> {
        let code = refusal.subcode.unwrap_or(refusal.code);
        let words = refusal.details.as_deref().unwrap_or(&refusal.message);
        self.job.refused(&self.work.installation, Some(code), words).await
    }

    async fn no_account(&self) -> Result<()> {
        self.job.refused(&self.work.installation, None, "The account's id is none.").await
    }

    /// What was to be known first could not be: it stays unclear.
    async fn not_asked(&self, error: &CallError) -> Result<()> {
        self.job.unclear(&self.work.installation, &words(error)).await
    }

    async fn failed(&self, error: CallError) -> Result<()> {
        let installation = &self.work.installation;
        let told = words(&error);
        match error {
            CallError::Unsent(_) => self.job.again(installation, &told, None).await,
            CallError::Uncertain(_) => self.job.unclear(installation, &told).await,
            CallError::Refused(refusal) if refusal.code == TOO_MANY_CALLS => {
                self.job.again(installation, &told, refusal.retry_after.or(Some(TOO_OFTEN))).await
            }
            CallError::Refused(refusal) => match remedy(refusal.status, refusal.code) {
                // Of an error of its own Meta does not say how far it had come.
                Remedy::Again => self.job.unclear(installation, &told).await,
                Remedy::SlowDown | Remedy::SlowDownConversation => {
                    self.job.again(installation, &told, refusal.retry_after.or(Some(TOO_OFTEN))).await
                }
                Remedy::Stop(_) => self.job.again(installation, &told, Some(UNTIL_MENDED)).await,
                Remedy::GiveUp(_) => self.refused(&refusal).await,
            },
        }
    }
}

fn is_final(refusal: &GraphError) -> bool {
    matches!(remedy(refusal.status, refusal.code), Remedy::GiveUp(_))
}

fn is_name_taken(refusal: &GraphError) -> bool {
    refusal.subcode.is_some_and(|code| NAME_TAKEN.contains(&code)) || NAME_TAKEN.contains(&refusal.code)
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn says(there: &Value, definition: &Definition) -> bool {
    Definition::from_meta(there).is_some_and(|there| there.says_the_same(definition))
}

/// What an answer, or a row of a list, says of a template.
fn taken(answer: &Value) -> Taken {
    let text = |member: &str| answer.get(member).and_then(Value::as_str).map(str::to_owned);
    // Ids come as numbers, too.
    let id = answer.get("id").and_then(Value::as_u64).map(|id| id.to_string());
    Taken { meta_id: text("id").or(id), status: text("status"), category: text("category") }
}
