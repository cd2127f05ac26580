//! Who was shown which full phone number: recorded once per principal, contact and day (UTC).

use std::collections::HashSet;

use portaria_entity::id::ContactId;
use sea_orm::{ConnectionTrait, Value};
use serde_json::json;

use super::{Deed, record};
use crate::error::Result;
use crate::installation::Installation;
use crate::viewer::{Principal, Viewer};

const DAY_SECS: i64 = 24 * 60 * 60;

/// Records that these phone numbers are about to be shown. To be awaited before they are: what cannot be recorded is not
/// shown. Contacts that this principal has been shown today already are not recorded again; the others are one activity.
pub async fn note(installation: &Installation, viewer: &Viewer, contacts: &[ContactId]) -> Result<()> {
    let principal = match viewer.principal {
        Principal::Member(session) => session.member_id.to_string(),
        Principal::ApiKey(key) => key.to_string(),
    };
    let day = installation.clock.now().as_secs().div_euclid(DAY_SECS);
    let known = known(installation, (viewer, &principal, day), contacts).await?;
    if contacts.iter().all(|contact| known.contains(contact)) {
        return Ok(());
    }
    let database = &installation.database;
    let transaction = database.begin().await?;
    let mut new = Vec::new();
    for contact in contacts.iter().filter(|contact| !known.contains(contact)) {
        let sql = "INSERT INTO phone_reveals (workspace_id, principal, day, contact_id) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT DO NOTHING";
        let values = [viewer.workspace_id.0.into(), principal.clone().into(), day.into(), contact.0.into()];
        if transaction.execute_raw(database.statement(sql, values)).await?.rows_affected() == 1 {
            new.push(contact.to_string());
        }
    }
    if !new.is_empty() {
        let deed = Deed {
            workspace_id: viewer.workspace_id,
            actor: viewer.into(),
            action: "contact.phone_revealed",
            subject: principal,
            before: None,
            after: Some(json!({ "contacts": new })),
            address: None,
        };
        record(&transaction, &installation.clock, deed).await?;
    }
    Ok(transaction.commit().await?)
}

async fn known(
    installation: &Installation,
    (viewer, principal, day): (&Viewer, &str, i64),
    contacts: &[ContactId],
) -> Result<HashSet<ContactId>> {
    let database = &installation.database;
    let places: Vec<String> = (4..4 + contacts.len()).map(|number| format!("${number}")).collect();
    let sql = format!(
        "SELECT contact_id FROM phone_reveals WHERE workspace_id = $1 AND principal = $2 AND day = $3 \
         AND contact_id IN ({})",
        places.join(", ")
    );
    let fixed: [Value; 3] = [viewer.workspace_id.0.into(), principal.into(), day.into()];
    let values = fixed.into_iter().chain(contacts.iter().map(|contact| contact.0.into()));
    let rows = database.reader().query_all_raw(database.statement(&sql, values)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}
