//! API keys used from a network that they were never used from before.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::ApiKeyId;

use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::{About, Evidence, Found, Look};
use crate::error::Result;

/// A program that came from so many new networks within a month before is one whose addresses change.
const CHANGING: i64 = 3;
const MONTH: i64 = 30 * 86_400_000_000;

/// What came at the same time is not from before: use is written down by the minute.
const NEW: &str = "
SELECT n.api_key_id, n.network, n.address, n.first_seen_at, n.agent, COUNT(*)
FROM api_key_networks n
JOIN api_keys k ON k.workspace_id = n.workspace_id AND k.id = n.api_key_id
JOIN api_key_networks o ON o.workspace_id = n.workspace_id AND o.api_key_id = n.api_key_id AND o.network <> n.network
                       AND o.first_seen_at < n.first_seen_at
WHERE n.workspace_id = $1 AND n.first_seen_at >= $2
  AND k.revoked_at IS NULL AND k.expires_at > $3 AND k.allowed_addresses = ''
GROUP BY n.api_key_id, n.network, n.address, n.first_seen_at, n.agent
HAVING MIN(o.first_seen_at) <= n.first_seen_at - $4
   AND SUM(CASE WHEN o.first_seen_at > n.first_seen_at - $5 THEN 1 ELSE 0 END) < $6
ORDER BY n.api_key_id, n.first_seen_at, n.network";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let past = i64::try_from(look.days(&RULE, "days").as_micros()).unwrap_or(i64::MAX);
    let values = [
        look.workspace.0.into(),
        look.since.0.into(),
        look.now.0.into(),
        past.into(),
        MONTH.into(),
        CHANGING.into(),
    ];
    let mut found = Vec::new();
    for row in look.rows(NEW, values).await? {
        let key: ApiKeyId = row.try_get_by_index(0)?;
        let cause = format!("{key} {}", row.try_get_by_index::<String>(1)?);
        let agent = Some(row.try_get_by_index::<String>(4)?).filter(|agent| !agent.is_empty());
        let evidence = Evidence::new()
            .with(FactName::FirstSeen, FactValue::At(row.try_get_by_index(3)?))
            .with(FactName::From, FactValue::Address(row.try_get_by_index(2)?))
            .with_some(FactName::Program, agent.map(FactValue::Text))
            .with(FactName::KnownNetworks, FactValue::Number(row.try_get_by_index(5)?));
        found.push(Found::by(&RULE, &cause, About::ApiKey(key), evidence));
    }
    Ok(found)
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::ApiKeyFromNewNetwork,
    severity: Severity::High,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::RevokeApiKey,
    judges: "An API key that has been in use for `days` days or longer, and is used from a network (24 bits of IPv4, 48 of IPv6) that it was never used from before. Not told of a key that is tied to networks, nor of one that came from three new networks within the month before: its addresses change.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "days",
    unit: Unit::Days,
    default: 7,
    least: 1,
    most: 365,
    about: "How long a key is known before a network is new to it.",
}];

const PORTUGUESE: Said = Said {
    title: "Chave de API usada de uma rede nova",
    why: "Ou o sistema mudou de servidor, ou alguém copiou a chave e a usa de outro lugar.",
    what_to_do: "Pergunte a quem cuida do sistema se ele mudou de lugar. Se não mudou, revogue a chave agora e crie outra, presa à rede certa.",
    seen: |told| format!("Foi usada a partir de {}, de onde nunca tinha vindo.", told.told(FactName::From)),
};

const ENGLISH: Said = Said {
    title: "API key used from a new network",
    why: "Either the program has moved to another server, or somebody has copied the key and uses it elsewhere.",
    what_to_do: "Ask whoever looks after the program whether it has moved. If not, revoke the key now and make another one, tied to the right network.",
    seen: |told| format!("Was used from {}, where it had never come from.", told.told(FactName::From)),
};

const SPANISH: Said = Said {
    title: "Clave de API usada desde una red nueva",
    why: "O el sistema cambió de servidor, o alguien copió la clave y la usa desde otro lugar.",
    what_to_do: "Pregunte a quien cuida el sistema si cambió de lugar. Si no cambió, revoque la clave ahora y cree otra, atada a la red correcta.",
    seen: |told| format!("Se usó desde {}, de donde nunca había venido.", told.told(FactName::From)),
};
