//! Deliveries of the workspace's own apps that are turned away because they are not signed as they should be.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MetaAppId;
use portaria_entity::time::Timestamp;

use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::{About, Evidence, Found, Look};
use crate::error::Result;

const REFUSED: &str = "
SELECT a.id, CAST(SUM(r.count) AS BIGINT), MIN(r.minute), MAX(r.minute)
FROM webhook_refusals r
JOIN meta_apps a ON a.\"key\" = r.app_key
WHERE a.workspace_id = $1 AND r.minute >= $2
  AND r.cause IN ('missing_signature', 'malformed_signature', 'wrong_signature', 'another_secret', 'reescaped_body', 'client_certificate')
GROUP BY a.id
HAVING SUM(r.count) >= $3
ORDER BY a.id";

const TAKEN: &str = "
SELECT COUNT(*) FROM (
    SELECT 1 FROM webhook_deliveries d
    WHERE d.workspace_id = $1 AND d.meta_app_id = $2 AND d.received_at >= $3 LIMIT 1) taken";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let since = look.now.0 - look.parameter(&RULE, "hours") * 3_600_000_000;
    let values = [look.workspace.0.into(), since.into(), look.parameter(&RULE, "refused").into()];
    let mut found = Vec::new();
    for row in look.rows(REFUSED, values).await? {
        let app: MetaAppId = row.try_get_by_index(0)?;
        let (from, to): (Timestamp, Timestamp) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        let taken = look.count(TAKEN, [look.workspace.0.into(), app.0.into(), from.0.into()]).await? > 0;
        let evidence = Evidence::new()
            .with(FactName::App, FactValue::MetaApp(app))
            .with(FactName::Period, FactValue::During { from, to })
            .with(FactName::Refusals, FactValue::Number(row.try_get_by_index(1)?))
            .with(FactName::OthersWereTaken, FactValue::Is(taken));
        // While some are taken, the secret is right, and somebody else may be sending the others.
        let severity = if taken { Severity::Medium } else { RULE.severity };
        found.push(Found::by(&RULE, &app, About::Workspace, evidence).with_severity(severity));
    }
    Ok(found)
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::WebhookSignaturesFailing,
    severity: Severity::High,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::LookAtSettings,
    judges: "At least `refused` deliveries for an app of the workspace turned away within the last `hours` hours because their signature, or the client certificate, was missing or wrong. Medium when others of the app were taken in that time: then the secret is right. One finding for each app, for as long as it goes on.",
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
