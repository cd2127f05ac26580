//! The life of a template: handed in, reviewed, used, disliked, paused, edited, deleted.

use serde_json::{Value, json};

use super::super::*;
use super::{ANA, Business, business, code, options};

fn definition(name: &str) -> Value {
    json!({
        "name": name, "language": "pt_BR", "category": "UTILITY",
        "components": [{
            "type": "BODY", "text": "Olá {{1}}, seu pedido chegou à loja.", "example": {"body_text": [["Ana"]]},
        }],
    })
}

impl Business {
    async fn creates(&self, definition: &Value) -> (u16, Value) {
        self.post(self.account("/message_templates"), definition).await
    }

    async fn status_of(&self, id: &str) -> String {
        self.get(self.url(id)).await.1["status"].as_str().unwrap().to_owned()
    }

    fn told_of_templates(&self) -> Vec<String> {
        let told = self.heard.values("message_template_status_update");
        told.iter().map(|one| one["event"].as_str().unwrap().to_owned()).collect()
    }

    async fn uses(&self, name: &str) -> u64 {
        let body = json!({"name": name, "language": {"code": "pt_BR"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}]});
        code(&self.send_kind("template", body).await)
    }
}

#[tokio::test]
async fn a_new_template_is_reviewed_after_a_while() {
    let business = business(options()).await;
    let (status, made) = business.creates(&definition("arrived")).await;
    assert_eq!((status, &made["status"], &made["category"]), (200, &json!("PENDING"), &json!("UTILITY")));
    let id = made["id"].as_str().unwrap();
    assert_eq!(business.uses("arrived").await, 132_001);
    business.passes(600).await;
    assert_eq!(
        (business.status_of(id).await.as_str(), business.told_of_templates()),
        ("APPROVED", vec!["APPROVED".to_owned()])
    );
    let told = &business.heard.values("message_template_status_update")[0];
    assert_eq!(told["message_template_id"].to_string(), id);
    assert_eq!(business.uses("arrived").await, 0);
    assert_eq!(business.creates(&definition("arrived")).await.1["error"]["error_subcode"], 2_388_024);
}

#[tokio::test]
async fn a_name_can_ask_for_its_fate() {
    let business = business(options()).await;
    let (_, rejected) = business.creates(&definition("please_reject_me")).await;
    let (_, moved) = business.creates(&definition("recategorize_me")).await;
    business.passes(600).await;
    assert_eq!(business.status_of(rejected["id"].as_str().unwrap()).await, "REJECTED");
    let found = business.get(business.url(moved["id"].as_str().unwrap())).await.1;
    assert_eq!((&found["status"], &found["category"]), (&json!("APPROVED"), &json!("MARKETING")));
    let category = &business.heard.values("template_category_update")[0];
    assert_eq!(
        (&category["previous_category"], &category["new_category"]),
        (&json!("UTILITY"), &json!("MARKETING"))
    );
}

#[tokio::test]
async fn red_quality_pauses_for_a_while_and_the_third_time_for_ever() {
    let business = business(options()).await;
    let (_, made) = business.creates(&definition("arrived")).await;
    let id = made["id"].as_str().unwrap();
    business.passes(600).await;
    for hours in [3, 6] {
        business.control(&format!("templates/{id}"), json!({"quality": "RED"})).await;
        assert_eq!(business.uses("arrived").await, 132_015);
        business.passes(hours * 3600 - 1).await;
        assert_eq!(business.status_of(id).await, "PAUSED");
        business.passes(1).await;
        assert_eq!(business.uses("arrived").await, 0);
        business.control(&format!("templates/{id}"), json!({"quality": "GREEN"})).await;
    }
    business.control(&format!("templates/{id}"), json!({"quality": "RED"})).await;
    business.passes(86_400).await;
    assert_eq!(business.uses("arrived").await, 132_016);
    assert_eq!(
        business.told_of_templates(),
        ["APPROVED", "PAUSED", "REINSTATED", "PAUSED", "REINSTATED", "DISABLED"]
    );
    assert_eq!(business.heard.values("message_template_quality_update").len(), 5);
}

#[tokio::test]
async fn customers_who_mind_make_it_yellow_and_red() {
    let manners =
        Manners { block_permille: 500, read_percent: 100, reply_percent: 100, ..Manners::default() };
    let promo = Template::of_body("1001", "promo", "pt_BR", "MARKETING", "Novidades!");
    let customers = (0..12).map(|one| crate::customer::Customer {
        name: "C".to_owned(),
        wa_id: Some(format!("55119600000{one:02}")),
        ..crate::customer::Customer::default()
    });
    let wanted = MetaOptions { manners, templates: vec![promo], customers: customers.collect(), ..options() };
    let business = business(wanted).await;
    for one in 0..12 {
        let to = format!("55119600000{one:02}");
        let request = json!({"messaging_product": "whatsapp", "to": to, "type": "template",
            "template": {"name": "promo", "language": {"code": "pt_BR"}}});
        business.send(&request).await;
        business.passes(120).await;
    }
    let scores: Vec<Value> = business
        .heard
        .values("message_template_quality_update")
        .iter()
        .map(|one| one["new_quality_score"].clone())
        .collect();
    assert_eq!(scores, ["YELLOW", "RED"]);
    assert_eq!(business.told_of_templates(), ["PAUSED"]);
}

