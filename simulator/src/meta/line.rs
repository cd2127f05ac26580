//! The business's side at Meta: tokens, accounts and numbers, and how each is restricted.

use super::price::FreeMessages;
use super::quota::SlidingWindow;
use super::webhook::Override;
use crate::cloud_api::GraphError;
use crate::number::BusinessNumber;

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scopes {
    pub(crate) messaging: bool,
    pub(crate) management: bool,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) scopes: Scopes,
    pub(crate) revoked: bool,
}

impl Token {
    pub(crate) fn of(text: &str) -> Self {
        let scopes = Scopes { messaging: true, management: true };
        Self { text: text.to_owned(), scopes, revoked: false }
    }
}

/// A phone number.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) number: BusinessNumber,
    /// The place of its account.
    pub(crate) account: usize,
    pub(crate) registered: bool,
    /// Another throughput than the others'.
    pub(crate) throughput: Option<u32>,
    pub(crate) sent: SlidingWindow,
    pub(crate) free: FreeMessages,
    pub(crate) quality: String,
    /// The code every message is refused with.
    pub(crate) refuses: Option<u32>,
    pub(crate) callback: Option<Override>,
}

impl Line {
    pub(crate) fn new(number: BusinessNumber, account: usize) -> Self {
        Self {
            number,
            account,
            registered: true,
            throughput: None,
            sent: SlidingWindow::default(),
            free: FreeMessages::default(),
            quality: "GREEN".to_owned(),
            refuses: None,
            callback: None,
        }
    }

    /// Whether it can send at all.
    pub(crate) fn admit(&self) -> Result<(), GraphError> {
        if let Some(code) = self.refuses {
            return Err(GraphError::known(code));
        }
        if self.registered { Ok(()) } else { Err(GraphError::known(133_010)) }
    }
}

/// A WhatsApp business account.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) managed: SlidingWindow,
    pub(crate) created: SlidingWindow,
    /// Whether the app gets its webhooks.
    pub(crate) subscribed: bool,
    pub(crate) callback: Option<Override>,
    pub(crate) can_pay: bool,
    /// The code everything is refused with.
    pub(crate) refuses: Option<u32>,
    /// Names of deleted templates, and until when they stay taken.
    pub(crate) deleted: Vec<(String, u64)>,
}

impl Account {
    pub(crate) fn new(id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            managed: SlidingWindow::default(),
            created: SlidingWindow::default(),
            subscribed: true,
            callback: None,
            can_pay: true,
            refuses: None,
            deleted: Vec::new(),
        }
    }

    pub(crate) fn admit(&self) -> Result<(), GraphError> {
        self.refuses.map_or(Ok(()), |code| Err(GraphError::known(code)))
    }
}
