//! Grants that go on as others while a review runs: what was decided about the one is about the other, and about no third.

use portaria_domain::grant::Giving;
use portaria_domain::least_privilege::{Lookback, apply, of_members};
use portaria_domain::permission_use::Whose;
use portaria_domain::role::Disposal;
use sea_orm::ConnectionTrait;

use super::meanwhile::{MINUTE, amend, give, held};
use super::*;
use Permission::{ContactRead, ContactReadPhone, MessageRead, MessageSendText};

/// The items about somebody, and what their grants hold for.
async fn items_of(stage: &Stage, review: &Review, person: &Person) -> Vec<(Scope, Item)> {
    let reader = stage.installation.database.reader();
    let mut items = Vec::new();
    for item in all(stage, review).await.into_iter().filter(|item| item.member_id == Some(person.member_id)) {
        let key = (stage.workspace_id, GrantId(item.title_id.unwrap()));
        let row = portaria_entity::grant::Entity::find_by_id(key).one(reader).await.unwrap().unwrap();
        items.push((Scope::of_grant(row.channel_id, row.team_id), item));
    }
    items
}

async fn in_scope(stage: &Stage, review: &Review, person: &Person, scope: Scope) -> Item {
    let items = items_of(stage, review, person).await;
    items.into_iter().find(|(of, _)| *of == scope).unwrap().1
}

async fn revoke(stage: &Stage, by: &Person, item: &Item) {
    let mut change = Change::by(&stage.installation, &by.viewer, &[]).await.unwrap();
    grant::revoke(&mut change, GrantId(item.title_id.unwrap()), "urgente").await.unwrap();
    change.finish().await.unwrap();
}

fn agent(person: &Person, role_id: RoleId, scope: Scope) -> Giving<'static> {
    let member_id = person.member_id;
    Giving { member_id, role_id, scope, valid_from: None, valid_until: None, reason: "de novo" }
}

#[tokio::test]
async fn what_is_kept_is_not_taken_away_by_what_was_decided_about_another() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let sales = Scope::Channel(stage.sales);
        let grants = [(Agent, Scope::Workspace), (Agent, sales)];
        let (rui, eva) = (stage.person("Rui", &grants).await, stage.person("Eva", &grants).await);
        let review = begin(&stage, &ada, &[&ada], Revoke).await.unwrap();
        // About Eva's grant for everything nobody says anything.
        let of_rui = in_scope(&stage, &review, &rui, Scope::Workspace).await;
        say(&stage, &ada, &review, &of_rui, VerdictKind::Revoke).await.unwrap();
        stage.clock.advance(MINUTE);
        for person in [&rui, &eva] {
            let kept = in_scope(&stage, &review, person, sales).await;
            say(&stage, &ada, &review, &kept, VerdictKind::Keep).await.unwrap();
            revoke(&stage, &ada, &in_scope(&stage, &review, person, Scope::Workspace).await).await;
            amend(&stage, &ada, person, (sales, Some(stage.clock.now() + DAY * 100))).await;
        }
        let later = [held(&stage, &rui).await, held(&stage, &eva).await];
        come_to_its_end(&stage, &review).await;
        for (person, later) in [&rui, &eva].into_iter().zip(later) {
            let name = (&person.email, &stage.test_database.name);
            assert_eq!(held(&stage, person).await, later, "{name:?}");
            let came = items_of(&stage, &review, person).await;
            let of = |scope| came.iter().find(|(of, _)| *of == scope).unwrap().1.clone();
            let kept = of(sales);
            assert_eq!(
                (kept.outcome, kept.successor_id),
                (Some(Outcome::Kept), Some(later[0].id)),
                "{name:?}"
            );
            let gone = of(Scope::Workspace);
            assert_eq!((gone.outcome, gone.successor_id), (Some(Outcome::EndedMeanwhile), None), "{name:?}");
        }
    }
}

#[tokio::test]
async fn what_a_decision_makes_of_one_grant_is_not_what_another_goes_on_as() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let (sales, support) = (Scope::Channel(stage.sales), Scope::Channel(stage.support));
        let rui = stage.person("Rui", &[(Agent, sales), (Agent, Scope::Workspace)]).await;
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        let terms = Terms { role_id: built_in(&stage, Agent).await, scope: support, valid_until: None };
        let first = in_scope(&stage, &review, &rui, sales).await;
        say(&stage, &ada, &review, &first, VerdictKind::Change(terms)).await.unwrap();
        let second = in_scope(&stage, &review, &rui, Scope::Workspace).await;
        say(&stage, &ada, &review, &second, VerdictKind::Revoke).await.unwrap();
        revoke(&stage, &ada, &second).await;
        come_to_its_end(&stage, &review).await;
        let left = held(&stage, &rui).await;
        assert_eq!(
            (left.len(), left[0].channel_id),
            (1, Some(stage.support)),
            "{}",
            stage.test_database.name
        );
        let second = in_scope(&stage, &review, &rui, Scope::Workspace).await;
        assert_eq!((second.outcome, second.successor_id), (Some(Outcome::EndedMeanwhile), None));
    }
}

