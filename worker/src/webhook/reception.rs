//! Meta's POST: nothing is acknowledged that is not verified and on disk.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use portaria_domain::meta_app::MetaAppCredentials;
use portaria_domain::{Error, Installation};
use portaria_entity::webhook_refusal::RefusalCause;

use super::WebhookOptions;
use super::apps::Apps;
use super::diagnosis::Diagnosis;
use super::inbox::{Inbox, Parcel, Unkept};
use super::refusal::Refusals;
use super::room::{Room, Taken};
use super::secret_use::SecretUse;
use crate::whatsapp::signature::{self, Verification};

/// What all requests share.
pub(crate) struct Reception {
    pub(super) apps: Apps,
    refusals: Arc<Refusals>,
    uses: Arc<SecretUse>,
    diagnosis: Diagnosis,
    inbox: Inbox,
    room: Room,
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
            uses: Arc::new(SecretUse::new(installation.clone())),
            diagnosis: Diagnosis::new(installation.clone()),
            inbox,
            room: Room::new(options.room),
            installation,
            options,
        }
    }

    pub(crate) fn refusals(&self) -> Arc<Refusals> {
        self.refusals.clone()
    }

    pub(crate) fn uses(&self) -> Arc<SecretUse> {
        self.uses.clone()
    }

    /// Counts a refusal and words it.
    pub(super) fn refuse(&self, cause: RefusalCause, key: &str) -> Response {
        self.refusals.count(cause, key);
        let status = match cause {
            RefusalCause::UnknownApp => StatusCode::NOT_FOUND,
            RefusalCause::MissingSignature
            | RefusalCause::MalformedSignature
            | RefusalCause::WrongSignature
            | RefusalCause::AnotherSecret
            | RefusalCause::ReescapedBody => StatusCode::UNAUTHORIZED,
            RefusalCause::ClientCertificate | RefusalCause::WrongVerifyToken => StatusCode::FORBIDDEN,
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
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
        if !self.options.client_certificate.admits(peer, &parts.headers) {
            return Err(Stop::Refused(RefusalCause::ClientCertificate));
        }
        // Without a signature the body need not even be read.
        let claimed = parts.headers.get(signature::HEADER).map(|value| value.as_bytes().to_vec());
        signature::flaw(claimed.as_deref()).map_or(Ok(()), refused)?;
        let (bytes, room) = self.read(&parts, body).await?;
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

    /// Reads the body, charging for it as it comes. One that announces itself as too long is not read at all.
    async fn read(&self, parts: &Parts, body: Body) -> Result<(Bytes, Taken), Stop> {
        let limit = self.options.body_limit;
        let length = parts.headers.get(header::CONTENT_LENGTH);
        let announced: Option<usize> = length.and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(Stop::Refused(RefusalCause::TooLarge));
        }
        let whole = async {
            let mut chunks = body.into_data_stream();
            let (mut bytes, mut taken) = (BytesMut::new(), Taken::default());
            loop {
                let next = tokio::time::timeout(self.options.body_pause, chunks.next());
                let Some(chunk) = next.await.map_err(|_| Stop::Interrupted)? else { break };
                let chunk = chunk.map_err(|_| Stop::Interrupted)?;
                if bytes.len() + chunk.len() > limit {
                    return Err(Stop::Refused(RefusalCause::TooLarge));
                }
                self.room.grow(&mut taken, chunk.len()).map_err(|_| Stop::Unavailable(Error::Busy))?;
                bytes.extend_from_slice(&chunk);
            }
            Ok((bytes.freeze(), taken))
        };
        tokio::time::timeout(self.options.body_timeout, whole).await.unwrap_or(Err(Stop::Interrupted))
    }

    /// The app, if one of its secrets made the signature.
    async fn verified(
        &self,
        key: &str,
        app: Arc<MetaAppCredentials>,
        claimed: Option<&[u8]>,
        body: &[u8],
    ) -> Result<Arc<MetaAppCredentials>, Stop> {
        if let Some(app) = self.accepted(app.clone(), verify(&app, claimed, body))? {
            return Ok(app);
        }
        let again = self.apps.get_again(key).await.map_err(Stop::Unavailable)?;
        let Some(newer) = again else { return Err(Stop::Refused(RefusalCause::UnknownApp)) };
        if !Arc::ptr_eq(&newer, &app)
            && let Some(app) = self.accepted(newer.clone(), verify(&newer, claimed, body))?
        {
            return Ok(app);
        }
        Err(Stop::Refused(self.diagnosis.of(&newer.app, claimed, body).await))
    }

    /// The app when the signature is by one of its secrets, of whose use a note is taken.
    fn accepted(
        &self,
        app: Arc<MetaAppCredentials>,
        outcome: Verification,
    ) -> Result<Option<Arc<MetaAppCredentials>>, Stop> {
        match outcome {
            Verification::Valid { secret_index } => {
                self.uses.note(&app, secret_index);
                self.refusals.accepted(&app.app.key);
                Ok(Some(app))
            }
            Verification::NoMatch => Ok(None),
            flawed => refused(flawed).map(|()| None),
        }
    }
}

fn verify(app: &MetaAppCredentials, claimed: Option<&[u8]>, body: &[u8]) -> Verification {
    signature::verify(claimed, body, app.secrets.iter().map(|secret| secret.secret.as_slice()))
}

fn refused(outcome: Verification) -> Result<(), Stop> {
    match outcome {
        Verification::Valid { .. } => Ok(()),
        Verification::MissingHeader => Err(Stop::Refused(RefusalCause::MissingSignature)),
        Verification::MalformedHeader => Err(Stop::Refused(RefusalCause::MalformedSignature)),
        Verification::NoMatch => Err(Stop::Refused(RefusalCause::WrongSignature)),
    }
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
