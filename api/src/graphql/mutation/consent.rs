//! Putting down what customers want.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::consent::{NewConsent, record};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::consent::{ConsentChoice, MarketingConsent};
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct ConsentMutation;

impl Subject for ConsentMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// What a customer said of marketing messages.
#[derive(InputObject)]
pub struct RecordMarketingConsentInput {
    /// Who said it (`contact_...`).
    contact_id: ID,
    /// Whether they want them.
    choice: ConsentChoice,
    /// Where or how they said it, in at most 500 characters; needed where they agree.
    note: Option<String>,
}

payload! {
    /// What came of recording a consent.
    RecordMarketingConsentPayload [authenticated] {
        /// What counts of the customer now; null when it was refused.
        consent: MarketingConsent
    }
    RecordMarketingConsentUserError, RecordMarketingConsentErrorCode {
        /// Who agrees has said so somewhere: the note is missing.
        NoteMissing = ReasonMissing at "note",
        /// They said no in WhatsApp: only they can take that back, there.
        RefusedByCustomer = RefusedByCustomer at "choice",
    }
}

#[guarded]
impl ConsentMutation {
    /// Puts down what a customer said of marketing messages elsewhere: at the counter, by telephone, in a form. What they choose
    /// in WhatsApp is put down by itself.
    #[requires(ConsentManage)]
    async fn record_marketing_consent(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose consent, and which.")] input: RecordMarketingConsentInput,
    ) -> Result<RecordMarketingConsentPayload> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let contact_id = parse(&input.contact_id)?;
        let new = NewConsent { contact_id, choice: input.choice.into(), note: input.note };
        let outcome = async {
            let row = record(&request.installation, viewer, new).await?;
            let held = request.loaders()?.contact(contact_id).await?.map(|contact| contact.held);
            Ok(held.map(|held| MarketingConsent { row: row.into(), held }))
        };
        RecordMarketingConsentPayload::new(outcome.await)
    }
}
