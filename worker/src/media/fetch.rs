//! Fetches one file: asks Meta where it is, takes it in as it comes, compares it with what was told, looks it through.

use std::time::Duration;

use portaria_domain::Result;
use portaria_domain::alert::{self, Details, Raised};
use portaria_domain::error::Error;
use portaria_domain::media::{
    self, INBOUND_LIMIT, Nature, Outcome, Taken, Untaken, Verdict, Wanted, take_in,
};
use portaria_domain::sending::failure::{Remedy, remedy};
use portaria_entity::alert::{AlertKind, AlertSeverity};
use portaria_entity::channel;
use portaria_entity::media_file::{MediaReason, MediaState};
use reqwest::{Method, StatusCode};
use sea_orm::EntityTrait;
use serde_json::Value;

use super::Fetcher;
use crate::cloud_api::{AccessToken, CallError, GraphError};

/// A number whose token is missing or not taken is tried again after so long.
const HOLD_BACK: Duration = Duration::from_secs(5 * 60);
/// A link is good for five minutes; one that has gone is asked for anew so often.
const LINKS: usize = 3;
/// After so many attempts what Meta does not know, or has otherwise than it told, is given up.
const MOST_ODD: i32 = 6;

/// What Meta says of a file.
struct Description {
    url: String,
    bytes: Option<u64>,
    sha256: Option<String>,
}

impl Description {
    fn read(answer: &Value) -> Option<Self> {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let bytes = answer.get("file_size");
        let bytes = bytes.and_then(|size| size.as_u64().or_else(|| size.as_str()?.parse().ok()));
        Some(Self { url: text("url")?, bytes, sha256: text("sha256") })
    }
}

/// A link that led nowhere.
enum Missed {
    /// It has gone: another may be asked for.
    Link,
    Otherwise(Outcome),
}

impl Fetcher {
    /// Works on one file, and writes down what came of it.
    pub(super) async fn work_on(self, mut wanted: Wanted) {
        let worked = match tokio::time::timeout(self.options.timeout, self.bring(&mut wanted)).await {
            Ok(worked) => worked,
            Err(_) => self.conclude(&wanted, Outcome::Again(MediaReason::Unreachable, None)).await,
        };
        if let Err(error) = worked {
            tracing::warn!(%error, file = %wanted.file.id, "a file waits for its lease to end");
        }
    }

    async fn bring(&self, wanted: &mut Wanted) -> Result<()> {
        if wanted.file.state == MediaState::Wanted {
            let outcome = self.fetch(wanted).await?;
            if let Outcome::Kept { state, .. } = &outcome {
                let state = *state;
                self.conclude(wanted, outcome).await?;
                wanted.file.state = state;
                self.let_go_on(wanted).await?;
                if state == MediaState::Stored {
                    return Ok(());
                }
            } else {
                return self.conclude(wanted, outcome).await;
            }
        }
        let outcome = self.look_through(wanted).await;
        self.conclude(wanted, outcome).await
    }

    /// Writes down what came of it. What another is at by now is another's.
    async fn conclude(&self, wanted: &Wanted, outcome: Outcome) -> Result<()> {
        if let Outcome::Again(reason, _) = &outcome {
            tracing::info!(file = %wanted.file.id, reason = <&str>::from(*reason), "a file is tried again later");
        }
        match media::settle(&self.installation, wanted, outcome).await? {
            true => Ok(()),
            false => Err(Error::internal("the lease on a file has run out")),
        }
    }

    async fn fetch(&self, wanted: &mut Wanted) -> Result<Outcome> {
        let again = |reason| Ok(Outcome::Again(reason, None));
        let attempts = wanted.file.attempts;
        let (Some(channel), Some(meta_id)) = (self.channel(wanted).await?, wanted.file.meta_id.clone())
        else {
            return Ok(Outcome::Lost(MediaReason::Gone));
        };
        // It goes into a path.
        if meta_id.is_empty() || !meta_id.bytes().all(|one| one.is_ascii_alphanumeric() || one == b'_') {
            return Ok(Outcome::Lost(MediaReason::Gone));
        }
        let Some(token) = AccessToken::of(&self.installation, &channel)? else {
            self.hold_back(&channel, MediaReason::NoToken).await?;
            return Ok(Outcome::Again(MediaReason::NoToken, Some(HOLD_BACK)));
        };
        let path = format!("{meta_id}?phone_number_id={}", channel.phone_number_id);
        for _ in 0..LINKS {
            let answer = match self.cloud_api.call(&token, Method::GET, &path, None).await {
                Ok(answer) => answer,
                Err(error) => return self.of_refusal(&channel, attempts, &error).await,
            };
            let Some(described) = Description::read(&answer) else { return again(MediaReason::Unreachable) };
            if described.bytes.is_some_and(|bytes| bytes > INBOUND_LIMIT) {
                return Ok(Outcome::Refused(MediaReason::TooLarge));
            }
            if !media::begin(&self.installation, wanted).await? {
                return Err(Error::internal("the lease on a file has run out"));
            }
            match self.follow(&token, wanted, &described).await {
                Ok(outcome) => return Ok(outcome),
                Err(Missed::Otherwise(outcome)) => {
                    if let Outcome::Again(MediaReason::TokenRefused, _) = &outcome {
                        self.hold_back(&channel, MediaReason::TokenRefused).await?;
                    }
                    return Ok(outcome);
                }
                Err(Missed::Link) => {}
            }
        }
        again(MediaReason::Gone)
    }

