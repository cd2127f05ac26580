//! What happens to a template after it was handed in, and the webhooks that tell of it.

use super::{Quality, Review, Template};
use crate::number::BusinessNumber;
use crate::payload::template::{self, TemplateEvent, TemplateRef};
use crate::payload::{self};

/// Something that happens to a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Approve,
    Reject(String),
    /// Customers dislike it too much; the third time it is disabled.
    Pause,
    Reinstate,
    Disable,
    Quality(Quality),
    Category(String),
}

/// How many pauses there are before a template is disabled.
const PAUSES: u8 = 2;

impl Template {
    /// Undergoes that change at that second, and says by which webhooks it is told. The number stands for the account.
    pub(crate) fn undergo(
        &mut self,
        change: Change,
        now: u64,
        number: &BusinessNumber,
    ) -> Vec<payload::Change> {
        let named = TemplateRef {
            id: self.id.parse().unwrap_or_default(),
            name: self.name.clone(),
            language: self.language.clone(),
        };
        let told = |event: &TemplateEvent| template::status(number, now, &named, event);
        match change {
            Change::Approve => {
                (self.review, self.rejected_reason) = (Review::Approved, None);
                vec![told(&TemplateEvent::Approved)]
            }
            Change::Reject(reason) => {
                (self.review, self.rejected_reason) = (Review::Rejected, Some(reason.clone()));
                vec![told(&TemplateEvent::Rejected { reason })]
            }
            Change::Pause if self.pauses >= PAUSES => self.undergo(Change::Disable, now, number),
            Change::Pause => vec![told(&self.pause())],
            Change::Reinstate => {
                self.review = Review::Approved;
                vec![told(&TemplateEvent::Other("REINSTATED".to_owned()))]
            }
            Change::Disable => {
                self.review = Review::Disabled;
                vec![told(&TemplateEvent::Disabled { date: now })]
            }
            Change::Quality(score) => {
                let before = std::mem::replace(&mut self.quality, score);
                self.minded = 0;
                if before == score {
                    return Vec::new();
                }
                let scores = (before.as_str(), score.as_str());
                let mut tells = vec![template::quality(number, now, &named, scores)];
                if score == Quality::Red && self.review == Review::Approved {
                    tells.extend(self.undergo(Change::Pause, now, number));
                }
                tells
            }
            Change::Category(category) => {
                let before = std::mem::replace(&mut self.category, category);
                if before == self.category {
                    return Vec::new();
                }
                vec![template::category(number, now, &named, (&before, &self.category))]
            }
        }
    }

    fn pause(&mut self) -> TemplateEvent {
        (self.review, self.pauses) = (Review::Paused, self.pauses + 1);
        let title = if self.pauses == 1 { "FIRST_PAUSE" } else { "SECOND_PAUSE" };
        let description = "Many recipients blocked the number or reported the message.".to_owned();
        TemplateEvent::Paused { title: title.to_owned(), description }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn red_quality_pauses_twice_and_then_disables() {
        let number = BusinessNumber::example(0);
        let mut template = Template::of_body("17", "promo", "pt_BR", "MARKETING", "Olá");
        let mut events = Vec::new();
        for _ in 0..3 {
            events.extend(template.undergo(Change::Quality(Quality::Red), 1, &number));
            events.extend(template.undergo(Change::Quality(Quality::Green), 2, &number));
            if template.review == Review::Paused {
                events.extend(template.undergo(Change::Reinstate, 3, &number));
            }
        }
        let told: Vec<&str> = events.iter().filter_map(|one| one.value["event"].as_str()).collect();
        assert_eq!(told, ["PAUSED", "REINSTATED", "PAUSED", "REINSTATED", "DISABLED"]);
        assert_eq!(template.review, Review::Disabled);
    }
}