#[tokio::test]
async fn a_template_can_be_held_back_to_see_how_customers_like_it() {
    let manners = Manners { held_percent: 100, ..Manners::default() };
    let promo = Template::of_body("1001", "promo", "pt_BR", "MARKETING", "Novidades!");
    let business = business(MetaOptions { manners, templates: vec![promo], ..options() }).await;
    let body = json!({"name": "promo", "language": {"code": "pt_BR"}});
    let (_, answer) = business.send_kind("template", body).await;
    assert_eq!(answer["messages"][0]["message_status"], "held_for_quality_assessment");
    business.passes(299).await;
    assert!(business.heard.statuses().is_empty());
    business.passes(60).await;
    assert_eq!(business.heard.statuses()[0]["status"], "sent");
}

#[tokio::test]
async fn an_approved_template_is_edited_once_a_day() {
    let business = business(options()).await;
    let (_, made) = business.creates(&definition("arrived")).await;
    let id = made["id"].as_str().unwrap();
    let edit = json!({"components": [{"type": "BODY", "text": "Seu pedido chegou."}]});
    let edited = || business.post(business.url(id), &edit);
    assert_eq!(code(&edited().await), 100, "it is being reviewed");
    business.passes(600).await;
    assert_eq!(edited().await, (200, json!({"success": true})));
    assert_eq!(business.status_of(id).await, "PENDING");
    business.passes(600).await;
    assert_eq!(code(&edited().await), 100, "once a day");
    business.passes(86_400).await;
    assert_eq!(edited().await.0, 200);
    let category = json!({"category": "MARKETING"});
    business.passes(86_400).await;
    assert_eq!(code(&business.post(business.url(id), &category).await), 100);
}

#[tokio::test]
async fn a_deleted_name_stays_taken_for_thirty_days() {
    let business = business(options()).await;
    business.creates(&definition("arrived")).await;
    let delete =
        |name: &str| business.client.delete(business.account(&format!("/message_templates?name={name}")));
    assert_eq!(super::ask(delete("arrived")).await, (200, json!({"success": true})));
    assert_eq!(super::ask(delete("arrived")).await.0, 400);
    assert_eq!(business.creates(&definition("arrived")).await.1["error"]["error_subcode"], 2_388_023);
    business.passes(30 * 86_400).await;
    assert_eq!(business.creates(&definition("arrived")).await.0, 200);
}

#[tokio::test]
async fn an_account_has_so_many_templates_and_makes_so_many_an_hour() {
    let limits = Limits { templates: 12, template_creations: 10, ..Limits::wide() };
    let business = business(MetaOptions { limits, ..options() }).await;
    for one in 0..10 {
        assert_eq!(business.creates(&definition(&format!("t_{one}"))).await.0, 200);
    }
    assert_eq!(code(&business.creates(&definition("t_10")).await), 80_007);
    business.passes(3600).await;
    for one in 10..12 {
        assert_eq!(business.creates(&definition(&format!("t_{one}"))).await.0, 200);
    }
    assert_eq!(business.creates(&definition("t_12")).await.1["error"]["error_subcode"], 2_388_019);
    assert_eq!(business.meta.limit_run_into("template_creations"), 1);
}

#[tokio::test]
async fn templates_are_listed_in_pages_with_fields_and_filters() {
    let templates = (0..7).map(|one| {
        let category = if one % 2 == 0 { "UTILITY" } else { "MARKETING" };
        Template::of_body(&format!("{}", 2000 + one), &format!("t_{one}"), "pt_BR", category, "Olá")
    });
    let business = business(MetaOptions { templates: templates.collect(), ..options() }).await;
    let list =
        async |query: &str| business.get(business.account(&format!("/message_templates?{query}"))).await.1;
    let names = |page: &Value| -> Vec<String> {
        page["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = list("limit=3").await;
    assert_eq!(names(&first), ["t_0", "t_1", "t_2"]);
    let next = first["paging"]["next"].as_str().unwrap().to_owned();
    let second = business.get(next).await.1;
    assert_eq!(names(&second), ["t_3", "t_4", "t_5"]);
    let after = second["paging"]["cursors"]["after"].as_str().unwrap();
    let last = list(&format!("limit=3&after={after}")).await;
    assert_eq!((names(&last), &last["paging"]["next"]), (vec!["t_6".to_owned()], &Value::Null));
    assert_eq!(names(&list("category=MARKETING").await), ["t_1", "t_3", "t_5"]);
    assert_eq!(names(&list("name=t_4").await), ["t_4"]);
    assert_eq!(names(&list("status=REJECTED").await), Vec::<String>::new());
    let some = list("fields=status,quality_score&limit=1").await;
    assert_eq!(
        some["data"][0],
        json!({"status": "APPROVED", "id": "2000", "quality_score": {"score": "UNKNOWN"}})
    );
    assert_eq!(list("after=nonsense").await["error"]["code"], 100);
}

#[tokio::test]
async fn quick_replies_come_back_with_their_payload() {
    let parts = vec![
        json!({"type": "BODY", "text": "Confirma?"}),
        json!({"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Sim"}, {"type": "QUICK_REPLY", "text": "Não"}]}),
    ];
    let template = Template::of_body("1001", "confirm", "pt_BR", "UTILITY", "").made_of(parts);
    let business = business(MetaOptions { templates: vec![template], ..options() }).await;
    let body = json!({"name": "confirm", "language": {"code": "pt_BR"}, "components": [
        {"type": "button", "sub_type": "quick_reply", "index": "1", "parameters": [{"type": "payload", "payload": "no-17"}]},
    ]});
    assert_eq!(business.send_kind("template", body).await.0, 200);
    business.lets(ANA, json!({"do": "press", "choice": "Não"})).await;
    business.lets(ANA, json!({"do": "press", "choice": 0})).await;
    let pressed: Vec<Value> = business.heard.messages().iter().map(|one| one["button"].clone()).collect();
    assert_eq!(
        pressed,
        [json!({"payload": "no-17", "text": "Não"}), json!({"payload": "Sim", "text": "Sim"})]
    );
}
