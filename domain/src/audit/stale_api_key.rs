//! API keys that nothing uses, or that end while something does.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{ApiKeyId, MemberId};
use portaria_entity::time::Timestamp;

use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look};
use crate::error::Result;

/// The last column: whether it is found because it ends soon, while it was used within as long a time.
const STALE: &str = "
SELECT k.id, k.created_at, k.created_by, k.last_used_at, k.expires_at,
       CASE WHEN COALESCE(k.last_used_at, k.created_at) >= $3 THEN 1 ELSE 0 END
FROM api_keys k
WHERE k.workspace_id = $1 AND k.revoked_at IS NULL AND k.expires_at > $2
  AND (k.last_used_at IS NULL AND k.created_at < $4
       OR k.last_used_at < $3
       OR k.expires_at <= $5 AND k.last_used_at >= $4 AND k.expires_at - k.created_at > 2 * ($5 - $2))
ORDER BY k.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let now = look.now;
    let values = [
        look.workspace.0.into(),
        now.0.into(),
        (now - look.days(&RULE, "days")).0.into(),
        (now - look.days(&RULE, "never_days")).0.into(),
        (now + look.days(&RULE, "ends_days")).0.into(),
    ];
    let mut found = Vec::new();
    for row in look.rows(STALE, values).await? {
        let key: ApiKeyId = row.try_get_by_index(0)?;
        let last_used_at: Option<Timestamp> = row.try_get_by_index(3)?;
        let ends_in_use = row.try_get_by_index::<i32>(5)? == 1 && last_used_at.is_some();
        let evidence = Evidence::new()
            .with(FactName::CreatedAt, FactValue::At(row.try_get_by_index(1)?))
            .with(FactName::MadeBy, FactValue::Member(Some(row.try_get_by_index::<MemberId>(2)?)));
        let (cause, severity, evidence) = if ends_in_use {
            let evidence = evidence.with(FactName::EndsAt, FactValue::At(row.try_get_by_index(4)?));
            (format!("{key} ends"), Severity::Medium, evidence)
        } else {
            let last = last_used_at.map(FactValue::At);
            (format!("{key} unused"), RULE.severity, evidence.with_some(FactName::LastUsed, last))
        };
        found.push(Found::by(&RULE, &cause, About::ApiKey(key), evidence).with_severity(severity));
    }
    Ok(found)
}

enum Seen {
    Ends(String),
    Unused(u64),
    NeverUsed,
}

fn seen(told: &Telling<'_>) -> Seen {
    let evidence = told.evidence();
    match (evidence.at(FactName::EndsAt), evidence.at(FactName::LastUsed)) {
        (Some(_), _) => Seen::Ends(told.told(FactName::EndsAt)),
        (None, Some(last)) => Seen::Unused(told.days_since(last)),
        (None, None) => Seen::NeverUsed,
    }
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::StaleApiKey,
    severity: Severity::Low,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::RevokeApiKey,
    judges: "An API key that may still be used and was not in the last `days` days; or never, since it was made more than `never_days` days ago. And, Medium: one that was used in the last `never_days` days and ends within `ends_days` days, unless it was made for less than twice that.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "days",
        unit: Unit::Days,
        default: 90,
        least: 7,
        most: 730,
        about: "How long a key may lie unused.",
    },
    Parameter {
        name: "never_days",
        unit: Unit::Days,
        default: 30,
        least: 1,
        most: 365,
        about: "How soon after it was made a key is to be used first.",
    },
    Parameter {
        name: "ends_days",
        unit: Unit::Days,
        default: 14,
        least: 1,
        most: 90,
        about: "How long before its end a key in use is told of.",
    },
];

const PORTUGUESE: Said = Said {
    title: "Chave de API esquecida ou perto do fim",
    why: "Uma chave esquecida é uma porta aberta que ninguém vigia. Uma chave em uso que vence derruba o sistema que depende dela.",
    what_to_do: "Se ninguém usa a chave, revogue-a. Se ela está em uso e vai vencer, crie outra e troque-a antes dessa data.",
    seen: |told| match seen(told) {
        Seen::Ends(at) => format!("Está em uso e vence em {at}."),
        Seen::Unused(days) => format!("Não é usada há {}.", told.days(days)),
        Seen::NeverUsed => "Nunca foi usada.".to_owned(),
    },
};

const ENGLISH: Said = Said {
    title: "API key forgotten or near its end",
    why: "A forgotten key is an open door that nobody watches. A key in use that expires stops the system behind it.",
    what_to_do: "If nobody uses the key, revoke it. If it is in use and about to expire, make another and replace it before that day.",
    seen: |told| match seen(told) {
        Seen::Ends(at) => format!("Is in use and expires on {at}."),
        Seen::Unused(days) => format!("Has not been used for {}.", told.days(days)),
        Seen::NeverUsed => "Has never been used.".to_owned(),
    },
};

const SPANISH: Said = Said {
    title: "Clave de API olvidada o cerca de vencer",
    why: "Una clave olvidada es una puerta abierta que nadie vigila. Una clave en uso que vence detiene el sistema que depende de ella.",
    what_to_do: "Si nadie usa la clave, revóquela. Si está en uso y va a vencer, cree otra y reemplácela antes de esa fecha.",
    seen: |told| match seen(told) {
        Seen::Ends(at) => format!("Está en uso y vence el {at}."),
        Seen::Unused(days) => format!("No se usa desde hace {}.", told.days(days)),
        Seen::NeverUsed => "Nunca se ha usado.".to_owned(),
    },
};
