//! API keys that hold more than their program uses.

use std::collections::BTreeMap;

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{ApiKeyId, ChannelId};

use super::fact::{FactName, FactValue, PermissionUse};
use super::holding::{EXISTS_THERE, FAR_REACHING, with_confers};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look, stale_api_key};
use crate::error::Result;
use crate::permission::{Permission, PermissionSet};

/// What is a program's everyday work reaches everybody's data when somebody else has its key.
const WATCHED: PermissionSet = FAR_REACHING.union(PermissionSet::of(&[
    Permission::ContactReadPhone,
    Permission::ContactReadProfile,
    Permission::MessageRead,
    Permission::MessageInitiate,
]));

fn unused() -> String {
    format!(
        "{}, held AS (
    SELECT DISTINCT g.api_key_id, c.permission
    FROM api_keys k
    JOIN api_key_grants g ON g.workspace_id = k.workspace_id AND g.api_key_id = k.id
    JOIN confers c ON c.role_id = g.role_id AND {EXISTS_THERE}
    WHERE k.workspace_id = $1 AND k.revoked_at IS NULL AND k.expires_at > $3 AND k.last_used_at >= $2
      AND g.closed_at IS NULL AND g.created_at <= $2 AND c.since <= $2
)
SELECT h.api_key_id, h.permission, u.last_used_at
FROM held h
LEFT JOIN api_key_permission_uses u ON u.workspace_id = $1 AND u.api_key_id = h.api_key_id AND u.permission = h.permission
WHERE u.last_used_at IS NULL OR u.last_used_at < $2
ORDER BY h.api_key_id, h.permission",
        with_confers(WATCHED)
    )
}

/// Bots that look after some of the numbers with a key for all of them.
fn too_wide() -> String {
    format!(
        "{} SELECT b.api_key_id, x.channel_id
FROM bots b
JOIN api_keys k ON k.workspace_id = b.workspace_id AND k.id = b.api_key_id AND k.revoked_at IS NULL AND k.expires_at > $3
JOIN bot_channels x ON x.workspace_id = b.workspace_id AND x.bot_id = b.id
WHERE b.workspace_id = $1 AND b.disconnected_at IS NULL AND b.created_at <= $2
  AND EXISTS (SELECT 1 FROM api_key_grants g JOIN confers c ON c.role_id = g.role_id AND c.in_channel = 1
              WHERE g.workspace_id = b.workspace_id AND g.api_key_id = b.api_key_id AND g.closed_at IS NULL
                AND g.channel_id IS NULL AND g.team_id IS NULL)
  AND (SELECT COUNT(*) FROM bot_channels y WHERE y.workspace_id = b.workspace_id AND y.bot_id = b.id)
    < (SELECT COUNT(*) FROM channels n WHERE n.workspace_id = b.workspace_id)
ORDER BY b.api_key_id, x.channel_id",
        with_confers(WATCHED)
    )
}

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let since = look.now - look.days(&RULE, "days");
    let values = || [look.workspace.0.into(), since.0.into(), look.now.0.into()];
    let mut keys: BTreeMap<ApiKeyId, (Vec<PermissionUse>, Vec<ChannelId>)> = BTreeMap::new();
    if look.records_uses_since(since).await? {
        for row in look.rows(&unused(), values()).await? {
            let unused = PermissionUse {
                permission: row.try_get_by_index(1)?,
                last_used_at: row.try_get_by_index(2)?,
            };
            keys.entry(row.try_get_by_index(0)?).or_default().0.push(unused);
        }
    }
    for row in look.rows(&too_wide(), values()).await? {
        keys.entry(row.try_get_by_index(0)?).or_default().1.push(row.try_get_by_index(1)?);
    }
    for key in forgotten(look).await? {
        keys.remove(&key);
    }
    let found = keys.into_iter().map(|(key, (unused, channels))| {
        let evidence = Evidence::new()
            .with_some(
                FactName::UnusedPermissions,
                (!unused.is_empty()).then_some(FactValue::Permissions(unused)),
            )
            .with_some(FactName::WorksOn, (!channels.is_empty()).then_some(FactValue::Channels(channels)));
        Found::by(&RULE, &key, About::ApiKey(key), evidence)
    });
    Ok(found.collect())
}

