//! Templates between Portaria and Meta: what was approved is created, edited or deleted there, and what Meta has is read each
//! night. Each of both is claimed, so any number of processes may do it.

mod catalogue;
mod submission;
#[cfg(test)]
mod tests;

use std::time::Duration;

use portaria_domain::Installation;
use portaria_domain::error::Result;
use portaria_domain::template::submission::{Claimed, claim};
use portaria_domain::template::sync;
use portaria_entity::channel;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::cloud_api::{AccessToken, CloudApi};

/// How often it is looked whether there is something to do.
const INTERVAL: Duration = Duration::from_secs(3);
/// How often it is looked for accounts that are new.
const NEW_ACCOUNTS: Duration = Duration::from_secs(60);
/// So many things are done before it is looked whether to stop.
const AT_ONCE: usize = 20;

/// Does what is due with templates.
#[derive(Clone)]
pub struct TemplateWork {
    installation: Installation,
    api: CloudApi,
}

impl TemplateWork {
    pub fn new(installation: Installation, api: CloudApi) -> Self {
        Self { installation, api }
    }

    /// Works until `shutdown`; what has begun is finished.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut looked: Option<Instant> = None;
        while !shutdown.is_cancelled() {
            if looked.is_none_or(|at| at.elapsed() >= NEW_ACCOUNTS) {
                looked = Some(Instant::now());
                if let Err(error) = sync::take_up(&self.installation).await {
                    tracing::warn!(%error, "accounts whose templates were never read could not be looked for");
                }
            }
            if let Err(error) = self.work().await {
                tracing::warn!(%error, "what is due with templates could not be done");
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    /// Does what is due now, up to a bound; answers how much that was.
    pub async fn work(&self) -> Result<usize> {
        let mut done = 0;
        while done < AT_ONCE {
            match claim(&self.installation).await? {
                Claimed::Job(job) => submission::perform(self, &job).await?,
                Claimed::PutOff => {}
                Claimed::Nothing => break,
            }
            done += 1;
        }
        while done < AT_ONCE {
            let Some(reading) = sync::claim(&self.installation).await? else { break };
            catalogue::read(self, &reading).await?;
            done += 1;
        }
        Ok(done)
    }

    /// A token of one of these numbers; none when none has one.
    fn token(&self, channels: &[channel::Model]) -> Result<Option<AccessToken>> {
        for channel in channels {
            if let Some(token) = AccessToken::of(&self.installation, channel)? {
                return Ok(Some(token));
            }
        }
        Ok(None)
    }
}

const NO_TOKEN: &str = "No number of the account has an access token here.";

/// The path of an account's templates; none for what is no account's id.
fn path(waba: &str, query: &[(&str, &str)]) -> Option<String> {
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if waba.is_empty() || !waba.bytes().all(is_id) {
        return None;
    }
    let mut path = format!("{waba}/message_templates");
    if !query.is_empty() {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        path = format!("{path}?{query}");
    }
    Some(path)
}
