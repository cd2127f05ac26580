//! The letter that asks a person about a finding: whether it was them, whether they still need what they have, or when they will set
//! up a second factor. It says nothing of what was seen, for who reads it may be somebody else; and nothing in it can be
//! clicked on.

use portaria_entity::finding::AuditRule;
use portaria_entity::id::MemberId;

use super::OpenFinding;
use crate::error::{Error, Result};
use crate::granting::Change;
use crate::harmless;
use crate::language::Language;
use crate::mail::{Addressee, Letter, queue};
use crate::member;

/// What is asked.
#[derive(Clone, Copy)]
enum Question {
    WasItYou,
    IsItNeeded,
    FactorMissing,
}

impl Question {
    /// Of access that may be too much, or ends, whether it is needed; of something that happened, whether it was them.
    fn about(rule: AuditRule) -> Self {
        match rule {
            AuditRule::SecondFactorMissing | AuditRule::AdministratorWithoutSecondFactor => {
                Self::FactorMissing
            }
            AuditRule::InactiveMember
            | AuditRule::NeverSignedIn
            | AuditRule::DormantAdministrator
            | AuditRule::OnlyAdministrator
            | AuditRule::UnusedPermission
            | AuditRule::EndlessGrant
            | AuditRule::EndingGrant
            | AuditRule::StaleApiKey
            | AuditRule::PowerfulApiKey
            | AuditRule::OrphanedCredential
            | AuditRule::NobodyAvailable
            | AuditRule::SecretDue
            | AuditRule::UndeliveredReport
            | AuditRule::BrokenChain
            | AuditRule::WebhookSignaturesFailing => Self::IsItNeeded,
            AuditRule::StuffingSucceeded
            | AuditRule::SuccessAfterFailures
            | AuditRule::SignInAfterFactorReset
            | AuditRule::ImpossibleTravel
            | AuditRule::AddressOnManyAccounts
            | AuditRule::PasswordSpraying
            | AuditRule::AccountUnderAttack
            | AuditRule::SecondFactorReset
            | AuditRule::NewPlace
            | AuditRule::DormantAccountAwakened
            | AuditRule::ManySessions
            | AuditRule::SignInOutOfHours
            | AuditRule::TemplateApprovedAlone
            | AuditRule::ExportAfterGrant
            | AuditRule::UnusualDisclosure
            | AuditRule::ApiKeyFromNewNetwork
            | AuditRule::SessionUsedElsewhere
            | AuditRule::PasswordKnown => Self::WasItYou,
        }
    }
}

/// Who is asked, by whom, where.
struct Names<'a> {
    reader: &'a str,
    asker: &'a str,
    workspace: &'a str,
}

/// Queues the question, in the language of whom it is for.
pub(super) async fn ask(
    change: &Change<'_>,
    finding: &OpenFinding,
    (asker, member): (MemberId, MemberId),
) -> Result<()> {
    let people = member::by_ids(&change.transaction, change.workspace_id, &[asker, member]).await?;
    let (Some(asker), Some(reader)) = (people.get(&asker), people.get(&member)) else {
        return Err(Error::NotFound);
    };
    let workspace = crate::workspace::find(&change.transaction, change.workspace_id).await?;
    let locale = if reader.user.locale.trim().is_empty() { &workspace.locale } else { &reader.user.locale };
    let names = Names {
        reader: &harmless::name(&reader.user.name),
        asker: &harmless::name(&asker.user.name),
        workspace: &harmless::name(&workspace.name),
    };
    let letter = written(Language::from_tag(locale), Question::about(finding.row.rule), &names);
    let to = Addressee {
        workspace_id: change.workspace_id,
        name: &reader.user.name,
        address: &reader.user.email,
        dedup_key: format!("finding_asked:{}:{}", finding.row.id, change.now.0),
    };
    queue(&change.transaction, &change.installation.clock, to, &letter).await
}

fn written(language: Language, question: Question, names: &Names<'_>) -> Letter {
    match language {
        Language::PortugueseOfBrazil => portuguese(question, names),
        Language::English => english(question, names),
        Language::Spanish => spanish(question, names),
    }
}

