//! Keys, bots, directories and endpoints of alerts that nobody answers for any more.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{ApiKeyId, DirectoryCredentialId, MemberId, NotificationEndpointId};

use super::fact::{FactName, FactValue};
use super::rule::{Rule, Said, Suggestion};
use super::telling::Telling;
use super::{About, Evidence, Found, Look};
use crate::error::Result;

const KEYS: &str = "
SELECT k.id, k.created_by, k.created_at, b.name, m.status
FROM api_keys k
JOIN members m ON m.workspace_id = k.workspace_id AND m.id = k.created_by AND m.status <> 'active'
LEFT JOIN bots b ON b.workspace_id = k.workspace_id AND b.api_key_id = k.id AND b.disconnected_at IS NULL
WHERE k.workspace_id = $1 AND k.revoked_at IS NULL AND k.expires_at > $2
ORDER BY k.id";

const DIRECTORIES: &str = "
SELECT d.id, d.created_by, d.created_at, d.name, m.status
FROM directory_credentials d
JOIN members m ON m.workspace_id = d.workspace_id AND m.id = d.created_by AND m.status <> 'active'
WHERE d.workspace_id = $1 AND d.revoked_at IS NULL AND d.expires_at > $2
ORDER BY d.id";

const ENDPOINTS: &str = "
SELECT e.id, e.created_by, e.created_at, e.name, m.status
FROM notification_endpoints e
JOIN members m ON m.workspace_id = e.workspace_id AND m.id = e.created_by AND m.status <> 'active'
WHERE e.workspace_id = $1 AND e.deleted_at IS NULL AND e.disabled_at IS NULL
ORDER BY e.id";

/// Who gives a key a new secret holds it, and who sets up an endpoint anew has looked where it leads: they answer for it from
/// then on.
const TAKEN_OVER: &str = "
SELECT COUNT(*) FROM activities a
JOIN members m ON m.workspace_id = a.workspace_id AND m.id = a.actor_member_id AND m.status = 'active'
WHERE a.workspace_id = $1 AND a.subject = $2
  AND a.action IN ('api_key.rotated', 'notification_endpoint.updated', 'notification_endpoint.secret_rotated')";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let values = || [look.workspace.0.into(), look.now.0.into()];
    let mut found = Vec::new();
    for row in look.rows(KEYS, values()).await? {
        let key: ApiKeyId = row.try_get_by_index(0)?;
        if look.count(TAKEN_OVER, [look.workspace.0.into(), key.to_string().into()]).await? > 0 {
            continue;
        }
        let bot: Option<String> = row.try_get_by_index(3)?;
        let evidence = facts(&row)?.with_some(FactName::Bot, bot.map(FactValue::Text));
        let one = Found::by(&RULE, &key, About::ApiKey(key), evidence);
        found.push(one.with_severity(severity(&row)?));
    }
    for row in look.rows(DIRECTORIES, values()).await? {
        let id: DirectoryCredentialId = row.try_get_by_index(0)?;
        let evidence = facts(&row)?.with(FactName::Directory, FactValue::Text(row.try_get_by_index(3)?));
        let one = Found::by(&RULE, &id, About::Workspace, evidence);
        found.push(one.with_severity(severity(&row)?));
    }
    for row in look.rows(ENDPOINTS, [look.workspace.0.into()]).await? {
        let id: NotificationEndpointId = row.try_get_by_index(0)?;
        if look.count(TAKEN_OVER, [look.workspace.0.into(), id.to_string().into()]).await? > 0 {
            continue;
        }
        let evidence = facts(&row)?.with(FactName::Endpoint, FactValue::Text(row.try_get_by_index(3)?));
        let one = Found::by(&RULE, &id, About::Workspace, evidence);
        found.push(one.with_severity(severity(&row)?));
    }
    Ok(found)
}

fn facts(row: &sea_orm::QueryResult) -> Result<Evidence> {
    let maker: MemberId = row.try_get_by_index(1)?;
    Ok(Evidence::new()
        .with(FactName::MadeBy, FactValue::Member(Some(maker)))
        .with(FactName::CreatedAt, FactValue::At(row.try_get_by_index(2)?))
        .with(FactName::IsGone, FactValue::Is(is_gone(row)?)))
}

fn is_gone(row: &sea_orm::QueryResult) -> Result<bool> {
    Ok(row.try_get_by_index::<String>(4)? == "removed")
}

/// Who is suspended may be back: it may wait.
fn severity(row: &sea_orm::QueryResult) -> Result<Severity> {
    Ok(if is_gone(row)? { RULE.severity } else { Severity::Low })
}

/// What it is and what has become of who made it, from words for each.
fn told_of(
    told: &Telling<'_>,
    [key, bot, directory, endpoint]: [&str; 4],
    [gone, suspended]: [&str; 2],
) -> String {
    let evidence = told.evidence();
    let is = |name| evidence.get(name).is_some();
    let what = match [FactName::Bot, FactName::Directory, FactName::Endpoint].map(is) {
        [true, _, _] => bot,
        [_, true, _] => directory,
        [_, _, true] => endpoint,
        [false, false, false] => key,
    };
    format!("{what} {}", if evidence.is(FactName::IsGone) { gone } else { suspended })
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::OrphanedCredential,
    severity: Severity::Medium,
    at_once: false,
    parameters: &[],
    suggestion: Suggestion::LookAtSettings,
    judges: "An API key (of a bot, too), a directory credential or an endpoint of alerts that may still be used, made by somebody who has been removed; Low when they are suspended and may come back. A key or an endpoint to which an active member has given a new secret, or an endpoint that one has set up anew, is theirs to answer for.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PORTUGUESE: Said = Said {
    title: "Credencial sem responsável",
    why: "Ela continua funcionando depois que a pessoa saiu, e ninguém sabe quem ainda a tem guardada.",
    what_to_do: "Descubra que sistema a usa. Troque o segredo em nome de quem vai cuidar dela, ou revogue-a.",
    seen: |told| {
        told_of(
            told,
            [
                "A chave foi criada por alguém que",
                "A chave do robô foi criada por alguém que",
                "A ligação com o diretório foi criada por alguém que",
                "O destino de alertas foi criado por alguém que",
            ],
            ["já saiu.", "está com o acesso suspenso."],
        )
    },
};

const ENGLISH: Said = Said {
    title: "A credential that nobody answers for",
    why: "It goes on working after the person has left, and nobody knows who still has a copy.",
    what_to_do: "Find out which program uses it. Have whoever will look after it give it a new secret, or revoke it.",
    seen: |told| {
        told_of(
            told,
            [
                "The key was made by somebody",
                "The bot's key was made by somebody",
                "The directory's credential was made by somebody",
                "The endpoint of alerts was made by somebody",
            ],
            ["who is no longer a member.", "whose access is suspended."],
        )
    },
};

const SPANISH: Said = Said {
    title: "Credencial sin responsable",
    why: "Sigue funcionando después de que la persona se fue, y nadie sabe quién conserva una copia.",
    what_to_do: "Averigüe qué sistema la usa. Cambie el secreto a nombre de quien vaya a cuidarla, o revóquela.",
    seen: |told| {
        told_of(
            told,
            [
                "La clave la creó alguien que",
                "La clave del bot la creó alguien que",
                "La conexión con el directorio la creó alguien que",
                "El destino de alertas lo creó alguien que",
            ],
            ["ya no está.", "tiene el acceso suspendido."],
        )
    },
};