    async fn channel(&self, wanted: &Wanted) -> Result<Option<channel::Model>> {
        let Some(id) = wanted.file.channel_id else { return Ok(None) };
        let find = channel::Entity::find_by_id((wanted.file.workspace_id, id));
        Ok(find.one(self.installation.database.reader()).await?)
    }

    /// Follows a link, and takes in what is there.
    async fn follow(
        &self,
        token: &AccessToken,
        wanted: &Wanted,
        described: &Description,
    ) -> std::result::Result<Outcome, Missed> {
        let again = |reason| Missed::Otherwise(Outcome::Again(reason, None));
        let request = self.cloud_api.fetch(token, &described.url).map_err(|error| {
            tracing::error!(%error, "a file cannot be fetched");
            again(MediaReason::Unreachable)
        })?;
        let sent = tokio::time::timeout(self.options.pause, request.send()).await;
        let Ok(Ok(response)) = sent else { return Err(again(MediaReason::Unreachable)) };
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Err(Missed::Link),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let refused = Outcome::Again(MediaReason::TokenRefused, Some(HOLD_BACK));
                return Err(Missed::Otherwise(refused));
            }
            StatusCode::TOO_MANY_REQUESTS => return Err(again(MediaReason::RateLimited)),
            _ => return Err(again(MediaReason::Unreachable)),
        }
        if response.content_length().is_some_and(|bytes| bytes > INBOUND_LIMIT) {
            return Ok(Outcome::Refused(MediaReason::TooLarge));
        }
        let file = &wanted.file;
        let key = file.storage_key.as_deref().unwrap_or_default();
        let judge = |head: &[u8]| Ok((Nature::of(head, file.mime_type.as_deref()), INBOUND_LIMIT));
        let source = Box::pin(response.bytes_stream());
        let store = &self.installation.media.store;
        match take_in((store, key), source, self.options.pause, judge).await {
            Ok(taken) => Ok(self.compare(wanted, described, taken)),
            Err(Untaken::<()>::TooLarge { .. }) => Ok(Outcome::Refused(MediaReason::TooLarge)),
            Err(Untaken::Empty) => Ok(odd(file.attempts, MediaReason::Empty)),
            Err(Untaken::Broken(_) | Untaken::Refused(())) => Err(again(MediaReason::Unreachable)),
            Err(Untaken::Store(error)) => {
                tracing::error!(%error, "a file that was fetched could not be kept");
                Err(again(MediaReason::StoreFailed))
            }
        }
    }

    /// Whether what came is what was told.
    fn compare(&self, wanted: &Wanted, described: &Description, taken: Taken<Nature>) -> Outcome {
        let told = described.sha256.as_deref().or(wanted.file.sha256.as_deref());
        let is_other = told.and_then(digest_of).is_some_and(|told| told != taken.digest)
            || described.bytes.is_some_and(|bytes| bytes != taken.bytes);
        if is_other {
            return odd(wanted.file.attempts, MediaReason::Altered);
        }
        let state = match self.installation.media.scanner {
            Some(_) => MediaState::Scanning,
            None => MediaState::Stored,
        };
        Outcome::Kept { nature: taken.judgement, bytes: taken.bytes, digest: taken.digest, state }
    }

    async fn look_through(&self, wanted: &Wanted) -> Outcome {
        let media = &self.installation.media;
        let Some(scanner) = &media.scanner else { return Outcome::Clean };
        let key = wanted.file.storage_key.as_deref().unwrap_or_default();
        match scanner.look_through(&media.store, key).await {
            Ok(Verdict::Clean) => Outcome::Clean,
            Ok(Verdict::Infected) => Outcome::Refused(MediaReason::Infected),
            Err(error) => {
                tracing::error!(%error, "a file could not be looked through; it is tried again");
                Outcome::Again(MediaReason::ScanFailed, None)
            }
        }
    }

    /// What a call that was not answered as wanted means for the file.
    async fn of_refusal(
        &self,
        channel: &channel::Model,
        attempts: i32,
        error: &CallError,
    ) -> Result<Outcome> {
        let refusal = match error {
            CallError::Refused(refusal) => refusal,
            CallError::Unsent(_) | CallError::Uncertain(_) => {
                return Ok(Outcome::Again(MediaReason::Unreachable, None));
            }
        };
        if is_unknown(refusal) {
            return Ok(match attempts >= MOST_ODD {
                true => Outcome::Lost(MediaReason::Gone),
                false => Outcome::Again(MediaReason::Gone, None),
            });
        }
        Ok(match remedy(refusal.status, refusal.code) {
            Remedy::Stop(_) => {
                self.hold_back(channel, MediaReason::TokenRefused).await?;
                Outcome::Again(MediaReason::TokenRefused, Some(HOLD_BACK))
            }
            Remedy::SlowDown | Remedy::SlowDownConversation => {
                Outcome::Again(MediaReason::RateLimited, refusal.retry_after)
            }
            Remedy::Again | Remedy::GiveUp(_) => {
                Outcome::Again(MediaReason::Unreachable, refusal.retry_after)
            }
        })
    }

    /// Nothing of the number is tried for a while, and administrators are told why.
    async fn hold_back(&self, channel: &channel::Model, reason: MediaReason) -> Result<()> {
        let installation = &self.installation;
        media::hold_back_channel(installation, (channel.workspace_id, channel.id), reason, HOLD_BACK).await?;
        let raised = Raised {
            workspace_id: channel.workspace_id,
            kind: AlertKind::FilesWaiting,
            cause: channel.id.to_string(),
            severity: AlertSeverity::Warning,
            channel_id: Some(channel.id),
            details: Details::from([
                ("channel".to_owned(), channel.name.clone()),
                ("reason".to_owned(), <&str>::from(reason).to_owned()),
            ]),
        };
        let database = &installation.database;
        alert::raise(database.writer(), (database, &installation.clock), raised).await
    }

    /// The number's token is taken again: what waited for that goes on at once.
    async fn let_go_on(&self, wanted: &Wanted) -> Result<()> {
        let (Some(channel), Some(MediaReason::NoToken | MediaReason::TokenRefused)) =
            (wanted.file.channel_id, wanted.file.reason)
        else {
            return Ok(());
        };
        let installation = &self.installation;
        media::release_channel(installation, (wanted.file.workspace_id, channel)).await?;
        let of = (wanted.file.workspace_id, AlertKind::FilesWaiting, channel.to_string());
        let database = &installation.database;
        let place = (database, &installation.clock);
        alert::settle(database.writer(), place, (of.0, of.1, &of.2)).await?;
        Ok(())
    }
}

