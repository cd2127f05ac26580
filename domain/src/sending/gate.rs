//! The one gate: whether a message may go out now, asked before it is stored, again before it is sent, and by who wants
//! to know what is possible. It touches no database.

use std::time::Duration;

use portaria_entity::channel_sending::StopReason;
use portaria_entity::outgoing_message::MessageCategory;
use portaria_entity::template::TemplateStatus;
use portaria_entity::time::Timestamp;

use crate::error::Refusal;
use crate::permission::{Permission, PermissionSet};

/// Who writes may be answered with anything for so long.
pub const SERVICE_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
/// Who came from an advertisement and was answered may be written to free of charge for so long.
pub const FREE_ENTRY: Duration = Duration::from_secs(72 * 60 * 60);
/// More than this one does not put in line.
pub const MOST_WAITING: u64 = 200;

/// What kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    Text,
    QuickReply,
    Reaction,
    Image,
    Audio,
    Video,
    Sticker,
    Document,
    Location,
    Contacts,
    Buttons,
    List,
    Flow,
    Template,
}

impl Kind {
    /// What it takes to send one. Places and cards are words of one's own, too.
    pub fn permission(self) -> Permission {
        match self {
            Self::Text | Self::Reaction | Self::Location | Self::Contacts => Permission::MessageSendText,
            Self::QuickReply => Permission::MessageSendQuickReply,
            Self::Image | Self::Audio | Self::Video | Self::Sticker => Permission::MessageSendMedia,
            Self::Document => Permission::MessageSendDocument,
            Self::Buttons | Self::List | Self::Flow => Permission::MessageSendInteractive,
            Self::Template => Permission::MessageSendTemplate,
        }
    }

    /// Whether WhatsApp takes it only from who was written to within a day.
    pub fn needs_window(self) -> bool {
        self != Self::Template
    }
}

/// What is to be sent, as far as it decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub kind: Kind,
    /// Whether it has words that nobody approved: a caption, a text between buttons.
    pub has_free_text: bool,
    pub template: Option<TemplateFacts>,
}

impl Asked {
    pub fn of(kind: Kind) -> Self {
        Self { kind, has_free_text: false, template: None }
    }

    /// Everything that it takes to send it.
    pub fn permissions(&self, facts: &Facts) -> PermissionSet {
        let mut needed = PermissionSet::of(&[self.kind.permission()]);
        // Words under a picture are words. Those of buttons belong to them.
        if self.has_free_text && self.kind.permission() != Permission::MessageSendInteractive {
            needed = needed.union(PermissionSet::of(&[Permission::MessageSendText]));
        }
        if !facts.has_written {
            needed = needed.union(PermissionSet::of(&[Permission::MessageInitiate]));
        }
        needed
    }

    pub fn category(&self) -> MessageCategory {
        self.template.map_or(MessageCategory::Service, |template| template.category)
    }
}

/// What decides of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemplateFacts {
    pub category: MessageCategory,
    pub status: Option<TemplateStatus>,
    /// Whether this number may use it.
    pub is_for_number: bool,
}

/// How things stand between a customer, a number and who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub now: Timestamp,
    /// Held towards the conversation.
    pub held: PermissionSet,
    /// Whether it is theirs, or they may assign conversations there.
    pub is_in_charge: bool,
    /// When the customer last wrote.
    pub last_inbound_at: Option<Timestamp>,
    pub has_written: bool,
    /// Until when messages are free of charge because of an advertisement.
    pub free_entry_until: Option<Timestamp>,
    pub address: Addresses,
    pub is_group: bool,
    /// What the customer said of marketing, if anything.
    pub marketing: Option<MarketingChoice>,
    pub number: NumberState,
    /// How many of the sender's messages wait.
    pub waiting: u64,
}

