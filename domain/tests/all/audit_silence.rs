//! The auditor's rules on who stays away, who is back, and who needs a second factor and has none.

use portaria_domain::access::Scope;
use portaria_domain::audit::fact::{FactName, FactValue};
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::role::BuiltInRole::{Administrator, Agent};
use portaria_testing::{Stage, databases};

use crate::recorded::*;

#[tokio::test]
async fn an_administrator_may_be_away_for_two_weeks_and_is_no_other_finding() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Chefe", &[(Administrator, Scope::Workspace)]).await;
        let of_sales = stage.person("Vendas", &[(Administrator, Scope::Channel(stage.sales))]).await;
        let [boss, of_sales] = [account(&stage, &boss).await, account(&stage, &of_sales).await];
        forget_sign_ins(&stage).await;
        let start = stage.clock.now();
        for who in [&boss, &of_sales] {
            gets_in(&stage, who, start, (OFFICE, CHROME)).await;
        }
        stage.clock.set(start + 14 * DAY);
        assert_eq!(found(&stage, AuditRule::DormantAdministrator).await, []);
        stage.clock.advance(INSTANT);
        let dormant = found(&stage, AuditRule::DormantAdministrator).await;
        assert_eq!(dormant.len(), 1);
        assert_eq!((dormant[0].severity, dormant[0].about.member()), (Severity::Medium, Some(boss.member)));
        let grants = dormant[0].evidence.get(FactName::AdministratorGrants);
        assert!(matches!(grants, Some(FactValue::Grants(grants)) if grants.len() == 1), "{grants:?}");
        let [portuguese, english, spanish] = told(&stage, AuditRule::DormantAdministrator).await;
        assert_eq!(portuguese[0].seen, "É administrador e não usa o Portaria há 14 dias.");
        assert!(english[0].seen.ends_with("for 14 days.") && spanish[0].seen.ends_with("hace 14 días."));

        stage.clock.set(start + 40 * DAY);
        let inactive = found(&stage, AuditRule::InactiveMember).await;
        let who: Vec<_> = inactive.iter().map(|found| found.about.member()).collect();
        assert_eq!(who, [Some(of_sales.member)], "one number's administrator is a member like others");
        let sql = "UPDATE members SET last_active_at = $2 WHERE id = $1";
        execute(&stage, sql, [boss.member.0.into(), (start + 30 * DAY).0.into()]).await;
        assert_eq!(found(&stage, AuditRule::DormantAdministrator).await, [], "back at work");
    }
}

#[tokio::test]
async fn an_account_wakes_up_after_sixty_days_in_which_nobody_used_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let [ana, bia, caio, duda] = accounts(&stage, ["Ana", "Bia", "Caio", "Duda"]).await;
        let start = stage.clock.now();
        for who in [&ana, &bia, &caio] {
            gets_in(&stage, who, start, (OFFICE, CHROME)).await;
        }
        has_session(&stage, &bia, (start, start + 20 * DAY)).await;
        stage.clock.set(start + 61 * DAY);
        gets_in(&stage, &ana, start + 60 * DAY, (OFFICE, CHROME)).await;
        gets_in(&stage, &bia, start + 61 * DAY, (OFFICE, CHROME)).await;
        gets_in(&stage, &duda, start + 61 * DAY, (OFFICE, CHROME)).await;
        assert_eq!(
            found(&stage, AuditRule::DormantAccountAwakened).await,
            [],
            "sixty days, a session, nobody before"
        );

        let back = start + 60 * DAY + INSTANT;
        gets_in(&stage, &caio, back, (OFFICE, IPHONE)).await;
        gets_in(&stage, &caio, back + HOUR, (OFFICE, IPHONE)).await;
        let awake = found(&stage, AuditRule::DormantAccountAwakened).await;
        assert_eq!(awake.len(), 1, "{awake:?}");
        assert_eq!((awake[0].severity, awake[0].about.member()), (Severity::Medium, Some(caio.member)));
        assert_eq!(awake[0].evidence.get(FactName::LastActive), Some(&FactValue::At(start)));
        let [portuguese, english, _] = told(&stage, AuditRule::DormantAccountAwakened).await;
        assert_eq!(portuguese[0].seen, "Ninguém usava a conta havia 60 dias, e alguém entrou.");
        assert!(english[0].seen.contains("for 60 days"));

        execute(&stage, "DELETE FROM sign_in_events WHERE \"at\" = $1", [back.0.into()]).await;
        gets_in(&stage, &caio, back, ("203.0.113.9", IPHONE)).await;
        assert_eq!(found(&stage, AuditRule::DormantAccountAwakened).await[0].severity, Severity::High);
        stage.clock.set(back + 9 * DAY);
        assert_eq!(found(&stage, AuditRule::DormantAccountAwakened).await, [], "out of sight after a week");
    }
}

