//! Taking the activity log along.

use async_graphql::{Context, Enum, InputObject};
use portaria_domain::activity::export::{self, Format};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::activity::ActivityFilterInput;
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct ActivityMutation;

impl Subject for ActivityMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// The form of an export.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values with a first row of names (RFC 4180). What a spreadsheet would take for a formula begins with `'`.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

/// Which activities, in which form.
#[derive(InputObject)]
pub struct ExportActivitiesInput {
    /// The form.
    format: ExportFormat,
    /// Which of them are wanted; all if not said.
    filter: Option<ActivityFilterInput>,
}

pub struct ActivityExport(export::Export);

impl From<export::Export> for ActivityExport {
    fn from(export: export::Export) -> Self {
        Self(export)
    }
}

/// The activity log as a file.
#[guarded]
impl ActivityExport {
    /// The file's text, newest first.
    #[authenticated]
    fn content(&self) -> &str {
        &self.0.content
    }

    /// How many activities it holds.
    #[authenticated]
    fn count(&self) -> i32 {
        i32::try_from(self.0.count).unwrap_or(i32::MAX)
    }
}

payload! {
    /// What came of an export.
    ExportActivitiesPayload [authenticated] {
        /// The file; null when it was refused.
        export: ActivityExport
    }
    ExportActivitiesUserError, ExportActivitiesErrorCode {
        /// There are more than 10,000: narrow the filter, or use `portaria audit export` on the machine.
        TooMany = TooMany at "filter",
    }
}

#[guarded]
impl ActivityMutation {
    /// Takes the activity log along as a file. That it was taken is recorded in it.
    #[requires(AuditLogExport)]
    async fn export_activities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which activities, in which form.")] input: ExportActivitiesInput,
    ) -> Result<ExportActivitiesPayload> {
        let request = Request::of(ctx);
        let filter = input.filter.unwrap_or_default().try_into()?;
        let format = match input.format {
            ExportFormat::Csv => Format::Csv,
            ExportFormat::JsonLines => Format::JsonLines,
        };
        let exported = export::export(&request.installation, request.viewer()?, &filter, format).await;
        ExportActivitiesPayload::new(exported.map(Some))
    }
}
