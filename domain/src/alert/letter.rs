//! Mails of alerts: one to each administrator for all that is new, a minute after it began at the latest.

use portaria_entity::alert::{self, AlertSeverity};
use portaria_entity::id::WorkspaceId;
use portaria_entity::{user, workspace};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::{Details, in_words};
use crate::error::Result;
use crate::installation::Installation;
use crate::mail::{Addressee, Letter, queue};
use crate::member::administrators;

/// More than so many are counted, not told.
const TOLD: usize = 20;
/// So many are looked at in one go.
const BATCH: u64 = 500;

/// Mails what was raised since the last time; to be called every few seconds.
pub async fn send_letters(installation: &Installation) -> Result<()> {
    let new = alert::Entity::find().filter(alert::Column::MailedAt.is_null());
    let new = new.order_by_asc(alert::Column::OpenedAt).limit(BATCH);
    let rows = new.all(installation.database.reader()).await?;
    let mut workspaces: Vec<WorkspaceId> = rows.iter().map(|row| row.workspace_id).collect();
    workspaces.sort_unstable();
    workspaces.dedup();
    for workspace in workspaces {
        let of_it: Vec<&alert::Model> = rows.iter().filter(|row| row.workspace_id == workspace).collect();
        mail(installation, workspace, &of_it).await?;
    }
    Ok(())
}

async fn mail(installation: &Installation, workspace: WorkspaceId, rows: &[&alert::Model]) -> Result<()> {
    let transaction = installation.database.begin().await?;
    let mut claimed = Vec::new();
    for row in rows {
        if claim(installation, &transaction, row).await? {
            claimed.push(*row);
        }
    }
    let Some(first) = claimed.first() else { return Ok(()) };
    let company = crate::workspace::find(&transaction, workspace).await?;
    let now = installation.clock.now();
    for reader in administrators(&transaction, &installation.database, workspace, now).await? {
        let to = Addressee {
            workspace_id: workspace,
            name: &reader.name,
            address: &reader.email,
            dedup_key: format!("alerts:{}:{}", first.id, reader.id),
        };
        queue(&transaction, &installation.clock, to, &letter(&reader, &company, &claimed)).await?;
    }
    Ok(transaction.commit().await?)
}

/// Whether it is this process that mails it.
async fn claim(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    row: &alert::Model,
) -> Result<bool> {
    let sql = "UPDATE alerts SET mailed_at = $3 WHERE workspace_id = $1 AND id = $2 AND mailed_at IS NULL";
    let values = [row.workspace_id.0.into(), row.id.0.into(), installation.clock.now().0.into()];
    Ok(transaction.execute_raw(installation.database.statement(sql, values)).await?.rows_affected() == 1)
}

/// The most urgent comes first, and says in the subject what it is.
fn letter(reader: &user::Model, workspace: &workspace::Model, rows: &[&alert::Model]) -> Letter {
    let mut rows = rows.to_vec();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.severity), row.opened_at));
    let words = |row: &alert::Model| {
        let details: Details = serde_json::from_str(&row.details).unwrap_or_default();
        in_words(&reader.locale, row.kind, &details)
    };
    let phrases = Phrases::of(&reader.locale);
    let mut paragraphs = vec![format!("{} {}", phrases.hello, reader.name)];
    for row in rows.iter().take(TOLD) {
        let said = words(row);
        let when = local(workspace, row.opened_at);
        paragraphs.push(format!(
            "[{}] {} ({when}) {}",
            phrases.severity(row.severity),
            said.title,
            said.advice
        ));
    }
    if rows.len() > TOLD {
        paragraphs.push(format!("{} {}", rows.len() - TOLD, phrases.more));
    }
    let most_urgent = rows.first().map(|row| words(row).title).unwrap_or_default();
    let others = match rows.len() {
        0 | 1 => String::new(),
        count => format!(" (+{})", count - 1),
    };
    let subject = format!("{}: {}{others}", workspace.name, most_urgent.trim_end_matches('.'));
    Letter { subject, paragraphs }
}

fn local(workspace: &workspace::Model, at: portaria_entity::time::Timestamp) -> String {
    let zoned = jiff::Timestamp::from_microsecond(at.0).and_then(|at| at.in_tz(&workspace.time_zone));
    zoned.map(|at| at.strftime("%Y-%m-%d %H:%M %Z").to_string()).unwrap_or_default()
}

struct Phrases {
    hello: &'static str,
    more: &'static str,
    severities: [&'static str; 3],
}

impl Phrases {
    fn of(language: &str) -> Self {
        match language.split(['-', '_']).next().unwrap_or_default() {
            "en" => Self {
                hello: "Hello",
                more: "more alerts are in Portaria.",
                severities: ["notice", "warning", "critical"],
            },
            "es" => Self {
                hello: "Hola,",
                more: "alertas más están en Portaria.",
                severities: ["aviso", "advertencia", "crítico"],
            },
            _ => Self {
                hello: "Olá,",
                more: "outros alertas estão no Portaria.",
                severities: ["aviso", "atenção", "crítico"],
            },
        }
    }

    fn severity(&self, severity: AlertSeverity) -> &'static str {
        let [notice, warning, critical] = self.severities;
        match severity {
            AlertSeverity::Notice => notice,
            AlertSeverity::Warning => warning,
            AlertSeverity::Critical => critical,
        }
    }
}
