//! Webhook requests that were refused.

use async_graphql::Enum;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::webhook_refusal::{Model, RefusalCause};
use portaria_guard::guarded;

use super::time::DateTime;
use crate::guard::Subject;

/// Why a webhook request was refused.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "RefusalCause")]
pub enum WebhookRefusalCause {
    /// No such app is registered. Counted for who runs the installation (`/metrics`), in no workspace.
    UnknownApp,
    /// There was no header `X-Hub-Signature-256`.
    MissingSignature,
    /// The header is not `sha256=` and 64 hexadecimal digits.
    MalformedSignature,
    /// The signature is by none of the secrets that are known here.
    WrongSignature,
    /// The signature is by the secret of another app of the workspace, or by one that has ended.
    AnotherSecret,
    /// The signature fits the body with other characters escaped: something between Meta and Portaria reads the body and
    /// writes it anew.
    ReescapedBody,
    /// A trusted proxy tells of another client certificate than Meta's, or of none while one is required.
    ClientCertificate,
    /// The verify token in the handshake by which Meta makes sure of the address was wrong.
    WrongVerifyToken,
    /// The body was longer than is taken.
    TooLarge,
}

pub struct WebhookRefusal(pub Model);

impl Subject for WebhookRefusal {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// How many webhook requests for an app were refused in a minute, for one cause.
#[guarded]
impl WebhookRefusal {
    /// The minute in which they came: its beginning.
    #[requires(ApiDebug)]
    fn minute(&self) -> DateTime {
        self.0.minute.into()
    }

    /// For which app: the last segment of its callback URL.
    #[requires(ApiDebug)]
    fn app_key(&self) -> &str {
        &self.0.app_key
    }

    /// Why.
    #[requires(ApiDebug)]
    fn cause(&self) -> WebhookRefusalCause {
        self.0.cause.into()
    }

    /// How many.
    #[requires(ApiDebug)]
    fn count(&self) -> i32 {
        i32::try_from(self.0.count).unwrap_or(i32::MAX)
    }
}
