//! Message templates.

use async_graphql::{Enum, ID};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_entity::id::TemplateId;
use portaria_entity::template::{Model, TemplateStatus as Status};
use portaria_guard::guarded;
use uuid::Uuid;

use super::connection::{decode_cursor, encode_cursor};
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;

/// What Meta says of a template's use.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Status")]
pub enum TemplateStatus {
    /// Meta looks at it.
    Pending,
    /// It may be sent.
    Approved,
    /// Meta refused it: `reason`.
    Rejected,
    /// Customers liked it too little; it may be sent again after a while.
    Paused,
    /// It may not be sent any more.
    Disabled,
    /// Its quality is low: it may be paused soon.
    Flagged,
    /// Meta looks at it again.
    InAppeal,
    /// The account has too many templates.
    LimitExceeded,
    /// It can be neither sent nor edited.
    Locked,
    /// It was put aside.
    Archived,
    /// It will be deleted.
    PendingDeletion,
    /// It was deleted.
    Deleted,
}

pub struct Template(pub Model);

impl Template {
    pub fn cursor(&self) -> String {
        encode_cursor(&[self.0.id.0.as_bytes()])
    }
}

pub fn template_cursor(cursor: &str) -> Result<TemplateId> {
    let bytes: [u8; 16] = decode_cursor(cursor)?;
    Ok(TemplateId(Uuid::from_bytes(bytes)))
}

impl Subject for Template {
    /// It came from the finder, which gives those that may be seen.
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere().union(PermissionSet::of(&[Permission::TemplateRead]))
    }
}

/// A message template of a WhatsApp Business account, as Meta last told of it.
#[guarded]
impl Template {
    /// Starts with `tmpl_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Meta's id of it.
    #[requires(TemplateRead)]
    fn meta_id(&self) -> &str {
        &self.0.meta_id
    }

    /// Its name; null until Meta has told it.
    #[requires(TemplateRead)]
    fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// Its language, as WhatsApp writes it: `pt_BR`.
    #[requires(TemplateRead)]
    fn language(&self) -> Option<&str> {
        self.0.language.as_deref()
    }

    /// Whether it may be sent; null until Meta has told it.
    #[requires(TemplateRead)]
    fn status(&self) -> Option<TemplateStatus> {
        self.0.status.map(Into::into)
    }

    /// Why it is as it is, in Meta's words; null where Meta does not say.
    #[requires(TemplateRead)]
    fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// `MARKETING`, `UTILITY`, `AUTHENTICATION`; new ones may appear.
    #[requires(TemplateRead)]
    fn category(&self) -> Option<&str> {
        self.0.category.as_deref()
    }

    /// Into which category Meta will put it within 24 hours; null if into none.
    #[requires(TemplateRead)]
    fn coming_category(&self) -> Option<&str> {
        self.0.coming_category.as_deref()
    }

    /// How customers like it: `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    #[requires(TemplateRead)]
    fn quality(&self) -> Option<&str> {
        self.0.quality.as_deref()
    }

    /// Its title, text, footer and buttons, a JSON object as text; null until Meta has told of a change to them.
    #[requires(TemplateRead)]
    fn components_json(&self) -> Option<&str> {
        self.0.components.as_deref()
    }

    /// Of when its status is, by Meta's clock.
    #[requires(TemplateRead)]
    fn status_at(&self) -> Option<DateTime> {
        self.0.status_at.map(Into::into)
    }

    /// When it became known here.
    #[requires(TemplateRead)]
    fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}
