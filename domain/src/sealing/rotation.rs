//! Sealing anew, with the current key, what older keys have sealed. Readers and writers go on meanwhile.

use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;

use crate::error::Result;
use crate::installation::Installation;

/// Every table with secrets that last, and the column that they are in. Each is bound to its row's id.
pub const SEALED: &[(&str, &str)] = &[
    ("meta_app_secrets", "sealed_secret"),
    ("channels", "sealed_access_token"),
    ("second_factors", "sealed_secret"),
    ("mail_secrets", "sealed_secret"),
    ("identity_providers", "sealed_client_secret"),
    ("notification_endpoint_secrets", "sealed_secret"),
];

/// Seals everything with the current key that is sealed with another. Answers how many secrets those were. A row that
/// somebody changes meanwhile is theirs.
pub async fn reseal(installation: &Installation) -> Result<usize> {
    let (database, keys) = (&installation.database, &installation.keys);
    let mut count = 0;
    for (table, column) in SEALED {
        let sql = format!(
            "SELECT id, sealing_key, {column} FROM {table} WHERE sealing_key IS NOT NULL AND sealing_key <> $1"
        );
        let statement = database.statement(&sql, [keys.current().into()]);
        for row in database.reader().query_all_raw(statement).await? {
            let (id, key): (Uuid, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let old: Vec<u8> = row.try_get_by_index(2)?;
            let secret = keys.open(&old, &key, id.as_bytes())?;
            let new = keys.seal(&secret, id.as_bytes())?;
            let sql =
                format!("UPDATE {table} SET {column} = $3, sealing_key = $4 WHERE id = $1 AND {column} = $2");
            let values = [id.into(), old.into(), new.bytes.into(), new.key.into()];
            let transaction = database.begin().await?;
            let done = transaction.execute_raw(database.statement(&sql, values)).await?;
            transaction.commit().await?;
            count += usize::try_from(done.rows_affected()).unwrap_or_default();
        }
    }
    Ok(count)
}
