//! What can be sent in a conversation now: the gate asked about everything.

use portaria_entity::id::ConversationId;
use portaria_entity::outgoing_message::MessageCategory;
use portaria_entity::template::TemplateStatus;
use strum::IntoEnumIterator;

use super::facts::of_viewer;
use super::gate::{Asked, Facts, Kind, Obstacle, Permit, TemplateFacts, ask};
use crate::access::Reading;
use crate::conversation;
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::permission::PermissionSet;
use crate::viewer::Viewer;

/// One kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindOption {
    pub kind: Kind,
    pub outcome: std::result::Result<Permit, Obstacle>,
    /// Which permissions are missing for it.
    pub missing: PermissionSet,
}

/// One of Meta's categories, and what it would cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CategoryOption {
    pub category: MessageCategory,
    pub outcome: std::result::Result<Permit, Obstacle>,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub facts: Facts,
    pub kinds: Vec<KindOption>,
    pub categories: Vec<CategoryOption>,
}

/// The categories, the usual first.
const CATEGORIES: [MessageCategory; 4] = [
    MessageCategory::Service,
    MessageCategory::Utility,
    MessageCategory::Marketing,
    MessageCategory::Authentication,
];

/// Asks the gate for a viewer about each kind of message, and each category.
pub async fn options(installation: &Installation, viewer: &Viewer, id: ConversationId) -> Result<Options> {
    let reader = installation.database.reader();
    let found = conversation::find(reader, viewer, id).await?;
    if found.reading != Reading::Whole {
        return Err(Error::NotFound);
    }
    let facts = of_viewer((reader, &installation.database), viewer, &found, installation.clock.now()).await?;
    let kinds = Kind::iter().map(|kind| {
        // Of templates the kindest: which of them it is, is asked of each.
        let asked = match kind {
            Kind::Template => of_category(MessageCategory::Utility),
            _ => Asked::of(kind),
        };
        KindOption {
            kind,
            outcome: ask(&facts, &asked),
            missing: asked.permissions(&facts).without(facts.held),
        }
    });
    let category = |category| CategoryOption { category, outcome: ask(&facts, &of_category(category)) };
    Ok(Options { facts, kinds: kinds.collect(), categories: CATEGORIES.map(category).to_vec() })
}

/// Something of that category that nothing but the category stands in the way of.
fn of_category(category: MessageCategory) -> Asked {
    match category {
        MessageCategory::Service => Asked::of(Kind::Text),
        MessageCategory::Utility | MessageCategory::Marketing | MessageCategory::Authentication => {
            let status = Some(TemplateStatus::Approved);
            let template = Some(TemplateFacts { category, status, is_for_number: true });
            Asked { template, ..Asked::of(Kind::Template) }
        }
    }
}
