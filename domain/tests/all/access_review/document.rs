//! The document of a closed review.

use portaria_domain::access_review::{Form, export, write_out};
use portaria_domain::language::Language;
use portaria_domain::member;
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};

use super::meanwhile::held;
use super::*;

async fn closed(stage: &Stage, ada: &Person, name: &str) -> (Review, Person, Person) {
    let ana = stage.person(name, &[(Agent, Scope::Workspace)]).await;
    let review = begin(stage, ada, &[ada], Tell).await.unwrap();
    let item = item_of(stage, &review, &ana).await;
    say(stage, ada, &review, &item, VerdictKind::Revoke).await.unwrap();
    come_to_its_end(stage, &review).await;
    (review, back(stage, ada).await, ana)
}

#[tokio::test]
async fn it_is_the_same_bytes_each_time_and_its_digest_is_sealed() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let (review, ada, _) = closed(&stage, &ada, "=Ana\"<b>").await;
        let first = export(&stage.installation, &ada.viewer, review.id, Form::Json).await.unwrap();
        stage.clock.advance(DAY / 48);
        let second = export(&stage.installation, &ada.viewer, review.id, Form::Json).await.unwrap();
        assert_eq!(first.content, second.content, "{}", stage.test_database.name);
        assert!(first.intact && first.seal.sequence > 0);
        let (_, rest) = first.content.split_once("{\"content\":").unwrap();
        let (content, _) = rest.rsplit_once(",\"digest\":").unwrap();
        let digest: String =
            Sha256::digest(content.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, first.digest);
        let parsed: serde_json::Value = serde_json::from_str(&first.content).unwrap();
        let items = parsed["content"]["items"].as_array().unwrap();
        let ana = items.iter().find(|item| item["decision"] == "revoke").unwrap();
        assert_eq!(ana["decidedBy"], ada.member_id.to_string());
        assert_eq!((ana["outcome"].as_str(), ana["reason"].as_str()), (Some("revoked"), Some("porque sim")));
        assert_eq!(ana["evidence"]["colleagues"], 0);
        let csv = export(&stage.installation, &ada.viewer, review.id, Form::Csv).await.unwrap().content;
        assert!(csv.contains("'=Ana\"\"<b>"), "{csv}");
        assert_eq!(csv.lines().count(), 3);
        for language in Language::ALL {
            let html = export(&stage.installation, &ada.viewer, review.id, Form::Printed(language)).await;
            let html = html.unwrap().content;
            assert!(html.contains("=Ana&quot;&lt;b&gt;") && !html.contains("<b>"), "{html}");
            assert!(html.contains(&first.digest));
        }
        // On the machine it is the same, part by part.
        let (mut parts, key) = (String::new(), (stage.workspace_id, review.id));
        let out = &mut |part: &str| parts.push_str(part);
        let taken = write_out(&stage.installation, key, Form::Json, out).await.unwrap();
        assert!(taken.intact && taken.items == first.items);
        assert_eq!(parts, first.content);
        assert_eq!(super::race::deeds(&stage, "access_review.exported").await, 7);
    }
}

#[tokio::test]
async fn the_database_refuses_to_change_a_closed_review_and_tampering_shows() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let (review, ada, _) = closed(&stage, &ada, "Ana").await;
        let writer = stage.installation.database.writer();
        for sql in [
            "UPDATE access_review_items SET decision = 'keep'",
            "UPDATE access_reviews SET name = 'x'",
            "DELETE FROM access_review_items",
            "DELETE FROM access_reviews",
            "DELETE FROM access_review_reviewers",
        ] {
            let refused = writer.execute_unprepared(sql).await.unwrap_err().to_string();
            assert!(refused.contains("is refused"), "{sql}: {refused}");
        }
        let off = if stage.installation.database.is_sqlite() {
            "DROP TRIGGER access_review_items_closed_update"
        } else {
            "ALTER TABLE access_review_items DISABLE TRIGGER ALL"
        };
        writer.execute_unprepared(off).await.unwrap();
        writer
            .execute_unprepared("UPDATE access_review_items SET decision_reason = 'foi outro'")
            .await
            .unwrap();
        let altered = export(&stage.installation, &ada.viewer, review.id, Form::Json).await.unwrap();
        assert!(!altered.intact, "{}", stage.test_database.name);
    }
}

#[tokio::test]
async fn who_has_to_be_forgotten_is_and_the_digest_holds() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let (review, ada, ana) = closed(&stage, &ada, "Anastasia").await;
        let mut change = Change::by(&stage.installation, &ada.viewer, &[]).await.unwrap();
        member::remove(&mut change, ana.member_id).await.unwrap();
        member::erase(&mut change, ana.member_id, "pediu").await.unwrap();
        change.finish().await.unwrap();
        let document = export(&stage.installation, &ada.viewer, review.id, Form::Json).await.unwrap();
        assert!(document.intact && !document.content.contains("Anastasia"), "{}", document.content);
        assert!(document.content.contains("\"erased\":true"));
    }
}

#[tokio::test]
async fn an_open_review_has_no_document() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        let outcome = export(&stage.installation, &ada.viewer, review.id, Form::Json).await;
        assert!(matches!(outcome.map(|_| ()), Err(Error::Refused(Refusal::ReviewOpen))));
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let outcome = export(&stage.installation, &ana.viewer, review.id, Form::Json).await;
        assert!(matches!(outcome.map(|_| ()), Err(Error::Forbidden { .. })));
    }
}