#[tokio::test]
async fn what_is_given_anew_stays_and_is_told() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let rui = stage.person("Rui", &[(Agent, Scope::Workspace)]).await;
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        let item = item_of(&stage, &review, &rui).await;
        say(&stage, &ada, &review, &item, VerdictKind::Revoke).await.unwrap();
        stage.clock.advance(MINUTE);
        revoke(&stage, &ada, &item).await;
        let anew = agent(&rui, built_in(&stage, Agent).await, Scope::Channel(stage.sales));
        let anew = give(&stage, &ada, anew).await;
        come_to_its_end(&stage, &review).await;
        let item = item_of(&stage, &review, &rui).await;
        assert_eq!((item.outcome, item.successor_id), (Some(Outcome::Replaced), Some(anew)));
        assert_eq!(held(&stage, &rui).await[0].id, anew, "{}", stage.test_database.name);
        let letters = stage.letters_to(&ada.email).await;
        // Nobody could be asked about Ada herself.
        assert!(letters.last().unwrap().subject.contains("2 em aberto"), "{:?}", letters.last());
    }
}

#[tokio::test]
async fn a_decision_outlives_the_role_that_it_was_about() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let mut change = Change::by(&stage.installation, &ada.viewer, &[]).await.unwrap();
        let mut roles = Vec::new();
        for (name, permissions) in [
            ("Grande", &[ContactRead, ContactReadPhone, MessageRead][..]),
            ("Médio", &[ContactRead, MessageRead]),
            ("Mínimo", &[MessageRead]),
            ("Pequeno", &[ContactRead]),
            ("Outro", &[ContactRead, MessageSendText]),
        ] {
            let new = NewRole { name, description: "", permissions: PermissionSet::of(permissions) };
            roles.push(role::create(&mut change, new).await.unwrap().role.id);
        }
        let [large, medium, least, small, other] = roles[..] else { panic!("five") };
        change.finish().await.unwrap();
        let [ana, rui] = [stage.person("Ana", &[]).await, stage.person("Rui", &[]).await];
        give(&stage, &ada, agent(&ana, large, Scope::Workspace)).await;
        give(&stage, &ada, agent(&rui, small, Scope::Workspace)).await;
        stage.clock.advance(MINUTE);
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        for person in [&ana, &rui] {
            let item = item_of(&stage, &review, person).await;
            say(&stage, &ada, &review, &item, VerdictKind::Revoke).await.unwrap();
        }
        stage.clock.advance(MINUTE);
        // Hers becomes less, and less than that; his becomes more.
        for (gone, instead) in [(large, medium), (medium, least), (small, other)] {
            let mut change = Change::by(&stage.installation, &ada.viewer, &[]).await.unwrap();
            role::delete(&mut change, gone, Disposal::Replace(instead)).await.unwrap();
            change.finish().await.unwrap();
        }
        let (of_ana, of_rui) = (held(&stage, &ana).await[0].id, held(&stage, &rui).await[0].id);
        come_to_its_end(&stage, &review).await;
        let item = item_of(&stage, &review, &ana).await;
        assert_eq!((item.outcome, item.successor_id), (Some(Outcome::Revoked), Some(of_ana)));
        assert!(held(&stage, &ana).await.is_empty(), "{}", stage.test_database.name);
        let item = item_of(&stage, &review, &rui).await;
        assert_eq!((item.outcome, item.successor_id), (Some(Outcome::Replaced), Some(of_rui)));
        assert_eq!(held(&stage, &rui).await[0].id, of_rui, "nobody has decided about more");
    }
}

