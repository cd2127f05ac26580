//! What letters of access reviews say, in three languages.

use portaria_entity::access_review::ReviewPolicy;
use portaria_entity::time::Timestamp;

use super::super::Progress;
use super::{Words, instant};
use crate::harmless;
use crate::language::Language;
use crate::mail::Letter;

impl Words<'_> {
    fn say(&self, said: [String; 3]) -> String {
        let [portuguese, english, spanish] = said;
        match self.language {
            Language::PortugueseOfBrazil => portuguese,
            Language::English => english,
            Language::Spanish => spanish,
        }
    }

    fn time(&self, at: Timestamp) -> String {
        self.language.speech().day_and_time(&self.wall.time(instant(at)))
    }

    fn count(&self, number: i64, [portuguese, english, spanish]: [(&str, &str); 3]) -> String {
        let (one, many) = match self.language {
            Language::PortugueseOfBrazil => portuguese,
            Language::English => english,
            Language::Spanish => spanish,
        };
        self.language.speech().count(number.unsigned_abs(), one, many)
    }

    fn pieces(&self, number: i64) -> String {
        self.count(
            number,
            [("acesso", "acessos"), ("piece of access", "pieces of access"), ("acceso", "accesos")],
        )
    }

    fn name(&self) -> String {
        harmless::name(&self.desk.review.name)
    }

    fn company(&self) -> String {
        harmless::name(&self.desk.company.name)
    }

    fn hello(&self) -> String {
        let reader = &self.reader;
        self.say([format!("Olá, {reader}!"), format!("Hello {reader},"), format!("Hola, {reader}:")])
    }

    /// What happens to what nobody answers for.
    fn without_answer(&self) -> String {
        let end = self.time(self.desk.review.ends_at);
        match self.desk.review.policy {
            ReviewPolicy::Revoke => self.say([
                format!("O prazo é {end}. O que ficar sem resposta será retirado."),
                format!("You have until {end}. What is not answered for by then is taken away."),
                format!("El plazo es {end}. Lo que quede sin respuesta se retirará."),
            ]),
            ReviewPolicy::Tell => self.say([
                format!("O prazo é {end}. O que ficar sem resposta continua valendo, e a administração será avisada."),
                format!("You have until {end}. What is not answered for by then stays, and administrators are told."),
                format!("El plazo es {end}. Lo que quede sin respuesta se mantiene, y se avisará a la administración."),
            ]),
        }
    }

    /// The front end, where there is one. The link opens nothing by itself.
    fn link(&self) -> Option<String> {
        let address = self.desk.company.front_end_url.as_ref()?;
        Some(self.say([format!("Abrir: {address}"), format!("Open: {address}"), format!("Abrir: {address}")]))
    }

    fn letter(&self, subject: [String; 3], told: Vec<String>) -> Letter {
        let paragraphs = std::iter::once(self.hello()).chain(told).chain(self.link()).collect();
        Letter { subject: self.say(subject), paragraphs }
    }

    pub(super) fn asked(&self, number: i64) -> Letter {
        let (name, company, pieces) = (self.name(), self.company(), self.pieces(number));
        let told = self.say([
            format!("A revisão de acessos «{name}» de {company} começou, e {pieces} esperam por você: manter, alterar ou retirar."),
            format!("The access review “{name}” of {company} has begun, and {pieces} wait for you: keep, change or take away."),
            format!("La revisión de accesos «{name}» de {company} ha comenzado, y {pieces} esperan por ti: mantener, cambiar o retirar."),
        ]);
        let how = self.say([
            "Ao lado de cada um está o que se sabe: última entrada, quando cada permissão foi usada, colegas com o mesmo papel. Você pode mudar de ideia até o prazo; só então as decisões são aplicadas.".to_owned(),
            "Beside each stands what is known: the last sign-in, when each permission was last used, colleagues with the same role. You can change your mind until the end; only then decisions are carried out.".to_owned(),
            "Junto a cada uno está lo que se sabe: el último inicio de sesión, cuándo se usó cada permiso, colegas con el mismo rol. Puedes cambiar de opinión hasta el plazo; solo entonces se aplican las decisiones.".to_owned(),
        ]);
        self.letter(
            [
                format!("{company}: {pieces} para revisar"),
                format!("{company}: {pieces} to review"),
                format!("{company}: {pieces} por revisar"),
            ],
            vec![told, self.without_answer(), how],
        )
    }

    pub(super) fn reminded(&self, number: i64) -> Letter {
        let (name, company, pieces) = (self.name(), self.company(), self.pieces(number));
        let told = self.say([
            format!("Na revisão de acessos «{name}» de {company} ainda falta a sua resposta: {pieces}."),
            format!("In the access review “{name}” of {company} your answer is still missing: {pieces}."),
            format!("En la revisión de accesos «{name}» de {company} todavía falta tu respuesta: {pieces}."),
        ]);
        self.letter(
            [
                format!("Lembrete de {company}: {pieces} para revisar"),
                format!("Reminder from {company}: {pieces} to review"),
                format!("Recordatorio de {company}: {pieces} por revisar"),
            ],
            vec![told, self.without_answer()],
        )
    }

    pub(super) fn taken_over(&self, number: i64) -> Letter {
        let (name, company, pieces) = (self.name(), self.company(), self.pieces(number));
        let told = self.say([
            format!("Na revisão de acessos «{name}» de {company}, quem ia decidir sobre {pieces} não pode mais. Agora esperam por você: manter, alterar ou retirar."),
            format!("In the access review “{name}” of {company}, who was to decide about {pieces} may do so no more. Now they wait for you: keep, change or take away."),
            format!("En la revisión de accesos «{name}» de {company}, quien iba a decidir sobre {pieces} ya no puede. Ahora esperan por ti: mantener, cambiar o retirar."),
        ]);
        self.letter(
            [
                format!("{company}: mais {pieces} para revisar"),
                format!("{company}: {pieces} more to review"),
                format!("{company}: {pieces} más por revisar"),
            ],
            vec![told, self.without_answer()],
        )
    }

    pub(super) fn nobody(&self, number: i64) -> Letter {
        let (name, company, pieces) = (self.name(), self.company(), self.pieces(number));
        let told = self.say([
            format!("Na revisão de acessos «{name}» ninguém pode decidir sobre {pieces}: quem revisa não decide sobre si, nem sobre quem pode mais."),
            format!("In the access review “{name}” nobody can decide about {pieces}: reviewers decide neither about themselves nor about who holds more than they do."),
            format!("En la revisión de accesos «{name}» nadie puede decidir sobre {pieces}: quien revisa no decide sobre sí, ni sobre quien puede más."),
        ]);
        let what = self.say([
            "Esses acessos continuam valendo. Para que sejam revisados, comece outra revisão com mais uma pessoa da administração.".to_owned(),
            "These stay as they are. To have them reviewed, start another review with one more administrator.".to_owned(),
            "Esos accesos se mantienen. Para que se revisen, comienza otra revisión con una persona más de la administración.".to_owned(),
        ]);
        self.letter(
            [
                format!("{company}: {pieces} sem quem possa revisar"),
                format!("{company}: {pieces} that nobody can review"),
                format!("{company}: {pieces} sin quien pueda revisar"),
            ],
            vec![told, what],
        )
    }

    pub(super) fn announced(&self, number: i64) -> Letter {
        let (name, company, pieces) = (self.name(), self.company(), self.pieces(number));
        let told = self.say([
            format!("A revisão de acessos «{name}» de {company} começou e pergunta por {pieces}."),
            format!("The access review “{name}” of {company} has begun, and asks about {pieces}."),
            format!("La revisión de accesos «{name}» de {company} ha comenzado y pregunta por {pieces}."),
        ]);
        let what = self.say([
            "Se não foi essa a intenção, cancele a revisão antes do prazo: então nada é retirado.".to_owned(),
            "If that is not what was meant, call the review off before then: nothing is taken away."
                .to_owned(),
            "Si no era esa la intención, cancela la revisión antes del plazo: entonces nada se retira."
                .to_owned(),
        ]);
        self.letter(
            [
                format!("{company}: o que ficar sem resposta será retirado ({pieces} em revisão)"),
                format!("{company}: what is not answered for will be taken away ({pieces} under review)"),
                format!("{company}: lo que quede sin respuesta se retirará ({pieces} en revisión)"),
            ],
            vec![told, self.without_answer(), what],
        )
    }

    pub(super) fn abandoned(&self, number: i64) -> Letter {
        let (name, company, pieces) = (self.name(), self.company(), self.pieces(number));
        let told = self.say([
            format!("Na revisão de acessos «{name}» de {company} não resta ninguém que possa decidir, e falta resposta: {pieces}."),
            format!("In the access review “{name}” of {company} there is nobody left who may decide, and answers are missing: {pieces}."),
            format!("En la revisión de accesos «{name}» de {company} no queda nadie que pueda decidir, y faltan respuestas: {pieces}."),
        ]);
        let what = self.say([
            "Esses acessos continuam valendo. Devolva a permissão a quem revisa, ou cancele esta revisão e comece outra com outras pessoas.".to_owned(),
            "These stay as they are. Give a reviewer the permission back, or call this review off and start another with other people.".to_owned(),
            "Esos accesos se mantienen. Devuelve el permiso a quien revisa, o cancela esta revisión y comienza otra con otras personas.".to_owned(),
        ]);
        self.letter(
            [
                format!("{company}: ninguém pode mais responder por {pieces}"),
                format!("{company}: nobody can answer for {pieces} any more"),
                format!("{company}: ya nadie puede responder por {pieces}"),
            ],
            vec![told, what],
        )
    }

    /// The reason stands in the review: what somebody wrote goes into no letter.
    pub(super) fn cancelled(&self, by: &str, counted: &Progress) -> Letter {
        let (name, company) = (self.name(), self.company());
        let (left, done) = (self.pieces(counted.cancelled), counted.changed + counted.revoked);
        let mut paragraphs = vec![
            self.say([
                format!("{by} cancelou a revisão de acessos «{name}» de {company}. O motivo está na revisão."),
                format!("{by} has called off the access review “{name}” of {company}. The reason stands in the review."),
                format!("{by} canceló la revisión de accesos «{name}» de {company}. El motivo está en la revisión."),
            ]),
            self.say([
                format!("Ficam como estavam: {left}."),
                format!("Left as it was: {left}."),
                format!("Quedan como estaban: {left}."),
            ]),
        ];
        if done > 0 {
            let pieces = self.pieces(done);
            paragraphs.push(self.say([
                format!("Já tinham sido alterados ou retirados, e continuam assim: {pieces}."),
                format!("Had been changed or taken away already, and stay so: {pieces}."),
                format!("Ya se habían cambiado o retirado, y siguen así: {pieces}."),
            ]));
        }
        self.letter(
            [
                format!("{company}: revisão de acessos cancelada"),
                format!("{company}: access review called off"),
                format!("{company}: revisión de accesos cancelada"),
            ],
            paragraphs,
        )
    }

    pub(super) fn outcome(&self, counted: &Progress) -> Letter {
        let (name, company) = (self.name(), self.company());
        let Progress { kept, changed, revoked, ended_meanwhile, unanswered, refused, replaced, .. } =
            *counted;
        let told = self.say([
            format!("A revisão de acessos «{name}» terminou. Mantidos: {kept}. Alterados: {changed}. Retirados: {revoked}. Já haviam terminado: {ended_meanwhile}."),
            format!("The access review “{name}” is over. Kept: {kept}. Changed: {changed}. Taken away: {revoked}. Had ended already: {ended_meanwhile}."),
            format!("La revisión de accesos «{name}» ha terminado. Mantenidos: {kept}. Cambiados: {changed}. Retirados: {revoked}. Ya habían terminado: {ended_meanwhile}."),
        ]);
        let mut paragraphs = vec![told];
        if counted.revoked_unanswered > 0 {
            let pieces = self.pieces(counted.revoked_unanswered);
            paragraphs.push(self.say([
                format!(
                    "Retirados porque ninguém respondeu: {pieces}. Confira se alguém ainda precisa deles."
                ),
                format!(
                    "Taken away because nobody answered: {pieces}. See whether somebody needs them still."
                ),
                format!(
                    "Retirados porque nadie respondió: {pieces}. Comprueba si alguien todavía los necesita."
                ),
            ]));
        }
        if unanswered > 0 {
            let pieces = self.pieces(unanswered);
            paragraphs.push(self.say([
                format!("Sem resposta: {pieces}. Continuam valendo; decida o que fazer."),
                format!("Without an answer: {pieces}. They stay as they are; decide what to do."),
                format!("Sin respuesta: {pieces}. Se mantienen; decide qué hacer."),
            ]));
        }
        if refused > 0 {
            let pieces = self.pieces(refused);
            paragraphs.push(self.say([
                format!(
                    "Não foi possível fazer o que se decidiu: {pieces}. O motivo está na revisão, em cada um."
                ),
                format!("What was decided could not be done: {pieces}. The review says why beside each."),
                format!(
                    "No fue posible hacer lo decidido: {pieces}. El motivo está en la revisión, en cada uno."
                ),
            ]));
        }
        if replaced > 0 {
            let pieces = self.pieces(replaced);
            paragraphs.push(self.say([
                format!("Trocados durante a revisão por outros, sobre os quais ninguém decidiu: {pieces}. Decida sobre esses."),
                format!("Replaced during the review by others, about which nobody has decided: {pieces}. Decide about those."),
                format!("Reemplazados durante la revisión por otros, sobre los que nadie decidió: {pieces}. Decide sobre esos."),
            ]));
        }
        paragraphs.push(self.say([
            "O documento com quem decidiu o quê, quando e com base em quê pode ser exportado para a auditoria.".to_owned(),
            "The document of who decided what, when and on what evidence can be exported for auditors.".to_owned(),
            "El documento con quién decidió qué, cuándo y con qué base se puede exportar para la auditoría.".to_owned(),
        ]));
        let open = unanswered + refused + replaced;
        let subject = match open {
            0 => [
                format!("{company}: revisão de acessos concluída"),
                format!("{company}: access review complete"),
                format!("{company}: revisión de accesos concluida"),
            ],
            _ => [
                format!("{company}: revisão de acessos encerrada, {open} em aberto"),
                format!("{company}: access review closed, {open} left open"),
                format!("{company}: revisión de accesos cerrada, {open} sin resolver"),
            ],
        };
        self.letter(subject, paragraphs)
    }
}
