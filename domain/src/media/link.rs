//! Links to files: a sealed token that names the message, its file, and whose link it is. Good for minutes, and only for as
//! long as whoever it was made for may read the message.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria_entity::id::{ApiKeyId, MediaFileId, MessageId, SessionId, WorkspaceId};
use portaria_entity::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::sealing::KeyRing;
use crate::viewer::{Principal, Viewer};

const PURPOSE: &[u8] = b"media link";
/// Longer texts are no tokens of ours.
const LONGEST: usize = 1_024;

/// Whose link it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Holder {
    Session(SessionId),
    ApiKey(ApiKeyId),
}

/// What a link stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Link {
    pub workspace_id: WorkspaceId,
    pub message_id: MessageId,
    pub file_id: MediaFileId,
    pub holder: Holder,
    pub until: Timestamp,
}

impl Link {
    pub fn to_token(self, keys: &KeyRing) -> Result<String> {
        let text = serde_json::to_vec(&self).map_err(Error::internal)?;
        let sealed = keys.seal(&text, PURPOSE)?;
        Ok(format!("{}.{}", sealed.key, URL_SAFE_NO_PAD.encode(sealed.bytes)))
    }

    /// What stands behind a token that this installation made.
    pub fn from_token(token: &str, keys: &KeyRing) -> Option<Self> {
        let (key, text) = token.rsplit_once('.').filter(|_| token.len() <= LONGEST)?;
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        serde_json::from_slice(&keys.open(&sealed, key, PURPOSE).ok()?).ok()
    }
}

/// A link to a message's file, for this viewer, and until when it is good. The caller has shown that they may read the message.
pub fn link(
    installation: &Installation,
    viewer: &Viewer,
    message_id: MessageId,
    file_id: MediaFileId,
) -> Result<(String, Timestamp)> {
    let holder = match viewer.principal {
        Principal::Member(session) => Holder::Session(session.session_id),
        Principal::ApiKey(key) => Holder::ApiKey(key),
    };
    let until = installation.clock.now() + installation.media.link_lifetime;
    let link = Link { workspace_id: viewer.workspace_id, message_id, file_id, holder, until };
    let token = link.to_token(&installation.keys)?;
    Ok((format!("{}/media/{token}", installation.public_url), until))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_link_says_nothing_and_cannot_be_forged() {
        let keys = KeyRing::ephemeral().unwrap();
        let link = Link {
            workspace_id: WorkspaceId(Uuid::from_u128(1)),
            message_id: MessageId(Uuid::from_u128(2)),
            file_id: MediaFileId(Uuid::from_u128(3)),
            holder: Holder::Session(SessionId(Uuid::from_u128(4))),
            until: Timestamp::from_secs(5),
        };
        let token = link.to_token(&keys).unwrap();
        assert_eq!(Link::from_token(&token, &keys), Some(link));
        assert!(!token.contains("msg_") && token.len() < LONGEST);
        for position in [12, token.len() / 2, token.len() - 1] {
            let mut forged = token.clone().into_bytes();
            forged[position] = if forged[position] == b'A' { b'B' } else { b'A' };
            assert_eq!(Link::from_token(&String::from_utf8(forged).unwrap(), &keys), None, "{position}");
        }
        let decision = keys.seal(&serde_json::to_vec(&link).unwrap(), b"decision").unwrap();
        let other = format!("{}.{}", decision.key, URL_SAFE_NO_PAD.encode(decision.bytes));
        assert_eq!(Link::from_token(&other, &keys), None, "sealed for something else");
        assert_eq!(Link::from_token(&"a.".repeat(5_000), &keys), None);
    }
}
