//! Templates on their way to Meta and back, on real databases with a clock that the test moves.

mod meta;

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::template::authority;
use portaria_domain::template::definition::{Body, Category, Definition, ParameterFormat, Sample, Text};
use portaria_domain::template::{approval, removal, version};
use portaria_entity::id::{TemplateId, TemplateVersionId};
use portaria_entity::role::BuiltInRole::Administrator;
use portaria_entity::template::{Model, TemplateStatus};
use portaria_entity::template_version::{Model as Version, TemplateVersionState as State};
use portaria_testing::{Person, Stage, databases};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::json;

use super::*;
use crate::cloud_api::CloudApiOptions;
use meta::{Meta, Mood};

struct Scene {
    stage: Stage,
    meta: Meta,
    work: TemplateWork,
    ana: Person,
    bia: Person,
}

fn pedido(name: &str, text: &str) -> Definition {
    Definition {
        name: name.to_owned(),
        language: "pt_BR".to_owned(),
        category: Some(Category::Utility),
        parameter_format: ParameterFormat::Positional,
        header: None,
        body: Some(Body::Text(Text {
            text: text.to_owned(),
            samples: vec![Sample { parameter: "1".to_owned(), value: "Ana".to_owned() }],
        })),
        footer: None,
        buttons: Vec::new(),
        unknown: Vec::new(),
    }
}

const CHEGOU: &str = "Oi {{1}}, chegou.";

impl Scene {
    async fn on(stage: Stage) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let database = &stage.installation.database;
        let sealed = stage.installation.keys.seal(b"token", stage.sales.0.as_bytes()).unwrap();
        let sql = "UPDATE channels SET sealed_access_token = $2, sealing_key = $3 WHERE id = $1";
        let values = [stage.sales.0.into(), sealed.bytes.into(), sealed.key.into()];
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        let meta = Meta::default();
        let options = CloudApiOptions {
            base_url: meta.serve().await,
            timeout: Duration::from_secs(1),
            ..CloudApiOptions::default()
        };
        let work = TemplateWork::new(stage.installation.clone(), CloudApi::new(&options).unwrap());
        let everywhere = [(Administrator, Scope::Workspace)];
        let ana = stage.person("Ana", &everywhere).await;
        let bia = stage.person("Bia", &everywhere).await;
        Self { stage, meta, work, ana, bia }
    }

    async fn last(&self, id: TemplateId) -> Version {
        let reader = self.stage.installation.database.reader();
        version::latest(reader, self.stage.workspace_id, id).await.unwrap().unwrap()
    }

    async fn place(&self, id: TemplateId) -> (TemplateId, TemplateVersionId) {
        (id, self.last(id).await.id)
    }

    async fn written(&self, definition: &Definition) -> TemplateId {
        let stage = &self.stage;
        version::create(&stage.installation, &self.ana.viewer, stage.sales, definition).await.unwrap().id
    }

    async fn approved(&self, id: TemplateId) -> TemplateId {
        let installation = &self.stage.installation;
        approval::request(installation, &self.ana.viewer, self.place(id).await).await.unwrap();
        approval::approve(installation, &self.bia.viewer, self.place(id).await).await.unwrap();
        id
    }

    async fn changed(&self, id: TemplateId, text: &str) {
        let base = Some(self.last(id).await.id);
        let definition = pedido("x", text);
        version::update(&self.stage.installation, &self.ana.viewer, (id, base), definition).await.unwrap();
    }

    async fn seen(&self, id: TemplateId) -> Model {
        let reader = self.stage.installation.database.reader();
        authority::find(reader, &self.ana.viewer, id).await.unwrap().row
    }

    async fn later(&self, seconds: u64) -> usize {
        self.stage.clock.advance(Duration::from_secs(seconds));
        self.work.work().await.unwrap()
    }

    async fn read(&self) {
        let now = self.stage.clock.now();
        let account = (self.stage.workspace_id, "padaria-waba");
        sync::ask(self.stage.installation.database.writer(), &self.stage.installation, account, now)
            .await
            .unwrap();
        self.work.work().await.unwrap();
    }

    async fn known(&self) -> Vec<(String, Option<TemplateStatus>)> {
        let reader = self.stage.installation.database.reader();
        let rows = portaria_entity::template::Entity::find().all(reader).await.unwrap();
        let mut known: Vec<_> =
            rows.into_iter().map(|row| (row.name.unwrap_or_default(), row.status)).collect();
        known.sort_by(|one, other| one.0.cmp(&other.0));
        known
    }
}