/// How a customer can be written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    pub phone: bool,
    pub user_id: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarketingChoice {
    Wanted,
    Refused,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberState {
    pub has_token: bool,
    pub stopped: Option<StopReason>,
}

impl Facts {
    /// Until when anything may be sent; none when the customer never wrote.
    pub fn window_until(&self) -> Option<Timestamp> {
        self.last_inbound_at.map(|at| at + SERVICE_WINDOW)
    }

    pub fn is_window_open(&self) -> bool {
        self.window_until().is_some_and(|until| self.now < until)
    }

    pub fn is_free_entry(&self) -> bool {
        self.free_entry_until.is_some_and(|until| self.now < until)
    }
}

/// Why a message cannot go out now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumIter, strum::IntoStaticStr)]
pub enum Obstacle {
    /// A permission is missing there.
    NotPermitted,
    /// It is somebody else's conversation, or nobody's.
    NotAssignee,
    /// The number has no access token.
    NumberNotConnected,
    /// Nothing is sent from the number at present.
    NumberStopped,
    /// WhatsApp has told no way to write to the customer.
    NotAddressable,
    /// Codes to sign in go to phone numbers only, and the customer's is not known.
    PhoneNeeded,
    /// It cannot be sent to a group.
    NotForGroups,
    /// More than a day since the customer last wrote: only templates.
    WindowClosed,
    /// The template is not approved.
    TemplateNotApproved,
    /// Meta has paused the template.
    TemplatePaused,
    /// Meta has disabled or removed the template.
    TemplateDisabled,
    /// The template is not for this number.
    TemplateNotForNumber,
    /// The customer wants no marketing.
    MarketingRefused,
    /// Who has never written gets marketing only if they asked for it.
    ConsentMissing,
    /// The sender has too many messages waiting.
    TooManyWaiting,
}

impl Obstacle {
    /// The refusal that says so; none for what is an error of its own.
    pub fn refusal(self) -> Option<Refusal> {
        Some(match self {
            Self::NotPermitted => return None,
            Self::NotAssignee => Refusal::NotAssignee,
            Self::NumberNotConnected => Refusal::NumberNotConnected,
            Self::NumberStopped => Refusal::NumberStopped,
            Self::NotAddressable => Refusal::NotAddressable,
            Self::PhoneNeeded => Refusal::PhoneNeeded,
            Self::NotForGroups => Refusal::NotForGroups,
            Self::WindowClosed => Refusal::WindowClosed,
            Self::TemplateNotApproved => Refusal::TemplateNotApproved,
            Self::TemplatePaused => Refusal::TemplatePaused,
            Self::TemplateDisabled => Refusal::TemplateDisabled,
            Self::TemplateNotForNumber => Refusal::TemplateNotForNumber,
            Self::MarketingRefused => Refusal::MarketingRefused,
            Self::ConsentMissing => Refusal::ConsentMissing,
            Self::TooManyWaiting => Refusal::TooManyWaiting,
        })
    }
}

/// What Meta charges for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// Nothing, because the customer came from an advertisement.
    FreeEntryPoint,
    /// By its category; of messages that are no templates, each number has some free of charge every month.
    ByCategory,
}

/// That a message may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Until when, as things stand; none: no end is known.
    pub until: Option<Timestamp>,
    pub category: MessageCategory,
    pub charge: Charge,
}

/// Whether it may go out: the first that stands in its way, what who asks may do first.
pub fn ask(facts: &Facts, asked: &Asked) -> Result<Permit, Obstacle> {
    if !facts.held.contains_all(asked.permissions(facts)) {
        return Err(Obstacle::NotPermitted);
    }
    if !facts.is_in_charge {
        return Err(Obstacle::NotAssignee);
    }
    ask_whatsapp(facts, asked)
}

/// The same without what who asks may do: whether WhatsApp, the customer and the number allow it.
pub fn ask_whatsapp(facts: &Facts, asked: &Asked) -> Result<Permit, Obstacle> {
    if !facts.number.has_token {
        return Err(Obstacle::NumberNotConnected);
    }
    if facts.number.stopped.is_some() {
        return Err(Obstacle::NumberStopped);
    }
    addressable(facts, asked)?;
    if asked.kind.needs_window() && !facts.is_window_open() {
        return Err(Obstacle::WindowClosed);
    }
    if let Some(template) = asked.template {
        usable(facts, template)?;
    }
    if facts.waiting >= MOST_WAITING {
        return Err(Obstacle::TooManyWaiting);
    }
    Ok(Permit {
        until: if asked.kind.needs_window() { facts.window_until() } else { None },
        category: asked.category(),
        charge: if facts.is_free_entry() { Charge::FreeEntryPoint } else { Charge::ByCategory },
    })
}

