//! A place in the order of events, as clients keep it to go on from: sealed, for from the numbers of two of them anybody could
//! tell how much happened in between, in workspaces of others too.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria_entity::id::WorkspaceId;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::sealing::KeyRing;
use crate::viewer::{Principal, Viewer};

const PURPOSE: &[u8] = b"event cursor";
const LENGTH: usize = 16 + 16 + 8 + 8;

/// The last event that somebody was told of, and what they could see then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventCursor {
    workspace_id: WorkspaceId,
    principal: Uuid,
    access: [u8; 8],
    pub seq: i64,
}

impl EventCursor {
    pub fn new(viewer: &Viewer, seq: i64) -> Self {
        Self {
            workspace_id: viewer.workspace_id,
            principal: principal(viewer),
            access: viewer.access.fingerprint(),
            seq,
        }
    }

    /// As a client keeps it.
    pub fn to_text(self, keys: &KeyRing) -> Result<String> {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend_from_slice(self.workspace_id.0.as_bytes());
        bytes.extend_from_slice(self.principal.as_bytes());
        bytes.extend_from_slice(&self.access);
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        let sealed = keys.seal(&bytes, PURPOSE)?;
        Ok(format!("{}.{}", sealed.key, URL_SAFE_NO_PAD.encode(sealed.bytes)))
    }

    /// Reads what this installation has given out. Anything else is bad input.
    pub fn from_text(text: &str, keys: &KeyRing) -> Result<Self> {
        let malformed = || Error::BadInput("`after` is not a cursor of events".to_owned());
        let (key, sealed) = text.rsplit_once('.').ok_or_else(malformed)?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| malformed())?;
        let bytes = keys.open(&sealed, key, PURPOSE).map_err(|_| malformed())?;
        let bytes: &[u8; LENGTH] = bytes.as_slice().try_into().map_err(|_| malformed())?;
        let (workspace, rest) = bytes.split_at(16);
        let (principal, rest) = rest.split_at(16);
        let (access, seq) = rest.split_at(8);
        let uuid = |bytes: &[u8]| Uuid::from_slice(bytes).map_err(|_| malformed());
        Ok(Self {
            workspace_id: WorkspaceId(uuid(workspace)?),
            principal: uuid(principal)?,
            access: access.try_into().map_err(|_| malformed())?,
            seq: i64::from_be_bytes(seq.try_into().map_err(|_| malformed())?),
        })
    }

    /// Whether who asks is the same, in the same workspace, and may see as much and no more than then.
    pub fn is_of(&self, viewer: &Viewer) -> bool {
        *self == Self::new(viewer, self.seq)
    }
}

fn principal(viewer: &Viewer) -> Uuid {
    match viewer.principal {
        Principal::Member(session) => session.member_id.0,
        Principal::ApiKey(key) => key.0,
    }
}
