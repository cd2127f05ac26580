//! Who was shown which full phone number: recorded once per principal, contact and day (UTC).

use std::collections::HashSet;

use portaria_entity::id::ContactId;
use sea_orm::{ConnectionTrait, Value};
use serde_json::json;

use super::{Deed, record};
use crate::clock::Clock;
use crate::database::Database;
use crate::error::Result;
use crate::viewer::{Principal, Viewer};

const DAY_SECS: i64 = 24 * 60 * 60;

/// Records that these phone numbers are about to be shown. To be awaited before they are: what cannot be recorded is not
/// shown. Contacts that this principal has been shown today already are not recorded again; the others are one activity.
pub async fn note(
    (database, clock): (&Database, &Clock),
    viewer: &Viewer,
    contacts: &[ContactId],
) -> Result<()> {
    let principal = match viewer.principal {
        Principal::Member(session) => session.member_id.to_string(),
        Principal::ApiKey(key) => key.to_string(),
    };
    let day = clock.now().as_secs().div_euclid(DAY_SECS);
    let known = known(database, (viewer, &principal, day), contacts).await?;
    if contacts.iter().all(|contact| known.contains(contact)) {
        return Ok(());
    }
    let transaction = database.begin().await?;
    let unknown: Vec<ContactId> = contacts.iter().filter(|one| !known.contains(one)).copied().collect();
    let rows: Vec<String> = places(unknown.len()).map(|place| format!("($1, $2, $3, {place})")).collect();
    // Somebody may have been told of one of them between the reading and this.
    let sql = format!(
        "INSERT INTO phone_reveals (workspace_id, principal, day, contact_id) VALUES {} \
         ON CONFLICT DO NOTHING RETURNING contact_id",
        rows.join(", ")
    );
    let values = values((viewer, &principal, day), &unknown);
    let mut new: Vec<String> = Vec::new();
    for row in transaction.query_all_raw(database.statement(&sql, values)).await? {
        new.push(row.try_get_by_index::<ContactId>(0)?.to_string());
    }
    if !new.is_empty() {
        let sql = "INSERT INTO phone_reveal_days (workspace_id, principal, day, contacts, first_at, last_at) \
                   VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (workspace_id, principal, day) \
                   DO UPDATE SET contacts = phone_reveal_days.contacts + $4, last_at = $5";
        let count = i64::try_from(new.len()).unwrap_or(i64::MAX);
        let values = [
            viewer.workspace_id.0.into(),
            principal.clone().into(),
            day.into(),
            count.into(),
            clock.now().0.into(),
        ];
        transaction.execute_raw(database.statement(sql, values)).await?;
        let deed = Deed {
            workspace_id: viewer.workspace_id,
            actor: viewer.into(),
            action: "contact.phone_revealed",
            subject: principal,
            before: None,
            after: Some(json!({ "contacts": new })),
            address: viewer.stated_address(),
        };
        record(&transaction, clock, deed).await?;
    }
    Ok(transaction.commit().await?)
}

async fn known(
    database: &Database,
    (viewer, principal, day): (&Viewer, &str, i64),
    contacts: &[ContactId],
) -> Result<HashSet<ContactId>> {
    let sql = format!(
        "SELECT contact_id FROM phone_reveals WHERE workspace_id = $1 AND principal = $2 AND day = $3 \
         AND contact_id IN ({})",
        places(contacts.len()).collect::<Vec<_>>().join(", ")
    );
    let values = values((viewer, principal, day), contacts);
    let rows = database.reader().query_all_raw(database.statement(&sql, values)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// `$1` to `$3` are who and when; the contacts follow.
fn places(contacts: usize) -> impl Iterator<Item = String> {
    (4..4 + contacts).map(|number| format!("${number}"))
}

fn values((viewer, principal, day): (&Viewer, &str, i64), contacts: &[ContactId]) -> Vec<Value> {
    let fixed: [Value; 3] = [viewer.workspace_id.0.into(), principal.into(), day.into()];
    fixed.into_iter().chain(contacts.iter().map(|contact| contact.0.into())).collect()
}
