//! Whether somebody has signed in from a device before. It is recognised by the token it was given the last time; one that
//! keeps none by its program, its system and the network it is in. Who signs in from another, from another country, or after
//! a long absence, is told so by mail.

use std::net::IpAddr;
use std::time::Duration;

use portaria_entity::id::{UserId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::{session, user};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait};
use sha2::{Digest, Sha256};

use super::letter::{self, News, SignIn};
use super::{Device, travel};
use crate::authentication::Origin;
use crate::country::Country;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::mail::{Addressee, queue};
use crate::token::Token;
use crate::workspace;

/// What every device's token begins with.
pub const PREFIX: &str = "ptr_dev_";
/// Longer than any token.
const LONGEST: usize = 128;
/// So many are kept for a person, those used last.
const KEPT: i64 = 50;
/// Who was not there for so long is told when somebody signs in as them.
const LONG_ABSENCE: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Takes note of the device and the country that a session was opened from, and tells its owner when one is not of theirs,
/// but not of their very first; or when nobody was there as them for long. Answers a token for the device, if it showed none.
pub(crate) async fn recognise(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    session: &session::Model,
    origin: &Origin,
) -> Result<Option<Token>> {
    let device = Device::from_user_agent(&origin.user_agent);
    let shown = shown(origin);
    let fingerprint = match shown {
        Some(token) => by_token(token, device),
        None => by_network(&origin.address, device),
    };
    let here = |fingerprint| match is_for_here_alone(session) {
        true => within(session.workspace_id, fingerprint),
        false => fingerprint,
    };
    let user = session.user_id;
    let (all, same) = count(installation, transaction, user, [fingerprint, here(fingerprint)]).await?;
    // One that is known everywhere is no other one here.
    let is_known = is_known(transaction, &installation.database, user, fingerprint).await?;
    let kept = if is_known { fingerprint } else { here(fingerprint) };
    note(installation, transaction, user, &kept).await?;
    let given = match shown {
        Some(_) => None,
        // It was given one where its owner signed in, if it keeps any.
        None if session.carried_over => None,
        None => {
            let token = Token::generate(PREFIX.trim_end_matches('_'))?;
            note(installation, transaction, user, &here(by_token(token.reveal(), device))).await?;
            Some(token)
        }
    };
    let country = installation.countries.of(&origin.address);
    let is_new_country = travel::is_new(installation, transaction, session, country.as_ref()).await?;
    let news = match (all > 0 && same == 0, is_new_country) {
        (true, true) => Some(News::NewDeviceAndCountry),
        (true, false) => Some(News::NewDevice),
        (false, true) => Some(News::NewCountry),
        (false, false) => {
            let away = was_long_away(installation, transaction, session).await?;
            away.then_some(News::LongAbsence)
        }
    };
    if let Some(news) = news {
        tell(installation, transaction, session, (device, country.as_ref(), news)).await?;
    }
    forget_oldest(installation, transaction, user).await?;
    Ok(given)
}

/// Whether a session makes its device and country known in its own workspace only. Whoever a workspace's provider or pages
/// let in has shown nothing to others; and who goes on from another workspace has shown nothing from where they are now.
pub(super) fn is_for_here_alone(session: &session::Model) -> bool {
    session.confined || session.carried_over
}

/// The token that a device shows, if it can be one.
fn shown(origin: &Origin) -> Option<&str> {
    origin.device.as_deref().filter(|text| text.starts_with(PREFIX) && text.len() <= LONGEST)
}

/// As what a device is kept that shows a token.
pub(crate) fn by_shown_token(origin: &Origin) -> Option<[u8; 32]> {
    shown(origin).map(|token| by_token(token, Device::from_user_agent(&origin.user_agent)))
}

/// Whether somebody has signed in from a device that is kept as this.
pub(crate) async fn is_known(
    connection: &impl ConnectionTrait,
    database: &Database,
    user: UserId,
    fingerprint: [u8; 32],
) -> Result<bool> {
    let sql = "SELECT 1 FROM known_devices WHERE user_id = $1 AND fingerprint = $2";
    let values = [user.0.into(), fingerprint.to_vec().into()];
    Ok(connection.query_one_raw(database.statement(sql, values)).await?.is_some())
}

/// The token alone is not enough: one that was taken to another kind of device is new there.
fn by_token(token: &str, device: Device) -> [u8; 32] {
    fingerprint(&["token", token, device.program.unwrap_or("-"), device.system.unwrap_or("-")])
}

