//! Deliveries of the workspace's own apps that are turned away because they are not signed as they should be.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MetaAppId;
use portaria_entity::time::Timestamp;
use sea_orm::QueryResult;

use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::{About, Evidence, Found, Look};
use crate::error::Result;

/// Since one instant, by app.
const REFUSED: &str = "
SELECT a.id, CAST(SUM(r.count) AS BIGINT), MIN(r.minute), MAX(r.minute)
FROM webhook_refusals r
JOIN meta_apps a ON a.\"key\" = r.app_key
WHERE a.workspace_id = $1 AND r.minute >= $2
  AND r.cause IN ('missing_signature', 'malformed_signature', 'wrong_signature', 'another_secret', 'reescaped_body', 'client_certificate')
GROUP BY a.id
HAVING SUM(r.count) >= $3
ORDER BY a.id";

const LAST_TAKEN: &str = "
SELECT d.received_at FROM webhook_deliveries d
WHERE d.workspace_id = $1 AND d.meta_app_id = $2 AND d.received_at >= $3
ORDER BY d.received_at DESC LIMIT 1";

/// What was turned away of an app's.
#[derive(Clone, Copy)]
struct Refusals {
    app: MetaAppId,
    count: i64,
    from: Timestamp,
    to: Timestamp,
}

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let since = Timestamp(look.now.0 - look.parameter(&RULE, "hours") * 3_600_000_000);
    let mut found = Vec::new();
    for all in refused(look, since).await? {
        let last =
            look.rows(LAST_TAKEN, [look.workspace.0.into(), all.app.0.into(), all.from.0.into()]).await?;
        let last: Option<Timestamp> = last.first().map(|row| row.try_get_by_index(0)).transpose()?;
        // A stray one at night says nothing of a secret that became wrong at noon: what has come since one was taken does.
        let after = match last {
            Some(last) => {
                refused(look, Timestamp(last.0 + 1)).await?.into_iter().find(|after| after.app == all.app)
            }
            None => Some(all),
        };
        let told = after.unwrap_or(all);
        let evidence = Evidence::new()
            .with(FactName::App, FactValue::MetaApp(told.app))
            .with(FactName::Period, FactValue::During { from: told.from, to: told.to })
            .with(FactName::Refusals, FactValue::Number(told.count))
            .with(FactName::OthersWereTaken, FactValue::Is(after.is_none()));
        // While some are taken, the secret is right, and somebody else may be sending the others.
        let severity = if after.is_none() { Severity::Medium } else { RULE.severity };
        found.push(Found::by(&RULE, &all.app, About::Workspace, evidence).with_severity(severity));
    }
    Ok(found)
}

/// The apps of which enough were turned away since then.
async fn refused(look: &Look<'_>, since: Timestamp) -> Result<Vec<Refusals>> {
    let values = [look.workspace.0.into(), since.0.into(), look.parameter(&RULE, "refused").into()];
    let read = |row: &QueryResult| {
        let (app, count) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        Ok(Refusals { app, count, from: row.try_get_by_index(2)?, to: row.try_get_by_index(3)? })
    };
    look.rows(REFUSED, values).await?.iter().map(read).collect()
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::WebhookSignaturesFailing,
    severity: Severity::High,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::LookAtSettings,
    judges: "At least `refused` deliveries for an app of the workspace turned away within the last `hours` hours because their signature, or the client certificate, was missing or wrong. Medium when another of the app was taken and fewer than `refused` have been turned away since: then the secret is right. Else what is told is what came after the last one that was taken. One finding for each app, for as long as it goes on.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "refused",
        unit: Unit::Times,
        default: 20,
        least: 1,
        most: 1_000_000,
        about: "Deliveries turned away.",
    },
    Parameter {
        name: "hours",
        unit: Unit::Hours,
        default: 24,
        least: 1,
        most: 168,
        about: "Within so many hours.",
    },
];

const PORTUGUESE: Said = Said {
    title: "Avisos da Meta recusados por assinatura inválida",
    why: "Se a chave secreta do aplicativo está errada, mensagens de clientes não chegam. Se está certa, alguém está tentando se passar pela Meta.",
    what_to_do: "Compare a chave secreta do aplicativo no painel da Meta com a que está no Portaria. Se são iguais, veja quem mais conhece o endereço.",
    seen: |told| {
        let refused =
            told.count(told.number(FactName::Refusals), "aviso foi recusado", "avisos foram recusados");
        match told.evidence().is(FactName::OthersWereTaken) {
            true => format!("{refused}; outros, no mesmo período, foram aceitos."),
            false => format!("{refused}, e nenhum foi aceito."),
        }
    },
};

const ENGLISH: Said = Said {
    title: "Notices from Meta turned away for a wrong signature",
    why: "If the app's secret is wrong, customers' messages do not arrive. If it is right, somebody is trying to pass for Meta.",
    what_to_do: "Compare the app's secret in Meta's dashboard with the one in Portaria. If they are the same, find out who else knows the address.",
    seen: |told| {
        let refused =
            told.count(told.number(FactName::Refusals), "notice was turned away", "notices were turned away");
        match told.evidence().is(FactName::OthersWereTaken) {
            true => format!("{refused}; others were taken in the same time."),
            false => format!("{refused}, and none was taken."),
        }
    },
};

const SPANISH: Said = Said {
    title: "Avisos de Meta rechazados por firma incorrecta",
    why: "Si la clave secreta de la aplicación es incorrecta, los mensajes de los clientes no llegan. Si es correcta, alguien intenta hacerse pasar por Meta.",
    what_to_do: "Compare la clave secreta de la aplicación en el panel de Meta con la que tiene Portaria. Si son iguales, averigüe quién más conoce la dirección.",
    seen: |told| {
        let refused =
            told.count(told.number(FactName::Refusals), "aviso fue rechazado", "avisos fueron rechazados");
        match told.evidence().is(FactName::OthersWereTaken) {
            true => format!("{refused}; otros, en el mismo período, fueron aceptados."),
            false => format!("{refused} y ninguno fue aceptado."),
        }
    },
};
