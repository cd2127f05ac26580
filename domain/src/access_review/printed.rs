//! The document of an access review as a page to print: one file, no scripts, nothing loaded from anywhere.

use jiff::tz::TimeZone;
use portaria_entity::access_review::{ReviewPolicy, ReviewScope};
use portaria_entity::access_review_item::{Decision, ItemKind, Outcome};
use portaria_entity::id::MemberId;
use portaria_entity::time::Timestamp;

use super::document::hex;
use super::export::{Closed, Line};
use super::snapshot::{Moment, SnapshotScope};
use super::terms::WrittenTerms;
use super::{Progress, progress, refused};
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::language::{Language, RoleName, RoleScope};
use crate::workspace;

/// Something that the page says, in Portuguese, English and Spanish.
type Said = [&'static str; 3];

const TITLE: Said = ["Revisão de acessos", "Access review", "Revisión de accesos"];
const STARTED: Said = ["Início", "Started", "Inicio"];
const ENDS: Said = ["Prazo", "Due", "Plazo"];
const CLOSED: Said = ["Encerrada", "Closed", "Cerrada"];
const CANCELLED: Said = ["Cancelada", "Called off", "Cancelada"];
const BECAUSE: Said = ["Motivo", "Reason", "Motivo"];
const SCOPE: Said = ["Abrangência", "Scope", "Alcance"];
const WITHOUT_ANSWER: Said =
    ["Sem resposta até o prazo", "Without an answer by then", "Sin respuesta hasta el plazo"];
const SUMMARY: Said = ["Resultado", "Outcome", "Resultado"];
const REVOKED_UNANSWERED: Said = [
    "dos quais porque ninguém respondeu",
    "of these because nobody answered",
    "de ellos porque nadie respondió",
];
const ITEMS: Said = ["Acessos revisados", "Access reviewed", "Accesos revisados"];
const SEAL: Said = ["Selo", "Seal", "Sello"];
const HEADINGS: [Said; 5] = [
    ["Quem tem", "Held by", "Quién lo tiene"],
    ["O quê", "What", "Qué"],
    ["Evidência", "Evidence", "Evidencia"],
    ["Decisão", "Decision", "Decisión"],
    ["Resultado", "Outcome", "Resultado"],
];
const SEAL_EXPLAINED: Said = [
    "A impressão digital (SHA-256) do conteúdo está no registro de atividades, cujo elo abaixo foi calculado com uma chave \
     guardada fora do banco de dados. Se algo for alterado depois, os valores deixam de coincidir.",
    "The content's SHA-256 digest stands in the activity log, whose link below was computed with a key that is kept outside \
     the database. When anything is altered afterwards, the values no longer agree.",
    "La huella (SHA-256) del contenido está en el registro de actividades, cuyo eslabón de abajo se calculó con una clave que \
     se guarda fuera de la base de datos. Si algo se altera después, los valores dejan de coincidir.",
];

const STYLE: &str = "body{font:14px/1.45 system-ui,sans-serif;color:#1b1f24;margin:2rem auto;max-width:72rem;padding:0 1rem}\
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:1.75rem 0 .5rem}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:1rem 0}dt{color:#57606a}dd{margin:0}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4rem .5rem;border-bottom:1px solid #d0d7de}\
th{color:#57606a;font-weight:600}td p{margin:0 0 .2rem}.quiet{color:#57606a}code{font-size:.8rem;word-break:break-all}\
@media print{body{margin:0;max-width:none;font-size:11px}tr{break-inside:avoid}thead{display:table-header-group}}";

/// A language and a clock on the wall.
struct Press<'a> {
    language: Language,
    zone: TimeZone,
    closed: &'a Closed,
}

