//! Secrets that have been the same for long, or that end soon.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{ChannelId, DirectoryCredentialId, IdentityProviderId, MetaAppId, MetaAppSecretId};
use portaria_entity::time::Timestamp;

use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look};
use crate::error::Result;

const APP_SECRETS: &str = "
SELECT id, meta_app_id, created_at FROM meta_app_secrets
WHERE workspace_id = $1 AND created_at < $2 AND (expires_at IS NULL OR expires_at > $3)
ORDER BY id";

const ACCESS_TOKENS: &str = "
SELECT id, created_at FROM channels
WHERE workspace_id = $1 AND created_at < $2 AND sealed_access_token IS NOT NULL
ORDER BY id";

const PROVIDERS: &str = "
SELECT id, name, created_at FROM identity_providers
WHERE workspace_id = $1 AND created_at < $2 AND sealed_client_secret IS NOT NULL AND deleted_at IS NULL
ORDER BY id";

const DIRECTORIES: &str = "
SELECT id, name, expires_at FROM directory_credentials
WHERE workspace_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND expires_at <= $3
  AND expires_at - created_at > 2 * ($3 - $2)
ORDER BY id";

const CHANGED: &str = "
SELECT COALESCE(MAX(\"at\"), 0) FROM activities WHERE workspace_id = $1 AND subject = $2 AND action = $3";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let now = look.now;
    let before = now - look.days(&RULE, "days");
    let old = || [look.workspace.0.into(), before.0.into()];
    let mut found = Vec::new();
    for row in look.rows(APP_SECRETS, [look.workspace.0.into(), before.0.into(), now.0.into()]).await? {
        let id: MetaAppSecretId = row.try_get_by_index(0)?;
        let app = FactValue::MetaApp(row.try_get_by_index::<MetaAppId>(1)?);
        let evidence = since(Evidence::new().with(FactName::App, app), row.try_get_by_index(2)?);
        found.push(Found::by(&RULE, &id, About::Workspace, evidence));
    }
    for row in look.rows(ACCESS_TOKENS, old()).await? {
        let id: ChannelId = row.try_get_by_index(0)?;
        let changed =
            changed(look, (&id.to_string(), "channel.access_token_set"), row.try_get_by_index(1)?).await?;
        if changed < before {
            let evidence = since(Evidence::new(), changed);
            found.push(Found::by(&RULE, &format!("{id} {}", changed.0), About::Channel(id), evidence));
        }
    }
    for row in look.rows(PROVIDERS, old()).await? {
        let id: IdentityProviderId = row.try_get_by_index(0)?;
        let changed =
            changed(look, (&id.to_string(), "identity_provider.updated"), row.try_get_by_index(2)?).await?;
        if changed < before {
            let name = FactValue::Text(row.try_get_by_index(1)?);
            let evidence = since(Evidence::new().with(FactName::Provider, name), changed);
            found.push(Found::by(&RULE, &format!("{id} {}", changed.0), About::Workspace, evidence));
        }
    }
    let soon = now + look.days(&RULE, "ends_days");
    for row in look.rows(DIRECTORIES, [look.workspace.0.into(), now.0.into(), soon.0.into()]).await? {
        let id: DirectoryCredentialId = row.try_get_by_index(0)?;
        let evidence = Evidence::new()
            .with(FactName::Directory, FactValue::Text(row.try_get_by_index(1)?))
            .with(FactName::EndsAt, FactValue::At(row.try_get_by_index(2)?));
        found.push(Found::by(&RULE, &id, About::Workspace, evidence).with_severity(Severity::Medium));
    }
    Ok(found)
}

fn since(evidence: Evidence, at: Timestamp) -> Evidence {
    evidence.with(FactName::SameSince, FactValue::At(at))
}

/// When it was last given another, by the activity log; else when it came to be.
async fn changed(
    look: &Look<'_>,
    (subject, action): (&str, &str),
    created_at: Timestamp,
) -> Result<Timestamp> {
    let values = [look.workspace.0.into(), subject.into(), action.into()];
    Ok(created_at.max(Timestamp(look.count(CHANGED, values).await?)))
}

/// Which secret it is, from words for that of an app, a number, an identity provider and a directory; and what is the
/// matter with it: for how many days it has been the same, or when it ends.
fn told_of(
    told: &Telling<'_>,
    [app, channel, provider, directory]: [&str; 4],
    (same, ends): (&str, &str),
) -> String {
    let evidence = told.evidence();
    if evidence.at(FactName::EndsAt).is_some() {
        return format!("{directory} {ends} {}.", told.told(FactName::EndsAt));
    }
    let what = match (evidence.get(FactName::App), evidence.get(FactName::Provider)) {
        (Some(_), _) => app,
        (_, Some(_)) => provider,
        (None, None) => channel,
    };
    let days = evidence.at(FactName::SameSince).map_or(0, |at| told.days_since(at));
    format!("{what} {same} {}.", told.days(days))
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::SecretDue,
    severity: Severity::Low,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::LookAtSettings,
    judges: "A secret of a Meta app, an access token of a number or the client secret of an identity provider that is older than `days` days. A provider whose settings were changed since is taken to have been given another. Medium: a directory's credential that ends within `ends_days` days, unless it was made for less than twice that. API keys have a rule of their own.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "days",
        unit: Unit::Days,
        default: 180,
        least: 30,
        most: 1_825,
        about: "How old a secret may become.",
    },
    Parameter {
        name: "ends_days",
        unit: Unit::Days,
        default: 14,
        least: 1,
        most: 90,
        about: "How long before its end a directory's credential is told of.",
    },
];

const PORTUGUESE: Said = Said {
    title: "Está na hora de trocar um segredo",
    why: "Quanto mais velho um segredo, mais gente e mais sistemas já o viram. E um que vence sem aviso interrompe o serviço.",
    what_to_do: "Gere um novo no sistema de origem e cadastre-o no Portaria. Depois, desative o antigo.",
    seen: |told| {
        told_of(
            told,
            [
                "A chave secreta do aplicativo da Meta",
                "O token de acesso do número",
                "O segredo do provedor de identidade",
                "A credencial do diretório",
            ],
            ("é o mesmo segredo há", "vence em"),
        )
    },
};

const ENGLISH: Said = Said {
    title: "A secret is due to be replaced",
    why: "The older a secret, the more people and programs have seen it. And one that ends unnoticed stops the service.",
    what_to_do: "Make a new one where it comes from and enter it in Portaria. Then end the old one.",
    seen: |told| {
        told_of(
            told,
            [
                "The secret of the Meta app",
                "The number's access token",
                "The identity provider's secret",
                "The directory's credential",
            ],
            ("has been the same for", "ends on"),
        )
    },
};

const SPANISH: Said = Said {
    title: "Toca cambiar un secreto",
    why: "Cuanto más viejo es un secreto, más personas y sistemas lo han visto. Y uno que vence sin aviso interrumpe el servicio.",
    what_to_do: "Genere uno nuevo en el sistema de origen y regístrelo en Portaria. Después, desactive el anterior.",
    seen: |told| {
        told_of(
            told,
            [
                "La clave secreta de la aplicación de Meta",
                "El token de acceso del número",
                "El secreto del proveedor de identidad",
                "La credencial del directorio",
            ],
            ("lleva sin cambiar", "vence el"),
        )
    },
};
