//! Lists of people: filtered, paged, and cut to what was asked.

use axum::http::Method;
use portaria_testing::databases;
use serde_json::{Value, json};

use super::{Company, entra, error, filtered, path_of};

#[tokio::test]
async fn lists_are_filtered_paged_and_cut_to_what_was_asked() {
    for test in databases().await {
        let company = Company::on(test).await;
        for name in ["ana", "bia", "caio"] {
            company.create("/Users", entra(name)).await;
        }
        let all = company.get("/Users").await;
        assert_eq!(
            (&all["totalResults"], &all["itemsPerPage"]),
            (&json!(4), &json!(4)),
            "with the administrator"
        );
        let ids = company.ids("/Users").await;
        assert_eq!(company.ids("/Users?startIndex=2&count=2").await, ids[1..3]);
        assert_eq!(company.ids("/Users?startIndex=-1&count=1").await, ids[..1]);
        let none = company.get("/Users?count=0").await;
        assert_eq!((&none["totalResults"], &none["Resources"]), (&json!(4), &json!([])));
        let of = |name: &str| {
            all["Resources"]
                .as_array()
                .unwrap()
                .iter()
                .find(|user| user["displayName"] == name)
                .unwrap()
                .clone()
        };
        let ana = of("ana");
        let id = ana["id"].as_str().unwrap();
        for filter in [
            "userName eq \"ANA@x.example\"".to_owned(),
            "externalId eq \"ext-ana\"".to_owned(),
            format!("id eq \"{id}\""),
            "emails.value eq \"Ana@x.example\"".to_owned(),
            "emails[type eq \"work\" and value eq \"ana@x.example\"]".to_owned(),
            "name.familyName eq \"Souza\" and not (userName sw \"b\" or displayName eq \"caio\")".to_owned(),
            "userName eq \"ana@x.example\" and active eq true".to_owned(),
        ] {
            assert_eq!(company.ids(&filtered("/Users", &filter)).await, [id], "{filter}");
        }
        for filter in [
            "externalId eq \"EXT-ana\"",
            "id eq \"x\"",
            "userName eq \"ana\"",
            "userName eq \"ana@x.example\" and active eq false",
        ] {
            assert!(company.ids(&filtered("/Users", filter)).await.is_empty(), "{filter}");
        }
        let page = format!("{}&startIndex=2&count=1", filtered("/Users", "name.familyName eq \"souza\""));
        let page = company.get(&page).await;
        assert_eq!((&page["totalResults"], &page["startIndex"]), (&json!(3), &json!(2)));
        assert_eq!(page["Resources"][0]["displayName"], "bia");
        let admin =
            company.get(&filtered("/Users", &format!("userName eq \"{}\"", company.admin.email))).await;
        assert_eq!(admin["Resources"][0]["displayName"], "Admin", "who was there before, is found");

        let only = company.get(&format!("{}?attributes=userName,name.givenName", path_of(&ana))).await;
        assert_eq!(
            only,
            json!({ "schemas": ana["schemas"], "id": id, "userName": "ana@x.example", "name": { "givenName": "ana" } })
        );
        let without = company.get(&format!("{}?excludedAttributes=emails,name", path_of(&ana))).await;
        assert!(
            without.get("emails").is_none() && without.get("name").is_none() && without["meta"].is_object()
        );
        let search = json!({ "filter": "displayName eq \"bia\"", "attributes": ["displayName"], "count": 5 });
        for path in ["/.search", "/Users/.search"] {
            let answer = company.send(Method::POST, path, &search).await;
            assert_eq!(answer.json()["Resources"][0]["displayName"], "bia", "{path}: {}", answer.body);
        }
        company.create("/Groups", json!({ "displayName": "Vendas" })).await;
        let both =
            company.send(Method::POST, "/.search", &json!({ "startIndex": 4, "count": 5 })).await.json();
        let types: Vec<_> = both["Resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["meta"]["resourceType"].clone())
            .collect();
        assert_eq!((&both["totalResults"], json!(types)), (&json!(5), json!(["User", "Group"])));
        for (query, kind) in [
            ("filter=userName+xx+%22a%22", "invalidFilter"),
            ("count=many", "invalidValue"),
            ("attributes=id&excludedAttributes=name", "invalidValue"),
        ] {
            let answer = company.send(Method::GET, &format!("/Users?{query}"), &Value::Null).await;
            assert_eq!(error(&answer), (400, json!(kind)));
        }
    }
}

#[tokio::test]
async fn a_page_takes_a_constant_number_of_statements() {
    for test in databases().await {
        let company = Company::on(test).await;
        let mut members = Vec::new();
        for number in 0..12 {
            let user = company.create("/Users", entra(&format!("p{number}"))).await;
            members.push(json!({ "value": user["id"] }));
        }
        for name in ["Um", "Dois", "Três"] {
            company.create("/Groups", json!({ "displayName": name, "members": members })).await;
        }
        let database = &company.stage.installation.database;
        for path in ["/Users?count=", "/Groups?count=", "/Users?filter=active+eq+true&count="] {
            let mut counts = Vec::new();
            for count in [1, 3, 12] {
                let before = database.statement_count();
                company.get(&format!("{path}{count}")).await;
                counts.push(database.statement_count() - before);
            }
            assert!(counts[0] == counts[1] && counts[1] == counts[2] && counts[0] <= 5, "{path}: {counts:?}");
        }
    }
}
