//! From where an account is known: by a device that keeps its token wherever it is, or by the network that it was signed
//! in from of late. What a workspace's identity provider or own pages let in makes nothing known: who runs them would
//! guess from there as the owner does. Nor does a session that goes on in another workspace: whoever has it may have stolen it.

use std::fmt::Write;
use std::time::Duration;

use portaria_entity::id::UserId;
use portaria_entity::time::Timestamp;
use sea_orm::ConnectionTrait;

use super::network;
use crate::authentication::Origin;
use crate::device;
use crate::error::Result;
use crate::installation::Installation;

/// How long a network counts as its owner's after a sign-in.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Who asks, from where; nobody's account too.
pub(super) struct Asked<'a> {
    pub user: Option<UserId>,
    pub origin: &'a Origin,
    pub by: By,
}

/// By what an account must have been signed in to for a place to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Password,
    /// Who has only the password makes no place known for guessing codes.
    SecondFactor,
}

pub(super) enum Known {
    /// By its token.
    Device(String),
    /// The same program in the same network.
    Program,
    Network,
    Nothing,
}

/// A device as it is called in a bucket, if it shows a token.
pub(super) fn shown(origin: &Origin) -> Option<String> {
    device::by_shown_token(origin).map(|fingerprint| {
        fingerprint.iter().fold("token ".to_owned(), |mut text, byte| {
            // Writing to a text does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    })
}

/// Whether an account was signed in to from there of late. For who is nobody the same is asked, and takes as long.
pub(super) async fn known(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    Asked { user, origin, by }: Asked<'_>,
    now: Timestamp,
) -> Result<Known> {
    let user = user.unwrap_or(UserId(sea_orm::prelude::Uuid::nil()));
    let device = match device::by_shown_token(origin) {
        Some(token) if device::is_known(connection, &installation.database, user, token).await? => {
            shown(origin)
        }
        _ => None,
    };
    let place = place(connection, installation, (user, origin), by, now).await?;
    Ok(match (device, place, by) {
        (Some(device), _, By::Password) | (Some(device), Known::Program | Known::Network, _) => {
            Known::Device(device)
        }
        (_, place, _) => place,
    })
}

const SIGNED_IN: &str = "
SELECT address, user_agent FROM sign_in_events WHERE user_id = $1 AND \"at\" > $2 AND outcome = 'succeeded'
INTERSECT
SELECT address, user_agent FROM sessions WHERE user_id = $1 AND created_at > $2 AND confined = FALSE
      AND carried_over = FALSE";

async fn place(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    (user, origin): (UserId, &Origin),
    by: By,
    now: Timestamp,
) -> Result<Known> {
    let more = match by {
        By::Password => {
            "UNION SELECT used_from, '' FROM password_resets WHERE user_id = $1 AND used_at > $2 AND used_from IS NOT NULL"
        }
        By::SecondFactor => "AND second_factor = TRUE",
    };
    let sql = format!("{SIGNED_IN} {more}");
    let values = [user.0.into(), (now - KNOWN_FOR).0.into()];
    let here = network(&origin.address);
    let mut known = Known::Nothing;
    for row in connection.query_all_raw(installation.database.statement(&sql, values)).await? {
        if network(&row.try_get_by_index::<String>(0)?) != here {
            continue;
        }
        if !origin.user_agent.is_empty() && row.try_get_by_index::<String>(1)? == origin.user_agent {
            return Ok(Known::Program);
        }
        known = Known::Network;
    }
    Ok(known)
}
