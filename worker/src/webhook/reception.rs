//! Meta's POST: nothing is acknowledged that is not verified and on disk.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use portaria_domain::meta_app::MetaAppCredentials;
use portaria_domain::{Error, Installation};
use portaria_entity::webhook_refusal::RefusalCause;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::WebhookOptions;
use super::apps::Apps;
use super::inbox::{Inbox, Parcel, Unkept};
use super::refusal::Refusals;
use crate::whatsapp::signature::{self, Verification};

/// Memory is given out in pieces of this many bytes.
const PIECE: usize = 1_024;

/// What all requests share.
pub(crate) struct Reception {
    pub(super) apps: Apps,
    refusals: Arc<Refusals>,
    inbox: Inbox,
    room: Arc<Semaphore>,
    installation: Installation,
    options: WebhookOptions,
}

/// Why a request ends without a delivery.
enum Stop {
    Refused(RefusalCause),
    /// The sender is to come back later.
    Unavailable(Error),
    /// The sender went away or was too slow.
    Interrupted,
}

impl Reception {
    pub(crate) fn new(installation: Installation, inbox: Inbox, options: WebhookOptions) -> Self {
        Self {
            apps: Apps::new(installation.clone()),
            refusals: Arc::new(Refusals::new(installation.clone())),
            inbox,
            room: Arc::new(Semaphore::new(options.room.div_ceil(PIECE).min(Semaphore::MAX_PERMITS))),
            installation,
            options,
        }
    }

    pub(crate) fn refusals(&self) -> Arc<Refusals> {
        self.refusals.clone()
    }

    /// Counts a refusal and words it.
    pub(super) fn refuse(&self, cause: RefusalCause, key: &str) -> Response {
        self.refusals.count(cause, key);
        let status = match cause {
            RefusalCause::UnknownApp => StatusCode::NOT_FOUND,
            RefusalCause::MissingSignature
            | RefusalCause::MalformedSignature
            | RefusalCause::WrongSignature => StatusCode::UNAUTHORIZED,
            RefusalCause::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        };
        status.into_response()
    }

    /// Tells the sender to come back: nothing was kept.
    pub(super) fn unavailable(&self, error: &Error) -> Response {
        metrics::counter!("portaria_webhook_unavailable_total").increment(1);
        tracing::warn!(%error, "a delivery could not be taken in");
        let seconds = self.options.retry_after.as_secs().to_string();
        (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, seconds)]).into_response()
    }

    async fn take(&self, key: &str, request: Request) -> Result<(), Stop> {
        let app = self.apps.get(key).await.map_err(Stop::Unavailable)?;
        let Some(app) = app else { return Err(Stop::Refused(RefusalCause::UnknownApp)) };
        let (parts, body) = request.into_parts();
        // Without a signature the body need not even be read.
        let claimed = parts.headers.get(signature::HEADER).map(|value| value.as_bytes().to_vec());
        signature::flaw(claimed.as_deref()).map_or(Ok(()), refused)?;
        let room = self.reserve(&parts.headers)?;
        let bytes = self.read(body).await?;
        let app = self.verified(key, app, claimed.as_deref(), &bytes).await?;
        let parcel = Parcel {
            workspace_id: app.app.workspace_id,
            meta_app_id: app.app.id,
            received_at: self.installation.clock.now(),
            body: bytes,
            room,
        };
        self.inbox.keep(parcel, self.options.append_timeout).await.map_err(|unkept| match unkept {
            Unkept::Full => Stop::Unavailable(Error::Busy),
            Unkept::Failed => Stop::Unavailable(Error::internal("the inbox could not be written")),
        })
    }

    /// Sets memory aside for the body before the first byte of it is read.
    fn reserve(&self, headers: &HeaderMap) -> Result<OwnedSemaphorePermit, Stop> {
        let announced =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let length = announced.unwrap_or(self.options.body_limit);
        if length > self.options.body_limit {
            return Err(Stop::Refused(RefusalCause::TooLarge));
        }
        let pieces = u32::try_from(length.div_ceil(PIECE)).unwrap_or(u32::MAX);
        self.room.clone().try_acquire_many_owned(pieces).map_err(|_| Stop::Unavailable(Error::Busy))
    }

    async fn read(&self, body: Body) -> Result<Bytes, Stop> {
        let limit = self.options.body_limit;
        let whole = async {
            let mut chunks = body.into_data_stream();
            let mut bytes = BytesMut::new();
            while let Some(chunk) = chunks.next().await {
                let chunk = chunk.map_err(|_| Stop::Interrupted)?;
                if bytes.len() + chunk.len() > limit {
                    return Err(Stop::Refused(RefusalCause::TooLarge));
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes.freeze())
        };
        within(self.options.body_timeout, whole).await
    }

    /// The app, if one of its secrets made the signature.
    async fn verified(
        &self,
        key: &str,
        app: Arc<MetaAppCredentials>,
        claimed: Option<&[u8]>,
        body: &[u8],
    ) -> Result<Arc<MetaAppCredentials>, Stop> {
        match verify(&app, claimed, body) {
            Verification::NoMatch => {}
            other => return refused(other).map(|()| app),
        }
        let again = self.apps.get_again(key).await.map_err(Stop::Unavailable)?;
        match again {
            Some(newer) if !Arc::ptr_eq(&newer, &app) => {
                refused(verify(&newer, claimed, body)).map(|()| newer)
            }
            Some(_) => Err(Stop::Refused(RefusalCause::WrongSignature)),
            None => Err(Stop::Refused(RefusalCause::UnknownApp)),
        }
    }
}

fn verify(app: &MetaAppCredentials, claimed: Option<&[u8]>, body: &[u8]) -> Verification {
    signature::verify(claimed, body, app.secrets.iter().map(|secret| secret.as_slice()))
}

fn refused(outcome: Verification) -> Result<(), Stop> {
    match outcome {
        Verification::Valid { .. } => Ok(()),
        Verification::MissingHeader => Err(Stop::Refused(RefusalCause::MissingSignature)),
        Verification::MalformedHeader => Err(Stop::Refused(RefusalCause::MalformedSignature)),
        Verification::NoMatch => Err(Stop::Refused(RefusalCause::WrongSignature)),
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(Stop::Interrupted))
}

/// Answers 200 only once the delivery is committed.
pub(super) async fn receive(
    State(reception): State<Arc<Reception>>,
    Path(key): Path<String>,
    request: Request,
) -> Response {
    match reception.take(&key, request).await {
        Ok(()) => {
            metrics::counter!("portaria_webhook_accepted_total").increment(1);
            StatusCode::OK.into_response()
        }
        Err(Stop::Refused(cause)) => reception.refuse(cause, &key),
        Err(Stop::Unavailable(error)) => reception.unavailable(&error),
        Err(Stop::Interrupted) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}
