//! Letters to a person about their way in, in their language.

use portaria_entity::time::Timestamp;
use portaria_entity::{user, workspace};
use sea_orm::DatabaseTransaction;

use super::home;
use crate::error::Result;
use crate::installation::Installation;
use crate::mail::{Addressee, Letter, queue, queue_with_token};
use crate::token::Token;

/// What has happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum News<'a> {
    /// They changed their password.
    Changed,
    /// They set a new one by a link.
    Reset,
    /// Who runs the machine gave them a new one.
    SetByMachine,
    /// Who runs the machine made a link for a new one.
    LinkByMachine,
    /// Who runs the machine took their second factor away.
    SecondFactorRemoved,
    /// They are the first administrator.
    FirstAdministrator,
    /// The same happened to somebody else: for the administrators of their workspace.
    MachineActedOn { name: &'a str },
}

/// Writes to a person what has happened to their way in; from where, if that is known. Who is in no workspace any more
/// is not written to.
pub(crate) async fn tell(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    person: &user::Model,
    (news, address): (News<'_>, &str),
) -> Result<()> {
    let Some(workspace) = home(transaction, person.id).await? else { return Ok(()) };
    let now = installation.clock.now();
    let kind = kind(news);
    let to = Addressee {
        workspace_id: workspace.id,
        name: &person.name,
        address: &person.email,
        dedup_key: format!("{kind}:{}:{}", person.id, now.0),
    };
    let letter = letter(person, &workspace, news, &happened(&workspace, now, address));
    queue(transaction, &installation.clock, to, &letter).await
}

fn kind(news: News<'_>) -> &'static str {
    match news {
        News::Changed => "password-changed",
        News::Reset => "password-reset",
        News::SetByMachine => "password-set",
        News::LinkByMachine => "password-link",
        News::SecondFactorRemoved => "second-factor-removed",
        News::FirstAdministrator => "first-administrator",
        News::MachineActedOn { .. } => "machine-acted",
    }
}

/// When, by the workspace's own clock, and from where.
fn happened(workspace: &workspace::Model, now: Timestamp, address: &str) -> String {
    let local = jiff::Timestamp::from_microsecond(now.0).and_then(|at| at.in_tz(&workspace.time_zone));
    let at = local.map(|at| at.strftime("%Y-%m-%d %H:%M %Z").to_string()).unwrap_or_default();
    if address.is_empty() { at } else { format!("{at}, {address}") }
}

fn letter(person: &user::Model, workspace: &workspace::Model, news: News<'_>, happened: &str) -> Letter {
    let company = &workspace.name;
    match person.locale.split('-').next().unwrap_or_default() {
        "en" => english(&person.name, company, news, happened),
        "es" => spanish(&person.name, company, news, happened),
        _ => portuguese(&person.name, company, news, happened),
    }
}

fn english(name: &str, company: &str, news: News<'_>, happened: &str) -> Letter {
    let ended = "All other sessions have ended.";
    let what = match news {
        News::Changed => format!("the password of your account was changed ({happened}). {ended}"),
        News::Reset => format!(
            "a new password was set for your account by the link in our letter ({happened}). All sessions have ended."
        ),
        News::SetByMachine => format!(
            "whoever runs Portaria's server set a new password for your account ({happened}). All sessions have ended."
        ),
        News::LinkByMachine => format!(
            "whoever runs Portaria's server made a link to set a new password for your account ({happened})."
        ),
        News::SecondFactorRemoved => format!(
            "whoever runs Portaria's server removed the second factor of your account ({happened}). All sessions have ended."
        ),
        News::FirstAdministrator => {
            format!("you are the first administrator of {company} in Portaria ({happened}).")
        }
        News::MachineActedOn { name } => {
            format!("whoever runs Portaria's server gave {name} a new way in ({happened}).")
        }
    };
    let advice = match news {
        News::FirstAdministrator => "Set up an authenticator app next: until then, nothing that is sensitive can be used. Appoint a second administrator.".to_owned(),
        News::MachineActedOn { .. } => "If nobody asked for it, find out at once who has access to that machine.".to_owned(),
        News::Changed
        | News::Reset
        | News::SetByMachine
        | News::LinkByMachine
        | News::SecondFactorRemoved => format!("If this was not you and you did not ask for it, set a new password by “forgot password” and tell an administrator of {company} at once."),
    };
    let subject = match news {
        News::FirstAdministrator => format!("You administer {company}"),
        News::MachineActedOn { name } => format!("New way in for {name}"),
        News::Changed
        | News::Reset
        | News::SetByMachine
        | News::LinkByMachine
        | News::SecondFactorRemoved => "Your way into Portaria has changed".to_owned(),
    };
    Letter { subject, paragraphs: vec![format!("Hello {name},"), what, advice] }
}

fn spanish(name: &str, company: &str, news: News<'_>, happened: &str) -> Letter {
    let what = match news {
        News::Changed => {
            format!("Se cambió la contraseña de tu cuenta ({happened}). Todas las demás sesiones terminaron.")
        }
        News::Reset => format!(
            "Se definió una contraseña nueva para tu cuenta con el enlace de nuestra carta ({happened}). Todas las sesiones terminaron."
        ),
        News::SetByMachine => format!(
            "Quien opera el servidor de Portaria definió una contraseña nueva para tu cuenta ({happened}). Todas las sesiones terminaron."
        ),
        News::LinkByMachine => format!(
            "Quien opera el servidor de Portaria creó un enlace para definir una contraseña nueva de tu cuenta ({happened})."
        ),
        News::SecondFactorRemoved => format!(
            "Quien opera el servidor de Portaria quitó el segundo factor de tu cuenta ({happened}). Todas las sesiones terminaron."
        ),
        News::FirstAdministrator => {
            format!("Eres la primera persona que administra {company} en Portaria ({happened}).")
        }
        News::MachineActedOn { name } => format!(
            "Quien opera el servidor de Portaria dio a {name} una nueva forma de entrar ({happened})."
        ),
    };
    let advice = match news {
        News::FirstAdministrator => "Configura ahora una aplicación de autenticación: hasta entonces no se puede usar nada sensible. Nombra a otra persona que administre.".to_owned(),
        News::MachineActedOn { .. } => "Si nadie lo pidió, averigua de inmediato quién tiene acceso a esa máquina.".to_owned(),
        News::Changed
        | News::Reset
        | News::SetByMachine
        | News::LinkByMachine
        | News::SecondFactorRemoved => format!("Si no fuiste tú y no lo pediste, define una contraseña nueva con «olvidé mi contraseña» y avisa de inmediato a quien administra {company}."),
    };
    let subject = match news {
        News::FirstAdministrator => format!("Administras {company}"),
        News::MachineActedOn { name } => format!("Nueva forma de entrar para {name}"),
        News::Changed
        | News::Reset
        | News::SetByMachine
        | News::LinkByMachine
        | News::SecondFactorRemoved => "Tu forma de entrar en Portaria cambió".to_owned(),
    };
    Letter { subject, paragraphs: vec![format!("Hola, {name}:"), what, advice] }
}

fn portuguese(name: &str, company: &str, news: News<'_>, happened: &str) -> Letter {
    let what = match news {
        News::Changed => format!(
            "A senha da sua conta foi trocada ({happened}). Todas as outras sessões foram encerradas."
        ),
        News::Reset => format!(
            "Uma nova senha foi definida para a sua conta pelo link da nossa carta ({happened}). Todas as sessões foram encerradas."
        ),
        News::SetByMachine => format!(
            "Quem opera o servidor do Portaria definiu uma nova senha para a sua conta ({happened}). Todas as sessões foram encerradas."
        ),
        News::LinkByMachine => format!(
            "Quem opera o servidor do Portaria criou um link para definir uma nova senha para a sua conta ({happened})."
        ),
        News::SecondFactorRemoved => format!(
            "Quem opera o servidor do Portaria removeu o segundo fator da sua conta ({happened}). Todas as sessões foram encerradas."
        ),
        News::FirstAdministrator => {
            format!("Você é a primeira pessoa a administrar {company} no Portaria ({happened}).")
        }
        News::MachineActedOn { name } => {
            format!("Quem opera o servidor do Portaria deu a {name} uma nova forma de entrar ({happened}).")
        }
    };
    let advice = match news {
        News::FirstAdministrator => "Configure agora um aplicativo autenticador: até lá, nada que seja sensível pode ser usado. Nomeie mais uma pessoa para administrar.".to_owned(),
        News::MachineActedOn { .. } => "Se ninguém pediu isso, descubra imediatamente quem tem acesso a essa máquina.".to_owned(),
        News::Changed
        | News::Reset
        | News::SetByMachine
        | News::LinkByMachine
        | News::SecondFactorRemoved => format!("Se não foi você e você não pediu isso, defina uma nova senha em “esqueci minha senha” e avise imediatamente quem administra {company}."),
    };
    let subject = match news {
        News::FirstAdministrator => format!("Você administra {company}"),
        News::MachineActedOn { name } => format!("Nova forma de entrar para {name}"),
        News::Changed
        | News::Reset
        | News::SetByMachine
        | News::LinkByMachine
        | News::SecondFactorRemoved => "A sua forma de entrar no Portaria mudou".to_owned(),
    };
    Letter { subject, paragraphs: vec![format!("Olá, {name}!"), what, advice] }
}

/// Sends a person the link that they asked for.
pub(super) async fn send_link(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (person, workspaces): (&user::Model, &[workspace::Model]),
    (token, dedup_key): (&Token, String),
) -> Result<()> {
    let Some(home) = workspaces.first() else { return Ok(()) };
    let link = crate::link::to_account(installation, workspaces, crate::link::Page::ResetPassword, token);
    let name = &person.name;
    let (subject, paragraphs) = match person.locale.split('-').next().unwrap_or_default() {
        "en" => (
            "A new password for Portaria",
            [
                format!("Hello {name},"),
                format!("set a new password within 30 minutes, once, with: {link}"),
                "If you did not ask for this, do nothing: your password stays as it is.".to_owned(),
            ],
        ),
        "es" => (
            "Una contraseña nueva para Portaria",
            [
                format!("Hola, {name}:"),
                format!("Define una contraseña nueva en 30 minutos, una sola vez, con: {link}"),
                "Si no lo pediste, no hagas nada: tu contraseña sigue siendo la misma.".to_owned(),
            ],
        ),
        _ => (
            "Uma nova senha para o Portaria",
            [
                format!("Olá, {name}!"),
                format!("Defina uma nova senha em até 30 minutos, uma única vez, com: {link}"),
                "Se você não pediu isso, não faça nada: a sua senha continua a mesma.".to_owned(),
            ],
        ),
    };
    let letter = Letter { subject: subject.to_owned(), paragraphs: paragraphs.to_vec() };
    let to = Addressee { workspace_id: home.id, name, address: &person.email, dedup_key };
    queue_with_token(transaction, installation, to, (&letter, token)).await
}