fn by_network(address: &str, device: Device) -> [u8; 32] {
    let network = network(address);
    fingerprint(&["network", &network, device.program.unwrap_or("-"), device.system.unwrap_or("-")])
}

fn within(workspace: WorkspaceId, fingerprint: [u8; 32]) -> [u8; 32] {
    Sha256::new_with_prefix(workspace.0.as_bytes()).chain_update(fingerprint).finalize().into()
}

fn fingerprint(parts: &[&str]) -> [u8; 32] {
    Sha256::digest(parts.join("\n").as_bytes()).into()
}

/// What stays of an address when a provider gives out another: 24 bits of IPv4, 48 of IPv6.
pub(crate) fn network(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V4(v4)) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}")
        }
        Ok(IpAddr::V6(v6)) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}")
        }
        Err(_) => String::new(),
    }
}

/// How many devices a person has used, and whether this is one of them, by either name.
async fn count(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    user: UserId,
    [one, other]: [[u8; 32]; 2],
) -> Result<(i64, i64)> {
    let sql = "SELECT COUNT(*), COUNT(CASE WHEN fingerprint IN ($2, $3) THEN 1 END) \
               FROM known_devices WHERE user_id = $1 AND length(fingerprint) = 32";
    let values = [user.0.into(), one.to_vec().into(), other.to_vec().into()];
    let row = transaction.query_one_raw(installation.database.statement(sql, values)).await?;
    let row = row.ok_or(Error::NotFound)?;
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}

/// Puts down that somebody used a device, or was in a country, now.
pub(super) async fn note(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    user: UserId,
    fingerprint: &[u8],
) -> Result<()> {
    let sql = "INSERT INTO known_devices (user_id, fingerprint, first_used_at, last_used_at) VALUES ($1, $2, $3, $3) \
               ON CONFLICT (user_id, fingerprint) DO UPDATE SET last_used_at = $3";
    let values = [user.0.into(), fingerprint.to_vec().into(), installation.clock.now().0.into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}

/// Whether no other session of the person was used for long before this one was opened.
async fn was_long_away(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    session: &session::Model,
) -> Result<bool> {
    let sql = "SELECT MAX(last_used_at) FROM sessions WHERE user_id = $1 AND id <> $2";
    let values = [session.user_id.0.into(), session.id.0.into()];
    let row = transaction.query_one_raw(installation.database.statement(sql, values)).await?;
    let last: Option<Timestamp> = row.ok_or(Error::NotFound)?.try_get_by_index(0)?;
    Ok(last.is_some_and(|at| session.created_at.since(at) >= LONG_ABSENCE))
}

async fn forget_oldest(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    user: UserId,
) -> Result<()> {
    // Countries stay: there are not many, and many devices in one do not make another a new one.
    let sql = "DELETE FROM known_devices WHERE user_id = $1 AND length(fingerprint) = 32 AND fingerprint NOT IN \
               (SELECT fingerprint FROM known_devices WHERE user_id = $1 AND length(fingerprint) = 32 \
                ORDER BY last_used_at DESC LIMIT $2)";
    let values = [user.0.into(), KEPT.into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}

async fn tell(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    session: &session::Model,
    (device, country, news): (Device, Option<&Country>, News),
) -> Result<()> {
    let workspace = workspace::find(transaction, session.workspace_id).await?;
    let user = user::Entity::find_by_id(session.user_id).one(transaction).await?.ok_or(Error::NotFound)?;
    let to = Addressee {
        workspace_id: session.workspace_id,
        name: &user.name,
        address: &user.email,
        dedup_key: format!("{}:{}", news.kind(), session.id),
    };
    let letter =
        letter::of_sign_in(&SignIn { workspace: &workspace, user: &user, session, device, country, news });
    queue(transaction, &installation.clock, to, &letter).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_what_its_addresses_share() {
        assert_eq!(network("198.51.100.7"), network("198.51.100.250"));
        assert_ne!(network("198.51.100.7"), network("198.51.101.7"));
        assert_eq!(network("2001:db8:1:2::3"), network("2001:db8:1:ffff::9"));
        assert_ne!(network("2001:db8:1::3"), network("2001:db8:2::3"));
    }

    #[test]
    fn a_token_is_of_one_kind_of_device() {
        let (chrome, curl) = (Device::from_user_agent("Chrome/1 Windows"), Device::from_user_agent("curl/8"));
        assert_ne!(by_token("ptr_dev_x", chrome), by_token("ptr_dev_x", curl));
        assert_ne!(by_token("ptr_dev_x", chrome), by_token("ptr_dev_y", chrome));
    }
}
