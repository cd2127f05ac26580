//! Quick replies: written by some, offered where they belong, filled by who may write nothing else.

mod attacking;
mod searching;
mod writing;

use portaria_domain::access::Scope;
use portaria_domain::conversation::{self, ConversationRow};
use portaria_domain::error::{Error, Refusal, Result};
use portaria_domain::quick_reply::{
    Content, Draft, Filling, Placeholder, PlaceholderKind, Preview, QuickReplyRow, Translation, Value,
    create, fill, preview,
};
use portaria_entity::id::{ConversationId, QuickReplyId};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use sea_orm::ConnectionTrait;

use BuiltInRole::{Administrator, Analyst, Support};

pub fn draft(scope: Scope, title: &str, texts: &[(&str, &str)]) -> Draft {
    let translation = |(language, text): &(&str, &str)| Translation {
        language: (*language).to_owned(),
        text: (*text).to_owned(),
    };
    Draft {
        scope,
        title: title.to_owned(),
        shortcut: None,
        folder: None,
        content: Content { placeholders: vec![], translations: texts.iter().map(translation).collect() },
    }
}

pub fn asking(kind: PlaceholderKind, name: &str) -> Placeholder {
    let choices = vec!["Sedex".to_owned(), "PAC".to_owned()];
    Placeholder { name: name.to_owned(), label: String::new(), kind, max_length: 60, choices }
}

pub fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// An administrator who writes, and somebody of Support who answers a customer of theirs.
pub struct Desk {
    pub stage: Stage,
    pub admin: Person,
    pub support: Person,
    pub conversation: ConversationId,
}

impl Desk {
    pub async fn on(test: portaria_testing::TestDatabase) -> Self {
        let stage = Stage::on(test).await;
        let admin = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let support = stage.person("Sofia", &[(Support, Scope::Workspace)]).await;
        let contact = stage.customer("Ana", "5511987654321").await;
        let conversation = stage.conversation(contact, stage.sales, Some(support.member_id), &["oi"]).await;
        Self { stage, admin, support, conversation }
    }

    pub async fn write(&self, draft: Draft) -> QuickReplyRow {
        create(&self.stage.installation, &self.admin.viewer, draft).await.unwrap()
    }

    pub async fn row(&self, person: &Person) -> Result<ConversationRow> {
        conversation::find(self.stage.installation.database.reader(), &person.viewer, self.conversation).await
    }

    pub async fn preview(&self, person: &Person, id: QuickReplyId, filling: &Filling) -> Result<Preview> {
        let row = self.row(person).await?;
        preview(self.stage.installation.database.reader(), &person.viewer, &row, (id, filling)).await
    }

    pub async fn text(&self, person: &Person, id: QuickReplyId, filling: &Filling) -> Result<String> {
        let row = self.row(person).await?;
        let reader = self.stage.installation.database.reader();
        fill(reader, &person.viewer, &row, (id, filling)).await.map(|filled| filled.text)
    }

    pub async fn run(&self, sql: &str) {
        self.stage.installation.database.writer().execute_unprepared(sql).await.unwrap();
    }
}

pub fn filling(values: &[(&str, &str)]) -> Filling {
    let value = |(name, value): &(&str, &str)| Value { name: (*name).to_owned(), value: (*value).to_owned() };
    Filling { values: values.iter().map(value).collect(), language: None }
}

