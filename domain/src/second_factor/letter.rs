//! What people are told by mail about their second factors, at once and in their language.

use portaria_entity::id::{OutgoingMailId, UserId, WorkspaceId};
use portaria_entity::user;
use sea_orm::{DatabaseTransaction, EntityTrait};

use super::memberships;
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::mail::{Addressee, Letter, queue};

/// What has happened.
pub(crate) enum News {
    AppSetUp,
    AppRemoved,
    PasskeyAdded {
        name: String,
    },
    PasskeyRemoved {
        name: String,
    },
    PasskeyCopied {
        name: String,
    },
    CodeUsed {
        left: u64,
    },
    CodesRegenerated,
    /// They became a member of another workspace, where what only the first one vouched for does not count.
    VouchedForgotten,
    /// To whose factor it was.
    Reset {
        workspace: String,
    },
    /// To who administers the workspace.
    ResetOfColleague {
        workspace: String,
        colleague: String,
        by: String,
    },
}

/// Tells a person something about their own account.
pub(crate) async fn tell(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: UserId,
    news: &News,
) -> Result<()> {
    // Mail goes out through a workspace; to who is in none any more nothing is left to tell.
    let Some(member) = memberships(transaction, user).await?.into_iter().next() else { return Ok(()) };
    let owner = user::Entity::find_by_id(user).one(transaction).await?.ok_or(Error::NotFound)?;
    send(transaction, installation, (member.workspace_id, &owner), news).await
}

/// Tells somebody something on behalf of a workspace.
pub(crate) async fn send(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (workspace_id, reader): (WorkspaceId, &user::Model),
    news: &News,
) -> Result<()> {
    let id: OutgoingMailId = installation.clock.new_id();
    let to = Addressee {
        workspace_id,
        name: &reader.name,
        address: &reader.email,
        dedup_key: format!("second_factor:{id}"),
    };
    let letter = match reader.locale.split(['-', '_']).next().unwrap_or_default() {
        "en" => english(&reader.name, news),
        "es" => spanish(&reader.name, news),
        _ => portuguese(&reader.name, news),
    };
    queue(transaction, &installation.clock, to, &letter).await
}

fn portuguese(name: &str, news: &News) -> Letter {
    let (subject, told) = match news {
        News::AppSetUp => (
            "Um aplicativo autenticador foi configurado",
            "Um aplicativo autenticador foi configurado na sua conta do Portaria.".to_owned(),
        ),
        News::AppRemoved => (
            "O aplicativo autenticador foi removido",
            "O aplicativo autenticador foi removido da sua conta do Portaria.".to_owned(),
        ),
        News::PasskeyAdded { name } => (
            "Uma chave de acesso foi adicionada",
            format!("A chave de acesso \"{name}\" foi adicionada à sua conta do Portaria: com ela se entra sem senha."),
        ),
        News::PasskeyRemoved { name } => (
            "Uma chave de acesso foi removida",
            format!("A chave de acesso \"{name}\" foi removida da sua conta do Portaria."),
        ),
        News::PasskeyCopied { name } => (
            "Uma chave de acesso pode ter sido copiada",
            format!("A chave de acesso \"{name}\" foi recusada: pode existir uma cópia dela. Remova-a e registre outra."),
        ),
        News::CodeUsed { left } => (
            "Um código de recuperação foi usado",
            match left {
                0 => "Um código de recuperação da sua conta do Portaria foi usado. Era o último: gere novos códigos.".to_owned(),
                1 => "Um código de recuperação da sua conta do Portaria foi usado. Resta 1.".to_owned(),
                left => format!("Um código de recuperação da sua conta do Portaria foi usado. Restam {left}."),
            },
        ),
        News::CodesRegenerated => (
            "Novos códigos de recuperação",
            "Novos códigos de recuperação foram gerados para a sua conta do Portaria. Os anteriores não valem mais.".to_owned(),
        ),
        News::VouchedForgotten => (
            "Configure de novo o seu segundo fator",
            "Você entrou em mais um espaço de trabalho do Portaria. Por isso, os segundos fatores que foram adicionados quando só o provedor de identidade ou as páginas do primeiro respondiam por você não valem mais: configure-os de novo.".to_owned(),
        ),
        News::Reset { workspace } => {
            let told = format!("A administração de {workspace} removeu o seu segundo fator no Portaria e encerrou as suas sessões.");
            let then = "Entre com a sua senha e configure um novo. Se você não pediu isso, fale agora mesmo com a administração.";
            return letter("O seu segundo fator foi removido", format!("Olá, {name}!"), [told, then.to_owned()]);
        }
        News::ResetOfColleague { workspace, colleague, by } => {
            let told = format!("{by} removeu o segundo fator de {colleague} em {workspace}. As sessões dessa pessoa foram encerradas.");
            let then = "Se isso não foi combinado, fale com os dois por outro meio e suspenda o acesso.";
            return letter("O segundo fator de um colega foi removido", format!("Olá, {name}!"), [told, then.to_owned()]);
        }
    };
    let then = "Se não foi você, troque a sua senha e avise agora mesmo a administração.";
    letter(subject, format!("Olá, {name}!"), [told, then.to_owned()])
}