#[tokio::test]
async fn what_less_than_before_is_left_of_is_taken_away_as_was_decided() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let ana = stage.person("Ana", &[(Administrator, Scope::Workspace)]).await;
        stage.clock.advance(DAY * 91);
        let ada = back(&stage, &ada).await;
        let uses = stage.installation.viewers.permission_uses();
        let whose = Whose::Member(ana.member_id);
        uses.note(stage.workspace_id, whose, PermissionSet::of(&[MessageRead, MessageSendText]));
        uses.flush().await.unwrap();
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        let item = item_of(&stage, &review, &ana).await;
        say(&stage, &ada, &review, &item, VerdictKind::Revoke).await.unwrap();
        stage.clock.advance(MINUTE);
        let database = &stage.installation.database;
        let at = (Lookback::new(None).unwrap(), stage.clock.now());
        let advice =
            of_members(database.reader(), database, (stage.workspace_id, &[ana.member_id]), at).await;
        let token = advice.unwrap().remove(&ana.member_id).unwrap().token().unwrap();
        let told = (token.as_str(), "menos basta");
        let applied = apply(&stage.installation, &ada.viewer, (whose, at.0), told).await.unwrap();
        assert_eq!((applied.closed.len(), applied.given.len()), (1, 1));
        come_to_its_end(&stage, &review).await;
        let item = item_of(&stage, &review, &ana).await;
        assert_eq!((item.outcome, item.successor_id), (Some(Outcome::Revoked), Some(applied.given[0])));
        assert!(held(&stage, &ana).await.is_empty(), "{}", stage.test_database.name);
    }
}

#[tokio::test]
async fn what_two_grants_go_on_as_is_taken_away_by_neither() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let sales = Scope::Channel(stage.sales);
        let rui = stage.person("Rui", &[(Agent, Scope::Workspace), (Agent, sales)]).await;
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        stage.clock.advance(MINUTE);
        let one = give(&stage, &ada, agent(&rui, built_in(&stage, Agent).await, sales)).await;
        let database = &stage.installation.database;
        for (scope, kind) in [(Scope::Workspace, VerdictKind::Revoke), (sales, VerdictKind::Keep)] {
            let item = in_scope(&stage, &review, &rui, scope).await;
            say(&stage, &ada, &review, &item, kind).await.unwrap();
            revoke(&stage, &ada, &item).await;
            let sql = "UPDATE grants SET successor_id = $1 WHERE id = $2";
            let values = [one.0.into(), item.title_id.unwrap().into()];
            database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        }
        come_to_its_end(&stage, &review).await;
        for (_, item) in items_of(&stage, &review, &rui).await {
            assert_eq!((item.outcome, item.successor_id), (Some(Outcome::Replaced), Some(one)));
        }
        assert_eq!(held(&stage, &rui).await[0].id, one, "{}", stage.test_database.name);
    }
}

#[tokio::test]
async fn what_a_key_or_a_team_gives_anew_is_told() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = admin(&stage, "Ada").await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let bia = admin(&stage, "Bia").await;
        let team = stage.team("Noite", &[bia.member_id, ana.member_id], &[stage.sales]).await;
        let mut change = Change::by(&stage.installation, &ada.viewer, &[]).await.unwrap();
        let permissions = PermissionSet::of(&[ContactRead, MessageRead]);
        let new = NewRole { name: "Integração", description: "", permissions };
        let custom = role::create(&mut change, new).await.unwrap().role.id;
        let grants = [(custom, Scope::Workspace)];
        let new = portaria_domain::api_key::NewApiKey {
            name: "CRM",
            grants: &grants,
            expires_at: stage.clock.now() + DAY * 30,
            allowed_addresses: &[],
        };
        portaria_domain::api_key::create(&mut change, new).await.unwrap();
        change.finish().await.unwrap();
        let review = begin(&stage, &ada, &[&ada], Tell).await.unwrap();
        let asked = all(&stage, &review).await;
        let asked: Vec<&Item> = asked
            .iter()
            .filter(|item| matches!(item.kind, ItemKind::TeamMembership | ItemKind::ApiKeyGrant))
            .collect();
        assert_eq!(asked.len(), 2, "{asked:?}");
        for item in &asked {
            say(&stage, &ada, &review, item, VerdictKind::Revoke).await.unwrap();
        }
        stage.clock.advance(MINUTE);
        let mut change = Change::by(&stage.installation, &ada.viewer, &[]).await.unwrap();
        let support = built_in(&stage, Support).await;
        role::delete(&mut change, custom, Disposal::Replace(support)).await.unwrap();
        team::dismiss(&mut change, team, bia.member_id).await.unwrap();
        change.finish().await.unwrap();
        let transaction = stage.installation.database.begin().await.unwrap();
        let key = (stage.workspace_id, team);
        team::add_member(&transaction, &stage.installation, key, bia.member_id).await.unwrap();
        transaction.commit().await.unwrap();
        come_to_its_end(&stage, &review).await;
        for item in all(&stage, &review).await.iter().filter(|item| asked.iter().any(|one| one.id == item.id))
        {
            assert_eq!(
                item.outcome,
                Some(Outcome::Replaced),
                "{:?} on {}",
                item.kind,
                stage.test_database.name
            );
            assert_eq!(item.successor_id.is_some(), item.kind == ItemKind::ApiKeyGrant);
        }
    }
}