fn portuguese(question: Question, Names { reader, asker, workspace }: &Names<'_>) -> Letter {
    let asked = match question {
        Question::WasItYou => {
            "Houve há pouco uma atividade na sua conta. Foi você? Pense em quando entrou, de onde, e no que mudou ou pediu para mudar nos últimos dias. Se algo não foi você, troque a sua senha e avise agora mesmo."
        }
        Question::FactorMissing => {
            "Quem trabalha aqui protege a entrada com um segundo fator, além da senha: um aplicativo autenticador ou uma chave de acesso. Quando você pode configurar o seu? Entre no Portaria como sempre faz e abra a segurança da sua conta; leva poucos minutos. Se algo impede, diga o quê."
        }
        Question::IsItNeeded => {
            "Você ainda precisa do acesso que tem? Se não usa mais uma parte dele, ou se o seu trabalho mudou, diga: o que não é usado pode ser retirado, e devolvido quando for preciso."
        }
    };
    Letter {
        subject: format!("{workspace}: uma pergunta sobre o seu acesso ao Portaria"),
        paragraphs: vec![
            format!("Olá, {reader}!"),
            format!("{asker}, que cuida dos acessos de {workspace} no Portaria, tem uma pergunta para você."),
            asked.to_owned(),
            format!("Responda a {asker} pessoalmente ou por telefone, e não a este e-mail."),
            "Este e-mail não tem links e ninguém vai pedir a sua senha.".to_owned(),
        ],
    }
}

fn english(question: Question, Names { reader, asker, workspace }: &Names<'_>) -> Letter {
    let asked = match question {
        Question::WasItYou => {
            "There was some activity on your account of late. Was it you? Think of when and from where you signed in, and of what you changed or asked to be changed in the last days. If any of it was not you, change your password and say so now."
        }
        Question::FactorMissing => {
            "Whoever works here protects signing in with a second factor beside the password: an authenticator app or a passkey. When can you set up yours? Sign in to Portaria as you always do and open the security of your account; it takes a few minutes. If something keeps you from it, say what."
        }
        Question::IsItNeeded => {
            "Do you still need the access that you have? If you no longer use a part of it, or your work has changed, say so: what is not used can be taken away, and given back when it is needed."
        }
    };
    Letter {
        subject: format!("{workspace}: a question about your access to Portaria"),
        paragraphs: vec![
            format!("Hello {reader},"),
            format!("{asker}, who looks after access to {workspace} in Portaria, has a question for you."),
            asked.to_owned(),
            format!("Please answer {asker} in person or by telephone, not by replying to this mail."),
            "There are no links in this mail, and nobody will ask for your password.".to_owned(),
        ],
    }
}

fn spanish(question: Question, Names { reader, asker, workspace }: &Names<'_>) -> Letter {
    let asked = match question {
        Question::WasItYou => {
            "Hace poco hubo actividad en tu cuenta. ¿Fuiste tú? Piensa en cuándo entraste, desde dónde, y en lo que cambiaste o pediste cambiar en los últimos días. Si algo no fuiste tú, cambia tu contraseña y avisa ahora mismo."
        }
        Question::FactorMissing => {
            "Quien trabaja aquí protege la entrada con un segundo factor, además de la contraseña: una aplicación de autenticación o una llave de acceso. ¿Cuándo puedes configurar el tuyo? Entra en Portaria como siempre y abre la seguridad de tu cuenta; lleva pocos minutos. Si algo lo impide, di qué."
        }
        Question::IsItNeeded => {
            "¿Todavía necesitas el acceso que tienes? Si ya no usas una parte, o si tu trabajo cambió, dilo: lo que no se usa se puede quitar, y devolver cuando haga falta."
        }
    };
    Letter {
        subject: format!("{workspace}: una pregunta sobre tu acceso a Portaria"),
        paragraphs: vec![
            format!("Hola, {reader}:"),
            format!(
                "{asker}, que se ocupa de los accesos de {workspace} en Portaria, tiene una pregunta para ti."
            ),
            asked.to_owned(),
            format!("Responde a {asker} en persona o por teléfono, no a este correo."),
            "Este correo no tiene enlaces y nadie te pedirá la contraseña.".to_owned(),
        ],
    }
}