#[tokio::test]
async fn it_says_what_was_decided_in_words() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        let [ana, rui] = [
            stage.person("Ana", &[(Agent, Scope::Workspace)]).await,
            stage.person("Rui", &[(Agent, Scope::Workspace)]).await,
        ];
        let uses = stage.installation.viewers.permission_uses();
        let whose = portaria_domain::permission_use::Whose::Member(ana.member_id);
        uses.note(stage.workspace_id, whose, PermissionSet::of(&[Permission::MessageRead]));
        uses.flush().await.unwrap();
        let review = begin(&stage, &ada, &[&ada, &bia], Revoke).await.unwrap();
        let terms = Terms {
            role_id: built_in(&stage, Support).await,
            scope: Scope::Channel(stage.sales),
            valid_until: Some(review.ends_at + DAY),
        };
        let asked = item_of(&stage, &review, &ana).await;
        say(&stage, &ada, &review, &asked, VerdictKind::Change(terms)).await.unwrap();
        // Of two administrators who take each other's access away, one stays.
        say(&stage, &ada, &review, &item_of(&stage, &review, &bia).await, VerdictKind::Revoke).await.unwrap();
        say(&stage, &bia, &review, &item_of(&stage, &review, &ada).await, VerdictKind::Revoke).await.unwrap();
        come_to_its_end(&stage, &review).await;
        assert_eq!(item_of(&stage, &review, &rui).await.outcome, Some(Outcome::Revoked));
        let left = if held(&stage, &ada).await.is_empty() { &bia } else { &ada };
        let letter = stage.letters_to(&left.email).await.pop().unwrap();
        assert!(letter.text.contains("porque ninguém respondeu: 1 acesso."), "{}", letter.text);
        let left = back(&stage, left).await;
        let page = async |form| export(&stage.installation, &left.viewer, review.id, form).await.unwrap();
        let until = review.ends_at + DAY;
        let used = "message:read 2026-03-02";
        for (language, change, refused, silent) in [
            (
                Language::PortugueseOfBrazil,
                "→ Suporte (número Vendas), até ",
                "Sem isto ninguém",
                "dos quais",
            ),
            (Language::English, "→ Support (number Vendas), until ", "Without it nobody", "of these"),
            (Language::Spanish, "→ Soporte (número Vendas), hasta ", "Sin esto nadie", "de ellos"),
        ] {
            let html = page(Form::Printed(language)).await.content;
            for said in [change, refused, silent, used] {
                assert!(html.contains(said), "{said} in {html}");
            }
            assert!(!html.contains(&terms.role_id.to_string()) && !html.contains("roleId"), "{html}");
        }
        let csv = page(Form::Csv).await.content;
        let moment = portaria_domain::access_review::Moment(until);
        assert!(csv.contains(&format!(",Support,channel,Vendas,{moment},")), "{csv}");
        let json = page(Form::Json).await;
        assert!(json.intact && json.content.contains("\"roleName\":\"Support\""), "{}", json.content);
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_while_it_closes_does_no_harm() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        stage.clock.advance(DAY / 1_440);
        let clock = stage.clock.clone();
        let backwards = tokio::spawn(async move {
            loop {
                let back = clock.now() - Duration::from_micros(10);
                clock.set(back);
                tokio::task::yield_now().await;
            }
        });
        let over = access_review::cancel(&stage.installation, &ada.viewer, review.id, "engano").await;
        backwards.abort();
        assert!(over.unwrap().closed_at > Some(stage.clock.now()), "it was set back meanwhile");
        let document = export(&stage.installation, &ada.viewer, review.id, Form::Json).await.unwrap();
        assert!(document.intact, "{}", stage.test_database.name);
    }
}

#[tokio::test]
async fn who_was_erased_before_it_closes_is_not_named_anew() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let ana = stage.person("Anastasia", &[(Agent, Scope::Workspace)]).await;
        // Elsewhere she stays, and so does her account.
        let (other, _, _) = stage.another_workspace().await;
        let database = &stage.installation.database;
        let id: MemberId = stage.clock.new_id();
        let sql = "INSERT INTO members (workspace_id, id, user_id, status, availability, capacity, created_at) \
                   VALUES ($1, $2, $3, 'active', 'available', 5, $4)";
        let user = ana.viewer.session().unwrap().user_id;
        let values = [other.0.into(), id.0.into(), user.0.into(), stage.clock.now().0.into()];
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        let leo = stage.person("Leopoldo", &[(Agent, Scope::Workspace)]).await;
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        let mut change = Change::by(&stage.installation, &ada.viewer, &[]).await.unwrap();
        member::remove(&mut change, ana.member_id).await.unwrap();
        let erased = member::erase(&mut change, ana.member_id, "pediu").await.unwrap();
        assert!(!erased.account);
        member::remove(&mut change, leo.member_id).await.unwrap();
        change.finish().await.unwrap();
        come_to_its_end(&stage, &review).await;
        let ada = back(&stage, &ada).await;
        let document = export(&stage.installation, &ada.viewer, review.id, Form::Json).await.unwrap();
        assert!(document.intact && !document.content.to_lowercase().contains("anastasia"));
        assert!(document.content.contains("\"erased\":true"), "{}", stage.test_database.name);
        assert!(document.content.contains("Leopoldo"), "who was only removed is named");
    }
}