/// That Meta has no such file. It says so also of what the token may not see.
fn is_unknown(refusal: &GraphError) -> bool {
    refusal.status == 404 || matches!(refusal.code, 33 | 100 | 131_052) || refusal.subcode == Some(33)
}

/// Something that another attempt may set right, and more attempts will not.
fn odd(attempts: i32, reason: MediaReason) -> Outcome {
    if attempts >= MOST_ODD { Outcome::Refused(reason) } else { Outcome::Again(reason, None) }
}

/// A SHA-256 in lower-case hexadecimals, from these or from base 64. None of what is neither.
fn digest_of(told: &str) -> Option<String> {
    use std::fmt::Write;
    if told.len() == 64 && told.bytes().all(|one| one.is_ascii_hexdigit()) {
        return Some(told.to_ascii_lowercase());
    }
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, told).ok()?;
    (bytes.len() == 32).then(|| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_in_both_forms_that_meta_uses() {
        let hex = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert_eq!(digest_of(hex).as_deref(), Some(hex));
        assert_eq!(digest_of(&hex.to_uppercase()).as_deref(), Some(hex));
        assert_eq!(digest_of("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=").as_deref(), Some(hex));
        for odd in ["", "abc", "AAAA", &hex[..63]] {
            assert_eq!(digest_of(odd), None, "{odd}");
        }
    }
}
