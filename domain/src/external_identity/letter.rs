//! What people are told by mail when a way in by an identity provider comes or goes, at once and in their language.

use portaria_entity::member::MemberStatus;
use portaria_entity::{external_identity, identity_provider, member, user};
use sea_orm::EntityTrait;

use crate::error::{Error, Result};
use crate::granting::Change;
use crate::mail::{Addressee, Letter, queue};
use crate::workspace;

/// What has happened to a link.
#[derive(Clone, Copy)]
pub(crate) enum News {
    Linked,
    Unlinked,
}

/// Tells the person whose identity it is; nobody who is no member any more.
pub(crate) async fn tell(change: &Change<'_>, row: &external_identity::Model, news: News) -> Result<()> {
    let transaction = &change.transaction;
    let key = (row.workspace_id, row.member_id);
    let member = member::Entity::find_by_id(key).one(transaction).await?.ok_or(Error::NotFound)?;
    if member.status == MemberStatus::Removed {
        return Ok(());
    }
    let person = user::Entity::find_by_id(member.user_id).one(transaction).await?.ok_or(Error::NotFound)?;
    let key = (row.workspace_id, row.provider_id);
    let provider =
        identity_provider::Entity::find_by_id(key).one(transaction).await?.ok_or(Error::NotFound)?;
    let company = workspace::find(transaction, row.workspace_id).await?.name;
    let kind = match news {
        News::Linked => "identity-linked",
        News::Unlinked => "identity-unlinked",
    };
    let to = Addressee {
        workspace_id: row.workspace_id,
        name: &person.name,
        address: &person.email,
        dedup_key: format!("{kind}:{}", row.id),
    };
    let names = (person.name.as_str(), provider.name.as_str(), company.as_str());
    let letter = match person.locale.split(['-', '_']).next().unwrap_or_default() {
        "en" => english(names, news),
        "es" => spanish(names, news),
        _ => portuguese(names, news),
    };
    queue(transaction, &change.installation.clock, to, &letter).await
}

fn portuguese((name, provider, company): (&str, &str, &str), news: News) -> Letter {
    let (subject, told) = match news {
        News::Linked => (
            format!("Novo acesso a {company} por {provider}"),
            format!(
                "Uma identidade de {provider} foi vinculada à sua conta: com ela se entra em {company} no Portaria sem senha."
            ),
        ),
        News::Unlinked => (
            format!("O acesso a {company} por {provider} foi removido"),
            format!(
                "A sua identidade de {provider} não está mais vinculada: por ela não se entra mais em {company} no Portaria."
            ),
        ),
    };
    let then = "Se não foi você nem foi combinado, troque a sua senha e avise agora mesmo a administração.";
    Letter { subject, paragraphs: vec![format!("Olá, {name}!"), told, then.to_owned()] }
}

fn english((name, provider, company): (&str, &str, &str), news: News) -> Letter {
    let (subject, told) = match news {
        News::Linked => (
            format!("New way in to {company} by {provider}"),
            format!(
                "An identity at {provider} was linked to your account: it signs in to {company} on Portaria without a password."
            ),
        ),
        News::Unlinked => (
            format!("The way in to {company} by {provider} was removed"),
            format!(
                "Your identity at {provider} is linked no more: it does not sign in to {company} on Portaria any longer."
            ),
        ),
    };
    let then = "If it was neither you nor agreed on, change your password and tell your administrators now.";
    Letter { subject, paragraphs: vec![format!("Hello {name},"), told, then.to_owned()] }
}

fn spanish((name, provider, company): (&str, &str, &str), news: News) -> Letter {
    let (subject, told) = match news {
        News::Linked => (
            format!("Nuevo acceso a {company} por {provider}"),
            format!(
                "Una identidad de {provider} se vinculó a tu cuenta: con ella se entra en {company} en Portaria sin contraseña."
            ),
        ),
        News::Unlinked => (
            format!("Se eliminó el acceso a {company} por {provider}"),
            format!(
                "Tu identidad de {provider} ya no está vinculada: con ella ya no se entra en {company} en Portaria."
            ),
        ),
    };
    let then =
        "Si no fuiste tú ni estaba acordado, cambia tu contraseña y avisa ahora mismo a la administración.";
    Letter { subject, paragraphs: vec![format!("Hola, {name}:"), told, then.to_owned()] }
}
