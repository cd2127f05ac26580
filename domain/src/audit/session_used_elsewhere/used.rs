//! The uses that the rule looks at.

use portaria_entity::id::{MemberId, SessionId, UserId};
use portaria_entity::time::Timestamp;
use sea_orm::QueryResult;

use super::super::Look;
use super::super::fact::SignIn;
use crate::device::network;
use crate::error::Result;

/// Of each person the newest from each network with each kind of device, and of those the newest: nobody hides another's by
/// many of their own. With each all that is the same cause, also when it is long ago: what is told does not change while it ages.
const USED: &str = "
WITH odd AS (
    SELECT u.user_id, u.session_id, u.network, u.device, u.other_country, u.last_at,
           ROW_NUMBER() OVER (PARTITION BY u.user_id, u.network, u.device ORDER BY u.last_at DESC, u.session_id) AS nth
    FROM session_uses u
    WHERE u.workspace_id = $1 AND u.last_at >= $2 AND (u.other_device OR u.other_country <> '')
), newest AS (
    SELECT o.session_id, o.device, o.other_country,
           ROW_NUMBER() OVER (PARTITION BY o.user_id ORDER BY o.last_at DESC, o.session_id, o.network, o.device) AS nth
    FROM odd o WHERE o.nth <= 5
), causes AS MATERIALIZED (
    SELECT DISTINCT n.session_id, n.device, n.other_country FROM newest n WHERE n.nth <= 100
)
SELECT u.session_id, u.member_id, u.user_id, u.network, u.device, u.other_device, u.other_country, u.last_at,
       u.first_at, u.address, u.user_agent, s.created_at, s.address, s.user_agent
FROM causes c
CROSS JOIN session_uses u
JOIN sessions s ON s.workspace_id = $1 AND s.id = u.session_id
JOIN members m ON m.workspace_id = $1 AND m.id = u.member_id
WHERE u.workspace_id = $1 AND u.session_id = c.session_id AND u.device = c.device AND u.other_country = c.other_country
  AND (u.other_device OR u.other_country <> '') AND m.status <> 'removed'
ORDER BY u.user_id, u.first_at, u.session_id, u.network, u.device";

/// Where and with what else a session was used.
pub(super) struct Used {
    pub session: SessionId,
    pub member: MemberId,
    pub user: UserId,
    pub network: String,
    pub device: String,
    pub is_other_device: bool,
    /// If it is another than the one it was opened in.
    pub country: Option<String>,
    pub last: Timestamp,
    /// The first time.
    pub there: SignIn,
    pub opened: SignIn,
}

impl Used {
    fn read(row: &QueryResult) -> Result<Self> {
        let sign_in = |first: usize| -> Result<SignIn> {
            Ok(SignIn {
                at: row.try_get_by_index(first)?,
                address: row.try_get_by_index(first + 1)?,
                user_agent: row.try_get_by_index(first + 2)?,
            })
        };
        Ok(Self {
            session: row.try_get_by_index(0)?,
            member: row.try_get_by_index(1)?,
            user: row.try_get_by_index(2)?,
            network: row.try_get_by_index(3)?,
            device: row.try_get_by_index(4)?,
            is_other_device: row.try_get_by_index(5)?,
            country: Some(row.try_get_by_index::<String>(6)?).filter(|code| !code.is_empty()),
            last: row.try_get_by_index(7)?,
            there: sign_in(8)?,
            opened: sign_in(11)?,
        })
    }

    /// In the network where it was opened it may be another program on the same computer.
    pub fn is_near(&self) -> bool {
        self.country.is_none() && network(&self.opened.address) == self.network
    }

    /// Who goes through many networks with what they took is one thief: told once for each country. What happens where it was
    /// opened is less, and told by itself.
    pub fn cause(&self) -> String {
        let place = match &self.country {
            Some(code) => code,
            None if self.is_near() => "near",
            None => "-",
        };
        format!("{} {} {place}", self.session, self.device)
    }
}

/// Each person's together, in the order in which they began.
pub(super) async fn uses(look: &Look<'_>) -> Result<Vec<Used>> {
    let values = [look.workspace.0.into(), look.since.0.into()];
    look.rows(USED, values).await?.iter().map(Used::read).collect()
}
