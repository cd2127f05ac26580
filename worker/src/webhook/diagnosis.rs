//! Why a well-formed signature does not fit: what an integrator would otherwise look for in the dark. Done for an app at
//! most once a second, for it costs more than refusing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use portaria_domain::meta_app;
use portaria_domain::{Installation, Result};
use portaria_entity::id::MetaAppId;
use portaria_entity::meta_app::Model as App;
use portaria_entity::webhook_refusal::RefusalCause;
use tokio::time::Instant;

use crate::whatsapp::signature::{Verification, verify};

const PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Diagnosis {
    installation: Installation,
    made_at: Mutex<HashMap<MetaAppId, Instant>>,
}

impl Diagnosis {
    pub(super) fn new(installation: Installation) -> Self {
        Self { installation, made_at: Mutex::default() }
    }

    /// The cause, as far as it can be told now.
    pub(super) async fn of(&self, app: &App, claimed: Option<&[u8]>, body: &[u8]) -> RefusalCause {
        if !self.is_due(app.id) {
            return RefusalCause::WrongSignature;
        }
        match self.look(app, claimed, body).await {
            Ok(cause) => cause,
            Err(error) => {
                tracing::warn!(%error, "the cause of a wrong signature could not be looked for");
                RefusalCause::WrongSignature
            }
        }
    }

    async fn look(&self, app: &App, claimed: Option<&[u8]>, body: &[u8]) -> Result<RefusalCause> {
        let secrets = meta_app::every_secret(&self.installation, app.workspace_id).await?;
        let (claimed, body) = (claimed.map(<[u8]>::to_vec), body.to_vec());
        let own = app.id;
        let look = move || {
            let fits = |body: &[u8], own_only: bool| {
                let secrets = secrets.iter().filter(|secret| !own_only || secret.meta_app_id == own);
                let secrets = secrets.map(|secret| secret.secret.as_slice());
                matches!(verify(claimed.as_deref(), body, secrets), Verification::Valid { .. })
            };
            if fits(&body, false) {
                RefusalCause::AnotherSecret
            } else if rewritten(&body).iter().any(|body| fits(body, true)) {
                RefusalCause::ReescapedBody
            } else {
                RefusalCause::WrongSignature
            }
        };
        tokio::task::spawn_blocking(look).await.map_err(portaria_domain::Error::internal)
    }

    fn is_due(&self, app: MetaAppId) -> bool {
        let mut made_at = self.made_at.lock().unwrap_or_else(PoisonError::into_inner);
        let due = made_at.get(&app).is_none_or(|at| at.elapsed() >= PAUSE);
        if due {
            made_at.insert(app, Instant::now());
        }
        due
    }
}

/// The body as it may have been before something on the way read it and wrote it again: with other characters escaped than
/// now. Meta signs it with what is not ASCII as `\u` and lowercase digits, and `/` as `\/`.
fn rewritten(body: &[u8]) -> Vec<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(body) else { return Vec::new() };
    let plain = unescaped(text);
    let mut forms = Vec::new();
    for base in [text, plain.as_str()] {
        for also in ["", "/", "/<%@"] {
            forms.push(escaped(base, also).into_bytes());
        }
        forms.push(base.as_bytes().to_vec());
    }
    forms.retain(|form| form != body);
    forms.dedup();
    forms
}

/// `also` are ASCII characters that are escaped too.
fn escaped(text: &str, also: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut units = [0; 2];
    for c in text.chars() {
        match c {
            '/' if also.contains('/') && !out.ends_with('\\') => out.push_str("\\/"),
            '/' => out.push('/'),
            c if c.is_ascii() && !also.contains(c) => out.push(c),
            c if c.is_ascii() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => {
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out
}

/// `\/` and `\u` of what needs no escape in JSON, as the characters that they stand for.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("\\/") {
            out.push('/');
            rest = after;
        } else if let Some((c, length)) = unicode(rest) {
            out.push(c);
            rest = &rest[length..];
        } else {
            // The backslash, and what it escapes.
            let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    out.push_str(rest);
    out
}

/// The character that `\uXXXX`, or a pair of them, stands for, and how long that is; none for what has to be escaped.
fn unicode(text: &str) -> Option<(char, usize)> {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let first = unit(text)?;
    let second = text.get(6..).and_then(unit);
    let read = |units: &[u16]| char::decode_utf16(units.iter().copied()).next()?.ok();
    let found = match (read(&[first]), second) {
        (Some(c), _) => (c, 6),
        (None, Some(second)) => (read(&[first, second])?, 12),
        (None, None) => return None,
    };
    (found.0 >= ' ' && !matches!(found.0, '"' | '\\')).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_known_however_it_was_written_again() {
        let signed =
            r#"{"body":"Ol\u00e1 \ud83d\ude00 \"x\" a\/b \n","url":"https:\/\/x.example\/?a=\u0025"}"#;
        let again: serde_json::Value = serde_json::from_str(signed).unwrap();
        let received = again.to_string();
        assert_ne!(signed, received);
        assert!(rewritten(received.as_bytes()).contains(&signed.as_bytes().to_vec()));
        // The other way round: signed as it is, and escaped by somebody on the way.
        assert!(rewritten(signed.as_bytes()).contains(&received.clone().into_bytes()));
        assert!(rewritten(&[0xff, 0xfe]).is_empty());
        assert_eq!(unescaped(r"a\u0022b\\u0041 \ud83d x"), r"a\u0022b\\u0041 \ud83d x");
    }
}
