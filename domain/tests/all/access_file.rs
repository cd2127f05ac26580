//! Access as code: what a file says is what is in force afterwards, or nothing has changed.

use portaria_domain::access::Scope;
use portaria_domain::access_file::{Document, GrantEntry, Plan, RoleEntry, apply, plan, read};
use portaria_domain::granting::Authority;
use portaria_domain::permission::Permission;
use portaria_domain::{Result, activity};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};

use BuiltInRole::{Administrator, Agent, Support};

struct Company {
    stage: Stage,
    admin: Person,
    ana: Person,
}

impl Company {
    async fn on(test: portaria_testing::TestDatabase) -> Self {
        let stage = Stage::on(test).await;
        let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Channel(stage.sales))]).await;
        stage.team("Vendas", &[ana.member_id], &[stage.sales]).await;
        Self { stage, admin, ana }
    }

    async fn exported(&self) -> Document {
        let reader = self.stage.installation.database.reader();
        read(reader, self.stage.workspace_id, self.stage.clock.now()).await.unwrap().document
    }

    async fn planned(&self, wanted: &Document) -> Result<Plan> {
        let reader = self.stage.installation.database.reader();
        plan(&read(reader, self.stage.workspace_id, self.stage.clock.now()).await?, wanted)
    }

    async fn apply(&self, wanted: &Document, authority: Authority<'_>) -> Result<Plan> {
        apply(&self.stage.installation, self.stage.workspace_id, wanted, (authority, None)).await
    }

    /// The same text on every run: addresses are made up anew for each workspace.
    fn told(&self, text: &str) -> String {
        text.replace(&self.ana.email, "ana@x.example").replace(&self.admin.email, "admin@x.example")
    }
}

fn refused(outcome: Result<Plan>) -> String {
    outcome.map(|plan| plan.to_string()).unwrap_err().to_string()
}

/// A new role and team, and other grants for Ana.
fn changed(company: &Company, mut document: Document) -> Document {
    let channel = document.teams[0].channels.first().unwrap().clone();
    document.roles.push(RoleEntry {
        name: "Gerente de Campanhas de Marketing".to_owned(),
        description: "Campanhas".to_owned(),
        permissions: ["template:read", "contact:read"].map(str::to_owned).into(),
    });
    document.teams[0].name = "Vendas e \"pós-venda\"\n".trim().to_owned();
    document.grants.retain(|grant| grant.member != company.ana.email);
    document.grants.push(GrantEntry {
        member: company.ana.email.to_uppercase(),
        role: "Gerente de Campanhas de Marketing".to_owned(),
        channel: Some(channel),
        team: None,
        from: None,
        until: Some("2026-12-24T12:00:00-03:00".to_owned()),
        reason: "campanha de Natal".to_owned(),
    });
    document
}

#[tokio::test]
async fn a_file_is_what_is_in_force_and_survives_its_own_text() {
    for test in databases().await {
        let company = Company::on(test).await;
        let document = company.exported().await;
        let text = document.to_toml().unwrap();
        insta::assert_snapshot!("access_file", company.told(&text));
        assert_eq!(Document::parse(&text).unwrap(), document);
        assert_eq!(company.planned(&document).await.unwrap(), Plan::default());
        assert_eq!(company.apply(&document, Authority::Installation).await.unwrap(), Plan::default());
    }
}

#[tokio::test]
async fn what_is_planned_is_done_and_then_nothing_is_left_to_do() {
    for test in databases().await {
        let company = Company::on(test).await;
        let stage = &company.stage;
        let wanted = changed(&company, company.exported().await);
        let planned = company.planned(&wanted).await.unwrap();
        insta::assert_snapshot!("access_plan", company.told(&planned.to_string()));
        assert_eq!(company.exported().await.teams[0].name, "Vendas", "a plan changes nothing");
        let how = (Authority::Member(company.admin.member_id), Some("0123456789ab"));
        let stale = apply(&stage.installation, stage.workspace_id, &wanted, how).await;
        assert!(refused(stale).contains("plan again"));
        let digest = planned.digest();
        let how = (Authority::Member(company.admin.member_id), Some(digest.as_str()));
        assert_eq!(apply(&stage.installation, stage.workspace_id, &wanted, how).await.unwrap(), planned);
        let ana = stage.viewer(&company.ana.token).await.unwrap();
        let held = ana.access.in_channel(stage.sales);
        assert!(held.contains(Permission::ContactRead));
        assert!(!held.contains(Permission::ContactReadPhone), "what is not in the file has ended");
        assert_eq!(company.planned(&wanted).await.unwrap(), Plan::default());
        let again = Document::parse(&company.exported().await.to_toml().unwrap()).unwrap();
        assert_eq!(company.planned(&again).await.unwrap(), Plan::default());
        let reader = stage.installation.database.reader();
        let filter = activity::ActivityFilter { action: Some("grant.".to_owned()), ..Default::default() };
        let told = activity::page(reader, stage.workspace_id, &filter, None, 10).await.unwrap();
        let actions: Vec<_> = told.iter().map(|one| one.row.action.as_str()).collect();
        assert_eq!(actions, ["grant.revoked", "grant.made"]);
    }
}