#[tokio::test]
async fn a_reply_goes_out_with_names_and_values_in_the_customers_language() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let mut draft = draft(
            Scope::Workspace,
            "Entrega",
            &[
                (
                    "pt-BR",
                    "Ol\u{e1} {{contact.name|cliente}}, aqui \u{e9} {{agent.name}} da {{workspace.name}}. Chega em {{dia}}.",
                ),
                (
                    "en",
                    "Hello {{contact.name|there}}, this is {{agent.name}} ({{channel.name}}). It arrives on {{dia}}.",
                ),
            ],
        );
        draft.content.placeholders.push(asking(PlaceholderKind::Date, "dia"));
        let id = desk.write(draft).await.row.id;
        let day = filling(&[("dia", "2026-11-30")]);
        let text = desk.text(&desk.support, id, &day).await.unwrap();
        assert_eq!(
            text, "Ol\u{e1} Ana, aqui \u{e9} Sofia da Padaria. Chega em 30/11/2026.",
            "the workspace's language"
        );
        desk.run("UPDATE contacts SET language = 'en_US'").await;
        let text = desk.text(&desk.support, id, &day).await.unwrap();
        assert_eq!(text, "Hello Ana, this is Sofia (Vendas). It arrives on 30 November 2026.");
        let wanted = Filling { language: Some("pt_BR".to_owned()), ..day.clone() };
        assert!(desk.text(&desk.support, id, &wanted).await.unwrap().starts_with("Ol\u{e1}"));
        let wanted = Filling { language: Some("fr".to_owned()), ..day.clone() };
        assert_eq!(refused(desk.text(&desk.support, id, &wanted).await), Refusal::NoSuchLanguage);
        assert_eq!(refused(desk.text(&desk.support, id, &filling(&[])).await), Refusal::ValuesRefused);
        desk.run("UPDATE contacts SET name = NULL, language = 'pt'").await;
        assert!(desk.text(&desk.support, id, &day).await.unwrap().starts_with("Ol\u{e1} cliente,"));
    }
}

#[tokio::test]
async fn a_reply_is_offered_where_it_belongs_and_nowhere_else() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let stage = &desk.stage;
        let team = stage.team("Equipe", &[], &[stage.sales]).await;
        let text = [("pt", "Bom dia, como podemos ajudar?")];
        let everywhere = desk.write(draft(Scope::Workspace, "Todos", &text)).await.row.id;
        let here = desk.write(draft(Scope::Channel(stage.sales), "Vendas", &text)).await.row.id;
        let elsewhere = desk.write(draft(Scope::Channel(stage.support), "Suporte", &text)).await.row.id;
        let teams = desk.write(draft(Scope::Team(team), "Equipe", &text)).await.row.id;
        let offered = async |id| desk.preview(&desk.support, id, &Filling::default()).await;
        assert!(offered(everywhere).await.is_ok() && offered(here).await.is_ok());
        assert!(matches!(offered(elsewhere).await, Err(Error::NotFound)));
        assert!(matches!(offered(teams).await, Err(Error::NotFound)), "it is no team's");
        let sql = "UPDATE conversations SET team_id = (SELECT id FROM teams)";
        desk.run(sql).await;
        assert!(offered(teams).await.is_ok());
        // Of a conversation that waits it is not told even to whom it would be offered.
        desk.run("UPDATE conversations SET assignee_id = NULL").await;
        assert!(matches!(offered(here).await, Err(Error::Forbidden { .. })));
        let analyst = stage.person("Analista", &[(Analyst, Scope::Workspace)]).await;
        assert!(matches!(desk.preview(&analyst, here, &Filling::default()).await, Err(Error::NotFound)));
    }
}

#[tokio::test]
async fn what_is_archived_is_offered_no_more() {
    use portaria_domain::quick_reply::{Status, set_status};
    for test in databases().await {
        let desk = Desk::on(test).await;
        let installation = &desk.stage.installation;
        let id = desk.write(draft(Scope::Workspace, "Oi", &[("pt", "Bom dia!")])).await.row.id;
        set_status(installation, &desk.admin.viewer, id, Status::Archived).await.unwrap();
        assert_eq!(refused(desk.text(&desk.support, id, &Filling::default()).await), Refusal::Archived);
        let again = set_status(installation, &desk.admin.viewer, id, Status::Archived).await;
        assert_eq!(refused(again), Refusal::Archived);
        set_status(installation, &desk.admin.viewer, id, Status::InUse).await.unwrap();
        assert_eq!(desk.text(&desk.support, id, &Filling::default()).await.unwrap(), "Bom dia!");
        let again = set_status(installation, &desk.admin.viewer, id, Status::InUse).await;
        assert_eq!(refused(again), Refusal::NotArchived);
    }
}
