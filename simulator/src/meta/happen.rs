//! What happens when its time has come: statuses are told, customers answer and write, reviews end.

use std::sync::Arc;

use super::act::{Act, Decision, Words};
use super::agenda::Happening;
use super::journey::{Journey, Planned};
use super::template::{Quality, TemplateChange};
use super::world::World;
use crate::payload::account;
use crate::payload::{Change, Content, Context};
use crate::random::Random;
use crate::scenario::cast::Language;
use crate::scenario::exchange::{Exchange, Step};
use crate::scenario::{script, trade_of};
use crate::span::{MINUTE, SECOND};

/// Between two messages of a customer who goes on telling.
const TYPING: (u64, u64) = (2 * SECOND, 8 * SECOND);
/// So many who mind a template make it yellow, and red.
const YELLOW: u32 = 3;
const RED: u32 = 6;

impl World {
    /// Lets it happen. Deliveries are not the world's own to make.
    pub(crate) fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Deliver(_) => {}
            Happening::Status(journey, planned) => self.tell_status(&journey, &planned),
            Happening::Reply(journey) => self.reply(&journey),
            Happening::Turn { line, person } => self.turn(line, person),
            Happening::Begin => self.begin(),
            Happening::Review(id) => self.review(&id),
            Happening::Reinstate(id) => self.change_template(&id, TemplateChange::Reinstate),
            Happening::Revoke => {
                self.all_revoked = true;
                self.tokens.iter_mut().for_each(|token| token.revoked = true);
            }
            Happening::Restrict => self.restrict(),
        }
    }

    fn tell_status(&mut self, journey: &Arc<Journey>, planned: &Planned) {
        let number = self.lines[journey.line].number.clone();
        *self.tally.statuses.entry(planned.state.as_str()).or_default() += 1;
        self.tell(journey.line, Change::statuses(&number, &[journey.status(planned)]));
    }

    /// The customer answers a message: minds it, presses what it offers, goes on telling, or says something.
    fn reply(&mut self, journey: &Arc<Journey>) {
        let (line, person) = (journey.line, journey.person);
        let Some(customer) = self.people.get(person) else { return };
        if customer.blocked.contains(&line) {
            return;
        }
        let language = customer.persona.language;
        let mut random = self.dice(&["reply", &journey.message_id]);
        if journey.pricing.category == "marketing" && self.minds(journey, &mut random) {
            return;
        }
        let offered =
            self.thread(line, person).offer.as_ref().is_some_and(|(id, _)| *id == journey.message_id);
        if offered && random.percent(80) {
            // What was offered a moment ago can be pressed.
            let _ = self.act(line, person, Act::Press(None));
            return;
        }
        if self.thread(line, person).exchange.as_ref().is_some_and(|exchange| !exchange.is_over()) {
            self.turn(line, person);
            return;
        }
        if random.percent(20) {
            let emoji = ["👍", "❤️", "🙏", "😂"][random.index(4)].to_owned();
            let reaction = Content::Reaction { message_id: journey.message_id.clone(), emoji: Some(emoji) };
            self.hear(line, person, Words::of(reaction));
            return;
        }
        let text = random.pick(small_talk(language)).copied().unwrap_or_default();
        let mut words = Words::of(Content::text(text));
        if random.percent(15) {
            let from = self.lines[line].number.display_phone_number.clone();
            words.context = Some(Context::Reply { from, id: journey.message_id.clone() });
        }
        self.hear(line, person, words);
    }

    /// Some customers mind marketing: they block, or want no more of it, and the template's quality sinks.
    fn minds(&mut self, journey: &Journey, random: &mut Random) -> bool {
        let permille = u64::from(self.options.manners.block_permille);
        let drawn = random.below(1000);
        if drawn >= 2 * permille {
            return false;
        }
        let decision = if drawn < permille { Decision::Block } else { Decision::StopMarketing };
        // Neither needs anything to be there.
        let _ = self.act(journey.line, journey.person, Act::Decide(decision));
        if let Some(id) = &journey.template {
            self.mind(&id.clone());
        }
        true
    }

    fn mind(&mut self, id: &str) {
        let Some(template) = self.templates.iter_mut().find(|template| template.id == id) else { return };
        template.minded += 1;
        let score = match template.minded {
            YELLOW if template.quality != Quality::Yellow => Quality::Yellow,
            RED => Quality::Red,
            _ => return,
        };
        let minded = template.minded;
        self.change_template(id, TemplateChange::Quality(score));
        if let Some(template) = self.templates.iter_mut().find(|template| template.id == id)
            && score == Quality::Yellow
        {
            template.minded = minded;
        }
    }

    /// The customer's next turn of what they are telling, and the one after when it is theirs too.
    fn turn(&mut self, line: usize, person: usize) {
        let now = self.now();
        let count = self.people.get(person).map_or(0, |person| person.written);
        let mut random = self.dice(&["turn", &line.to_string(), &person.to_string(), &count.to_string()]);
        let thread = self.thread(line, person);
        let Some(mut exchange) = thread.exchange.take() else { return };
        exchange.skip_what_was_not_offered();
        if exchange.waits() {
            self.thread(line, person).exchange = Some(exchange);
            return;
        }
        let step = exchange.step(now / 1000, &mut random);
        exchange.skip_what_was_not_offered();
        if !exchange.is_over() {
            if !exchange.waits() {
                let at = now + random.between(TYPING.0, TYPING.1);
                self.agenda.add(at, Happening::Turn { line, person });
            }
            self.thread(line, person).exchange = Some(exchange);
        }
        if let Some(Step::Wrote(message)) = step {
            if let Some(person) = self.people.get_mut(person) {
                person.written += 1;
                person.blocked.remove(&line);
            }
            self.tell_heard(line, person, *message);
        }
    }

    /// A customer who is telling nothing begins to, and the next one is planned.
    fn begin(&mut self) {
        let (now, per_minute) = (self.now(), u64::from(self.options.manners.per_minute));
        if per_minute == 0 || self.lines.is_empty() {
            return;
        }
        self.begun += 1;
        let mut random = self.dice(&["begin", &self.begun.to_string()]);
        let mean = MINUTE / per_minute.min(MINUTE);
        self.agenda.add(now + random.between(mean / 2, mean + mean / 2).max(1), Happening::Begin);
        let person = random.index(self.people.known());
        let line = person % self.lines.len();
        let Some(known) = self.people.get(person).filter(|known| known.lively) else { return };
        let persona = known.persona.clone();
        if !self.is_free(line, person, now) {
            return;
        }
        let scripts = script::of(persona.language, trade_of(person as u64, self.lines.len()));
        let Some(script) = random.pick(&scripts).copied() else { return };
        let exchange = Box::new(Exchange::new(persona, self.lines[line].number.clone(), script));
        self.thread(line, person).exchange = Some(exchange);
        self.turn(line, person);
    }

    /// True of a customer who tells nothing, or has waited for an answer long enough.
    fn is_free(&mut self, line: usize, person: usize, now: u64) -> bool {
        let patience = self.options.manners.patience;
        let thread = self.thread(line, person);
        thread.exchange.is_none() || thread.wrote.is_none_or(|wrote| wrote + patience < now)
    }

    fn restrict(&mut self) {
        let now = self.now() / 1000;
        for account in 0..self.accounts.len() {
            self.accounts[account].refuses = Some(368);
            let line = self.line_of(account);
            let expires = now + 7 * 86_400;
            let details = serde_json::json!({ "restriction_info": [
                { "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": expires },
            ] });
            let number = self.lines[line].number.clone();
            self.tell(line, account::update(&number, now, "ACCOUNT_RESTRICTION", details));
        }
    }
}

/// What customers say when they have nothing to tell.
fn small_talk(language: Language) -> &'static [&'static str] {
    match language {
        Language::Portuguese => &[
            "Obrigado!",
            "Tá bom, obrigada 😊",
            "Perfeito",
            "Pode me ligar mais tarde?",
            "Ok, vou ver e te aviso",
        ],
        Language::English => {
            &["Thanks!", "Sounds good", "Perfect, thank you 😊", "Can you call me later?", "Ok, let me check"]
        }
        Language::Spanish => &[
            "¡Gracias!",
            "Perfecto",
            "Vale, gracias 😊",
            "¿Me puedes llamar más tarde?",
            "Lo miro y te digo",
        ],
    }
}