#[tokio::test]
async fn what_was_approved_is_at_meta_once_as_it_was_written() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let id = scene.written(&pedido("pedido", CHEGOU)).await;
        assert_eq!(scene.work.work().await.unwrap(), 0);
        scene.approved(id).await;
        assert_eq!(scene.work.work().await.unwrap(), 1);
        assert_eq!(scene.work.work().await.unwrap(), 0);
        let (created, body) = scene.meta.with(|account| (account.created, account.bodies[0].clone()));
        assert_eq!(created, 1);
        assert_eq!(
            body,
            json!({
                "name": "pedido", "language": "pt_BR", "category": "UTILITY",
                "components": [{ "type": "BODY", "text": CHEGOU, "example": { "body_text": [["Ana"]] } }],
            })
        );
        let row = scene.seen(id).await;
        assert_eq!((row.meta_id.as_deref(), row.status), (Some("91"), Some(TemplateStatus::Pending)));
        assert_eq!(scene.last(id).await.state, State::Submitted);
    }
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_template() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        for (name, moods) in [
            ("feito", vec![Mood::DoneAndLost]),
            ("lento", vec![Mood::DoneAndSlow]),
            ("perdido", vec![Mood::Lost]),
            ("duas_vezes", vec![Mood::Lost, Mood::DoneAndLost]),
        ] {
            let id = scene.written(&pedido(name, CHEGOU)).await;
            scene.approved(id).await;
            scene.meta.with(|account| account.moods = moods.into());
            scene.work.work().await.unwrap();
            assert_eq!(scene.seen(id).await.meta_id, None, "{name}");
            assert_eq!(scene.work.work().await.unwrap(), 0, "Meta has a minute: {name}");
            scene.later(61).await;
            scene.later(61).await;
            assert!(scene.seen(id).await.meta_id.is_some(), "{name}");
            assert_eq!(scene.last(id).await.state, State::Submitted, "{name}");
        }
        let names = scene.meta.with(|account| {
            account.templates.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        });
        assert_eq!(names, ["feito", "lento", "perdido", "duas_vezes"]);
        assert_eq!(scene.meta.with(|account| account.created), 4);
    }
}

#[tokio::test]
async fn an_author_reads_in_metas_words_what_was_wrong() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let id = scene.approved(scene.written(&pedido("pedido", CHEGOU)).await).await;
        let error = json!({
            "code": 100, "error_subcode": 2_388_047, "message": "Invalid parameter",
            "error_user_msg": "O texto não pode ter isso.",
        });
        scene.meta.with(|account| account.moods.push_back(Mood::Refuse(400, error)));
        scene.work.work().await.unwrap();
        let version = scene.last(id).await;
        assert_eq!(
            (version.state, version.reason.as_deref()),
            (State::Refused, Some("O texto não pode ter isso."))
        );
        // Somebody made one of that name in WhatsApp Manager meanwhile.
        let other = json!({
            "id": "7", "name": "pedido", "language": "pt_BR", "status": "APPROVED", "category": "UTILITY",
            "components": [{ "type": "BODY", "text": "Outra coisa." }],
        });
        scene.meta.with(|account| account.templates.push(other));
        scene.changed(id, CHEGOU).await;
        scene.approved(id).await;
        scene.work.work().await.unwrap();
        let version = scene.last(id).await;
        assert_eq!(version.state, State::Refused);
        assert_eq!(
            version.reason.as_deref(),
            Some("WhatsApp has another template of that name in that language.")
        );
        assert_eq!(scene.seen(id).await.meta_id, None);
    }
}

#[tokio::test]
async fn too_often_is_later_and_a_bad_token_waits_for_a_good_one() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let id = scene.approved(scene.written(&pedido("pedido", CHEGOU)).await).await;
        let bad = Mood::Refuse(401, json!({ "code": 190, "message": "token" }));
        scene.meta.with(|account| account.moods.push_back(bad));
        scene.work.work().await.unwrap();
        assert_eq!(scene.later(14 * 60).await, 0);
        scene.meta.with(|account| {
            account.moods.push_back(Mood::Refuse(429, json!({ "code": 80_007, "message": "slow" })));
        });
        assert_eq!(scene.later(2 * 60).await, 1);
        assert_eq!(scene.later(9 * 60).await, 0);
        assert_eq!(scene.later(2 * 60).await, 1);
        assert_eq!(scene.last(id).await.state, State::Submitted);
    }
}