/// Keys that nothing uses any more: another rule says so, and what to do about those is to revoke them.
async fn forgotten(look: &Look<'_>) -> Result<Vec<ApiKeyId>> {
    if !look.settings.is_enabled(AuditRule::StaleApiKey) {
        return Ok(Vec::new());
    }
    let stale = stale_api_key::find(look).await?.into_iter();
    let unused = stale.filter(|found| found.evidence.get(FactName::EndsAt).is_none());
    Ok(unused.filter_map(|found| found.about.api_key()).collect())
}

/// How many permissions it does not use, and whether it is for numbers that its bot does not look after.
fn seen(told: &Telling<'_>) -> (u64, bool) {
    let evidence = told.evidence();
    let unused = match evidence.get(FactName::UnusedPermissions) {
        Some(FactValue::Permissions(list)) => list.len() as u64,
        _ => 0,
    };
    (unused, evidence.get(FactName::WorksOn).is_some())
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::PowerfulApiKey,
    severity: Severity::Medium,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::LookAtSettings,
    judges: "An API key in use that has held for `days` days, and not used in that time, permissions for customers' data (reading messages, phone numbers, profiles; writing to customers first) or that reach far beyond one conversation. Nothing is said before uses have been recorded for as long. And the key of a bot that has been connected for `days` days to some of the numbers, when it holds for all of them. Not told of a key that nothing uses any more: that is a rule of its own.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "days",
    unit: Unit::Days,
    default: 90,
    least: 14,
    most: 730,
    about: "How long held, and how long not used.",
}];

const PORTUGUESE: Said = Said {
    title: "Chave de API com mais acesso do que usa",
    why: "Quem roubar essa chave poderá tudo o que ela permite, não só o que o sistema usa.",
    what_to_do: "Crie uma chave com um papel menor, ou só para os números certos, troque-a no sistema e revogue esta.",
    seen: |told| match seen(told) {
        (0, _) => "Vale para todos os números, mas o robô atende só alguns.".to_owned(),
        (unused, wide) => {
            let wide = if wide { " E vale para mais números do que o robô atende." } else { "" };
            format!("Não usa {}.{wide}", told.count(unused, "permissão que tem", "permissões que tem"))
        }
    },
};

const ENGLISH: Said = Said {
    title: "API key with more access than it uses",
    why: "Whoever steals this key may do all that it allows, not only what the program does with it.",
    what_to_do: "Make a key with a smaller role, or for the right numbers only, put it in the place of this one, and revoke this one.",
    seen: |told| match seen(told) {
        (0, _) => "Is good for every number, but the bot looks after some only.".to_owned(),
        (unused, wide) => {
            let wide = if wide { " And it is good for more numbers than the bot looks after." } else { "" };
            format!(
                "Does not use {}.{wide}",
                told.count(unused, "permission that it has", "permissions that it has")
            )
        }
    },
};

const SPANISH: Said = Said {
    title: "Clave de API con más acceso del que usa",
    why: "Quien robe esta clave podrá todo lo que ella permite, no solo lo que usa el sistema.",
    what_to_do: "Cree una clave con un rol menor, o solo para los números correctos, cámbiela en el sistema y revoque esta.",
    seen: |told| match seen(told) {
        (0, _) => "Vale para todos los números, pero el bot atiende solo algunos.".to_owned(),
        (unused, wide) => {
            let wide = if wide { " Y vale para más números de los que atiende el bot." } else { "" };
            format!("No usa {}.{wide}", told.count(unused, "permiso que tiene", "permisos que tiene"))
        }
    },
};
