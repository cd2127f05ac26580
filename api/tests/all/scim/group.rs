//! Groups, as directories change them.

use axum::http::{Method, StatusCode};
use portaria_testing::databases;
use serde_json::{Value, json};

use super::{Company, entra, error, filtered, path_of};

#[tokio::test]
async fn groups_are_changed_as_directories_do_it() {
    for test in databases().await {
        let company = Company::on(test).await;
        let (ana, bia) =
            (company.create("/Users", entra("ana")).await, company.create("/Users", entra("bia")).await);
        let group = company.create("/Groups", json!({ "displayName": "Vendas", "externalId": "g1" })).await;
        let path = path_of(&group);
        let members = |group: &Value| {
            let members = group["members"].as_array().cloned().unwrap_or_default();
            members.iter().map(|member| member["value"].clone()).collect::<Vec<_>>()
        };
        let added = company.patched(&path, json!([{ "op": "Add", "path": "members", "value": [{ "value": ana["id"] }, { "value": bia["id"] }] }])).await;
        assert_eq!(members(&added), [ana["id"].clone(), bia["id"].clone()]);
        assert_eq!(added["members"][0]["$ref"], ana["meta"]["location"]);
        let filter = format!(
            "id eq \"{}\" and members eq \"{}\"",
            group["id"].as_str().unwrap(),
            ana["id"].as_str().unwrap()
        );
        let asked = format!("{}&excludedAttributes=members", filtered("/Groups", &filter));
        let found = company.get(&asked).await;
        assert_eq!(
            (&found["totalResults"], found["Resources"][0].get("members")),
            (&json!(1), None),
            "as Entra asks"
        );
        let filter = format!("members[value eq \"{}\"]", ana["id"].as_str().unwrap());
        let removed = company.patched(&path, json!([{ "op": "remove", "path": filter }])).await;
        assert_eq!(members(&removed), [bia["id"].clone()]);
        let removed = company
            .patched(&path, json!([{ "op": "Remove", "path": "members", "value": [{ "value": bia["id"] }] }]))
            .await;
        assert!(members(&removed).is_empty());
        let put = json!({ "displayName": "Vendas 2", "members": [{ "value": bia["id"] }] });
        let put = company.send(Method::PUT, &path, &put).await.json();
        assert_eq!(
            (&put["displayName"], put.get("externalId"), members(&put)),
            (&json!("Vendas 2"), None, vec![bia["id"].clone()])
        );
        let nobody = company
            .patch(&path, json!([{ "op": "add", "path": "members", "value": [{ "value": "x" }] }]))
            .await;
        assert_eq!(error(&nobody), (400, json!("invalidValue")));
        let stranger = "diruser_00000000000000000000000000";
        let nobody = company
            .patch(&path, json!([{ "op": "add", "path": "members", "value": [{ "value": stranger }] }]))
            .await;
        assert_eq!(error(&nobody), (400, json!("invalidValue")));
        let twice = company.send(Method::POST, "/Groups", &json!({ "displayName": "VENDAS 2" })).await;
        assert_eq!(error(&twice), (409, json!("uniqueness")));
        assert_eq!(company.send(Method::DELETE, &path, &Value::Null).await.status, StatusCode::NO_CONTENT);
        assert_eq!(error(&company.send(Method::GET, &path, &Value::Null).await).0, 404);
        company.create("/Groups", json!({ "displayName": "vendas 2" })).await;
    }
}
