//! What happens now and then besides messages: reviews, quality, calls, preferences, and the never heard of.

use serde_json::json;

use super::cast::Persona;
use crate::number::BusinessNumber;
use crate::payload::account::{self, MarketingChoice};
use crate::payload::call::{self, CallEvent};
use crate::payload::coexistence;
use crate::payload::group::{self, GroupEvent};
use crate::payload::template::{self, TemplateEvent, TemplateRef};
use crate::payload::{Change, Content, Incoming, SystemNotice};
use crate::random::Random;
use crate::wamid::{Direction, wacid, wamid};

/// One rare change. The persona's identity changes with it where the notice says so.
pub(super) fn change(number: &BusinessNumber, persona: &mut Persona, at: u64, random: &mut Random) -> Change {
    let template = TemplateRef {
        id: 1_689_556_908_129_832,
        name: "order_confirmation".to_owned(),
        language: "pt_BR".to_owned(),
    };
    let customer = persona.customer.clone();
    match random.below(14) {
        0 => template::status(number, at, &template, &TemplateEvent::Approved),
        1 => template::quality(number, at, &template, ("UNKNOWN", "GREEN")),
        2 => template::category_warning(number, at, &template, "UTILITY"),
        3 => account::phone_quality(number, at, "THROUGHPUT_UPGRADE", "TIER_10K"),
        4 => account::capability(number, at, "TIER_10K"),
        5 => account::preference(number, at, &customer, MarketingChoice::Stop),
        6 => account::preference(number, at, &customer, MarketingChoice::Resume),
        7 => call::event(number, &wacid(customer.address(), random), &customer, at, &CallEvent::Connect),
        8 => {
            let ended = CallEvent::Terminate { duration: Some(random.between(20, 900)) };
            call::event(number, &wacid(customer.address(), random), &customer, at, &ended)
        }
        9 => group::event(number, &random.hex(40), at, &GroupEvent::Created { subject: "Clube".to_owned() }),
        10 => coexistence::contact_added(number, &customer, at),
        11 => Change::unknown_field(number, "channel_highlights"),
        12 => Change::messages(number, &[new_user_id(persona, at, random)]),
        _ => {
            let content =
                Content::Unknown { kind: "hologram".to_owned(), body: json!({ "id": random.digits(16) }) };
            let id = wamid(customer.address(), Direction::Incoming, random);
            Change::messages(number, &[Incoming::new(customer, id, at, content)])
        }
    }
}

fn new_user_id(persona: &mut Persona, at: u64, random: &mut Random) -> Incoming {
    let previous_user_id = persona.customer.user_id.clone().unwrap_or_default();
    let country = previous_user_id.get(..2).unwrap_or("BR").to_owned();
    let user_id = format!("{country}.{}", random.digits(20));
    persona.customer.user_id = Some(user_id.clone());
    let id = wamid(persona.customer.address(), Direction::Incoming, random);
    let name = persona.customer.name.clone();
    let notice = SystemNotice::UserIdChanged { name, user_id, previous_user_id };
    Incoming::new(persona.customer.clone(), id, at, Content::System(notice))
}
