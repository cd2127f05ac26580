//! Who asks: the token, what it may do, and how often it may ask about an account.

use axum::http::{HeaderMap, header};

use super::graph_error::GraphError;
use crate::meta::line::Scopes;
use crate::meta::world::World;
use crate::span::HOUR;

/// What a request wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// To send, read and keep files.
    Messaging,
    /// To look after accounts, numbers and templates.
    Management,
}

/// The token of a request, in its header or in its query.
pub(super) fn token_of<'a>(headers: &'a HeaderMap, query: Option<&'a str>) -> &'a str {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer =
        header.and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("OAuth ")));
    bearer.or(query).unwrap_or_default().trim()
}

impl World {
    /// What that token may do. Without configured tokens every token is one, until all are revoked.
    pub(super) fn scopes(&self, token: &str) -> Result<Scopes, GraphError> {
        if token.is_empty() {
            return Err(GraphError::token());
        }
        match self.tokens.iter().find(|known| known.text == token) {
            Some(known) if known.revoked => Err(GraphError::revoked_token()),
            Some(known) => Ok(known.scopes),
            None if !self.options.access_tokens.is_empty() => Err(GraphError::token()),
            None if self.all_revoked => Err(GraphError::revoked_token()),
            None => Ok(Scopes { messaging: true, management: true }),
        }
    }

    /// The token is known and may do that.
    pub(super) fn admit(&self, token: &str, need: Need) -> Result<(), GraphError> {
        let scopes = self.scopes(token)?;
        match need {
            Need::Messaging if !scopes.messaging => {
                Err(GraphError::known(10).saying("The token lacks whatsapp_business_messaging."))
            }
            Need::Management if !scopes.management => {
                Err(GraphError::known(200).saying("The token lacks whatsapp_business_management."))
            }
            Need::Messaging | Need::Management => Ok(()),
        }
    }

    /// One more request about that account in this hour.
    pub(super) fn meter_management(&mut self, account: usize) -> Result<(), GraphError> {
        let (now, most) = (self.now(), self.options.limits.management);
        self.accounts[account].managed.take(now, most, HOUR).map_err(|wait| {
            *self.tally.limits.entry("management").or_default() += 1;
            self.throttled(80_007, wait)
        })
    }

    /// `X-Business-Use-Case-Usage`: how much of the hour's requests about that account are used, in percent.
    pub(super) fn usage(&mut self, account: usize) -> String {
        let (now, most) = (self.now(), self.options.limits.management.max(1) as usize);
        let used = self.accounts[account].managed.count(now, HOUR);
        let percent = (used * 100 / most).min(100);
        let regain = if used >= most { 60 } else { 0 };
        serde_json::json!({ self.accounts[account].id.clone(): [{
            "type": "whatsapp",
            "call_count": percent,
            "total_cputime": percent / 2,
            "total_time": percent / 2,
            "estimated_time_to_regain_access": regain,
        }] })
        .to_string()
    }
}
