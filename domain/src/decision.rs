//! Refusals that can be explained later: a decision id is an authenticated token that carries the question.
//! Refusing writes nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria_entity::id::{ApiKeyId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::sealing::KeyRing;
use crate::viewer::{Principal, Viewer};

const PURPOSE: &[u8] = b"decision";

/// The question that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub workspace_id: WorkspaceId,
    /// None: an API key was.
    pub member_id: Option<MemberId>,
    pub api_key_id: Option<ApiKeyId>,
    /// Type and field, e.g. `Contact.phone`.
    pub field: String,
    /// Keys of the permissions, any of which would have done.
    pub any_of: Vec<String>,
    pub at: Timestamp,
}

impl Decision {
    /// Whether it was this viewer who was refused.
    pub fn is_of(&self, viewer: &Viewer) -> bool {
        match viewer.principal {
            Principal::Member(session) => self.member_id == Some(session.member_id),
            Principal::ApiKey(key) => self.api_key_id == Some(key),
        }
    }

    /// The id under which this decision can be asked about.
    pub fn to_id(&self, keys: &KeyRing) -> Result<String> {
        let question = serde_json::to_vec(self).map_err(Error::internal)?;
        let sealed = keys.seal(&question, PURPOSE)?;
        Ok(format!("dec_{}.{}", sealed.key, URL_SAFE_NO_PAD.encode(sealed.bytes)))
    }

    /// The decision behind an id that this installation made.
    pub fn from_id(id: &str, keys: &KeyRing) -> Result<Self> {
        let malformed = || Error::BadInput("not a decision id".to_owned());
        let (key, text) =
            id.strip_prefix("dec_").and_then(|rest| rest.rsplit_once('.')).ok_or_else(malformed)?;
        let sealed = URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed())?;
        let question = keys.open(&sealed, key, PURPOSE).map_err(|_| malformed())?;
        serde_json::from_slice(&question).map_err(|_| malformed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_decision_id_carries_the_question_and_cannot_be_forged() {
        let keys = KeyRing::ephemeral().unwrap();
        let decision = Decision {
            workspace_id: WorkspaceId(Uuid::from_u128(1)),
            member_id: Some(MemberId(Uuid::from_u128(2))),
            api_key_id: None,
            field: "Contact.phone".to_owned(),
            any_of: vec!["contact:read_phone".to_owned()],
            at: Timestamp::from_secs(5),
        };
        let id = decision.to_id(&keys).unwrap();
        assert_eq!(Decision::from_id(&id, &keys).unwrap(), decision);
        assert!(!id.contains("phone"));
        let mut forged = id.into_bytes();
        *forged.last_mut().unwrap() ^= 1;
        assert!(Decision::from_id(&String::from_utf8(forged).unwrap(), &keys).is_err());
        assert!(Decision::from_id("dec_x", &keys).is_err());
    }
}