#[tokio::test]
async fn who_must_have_a_second_factor_is_told_of_after_three_days_without() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let boss = stage.person("Chefe", &[(Administrator, Scope::Workspace)]).await;
        let never = account(&stage, &stage.person("Nunca", &[]).await).await;
        execute(&stage, "DELETE FROM sessions WHERE member_id = $1", [never.member.0.into()]).await;
        let start = stage.clock.now();
        stage.clock.set(start + 10 * DAY);
        assert_eq!(found(&stage, AuditRule::SecondFactorMissing).await, [], "nobody must");
        let policy = "UPDATE security_policies SET second_factor = 'everyone', updated_at = $1";
        execute(&stage, policy, [stage.clock.now().0.into()]).await;
        stage.clock.advance(3 * DAY - INSTANT);
        assert_eq!(found(&stage, AuditRule::SecondFactorMissing).await, [], "three days are not over");
        stage.clock.advance(INSTANT);
        let missing = found(&stage, AuditRule::SecondFactorMissing).await;
        assert_eq!(missing.len(), 1, "not who administers, nor who was never here: {missing:?}");
        assert_eq!((missing[0].severity, missing[0].about.member()), (Severity::Medium, Some(ana.member_id)));
        let since = FactValue::At(start + 10 * DAY);
        assert_eq!(missing[0].evidence.get(FactName::RequiredSince), Some(&since));
        let [portuguese, ..] = told(&stage, AuditRule::SecondFactorMissing).await;
        assert_eq!(portuguese[0].facts[0].label, "Exigido desde");

        let by_roles = "UPDATE security_policies SET second_factor = 'roles'";
        execute(&stage, by_roles, []).await;
        assert_eq!(found(&stage, AuditRule::SecondFactorMissing).await, [], "an agent need not");
        execute(&stage, policy, [start.0.into()]).await;
        let vouched = "UPDATE sessions SET authentication_method = 'single_sign_on', second_factor = TRUE, last_used_at = $2 WHERE member_id = $1";
        execute(&stage, vouched, [ana.member_id.0.into(), stage.clock.now().0.into()]).await;
        let missing = found(&stage, AuditRule::SecondFactorMissing).await;
        assert_eq!(missing.len(), 1, "her password opens the account, too");
        execute(&stage, "UPDATE users SET password_hash = NULL", []).await;
        assert_eq!(found(&stage, AuditRule::SecondFactorMissing).await, [], "her provider vouches");
        stage.clock.advance(30 * DAY + INSTANT);
        assert_eq!(found(&stage, AuditRule::SecondFactorMissing).await.len(), 1);
        stage.authenticator(&ana).await;
        assert_eq!(found(&stage, AuditRule::SecondFactorMissing).await, []);
        let _ = boss;
    }
}

#[tokio::test]
async fn an_administrator_needs_a_second_factor_whatever_the_policy_says() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Chefe", &[(Administrator, Scope::Workspace)]).await;
        stage.person("Vendas", &[(Administrator, Scope::Channel(stage.sales))]).await;
        let (other, _, _) = stage.another_workspace().await;
        let start = stage.clock.now();
        stage.clock.set(start + DAY - INSTANT);
        assert_eq!(found(&stage, AuditRule::AdministratorWithoutSecondFactor).await, []);
        stage.clock.advance(INSTANT);
        let without = found(&stage, AuditRule::AdministratorWithoutSecondFactor).await;
        assert_eq!(without.len(), 1);
        assert_eq!((without[0].severity, without[0].about.member()), (Severity::High, Some(boss.member_id)));
        assert_eq!(without[0].evidence.get(FactName::AdministratorSince), Some(&FactValue::At(start)));
        assert_eq!(found_in(&stage, other, AuditRule::AdministratorWithoutSecondFactor).await, []);
        let [portuguese, english, spanish] = told(&stage, AuditRule::AdministratorWithoutSecondFactor).await;
        for told in [&portuguese[0], &english[0], &spanish[0]] {
            assert_eq!(told.who, "Chefe");
        }
        let vouched = "UPDATE sessions SET authentication_method = 'single_sign_on', second_factor = TRUE WHERE member_id = $1";
        execute(&stage, vouched, [boss.member_id.0.into()]).await;
        let without = found(&stage, AuditRule::AdministratorWithoutSecondFactor).await;
        assert_eq!(without.len(), 1, "a password opens the account, too");
        let forget =
            "UPDATE users SET password_hash = NULL WHERE id = (SELECT user_id FROM members WHERE id = $1)";
        execute(&stage, forget, [boss.member_id.0.into()]).await;
        assert_eq!(found(&stage, AuditRule::AdministratorWithoutSecondFactor).await, []);
        stage.clock.advance(30 * DAY + INSTANT);
        assert_eq!(found(&stage, AuditRule::AdministratorWithoutSecondFactor).await.len(), 1, "long ago");
        stage.authenticator(&boss).await;
        assert_eq!(found(&stage, AuditRule::AdministratorWithoutSecondFactor).await, []);
    }
}