fn addressable(facts: &Facts, asked: &Asked) -> Result<(), Obstacle> {
    if facts.is_group {
        // WhatsApp takes no lists, forms or codes in groups.
        let unfit = matches!(asked.kind, Kind::Buttons | Kind::List | Kind::Flow)
            || asked.category() == MessageCategory::Authentication;
        return if unfit { Err(Obstacle::NotForGroups) } else { Ok(()) };
    }
    if !facts.address.phone && !facts.address.user_id {
        return Err(Obstacle::NotAddressable);
    }
    if asked.category() == MessageCategory::Authentication && !facts.address.phone {
        return Err(Obstacle::PhoneNeeded);
    }
    Ok(())
}

fn usable(facts: &Facts, template: TemplateFacts) -> Result<(), Obstacle> {
    use TemplateStatus as Status;
    match template.status {
        Some(Status::Approved | Status::Flagged) => {}
        Some(Status::Paused | Status::Locked | Status::LimitExceeded) => {
            return Err(Obstacle::TemplatePaused);
        }
        Some(Status::Disabled | Status::Archived | Status::PendingDeletion | Status::Deleted) => {
            return Err(Obstacle::TemplateDisabled);
        }
        Some(Status::Pending | Status::Rejected | Status::InAppeal) | None => {
            return Err(Obstacle::TemplateNotApproved);
        }
    }
    if !template.is_for_number {
        return Err(Obstacle::TemplateNotForNumber);
    }
    if template.category != MessageCategory::Marketing {
        return Ok(());
    }
    match facts.marketing {
        Some(MarketingChoice::Refused) => Err(Obstacle::MarketingRefused),
        None if !facts.has_written => Err(Obstacle::ConsentMissing),
        Some(MarketingChoice::Wanted) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portaria_entity::role::BuiltInRole;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    fn facts() -> Facts {
        Facts {
            now: NOW,
            held: PermissionSet::of_role(BuiltInRole::Agent),
            is_in_charge: true,
            last_inbound_at: Some(NOW - Duration::from_secs(60)),
            has_written: true,
            free_entry_until: None,
            address: Addresses { phone: true, user_id: false },
            is_group: false,
            marketing: None,
            number: NumberState { has_token: true, stopped: None },
            waiting: 0,
        }
    }

    fn template(category: MessageCategory, status: TemplateStatus) -> Asked {
        let template = TemplateFacts { category, status: Some(status), is_for_number: true };
        Asked { template: Some(template), ..Asked::of(Kind::Template) }
    }

    #[test]
    fn the_window_closes_a_day_after_the_customer_wrote_to_the_second() {
        let at = |seconds| {
            let facts = Facts { last_inbound_at: Some(NOW - Duration::from_secs(seconds)), ..facts() };
            ask(&facts, &Asked::of(Kind::Text))
        };
        let open = at(24 * 60 * 60 - 1).unwrap();
        assert_eq!(open.until, Some(NOW + Duration::from_secs(1)));
        assert_eq!(at(24 * 60 * 60), Err(Obstacle::WindowClosed));
        let closed = Facts { last_inbound_at: Some(NOW - Duration::from_secs(200_000)), ..facts() };
        assert!(ask(&closed, &template(MessageCategory::Utility, TemplateStatus::Approved)).is_ok());
    }

    #[test]
    fn an_advertisement_makes_it_free_and_does_not_open_the_window() {
        let free = Facts {
            free_entry_until: Some(NOW + FREE_ENTRY),
            last_inbound_at: Some(NOW - Duration::from_secs(100_000)),
            ..facts()
        };
        assert_eq!(ask(&free, &Asked::of(Kind::Text)), Err(Obstacle::WindowClosed));
        let permit = ask(&free, &template(MessageCategory::Marketing, TemplateStatus::Approved)).unwrap();
        assert_eq!(permit.charge, Charge::FreeEntryPoint);
    }

    #[test]
    fn a_caption_is_free_text() {
        let media = PermissionSet::of(&[Permission::MessageSendMedia]);
        let facts = Facts { held: media, ..facts() };
        assert!(ask(&facts, &Asked::of(Kind::Image)).is_ok());
        let captioned = Asked { has_free_text: true, ..Asked::of(Kind::Image) };
        assert_eq!(ask(&facts, &captioned), Err(Obstacle::NotPermitted));
    }

    #[test]
    fn marketing_goes_to_who_has_not_refused_and_to_strangers_who_asked_for_it() {
        let marketing = template(MessageCategory::Marketing, TemplateStatus::Approved);
        let said = |marketing_said, has_written| {
            let held = PermissionSet::of_role(BuiltInRole::Agent);
            let facts = Facts { marketing: marketing_said, has_written, held, ..facts() };
            ask(&facts, &marketing).err()
        };
        assert_eq!(said(None, true), None);
        assert_eq!(said(Some(MarketingChoice::Refused), true), Some(Obstacle::MarketingRefused));
        assert_eq!(said(None, false), Some(Obstacle::ConsentMissing));
        assert_eq!(said(Some(MarketingChoice::Wanted), false), None);
        let refused = Facts { marketing: Some(MarketingChoice::Refused), ..facts() };
        assert!(ask(&refused, &template(MessageCategory::Utility, TemplateStatus::Approved)).is_ok());
    }

    #[test]
    fn whom_nobody_has_heard_of_only_who_may_initiate_writes_to() {
        let support = PermissionSet::of_role(BuiltInRole::Support);
        let stranger = Facts { has_written: false, last_inbound_at: None, held: support, ..facts() };
        let utility = template(MessageCategory::Utility, TemplateStatus::Approved);
        assert_eq!(ask(&stranger, &utility), Err(Obstacle::NotPermitted));
        let agent = Facts { held: PermissionSet::of_role(BuiltInRole::Agent), ..stranger };
        assert!(ask(&agent, &utility).is_ok());
    }

    #[test]
    fn every_status_of_a_template_is_judged() {
        let judged = |status| ask(&facts(), &template(MessageCategory::Utility, status)).err();
        assert_eq!(judged(TemplateStatus::Approved), None);
        assert_eq!(judged(TemplateStatus::Flagged), None);
        assert_eq!(judged(TemplateStatus::Paused), Some(Obstacle::TemplatePaused));
        assert_eq!(judged(TemplateStatus::Disabled), Some(Obstacle::TemplateDisabled));
        assert_eq!(judged(TemplateStatus::Pending), Some(Obstacle::TemplateNotApproved));
    }

    #[test]
    fn codes_need_a_phone_and_no_group_gets_them() {
        let code = template(MessageCategory::Authentication, TemplateStatus::Approved);
        let by_id = Facts { address: Addresses { phone: false, user_id: true }, ..facts() };
        assert_eq!(ask(&by_id, &code), Err(Obstacle::PhoneNeeded));
        assert!(ask(&by_id, &Asked::of(Kind::Text)).is_ok());
        let nowhere = Facts { address: Addresses::default(), ..facts() };
        assert_eq!(ask(&nowhere, &Asked::of(Kind::Text)), Err(Obstacle::NotAddressable));
        let group = Facts { is_group: true, ..nowhere };
        assert!(ask(&group, &Asked::of(Kind::Text)).is_ok());
        assert_eq!(ask(&group, &Asked::of(Kind::List)), Err(Obstacle::NotForGroups));
    }

    #[test]
    fn every_obstacle_but_a_missing_permission_is_a_refusal_of_its_own() {
        use strum::IntoEnumIterator;
        let mut known = Vec::new();
        for obstacle in Obstacle::iter().filter(|one| *one != Obstacle::NotPermitted) {
            let refusal = obstacle.refusal().expect("a refusal");
            assert!(!known.contains(&refusal), "{obstacle:?}");
            known.push(refusal);
        }
    }
}