fn english(name: &str, news: &News) -> Letter {
    let (subject, told) = match news {
        News::AppSetUp => (
            "An authenticator app was set up",
            "An authenticator app was set up for your Portaria account.".to_owned(),
        ),
        News::AppRemoved => (
            "The authenticator app was removed",
            "The authenticator app was removed from your Portaria account.".to_owned(),
        ),
        News::PasskeyAdded { name } => (
            "A passkey was added",
            format!(
                "The passkey \"{name}\" was added to your Portaria account: it signs in without a password."
            ),
        ),
        News::PasskeyRemoved { name } => (
            "A passkey was removed",
            format!("The passkey \"{name}\" was removed from your Portaria account."),
        ),
        News::PasskeyCopied { name } => (
            "A passkey may have been copied",
            format!(
                "The passkey \"{name}\" was refused: there may be a copy of it. Remove it and register another."
            ),
        ),
        News::CodeUsed { left } => (
            "A recovery code was used",
            match left {
                0 => "A recovery code of your Portaria account was used. It was the last one: make new ones."
                    .to_owned(),
                left => format!("A recovery code of your Portaria account was used. {left} left."),
            },
        ),
        News::CodesRegenerated => (
            "New recovery codes",
            "New recovery codes were made for your Portaria account. The earlier ones are no longer valid."
                .to_owned(),
        ),
        News::VouchedForgotten => (
            "Set up your second factor again",
            "You joined another workspace in Portaria. So the second factors that were added while only the identity provider or the pages of the first one vouched for you do not count any more: set them up again.".to_owned(),
        ),
        News::Reset { workspace } => {
            let told = format!(
                "The administrators of {workspace} removed your second factor in Portaria and ended your sessions."
            );
            let then = "Sign in with your password and set up a new one. If you did not ask for this, speak to them now.";
            return letter(
                "Your second factor was removed",
                format!("Hello {name},"),
                [told, then.to_owned()],
            );
        }
        News::ResetOfColleague { workspace, colleague, by } => {
            let told = format!(
                "{by} removed the second factor of {colleague} in {workspace}. That person's sessions have ended."
            );
            let then =
                "If this was not agreed on, speak to both of them by other means, and suspend the access.";
            return letter(
                "A colleague's second factor was removed",
                format!("Hello {name},"),
                [told, then.to_owned()],
            );
        }
    };
    let then = "If this was not you, change your password and tell your administrators now.";
    letter(subject, format!("Hello {name},"), [told, then.to_owned()])
}

fn spanish(name: &str, news: &News) -> Letter {
    let (subject, told) = match news {
        News::AppSetUp => (
            "Se configuró una aplicación de autenticación",
            "Se configuró una aplicación de autenticación en tu cuenta de Portaria.".to_owned(),
        ),
        News::AppRemoved => (
            "Se eliminó la aplicación de autenticación",
            "Se eliminó la aplicación de autenticación de tu cuenta de Portaria.".to_owned(),
        ),
        News::PasskeyAdded { name } => (
            "Se añadió una llave de acceso",
            format!("La llave de acceso \"{name}\" se añadió a tu cuenta de Portaria: con ella se entra sin contraseña."),
        ),
        News::PasskeyRemoved { name } => (
            "Se eliminó una llave de acceso",
            format!("La llave de acceso \"{name}\" se eliminó de tu cuenta de Portaria."),
        ),
        News::PasskeyCopied { name } => (
            "Puede existir una copia de una llave de acceso",
            format!("La llave de acceso \"{name}\" fue rechazada: puede existir una copia de ella. Elimínala y registra otra."),
        ),
        News::CodeUsed { left } => (
            "Se usó un código de recuperación",
            match left {
                0 => "Se usó un código de recuperación de tu cuenta de Portaria. Era el último: genera códigos nuevos.".to_owned(),
                1 => "Se usó un código de recuperación de tu cuenta de Portaria. Queda 1.".to_owned(),
                left => format!("Se usó un código de recuperación de tu cuenta de Portaria. Quedan {left}."),
            },
        ),
        News::CodesRegenerated => (
            "Códigos de recuperación nuevos",
            "Se generaron códigos de recuperación nuevos para tu cuenta de Portaria. Los anteriores ya no valen.".to_owned(),
        ),
        News::VouchedForgotten => (
            "Configura de nuevo tu segundo factor",
            "Te uniste a otro espacio de trabajo de Portaria. Por eso, los segundos factores que se añadieron cuando solo el proveedor de identidad o las páginas del primero respondían por ti ya no valen: configúralos de nuevo.".to_owned(),
        ),
        News::Reset { workspace } => {
            let told = format!("La administración de {workspace} eliminó tu segundo factor en Portaria y cerró tus sesiones.");
            let then = "Entra con tu contraseña y configura uno nuevo. Si no lo pediste, habla ahora mismo con la administración.";
            return letter("Se eliminó tu segundo factor", format!("Hola, {name}:"), [told, then.to_owned()]);
        }
        News::ResetOfColleague { workspace, colleague, by } => {
            let told = format!("{by} eliminó el segundo factor de {colleague} en {workspace}. Las sesiones de esa persona se cerraron.");
            let then = "Si no estaba acordado, habla con ambos por otro medio y suspende el acceso.";
            return letter("Se eliminó el segundo factor de un colega", format!("Hola, {name}:"), [told, then.to_owned()]);
        }
    };
    let then = "Si no fuiste tú, cambia tu contraseña y avisa ahora mismo a la administración.";
    letter(subject, format!("Hola, {name}:"), [told, then.to_owned()])
}

fn letter(subject: &str, greeting: String, told: [String; 2]) -> Letter {
    let paragraphs = std::iter::once(greeting).chain(told).collect();
    Letter { subject: subject.to_owned(), paragraphs }
}