#[tokio::test]
async fn what_the_authority_may_not_do_is_refused_as_a_whole() {
    for test in databases().await {
        let company = Company::on(test).await;
        let before = company.exported().await;
        let mut wanted = changed(&company, before.clone());
        let refusal = refused(company.apply(&wanted, Authority::Member(company.ana.member_id)).await);
        assert!(refusal.contains("+ role \"Gerente") && refusal.contains("role:manage"), "{refusal}");
        // The last administrator, on any authority.
        wanted.grants.retain(|grant| grant.member != company.admin.email);
        let refusal = refused(company.apply(&wanted, Authority::Installation).await);
        assert!(refusal.contains("without an administrator"), "{refusal}");
        // Their own.
        let refusal = refused(company.apply(&wanted, Authority::Member(company.admin.member_id)).await);
        assert!(refusal.contains("nobody changes their own access"), "{refusal}");
        assert_eq!(company.exported().await, before, "nothing of it was done");
        // Who may give roles, gives no more than they hold.
        let mut wanted = before.clone();
        wanted.roles.push(RoleEntry {
            name: "Chefe".to_owned(),
            description: String::new(),
            permissions: ["role:assign", "role:read", "member:read"].map(str::to_owned).into(),
        });
        let chief = company.stage.person("Chefe", &[(Support, Scope::Workspace)]).await;
        let give = |role: &str, member: &str| GrantEntry {
            member: member.to_owned(),
            role: role.to_owned(),
            channel: None,
            team: None,
            from: None,
            until: None,
            reason: "teste".to_owned(),
        };
        wanted.grants = company.exported().await.grants;
        wanted.grants.push(give("Chefe", &chief.email));
        company.apply(&wanted, Authority::Installation).await.unwrap();
        let in_force = company.exported().await;
        let nina = company.stage.person("Nina", &[]).await;
        let mut wanted = in_force.clone();
        wanted.grants.push(give("Agent", &nina.email));
        let refusal = refused(company.apply(&wanted, Authority::Member(chief.member_id)).await);
        assert!(refusal.contains("one grants only what one holds"), "{refusal}");
        wanted.grants.pop();
        wanted.grants.push(give("Support", &nina.email));
        company.apply(&wanted, Authority::Member(chief.member_id)).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_names_what_is_not_there_or_says_too_much_is_refused_by_name() {
    for test in databases().await {
        let company = Company::on(test).await;
        for (text, expected) in [
            (
                "manages = [\"grants\"]\n[[grant]]\nmember = \"nobody@x.example\"\nrole = \"Agent\"\nreason = \"x\"",
                "\"nobody@x.example\"",
            ),
            (
                "manages = [\"grants\"]\n[[grant]]\nmember = \"EMAIL\"\nrole = \"Chief\"\nreason = \"x\"",
                "there is no role \"Chief\"",
            ),
            (
                "manages = [\"grants\"]\n[[grant]]\nmember = \"EMAIL\"\nrole = \"Agent\"\nchannel = \"Lua\"\nreason = \"x\"",
                "there is no channel \"Lua\"",
            ),
            (
                "manages = [\"grants\"]\n[[grant]]\nmember = \"EMAIL\"\nrole = \"Agent\"\nuntil = \"soon\"\nreason = \"x\"",
                "\"soon\" is no time",
            ),
            (
                "manages = [\"roles\"]\n[[role]]\nname = \"X\"\npermissions = [\"moon:read\"]",
                "there is no permission \"moon:read\"",
            ),
            ("manages = [\"roles\"]\n[[role]]\nname = \"Agent\"\npermissions = []", "is built in"),
            (
                "manages = [\"roles\"]\n[[role]]\nname = \"X\"\npermissions = []\n[[role]]\nname = \"X\"\npermissions = []",
                "is there twice",
            ),
            ("manages = [\"roles\"]\n[[role]]\nname = \"X\"\npermisions = []", "unknown field `permisions`"),
            ("manages = []\n[[team]]\nname = \"X\"", "`manages` does not name its kind"),
            ("[[team]]\nname = \"X\"", "missing field `manages`"),
        ] {
            let text = text.replace("EMAIL", &company.ana.email);
            let outcome = match Document::parse(&text) {
                Ok(document) => company.planned(&document).await,
                Err(error) => Err(error),
            };
            let error = refused(outcome);
            assert!(error.contains(expected), "{text}\n{error}");
        }
        let nothing = Document::parse("manages = []").unwrap();
        assert_eq!(company.planned(&nothing).await.unwrap(), Plan::default(), "what is not managed stays");
        let all_gone = Document::parse("manages = [\"teams\"]").unwrap();
        let plan = company.planned(&all_gone).await.unwrap().to_string();
        assert_eq!(plan, "- team \"Vendas\", and what is held for its conversations\n");
    }
}
