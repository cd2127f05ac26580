//! Templates that were approved by somebody who had a hand in them, for there was nobody else: for a week.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{MemberId, TemplateVersionId};

use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::{About, Evidence, Found, Look};
use crate::error::Result;

const ALONE: &str = "
SELECT v.id, v.decided_by, v.decided_at, t.name, t.language
FROM template_versions v
JOIN templates t ON t.workspace_id = v.workspace_id AND t.id = v.template_id
JOIN members m ON m.workspace_id = v.workspace_id AND m.id = v.decided_by
WHERE v.workspace_id = $1 AND v.alone AND v.decided_at > $2
ORDER BY v.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for row in
        look.rows(ALONE, [look.workspace.0.into(), (look.now - look.days(&RULE, "days")).0.into()]).await?
    {
        let id: TemplateVersionId = row.try_get_by_index(0)?;
        let approver: MemberId = row.try_get_by_index(1)?;
        let (name, language): (Option<String>, Option<String>) =
            (row.try_get_by_index(3)?, row.try_get_by_index(4)?);
        let template = format!("{} · {}", name.unwrap_or_default(), language.unwrap_or_default());
        let evidence = Evidence::new()
            .with(FactName::Template, FactValue::Text(template))
            .with(FactName::ApprovedAt, FactValue::At(row.try_get_by_index(2)?));
        found.push(Found::by(&RULE, &id, About::Member(approver), evidence));
    }
    Ok(found)
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::TemplateApprovedAlone,
    severity: Severity::Medium,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::LookAtSettings,
    judges: "A template approved in the last `days` days by somebody who had a hand in it, because nobody else might.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "days",
    unit: Unit::Days,
    default: 7,
    least: 1,
    most: 90,
    about: "How long administrators are reminded.",
}];

const PORTUGUESE: Said = Said {
    title: "Um modelo de mensagem foi aprovado por quem o escreveu",
    why: "Não havia outra pessoa que pudesse aprovar: ninguém conferiu o que vai para os clientes.",
    what_to_do: "Leia o modelo. Dê a mais alguém a permissão de aprovar modelos.",
    seen: |_| "Aprovou um modelo que ajudou a escrever.".to_owned(),
};

const ENGLISH: Said = Said {
    title: "A template was approved by somebody who wrote it",
    why: "There was nobody else who may approve: nobody looked over what customers are going to read.",
    what_to_do: "Read the template. Permit somebody else to approve templates, too.",
    seen: |_| "Approved a template that they had a hand in.".to_owned(),
};

const SPANISH: Said = Said {
    title: "Una plantilla fue aprobada por quien la escribió",
    why: "No había otra persona que pudiera aprobarla: nadie revisó lo que reciben los clientes.",
    what_to_do: "Lea la plantilla. Dé a alguien más el permiso de aprobar plantillas.",
    seen: |_| "Aprobó una plantilla que ayudó a escribir.".to_owned(),
};
