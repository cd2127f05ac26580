//! Alerts: what somebody should know at once.

use async_graphql::{Context, Enum, ID};
use portaria_domain::alert::{Details, Words, contacts_of, in_words};
use portaria_entity::alert::{AlertKind as Kind, AlertSeverity as Severity, Model};
use portaria_entity::id::AlertId;
use portaria_guard::guarded;
use uuid::Uuid;

use super::channel::Channel;
use super::connection::{decode_cursor, encode_cursor};
use super::contact::Contact;
use super::time::DateTime;
use crate::error::Result;
use crate::request::Request;

/// What an alert is about.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Kind")]
pub enum AlertKind {
    /// Deliveries of an app are turned away because their signature does not fit. Seen with `API_DEBUG`.
    WebhookRefused,
    /// A delivery was longer than is taken. Seen with `API_DEBUG`.
    WebhookTooLarge,
    /// A delivery was set aside: it failed too often. Seen with `WEBHOOK_EVENT_READ`.
    DeliveryDead,
    /// Deliveries wait longer than they should. Seen with `WEBHOOK_EVENT_READ`.
    DeliveriesLagging,
    /// Something came for a number or account that is not this workspace's. Seen with `WEBHOOK_EVENT_READ`.
    ForeignNumber,
    /// Meta restricted, disabled or removed the account, or warns of it. Seen with `WORKSPACE_UPDATE`.
    AccountRestricted,
    /// Something else about the account changed. Seen with `WORKSPACE_UPDATE`.
    AccountChanged,
    /// The quality, limit or name of a number changed. Seen with `WORKSPACE_UPDATE`.
    NumberChanged,
    /// A PIN was changed or asked for. Seen with `WORKSPACE_UPDATE`.
    SecurityEvent,
    /// Something about payment changed, or is missing. Seen with `BILLING_READ`.
    PaymentEvent,
    /// A template was paused, disabled, rejected or put into another category. Seen with `TEMPLATE_READ`.
    TemplateChanged,
    /// History or contacts of a number could not be taken over. Seen with `WORKSPACE_UPDATE`.
    SyncRefused,
    /// Two contacts seem to be one person. Seen with `CONTACT_READ_ALL`.
    ContactsConflict,
    /// A customer waits, and nobody may take the conversation. Seen with `CONVERSATION_ASSIGN`.
    WaitingTooLong,
    /// A target for the first response or the resolution is about to be missed. Seen with `CONVERSATION_ASSIGN`.
    TargetAtRisk,
    /// Nothing is sent from a number any more. Seen with `WORKSPACE_UPDATE`.
    SendingStopped,
    /// A file that came, or was to go out, is harmful. Seen with `WORKSPACE_UPDATE`.
    FileInfected,
    /// Files of a number cannot be fetched: its token is missing or not taken. Seen with `WORKSPACE_UPDATE`.
    FilesWaiting,
    /// An endpoint of notifications took nothing for days, or is no more. Seen with `WORKSPACE_UPDATE`.
    EndpointDisabled,
}

/// How much an alert matters.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Severity")]
pub enum AlertSeverity {
    /// Good to know.
    Notice,
    /// Something will go wrong unless somebody acts.
    Warning,
    /// Something does go wrong.
    Critical,
}

/// An alert, with the workspace's language for who asks for none.
pub struct Alert {
    pub row: Model,
    pub language: String,
}

impl Alert {
    pub fn cursor(&self) -> String {
        encode_cursor(&[self.row.id.0.as_bytes()])
    }

    fn words(&self, language: Option<&str>) -> Words {
        let details: Details = serde_json::from_str(&self.row.details).unwrap_or_default();
        in_words(language.unwrap_or(&self.language), self.row.kind, &details)
    }
}

pub fn alert_cursor(cursor: &str) -> Result<AlertId> {
    let bytes: [u8; 16] = decode_cursor(cursor)?;
    Ok(AlertId(Uuid::from_bytes(bytes)))
}

/// Something that somebody should know at once: open while its cause lasts, however often it is seen. Administrators are
/// mailed of it when it opens.
#[guarded]
impl Alert {
    /// Starts with `alert_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.row.id.into()
    }

    /// What it is about.
    #[authenticated]
    fn kind(&self) -> AlertKind {
        self.row.kind.into()
    }

    /// How much it matters.
    #[authenticated]
    fn severity(&self) -> AlertSeverity {
        self.row.severity.into()
    }

    /// What is the matter, in a sentence.
    #[authenticated]
    fn title(
        &self,
        #[graphql(desc = "BCP 47 tag: `pt-BR`, `en` or `es`. The workspace's language if not said.")] locale: Option<
            String,
        >,
    ) -> String {
        self.words(locale.as_deref()).title
    }

    /// What to do about it.
    #[authenticated]
    fn advice(
        &self,
        #[graphql(desc = "BCP 47 tag: `pt-BR`, `en` or `es`. The workspace's language if not said.")] locale: Option<
            String,
        >,
    ) -> String {
        self.words(locale.as_deref()).advice
    }

    /// The number that it is about, if it is about one.
    #[authenticated]
    async fn channel(&self, ctx: &Context<'_>) -> Result<Option<Channel>> {
        match self.row.channel_id {
            Some(id) => Ok(Request::of(ctx).loaders()?.channel(id).await?.map(Channel)),
            None => Ok(None),
        }
    }

    /// The contacts that seem to be one person, for `mergeContacts`; empty for an alert of another kind. One that was merged
    /// meanwhile stands for who stayed.
    #[authenticated]
    async fn contacts(&self, ctx: &Context<'_>) -> Result<Vec<Contact>> {
        let loaders = Request::of(ctx).loaders()?;
        let mut contacts = Vec::new();
        for id in contacts_of(&self.row) {
            contacts.extend(loaders.contact(id).await?.map(Contact));
        }
        Ok(contacts)
    }

    /// When it began.
    #[authenticated]
    fn opened_at(&self) -> DateTime {
        self.row.opened_at.into()
    }

    /// When it was seen last.
    #[authenticated]
    fn last_seen_at(&self) -> DateTime {
        self.row.last_seen_at.into()
    }

    /// How often it was seen.
    #[authenticated]
    fn occurrences(&self) -> i32 {
        i32::try_from(self.row.occurrences).unwrap_or(i32::MAX)
    }

    /// When its cause was gone, or somebody had seen to it. Null while it is open.
    #[authenticated]
    fn resolved_at(&self) -> Option<DateTime> {
        self.row.resolved_at.map(Into::into)
    }
}