/// The whole page, part by part.
pub(super) async fn page(
    installation: &Installation,
    (closed, language): (&Closed, Language),
    out: &mut impl FnMut(&str),
) -> Result<()> {
    let reader = installation.database.reader();
    let company = workspace::find(reader, closed.review.workspace_id).await?;
    let zone = TimeZone::get(&company.time_zone).map_err(Error::internal)?;
    let press = Press { language, zone, closed };
    let counted = progress(reader, &installation.database, &closed.review, None).await?;
    out(&press.head(&company.name, &counted));
    let mut lines = closed.lines(reader, None).await?;
    while let Some(last) = lines.last() {
        for line in &lines {
            out(&press.row(line)?);
        }
        lines = closed.lines(reader, Some(last)).await?;
    }
    out(&press.foot());
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Press<'_> {
    fn say(&self, said: Said) -> &'static str {
        self.language.pick(&said)
    }

    fn time(&self, at: Timestamp) -> String {
        let zoned = jiff::Timestamp::from_microsecond(at.0).map(|at| at.to_zoned(self.zone.clone()));
        zoned.map(|at| at.strftime("%Y-%m-%d %H:%M %:z").to_string()).unwrap_or_default()
    }

    fn day(&self, at: Timestamp) -> String {
        let zoned = jiff::Timestamp::from_microsecond(at.0).map(|at| at.to_zoned(self.zone.clone()));
        zoned.map(|at| at.date().to_string()).unwrap_or_default()
    }

    fn head(&self, company: &str, counted: &Progress) -> String {
        let review = &self.closed.review;
        let mut facts: Vec<(&str, String)> = vec![
            (self.say(SCOPE), self.coverage()),
            (self.say(STARTED), self.when_and_who(review.started_at, review.started_by)),
            (self.say(ENDS), self.time(review.ends_at)),
            (self.say(WITHOUT_ANSWER), self.policy().to_owned()),
        ];
        if let Some(at) = review.closed_at {
            let said = if review.cancellation_reason.is_some() { CANCELLED } else { CLOSED };
            facts.push((self.say(said), self.when_and_who(at, review.closed_by)));
        }
        if let Some(reason) = &review.cancellation_reason {
            facts.push((self.say(BECAUSE), reason.clone()));
        }
        let facts: String = facts
            .iter()
            .map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(value)))
            .collect();
        let counts: String = self
            .counts(counted)
            .iter()
            .map(|(name, count)| format!("<dt>{}</dt><dd>{count}</dd>", escaped(name)))
            .collect();
        let headings: String = HEADINGS
            .iter()
            .map(|said| format!("<th scope=\"col\">{}</th>", escaped(self.say(*said))))
            .collect();
        let (title, name, company) = (self.say(TITLE), escaped(&review.name), escaped(company));
        format!(
            "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}: {name}</title><style>{STYLE}</style></head>\
             <body><h1>{name}</h1><p class=\"quiet\">{title} · {company}</p><dl>{facts}</dl>\
             <h2>{}</h2><dl>{counts}</dl><h2>{}</h2><table><thead><tr>{headings}</tr></thead><tbody>",
            self.language.tag(),
            self.say(SUMMARY),
            self.say(ITEMS),
        )
    }

    fn foot(&self) -> String {
        let Closed { digest, seal, .. } = self.closed;
        format!(
            "</tbody></table><h2>{}</h2><p>{}</p><dl><dt>SHA-256</dt><dd><code>{digest}</code></dd>\
             <dt>{}</dt><dd><code>{}:{}</code></dd></dl></body></html>\n",
            self.say(SEAL),
            escaped(self.say(SEAL_EXPLAINED)),
            seal.activity_id,
            seal.sequence,
            hex(&seal.mac),
        )
    }

    fn when_and_who(&self, at: Timestamp, by: Option<MemberId>) -> String {
        let at = self.time(at);
        by.map_or(at.clone(), |by| format!("{at}, {}", self.closed.name(by)))
    }

    fn coverage(&self) -> String {
        let name = self.closed.review.scope_name.clone().unwrap_or_default();
        match self.closed.review.scope {
            ReviewScope::Everybody => self
                .say([
                    "Todas as pessoas e chaves de API",
                    "All people and API keys",
                    "Todas las personas y claves de API",
                ])
                .to_owned(),
            ReviewScope::Role => format!("{}: {name}", self.say(["Papel", "Role", "Rol"])),
            ReviewScope::Channel => format!("{}: {name}", self.say(["Número", "Number", "Número"])),
        }
    }

    fn policy(&self) -> &'static str {
        self.say(match self.closed.review.policy {
            ReviewPolicy::Revoke => {
                ["O acesso é retirado", "The access is taken away", "El acceso se retira"]
            }
            ReviewPolicy::Tell => [
                "O acesso fica e a administração é avisada",
                "The access stays and administrators are told",
                "El acceso queda y se avisa a la administración",
            ],
        })
    }

    fn counts(&self, counted: &Progress) -> [(&'static str, i64); 9] {
        [
            (self.outcome(Outcome::Kept), counted.kept),
            (self.outcome(Outcome::Changed), counted.changed),
            (self.outcome(Outcome::Revoked), counted.revoked),
            (self.say(REVOKED_UNANSWERED), counted.revoked_unanswered),
            (self.outcome(Outcome::EndedMeanwhile), counted.ended_meanwhile),
            (self.outcome(Outcome::Unanswered), counted.unanswered),
            (self.outcome(Outcome::Refused), counted.refused),
            (self.outcome(Outcome::Replaced), counted.replaced),
            (self.outcome(Outcome::Cancelled), counted.cancelled),
        ]
    }

    fn outcome(&self, outcome: Outcome) -> &'static str {
        self.say(match outcome {
            Outcome::Kept => ["Mantido", "Kept", "Mantenido"],
            Outcome::Changed => ["Alterado", "Changed", "Cambiado"],
            Outcome::Revoked => ["Retirado", "Taken away", "Retirado"],
            Outcome::EndedMeanwhile => ["Já havia terminado", "Had ended already", "Ya había terminado"],
            Outcome::Unanswered => ["Sem resposta, mantido", "Unanswered, kept", "Sin respuesta, mantenido"],
            Outcome::Refused => {
                ["Não foi possível, mantido", "Not possible, kept", "No fue posible, mantenido"]
            }
            Outcome::Replaced => [
                "Trocado por outro, sem decisão",
                "Replaced by another, undecided",
                "Reemplazado por otro, sin decisión",
            ],
            Outcome::Cancelled => {
                ["Revisão cancelada, mantido", "Review called off, kept", "Revisión cancelada, mantenido"]
            }
        })
    }

    fn decision(&self, decision: Decision) -> &'static str {
        self.say(match decision {
            Decision::Keep => ["Manter", "Keep", "Mantener"],
            Decision::Change => ["Alterar", "Change", "Cambiar"],
            Decision::Revoke => ["Retirar", "Take away", "Retirar"],
        })
    }

    fn row(&self, line: &Line) -> Result<String> {
        let decided = self.decided(line)?;
        let cells = [self.who(line), self.what(line), self.evidence(line), decided, self.came_of_it(line)];
        let cells: String = cells
            .iter()
            .map(|parts| {
                let parts: String = parts
                    .iter()
                    .filter(|part| !part.is_empty())
                    .map(|part| format!("<p>{}</p>", escaped(part)))
                    .collect();
                format!("<td>{parts}</td>")
            })
            .collect();
        Ok(format!("<tr>{cells}</tr>"))
    }

    fn who(&self, line: &Line) -> Vec<String> {
        let of_key = line
            .held
            .key_prefix
            .as_ref()
            .map(|prefix| format!("{} {prefix}…", self.say(["Chave de API", "API key", "Clave de API"])));
        let address = line.item.member_id.and_then(|member| self.closed.people.get(&member));
        let address = address.filter(|person| person.salt.is_some()).map(|person| person.email.clone());
        vec![self.closed.holder(line), of_key.or(address).unwrap_or_default()]
    }

    fn what(&self, line: &Line) -> Vec<String> {
        let held = &line.held;
        let speech = self.language.speech();
        let role = match (line.item.kind, &held.role_name) {
            (ItemKind::TeamMembership, _) | (_, None) => {
                self.say(["Membro da equipe", "Member of the team", "Miembro del equipo"]).to_owned()
            }
            (kind, Some(name)) => {
                let name = speech.role(&role_name(name, held.role_built_in));
                match kind {
                    ItemKind::EmergencyEligibility => {
                        format!(
                            "{name} ({})",
                            self.say(["em emergências", "in emergencies", "en emergencias"])
                        )
                    }
                    ItemKind::Grant | ItemKind::ApiKeyGrant | ItemKind::TeamMembership => name,
                }
            }
        };
        let place = match &held.scope {
            SnapshotScope::Workspace => RoleScope::Workspace,
            SnapshotScope::Channel { name, .. } => RoleScope::Channel(name.clone()),
            SnapshotScope::Team { name, .. } => RoleScope::Team(name.clone()),
        };
        let since = format!("{} {}", self.say(["desde", "since", "desde"]), self.time(held.since.0));
        let until = held.until.map(|at| self.until(at));
        let by =
            held.granted_by.map(|by| format!("{} {}", self.say(["por", "by", "por"]), self.closed.name(by)));
        vec![
            role,
            speech.scope(&place).unwrap_or_default(),
            [Some(since), until, by].into_iter().flatten().collect::<Vec<_>>().join(", "),
            held.reason.clone().unwrap_or_default(),
        ]
    }

    fn evidence(&self, line: &Line) -> Vec<String> {
        let Some(known) = &line.evidence else { return Vec::new() };
        let never = self.say(["nunca", "never", "nunca"]);
        let time = |at: Option<Moment>| at.map_or(never.to_owned(), |at| self.time(at.0));
        let used = known.used.keys().filter(|key| known.permissions.contains(key)).count();
        let mut told = Vec::new();
        if line.item.member_id.is_some() {
            let said = self.say(["Última entrada", "Last sign-in", "Último inicio de sesión"]);
            told.push(format!("{said}: {}", time(known.last_signed_in_at)));
        }
        let said = self.say(["Última atividade", "Last activity", "Última actividad"]);
        told.push(format!("{said}: {}", time(known.last_active_at)));
        let said = self.say(["Permissões usadas", "Permissions used", "Permisos usados"]);
        let since = self.say(["registro desde", "recorded since", "registro desde"]);
        let recorded = self.time(known.uses_recorded_since.0);
        told.push(format!("{said}: {used}/{} ({since} {recorded})", known.permissions.len()));
        // Those, too, that the role conferred at the start and does not any more.
        told.extend(known.used.iter().map(|(key, at)| format!("{key} {}", self.day(at.0))));
        let said =
            self.say(["Colegas com o mesmo papel", "Colleagues with the role", "Colegas con el mismo rol"]);
        told.push(format!("{said}: {}", known.colleagues));
        if known.given_by_provider {
            let said = [
                "Vem do provedor de identidade, que o devolve na próxima entrada",
                "Comes from the identity provider, which gives it again at the next sign-in",
                "Viene del proveedor de identidad, que lo devuelve en el próximo inicio de sesión",
            ];
            told.push(self.say(said).to_owned());
        }
        if known.open_findings > 0 {
            let said = self.say(["Achados em aberto", "Open findings", "Hallazgos abiertos"]);
            told.push(format!("{said}: {}", known.open_findings));
        }
        told
    }

    fn decided(&self, line: &Line) -> Result<Vec<String>> {
        let item = &line.item;
        let (Some(decision), Some(by), Some(at)) = (item.decision, item.decided_by, item.decided_at) else {
            let asked = item.reviewer_id.map(|reviewer| self.closed.name(reviewer));
            let nobody = self.say(["ninguém podia decidir", "nobody could decide", "nadie podía decidir"]);
            let asked_of = self.say(["perguntado a", "asked of", "preguntado a"]);
            return Ok(vec![
                "—".to_owned(),
                asked.map_or(nobody.to_owned(), |name| format!("{asked_of} {name}")),
            ]);
        };
        let change = item.amendment.as_deref().map(WrittenTerms::from_json).transpose()?;
        Ok(vec![
            self.decision(decision).to_owned(),
            format!("{}, {}", self.closed.name(by), self.time(at)),
            item.decision_reason.clone().unwrap_or_default(),
            change.map(|change| self.change(&change)).unwrap_or_default(),
        ])
    }

    /// `→ Support (number Sales), until 2026-12-31 23:59 -03:00`.
    fn change(&self, change: &WrittenTerms) -> String {
        let speech = self.language.speech();
        let role = speech.role(&role_name(&change.role(), change.role_built_in));
        let place = match (change.channel_id, change.team_id) {
            (Some(_), _) => RoleScope::Channel(change.place()),
            (None, Some(_)) => RoleScope::Team(change.place()),
            (None, None) => RoleScope::Workspace,
        };
        let place = speech.scope(&place).map(|place| format!(" ({place})")).unwrap_or_default();
        let until = change.valid_until.map(|at| self.until(at)).unwrap_or_default();
        let separator = if until.is_empty() { "" } else { ", " };
        format!("→ {role}{place}{separator}{until}")
    }

    fn until(&self, at: Moment) -> String {
        format!("{} {}", self.say(["até", "until", "hasta"]), self.time(at.0))
    }

    fn came_of_it(&self, line: &Line) -> Vec<String> {
        let item = &line.item;
        vec![
            item.outcome.map(|outcome| self.outcome(outcome)).unwrap_or_default().to_owned(),
            item.outcome_at.map(|at| self.time(at)).unwrap_or_default(),
            item.refusal.as_deref().map(|text| refused::told(self.language, text)).unwrap_or_default(),
            item.successor_id
                .map(|grant| {
                    let said = self.say(["agora", "now", "ahora"]);
                    format!("{said}: {grant}")
                })
                .unwrap_or_default(),
        ]
    }
}

/// Built-in roles have a name in each language.
fn role_name(name: &str, built_in: bool) -> RoleName {
    match (built_in, name) {
        (true, "Administrator") => RoleName::Administrator,
        (true, "Agent") => RoleName::Agent,
        (true, "Developer") => RoleName::Developer,
        (true, "Analyst") => RoleName::Analyst,
        (true, "Support") => RoleName::Support,
        (true | false, other) => RoleName::Custom(other.to_owned()),
    }
}
