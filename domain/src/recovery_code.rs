//! Recovery codes: ten that each stand in for a lost second factor once.
//!
//! A code has 120 random bits, so its SHA-256 is enough for the database (ASVS 6.5.2 asks for slow hashing below 112): no
//! key to keep and to rotate, and nothing that signing in would wait for.

use portaria_entity::id::{RecoveryCodeId, UserId};
use portaria_entity::recovery_code;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::activity::{Actor, Deed, record};
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::permission::PermissionSet;
use crate::second_factor::letter::{News, tell};
use crate::second_factor::{Factors, bump_epochs, memberships};
use crate::session::lock;
use crate::single_sign_on::require_own_account;
use crate::viewer::{MemberSession, Viewer};

pub const COUNT: usize = 10;
/// Crockford's base 32: what looks like another digit is read as that one.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Of 5 bits each.
const DIGITS: usize = 24;
/// Written in groups, to be copied by hand.
const GROUP: usize = 4;

/// A person's codes as they are shown, once.
pub struct RecoveryCodes(Vec<Zeroizing<String>>);

impl RecoveryCodes {
    pub fn reveal(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|code| code.as_str())
    }
}

fn generate() -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0u8; DIGITS]);
    getrandom::fill(bytes.as_mut_slice()).map_err(Error::internal)?;
    let mut code = Zeroizing::new(String::with_capacity(DIGITS + DIGITS / GROUP));
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 && place % GROUP == 0 {
            code.push('-');
        }
        code.push(char::from(ALPHABET[usize::from(byte & 31)]));
    }
    Ok(code)
}

/// The code in what somebody typed, if it can be one.
fn read(typed: &str) -> Option<Zeroizing<String>> {
    // Enough for a code with all its hyphens and some spaces; what is longer is none.
    if typed.len() > 4 * DIGITS {
        return None;
    }
    let digit = |c: char| match c.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    };
    let code: Zeroizing<String> =
        Zeroizing::new(typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(digit).collect());
    let is_code = code.len() == DIGITS && code.bytes().all(|byte| ALPHABET.contains(&byte));
    is_code.then_some(code)
}

/// Bound to its owner, so that it is worth nothing in another's row.
fn hash(user: UserId, code: &str) -> Vec<u8> {
    Sha256::new()
        .chain_update(b"portaria: recovery code\0")
        .chain_update(user.0.as_bytes())
        .chain_update(code.as_bytes())
        .finalize()
        .to_vec()
}

/// Makes ten codes, in place of those that are there.
async fn make(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: UserId,
) -> Result<RecoveryCodes> {
    forget(transaction, user).await?;
    let codes = (0..COUNT).map(|_| generate()).collect::<Result<Vec<_>>>()?;
    let rows = codes.iter().map(|code| recovery_code::ActiveModel {
        id: Set(installation.clock.new_id::<RecoveryCodeId>()),
        user_id: Set(user),
        code_hash: Set(hash(user, &code.replace('-', ""))),
        created_at: Set(installation.clock.now()),
        used_at: Set(None),
    });
    recovery_code::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    Ok(RecoveryCodes(codes))
}

/// The codes that come with the first factor of somebody who had none before.
pub(crate) async fn first(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: UserId,
    had: Factors,
) -> Result<Option<RecoveryCodes>> {
    if had.is_enrolled() {
        return Ok(None);
    }
    make(transaction, installation, user).await.map(Some)
}

/// Makes new codes for who has used their second factor within the hour. The old ones are worth nothing any more.
pub async fn regenerate(installation: &Installation, viewer: &Viewer) -> Result<RecoveryCodes> {
    let MemberSession { user_id, member_id, .. } = *viewer.session()?;
    let transaction = installation.database.begin().await?;
    lock(&transaction, user_id).await?;
    require_own_account(&transaction, &installation.database, viewer).await?;
    if !Factors::of(&transaction, user_id).await?.is_enrolled() {
        return Err(Refusal::NoSecondFactor.into());
    }
    if !viewer.is_stepped_up(installation.clock.now()) {
        return Err(viewer.step_up_required(PermissionSet::EMPTY));
    }
    let codes = make(&transaction, installation, user_id).await?;
    let deed = Deed {
        workspace_id: viewer.workspace_id,
        actor: viewer.into(),
        action: "recovery_codes.regenerated",
        subject: member_id.to_string(),
        before: None,
        after: None,
        address: viewer.stated_address(),
    };
    record(&transaction, &installation.clock, deed).await?;
    tell(&transaction, installation, user_id, &News::CodesRegenerated).await?;
    let workspaces = bump_epochs(&transaction, installation, user_id).await?;
    transaction.commit().await?;
    for workspace in workspaces {
        installation.viewers.access_changed(workspace);
    }
    Ok(codes)
}

/// Uses a code up, if it is one of this person's that was not used before. They are told, and it is on record wherever
/// they are a member.
pub(crate) async fn use_up(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: UserId,
    typed: &str,
) -> Result<bool> {
    let Some(code) = read(typed) else { return Ok(false) };
    let statement = installation.database.statement(
        "UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL",
        [user.0.into(), hash(user, &code).into(), installation.clock.now().0.into()],
    );
    if transaction.execute_raw(statement).await?.rows_affected() != 1 {
        return Ok(false);
    }
    let left = left(transaction, user).await?;
    for member in memberships(transaction, user).await? {
        let deed = Deed {
            workspace_id: member.workspace_id,
            actor: Actor::Installation,
            action: "recovery_code.used",
            subject: member.id.to_string(),
            before: None,
            after: Some(json!({ "left": left })),
            address: None,
        };
        record(transaction, &installation.clock, deed).await?;
    }
    tell(transaction, installation, user, &News::CodeUsed { left }).await?;
    Ok(true)
}

/// How many codes a person has that were not used.
pub async fn left(connection: &impl ConnectionTrait, user: UserId) -> Result<u64> {
    let find = recovery_code::Entity::find()
        .filter(recovery_code::Column::UserId.eq(user))
        .filter(recovery_code::Column::UsedAt.is_null());
    Ok(find.count(connection).await?)
}

pub(crate) async fn forget(transaction: &impl ConnectionTrait, user: UserId) -> Result<()> {
    let all = recovery_code::Entity::delete_many().filter(recovery_code::Column::UserId.eq(user));
    all.exec(transaction).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_code_is_read_however_it_was_copied() {
        let code = generate().unwrap();
        let plain = code.replace('-', "");
        assert_eq!((code.len(), plain.len()), (29, 24));
        for typed in [code.to_uppercase(), format!(" {plain} "), plain.replace('0', "O").replace('1', "l")] {
            assert_eq!(read(&typed).unwrap().as_str(), plain, "{typed}");
        }
        for other in [
            "",
            "123456",
            &plain[1..],
            &format!("{plain}0"),
            &"u".repeat(24),
            &"é".repeat(24),
            &" ".repeat(500),
        ] {
            assert!(read(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_code_is_worth_nothing_for_another_person() {
        let (one, other) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        assert_ne!(hash(one, "x"), hash(other, "x"));
        assert_ne!(generate().unwrap(), generate().unwrap());
    }
}
