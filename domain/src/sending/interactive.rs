//! Messages that ask for a choice: buttons, lists, and forms (WhatsApp Flows).

use std::collections::HashSet;

use serde_json::{Value, json};

use super::content::{Prepared, invalid, put, within, within_if_given};
use super::gate::Kind;
use crate::error::Result;

/// The words around what can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Framing {
    pub header: Option<String>,
    pub body: String,
    pub footer: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewButtons {
    pub framing: Framing,
    pub buttons: Vec<NewButton>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewButton {
    /// Comes back with the customer's choice.
    pub id: String,
    pub title: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewList {
    pub framing: Framing,
    /// What the customer taps to see the list.
    pub button: String,
    pub sections: Vec<NewSection>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSection {
    pub title: Option<String>,
    pub rows: Vec<NewRow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRow {
    pub id: String,
    pub title: String,
    pub description: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewFlow {
    pub framing: Framing,
    /// Meta's id of the form.
    pub flow_id: String,
    /// What the customer taps to open it.
    pub button: String,
    /// Comes back with what they fill in; Meta's `unused` when it is not given.
    pub token: Option<String>,
    /// The first screen with its data, for a form that needs no server; without one, the form's server is asked.
    pub screen: Option<NewScreen>,
    /// Whether it is still a draft, which only testers can open.
    pub draft: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewScreen {
    pub id: String,
    pub data: Option<Value>,
}

pub(super) fn prepare_buttons(new: NewButtons) -> Result<Prepared> {
    let (mut part, body) = frame(new.framing, "button", 1_024)?;
    if !(1..=3).contains(&new.buttons.len()) {
        return Err(invalid("buttons: 1 to 3 of them"));
    }
    let (mut ids, mut titles) = (HashSet::new(), HashSet::new());
    let mut buttons = Vec::new();
    for button in new.buttons {
        let id = within("buttons.id: 1 to 256 characters", button.id, 256)?;
        let title = within("buttons.title: 1 to 20 characters", button.title, 20)?;
        if !ids.insert(id.clone()) || !titles.insert(title.clone()) {
            return Err(invalid("buttons: no two with the same id or title"));
        }
        buttons.push(json!({ "type": "reply", "reply": { "id": id, "title": title } }));
    }
    part["action"] = json!({ "buttons": buttons });
    Ok(Prepared::free(Kind::Buttons, "interactive", Some(body), part))
}

pub(super) fn prepare_list(new: NewList) -> Result<Prepared> {
    let (mut part, body) = frame(new.framing, "list", 4_096)?;
    let button = within("list.button: 1 to 20 characters", new.button, 20)?;
    let rows: usize = new.sections.iter().map(|section| section.rows.len()).sum();
    if !(1..=10).contains(&rows) || new.sections.iter().any(|section| section.rows.is_empty()) {
        return Err(invalid("list.sections: 1 to 10 rows in all, at least one in each"));
    }
    if new.sections.len() > 1 && new.sections.iter().any(|section| section.title.is_none()) {
        return Err(invalid("list.sections.title: each of several has one"));
    }
    let mut ids = HashSet::new();
    let mut sections = Vec::new();
    for section in new.sections {
        let title = within_if_given("list.sections.title: 1 to 24 characters", section.title, 24)?;
        let mut rows = Vec::new();
        for row in section.rows {
            let id = within("list.sections.rows.id: 1 to 200 characters", row.id, 200)?;
            let title = within("list.sections.rows.title: 1 to 24 characters", row.title, 24)?;
            let about =
                within_if_given("list.sections.rows.description: 1 to 72 characters", row.description, 72)?;
            if !ids.insert(id.clone()) {
                return Err(invalid("list.sections.rows.id: no two are the same"));
            }
            let mut row = json!({ "id": id, "title": title });
            put(&mut row, "description", about);
            rows.push(row);
        }
        let mut section = json!({ "rows": rows });
        put(&mut section, "title", title);
        sections.push(section);
    }
    part["action"] = json!({ "button": button, "sections": sections });
    Ok(Prepared::free(Kind::List, "interactive", Some(body), part))
}

pub(super) fn prepare_flow(new: NewFlow) -> Result<Prepared> {
    let (mut part, body) = frame(new.framing, "flow", 1_024)?;
    let flow_id = within("flow.flowId: as Meta gives it", new.flow_id, 64)?;
    if !flow_id.bytes().all(|one| one.is_ascii_digit()) {
        return Err(invalid("flow.flowId: as Meta gives it, digits only"));
    }
    let button = within("flow.button: 1 to 30 characters", new.button, 30)?;
    let token = within_if_given("flow.token: 1 to 1,000 characters", new.token, 1_000)?;
    let mut parameters = json!({
        "flow_message_version": "3",
        "flow_id": flow_id,
        "flow_cta": button,
        "mode": if new.draft { "draft" } else { "published" },
        "flow_token": token.unwrap_or_else(|| "unused".to_owned()),
        "flow_action": if new.screen.is_some() { "navigate" } else { "data_exchange" },
    });
    if let Some(screen) = new.screen {
        let id = within("flow.screen.id: 1 to 200 characters", screen.id, 200)?;
        let mut payload = json!({ "screen": id });
        if let Some(data) = screen.data {
            if data.as_object().is_none_or(serde_json::Map::is_empty) {
                return Err(invalid("flow.screen.data: an object that is not empty"));
            }
            payload["data"] = data;
        }
        parameters["flow_action_payload"] = payload;
    }
    part["action"] = json!({ "name": "flow", "parameters": parameters });
    Ok(Prepared::free(Kind::Flow, "interactive", Some(body), part))
}

fn frame(framing: Framing, kind: &str, most: usize) -> Result<(Value, String)> {
    let what = if most > 1_024 { "body: 1 to 4,096 characters" } else { "body: 1 to 1,024 characters" };
    let body = within(what, framing.body, most)?;
    let header = within_if_given("header: 1 to 60 characters", framing.header, 60)?;
    let footer = within_if_given("footer: 1 to 60 characters", framing.footer, 60)?;
    let mut part = json!({ "type": kind, "body": { "text": body } });
    put(&mut part, "header", header.map(|text| json!({ "type": "text", "text": text })));
    put(&mut part, "footer", footer.map(|text| json!({ "text": text })));
    Ok((part, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing() -> Framing {
        Framing { header: Some("Pedido".to_owned()), body: "Quando?".to_owned(), footer: None }
    }

    fn button(id: &str, title: &str) -> NewButton {
        NewButton { id: id.to_owned(), title: title.to_owned() }
    }

    fn section(title: Option<&str>, rows: usize, from: usize) -> NewSection {
        let row = |number: usize| NewRow {
            id: (from + number).to_string(),
            title: format!("Opção {number}"),
            description: None,
        };
        NewSection { title: title.map(str::to_owned), rows: (0..rows).map(row).collect() }
    }

    #[test]
    fn buttons_are_as_meta_wants_them() {
        let new =
            NewButtons { framing: framing(), buttons: vec![button("a", "Manhã"), button("b", "Tarde")] };
        let prepared = prepare_buttons(new).unwrap();
        assert_eq!(
            prepared.part,
            json!({
                "type": "button",
                "header": { "type": "text", "text": "Pedido" },
                "body": { "text": "Quando?" },
                "action": { "buttons": [
                    { "type": "reply", "reply": { "id": "a", "title": "Manhã" } },
                    { "type": "reply", "reply": { "id": "b", "title": "Tarde" } },
                ] },
            })
        );
    }

    #[test]
    fn buttons_are_few_short_and_different() {
        let with = |buttons: Vec<NewButton>| prepare_buttons(NewButtons { framing: framing(), buttons });
        let four = ["a", "b", "c", "d"].map(|name| button(name, name));
        assert!(with(vec![]).is_err() && with(four.to_vec()).is_err());
        assert!(with(vec![button("a", "Sim"), button("a", "Não")]).is_err());
        assert!(with(vec![button("a", "Sim"), button("b", "Sim")]).is_err());
        assert!(with(vec![button("a", "vinte e um caracteres")]).is_err());
    }

    #[test]
    fn a_list_has_at_most_ten_rows_and_titles_where_there_are_several_parts() {
        let with = |sections| {
            prepare_list(NewList { framing: framing(), button: "Ver".to_owned(), sections }).is_ok()
        };
        assert!(with(vec![section(None, 10, 0)]));
        assert!(!with(vec![section(None, 11, 0)]));
        assert!(with(vec![section(Some("A"), 5, 0), section(Some("B"), 5, 5)]));
        assert!(!with(vec![section(Some("A"), 5, 0), section(None, 5, 5)]));
        assert!(!with(vec![section(Some("A"), 2, 0), section(Some("B"), 2, 1)]), "ids are not the same");
        assert!(!with(vec![section(Some("A"), 2, 0), section(Some("B"), 0, 5)]) && !with(vec![]));
    }

    #[test]
    fn a_form_begins_at_a_screen_or_asks_its_server() {
        let flow = |screen| NewFlow {
            framing: framing(),
            flow_id: "123456".to_owned(),
            button: "Abrir".to_owned(),
            token: None,
            screen,
            draft: false,
        };
        let at = NewScreen { id: "INICIO".to_owned(), data: Some(json!({ "nome": "Ana" })) };
        let part = prepare_flow(flow(Some(at))).unwrap().part;
        assert_eq!(part["action"]["parameters"]["flow_action_payload"]["screen"], "INICIO");
        let part = prepare_flow(flow(None)).unwrap().part;
        assert_eq!(part["action"]["parameters"]["flow_action"], "data_exchange");
        let empty = NewScreen { id: "INICIO".to_owned(), data: Some(json!({})) };
        assert!(prepare_flow(flow(Some(empty))).is_err());
    }
}