#[tokio::test]
async fn edits_and_deletions_are_done_there_though_answers_are_lost() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let id = scene.approved(scene.written(&pedido("pedido", CHEGOU)).await).await;
        scene.work.work().await.unwrap();
        scene.meta.with(|account| account.templates[0]["status"] = json!("APPROVED"));
        scene.later(1).await;
        scene.read().await;
        assert_eq!(scene.seen(id).await.status, Some(TemplateStatus::Approved));
        scene.changed(id, "Olá {{1}}, chegou.").await;
        scene.approved(id).await;
        scene.meta.with(|account| account.moods.push_back(Mood::DoneAndLost));
        scene.work.work().await.unwrap();
        scene.later(61).await;
        assert_eq!(scene.last(id).await.state, State::Submitted);
        assert_eq!(scene.meta.with(|account| account.edited), 1, "it was found as it was to be");
        let said = Definition::from_json(&scene.seen(id).await.definition.unwrap()).unwrap();
        assert!(said.says_the_same(&pedido("pedido", "Olá {{1}}, chegou.")), "{said:?}");

        let bia = scene.stage.step_up(&scene.bia).await;
        removal::delete(&scene.stage.installation, &bia.viewer, id).await.unwrap();
        scene.meta.with(|account| account.moods.push_back(Mood::DoneAndLost));
        scene.work.work().await.unwrap();
        assert_eq!(scene.seen(id).await.status, Some(TemplateStatus::Approved), "nobody knows yet");
        scene.later(61).await;
        assert_eq!(scene.seen(id).await.status, Some(TemplateStatus::Deleted));
        assert_eq!(scene.meta.with(|account| account.deleted), 1);
    }
}

#[tokio::test]
async fn a_reading_brings_what_webhooks_missed_and_concludes_nothing_from_half_of_it() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let told = |id: &str, name: &str, status: &str| {
            json!({
                "id": id, "name": name, "language": "pt_BR", "status": status, "category": "MARKETING",
                "quality_score": { "score": "GREEN" }, "rejected_reason": "NONE",
                "components": [{ "type": "BODY", "text": "Oi." }],
            })
        };
        let five = ["a", "b", "c", "d", "e"];
        scene.meta.with(|account| {
            account.templates = five.iter().map(|name| told(name, name, "APPROVED")).collect();
        });
        // Written here before, and made in WhatsApp Manager under the same name.
        let here = scene.written(&pedido("c", CHEGOU)).await;
        scene.read().await;
        let all = |status| five.map(|name| (name.to_owned(), Some(status))).to_vec();
        assert_eq!(scene.known().await, all(TemplateStatus::Approved), "of three pages");
        let row = scene.seen(here).await;
        assert_eq!((row.meta_id.as_deref(), row.quality.as_deref()), (Some("c"), Some("GREEN")));
        assert_eq!(row.category.as_deref(), Some("MARKETING"));

        scene.meta.with(|account| {
            account.templates.retain(|one| one["id"] != "b");
            account.templates[0]["status"] = json!("PAUSED");
            account.reading = vec![Mood::Refuse(500, json!({ "code": 2, "message": "busy" }))].into();
        });
        scene.stage.clock.advance(Duration::from_secs(120));
        scene.read().await;
        assert_eq!(scene.known().await, all(TemplateStatus::Approved), "it failed");
        scene.later(3_601).await;
        let known = scene.known().await;
        assert_eq!(known[0].1, Some(TemplateStatus::Paused));
        assert_eq!(known[1].1, Some(TemplateStatus::Deleted));
        assert_eq!(known[2].1, Some(TemplateStatus::Approved));
        let sql = "SELECT details FROM alerts WHERE kind = 'template_changed' AND resolved_at IS NULL";
        let database = &scene.stage.installation.database;
        let alerts = database.reader().query_all_raw(database.statement(sql, [])).await.unwrap();
        assert_eq!(alerts.len(), 1);
        // The next one is at night: half past three in São Paulo is half past six in UTC.
        let row =
            portaria_entity::template_sync::Entity::find().one(database.reader()).await.unwrap().unwrap();
        let since_midnight = row.due_at.0 / 1_000_000 % 86_400;
        assert_eq!(since_midnight, 6 * 3_600 + 1_800);
        assert_eq!((row.templates, row.error), (Some(4), None));
        assert_eq!(scene.later(60).await, 0);
    }
}
