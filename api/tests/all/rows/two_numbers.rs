//! Different roles on two numbers, and a customer who writes to both: what is seen and done on each.

use std::fmt::Write;

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};

use super::{LEGEND, Rows, Whose};
use crate::client::new_phone;

const ROLES: [[Option<BuiltInRole>; 2]; 6] = [
    [Some(BuiltInRole::Agent), Some(BuiltInRole::Support)],
    [Some(BuiltInRole::Support), Some(BuiltInRole::Agent)],
    [Some(BuiltInRole::Agent), Some(BuiltInRole::Analyst)],
    [Some(BuiltInRole::Developer), Some(BuiltInRole::Support)],
    [Some(BuiltInRole::Administrator), Some(BuiltInRole::Support)],
    [Some(BuiltInRole::Support), None],
];

/// Whose the customer's conversation is on sales, and whose on support.
const PAIRS: [([Whose; 2], &str); 8] = [
    ([Whose::Own, Whose::OwnElsewhere], "own, own"),
    ([Whose::Own, Whose::UnassignedElsewhere], "own, unassigned"),
    ([Whose::Own, Whose::Elsewhere], "own, colleague's"),
    ([Whose::Unassigned, Whose::OwnElsewhere], "unassigned, own"),
    ([Whose::Unassigned, Whose::UnassignedElsewhere], "unassigned, unassigned"),
    ([Whose::Unassigned, Whose::Elsewhere], "unassigned, colleague's"),
    ([Whose::Colleagues, Whose::OwnElsewhere], "colleague's, own"),
    ([Whose::Colleagues, Whose::UnassignedElsewhere], "colleague's, unassigned"),
];

#[tokio::test]
async fn a_customer_of_two_numbers_is_seen_on_each_as_the_matrix_says() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let rows = Rows::on(&stage).await;
        let mut text = format!("{LEGEND}on sales | on support\n");
        for (number, [sales, support]) in ROLES.into_iter().enumerate() {
            let on = |role: Option<BuiltInRole>, channel| role.map(|role| (role, Scope::Channel(channel)));
            let grants: Vec<_> =
                [on(sales, stage.sales), on(support, stage.support)].into_iter().flatten().collect();
            let person = stage.person(&format!("pessoa{number}"), &grants).await;
            let name = |role: Option<BuiltInRole>| role.map_or("nothing", <&str>::from).to_lowercase();
            writeln!(text, "\n{} @ sales, {} @ support", name(sales), name(support)).unwrap();
            for (pair, kind) in PAIRS {
                let mut cells = Vec::new();
                for side in 0..2 {
                    let make = async || {
                        let contact = rows.stage.customer("Cliente", &new_phone()).await;
                        let mut made = Vec::new();
                        for whose in pair {
                            made.push(rows.conversation_with(contact, &person, whose).await);
                        }
                        made[side]
                    };
                    cells.push(rows.cell_of(&person, make).await);
                }
                writeln!(text, "  {kind:<26}{:<12}| {}", cells[0], cells[1]).unwrap();
            }
        }
        insta::assert_snapshot!("two_numbers", text);
    }
}
