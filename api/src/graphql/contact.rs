//! Customers.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{Context, ID};
use portaria_domain::consent::{self, ConsentCursor};
use portaria_domain::contact::{ContactRow, mask_digits, mask_phone};
use portaria_domain::contact_merge;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_entity::id::ConsentId;
use portaria_guard::guarded;

use super::ability::ContactAbilities;
use super::connection::{Connection, PageSize, encode_cursor};
use super::consent::MarketingConsent;
use super::contact_group::ContactGroup;
use super::contact_merge::{ContactMerge, merge_cursor};
use super::conversation::time_and_id;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

pub struct Contact(pub Arc<ContactRow>);

impl Subject for Contact {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.0.held
    }
}

/// A customer, known to the viewer through a conversation that they may see.
#[guarded]
impl Contact {
    /// Starts with `contact_`.
    #[authenticated]
    async fn id(&self) -> ID {
        self.0.row.id.into()
    }

    /// What WhatsApp calls them; null when it does not say. A number in it is masked for who may not see the phone.
    #[requires(ContactRead)]
    fn name(&self) -> Option<Cow<'_, str>> {
        let name = self.0.row.name.as_deref()?;
        Some(match self.0.held.contains(Permission::ContactReadPhone) {
            true => Cow::Borrowed(name),
            false => Cow::Owned(mask_digits(name)),
        })
    }

    /// Their full phone number in E.164: `+5511987654321`. Null, without an error, for who has none on WhatsApp. That it was shown
    /// is recorded, once a day for each who sees it.
    #[requires(ContactReadPhone)]
    async fn phone(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let loaders = Request::of(ctx).loaders()?;
        let Some(digits) = loaders.phone(self.0.row.id).await? else { return Ok(None) };
        loaders.reveal(self.0.row.id).await?;
        Ok(Some(format!("+{digits}")))
    }

    /// Country code and last two digits: `+55 ••••••••21`. Null, without an error, for who has none on WhatsApp.
    #[requires(ContactRead)]
    async fn masked_phone(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let phone = Request::of(ctx).loaders()?.phone(self.0.row.id).await?;
        Ok(phone.map(|digits| mask_phone(&digits)))
    }

    /// Their e-mail address, where the company knows it.
    #[requires(ContactReadProfile)]
    fn email(&self) -> Option<&str> {
        self.0.row.email.as_deref()
    }

    /// BCP 47 tag of the language they write in, where it is known.
    #[requires(ContactReadProfile)]
    fn language(&self) -> Option<&str> {
        self.0.row.language.as_deref()
    }

    /// What makes them a group of people; null for a customer.
    #[requires(ContactRead)]
    async fn group(&self, ctx: &Context<'_>) -> Result<Option<ContactGroup>> {
        let found = Request::of(ctx).loaders()?.details.groups.load(self.0.row.id).await?;
        Ok(found.map(|row| ContactGroup { row, held: self.0.held }))
    }

    /// Whether they want marketing messages, as they or somebody for them said last; null when nobody has said anything.
    #[requires(ContactReadProfile, ConsentManage)]
    async fn marketing_consent(&self, ctx: &Context<'_>) -> Result<Option<MarketingConsent>> {
        let found = Request::of(ctx).loaders()?.details.consents.load(self.0.row.id).await?;
        Ok(found.map(|row| MarketingConsent { row, held: self.0.held }))
    }

    /// Who was merged into them, newest first; with what was undone. At most 100 a page.
    #[requires(ContactUpdate)]
    async fn merges(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
    ) -> Result<Connection<ContactMerge>> {
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(merge_cursor).transpose()?;
        let reader = Request::of(ctx).installation.database.reader();
        let rows = contact_merge::page(reader, &self.0, after, size.limit()).await?;
        let rows = rows.into_iter().map(|row| ContactMerge { row, held: self.0.held }).collect();
        Ok(Connection::new(size, rows, ContactMerge::cursor))
    }

    /// All that they or somebody for them said of marketing messages, the latest first. At most 100 a page. Which of it counts is
    /// `marketingConsent`.
    #[requires(ContactReadProfile, ConsentManage)]
    async fn consents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
    ) -> Result<Connection<MarketingConsent>> {
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(time_and_id).transpose()?;
        let after = after.map(|(stated_at, id)| ConsentCursor { stated_at, id: ConsentId(id) });
        let (row, reader) = (&self.0.row, Request::of(ctx).installation.database.reader());
        let rows = consent::page(reader, (row.workspace_id, row.id), after, size.limit()).await?;
        let rows = rows.into_iter().map(|row| MarketingConsent { row: Arc::new(row), held: self.0.held });
        Ok(Connection::new(size, rows.collect(), |one: &MarketingConsent| {
            encode_cursor(&[&one.row.stated_at.0.to_be_bytes(), one.row.id.0.as_bytes()])
        }))
    }

    /// What the viewer may do towards them now.
    #[authenticated]
    fn viewer_can(&self) -> ContactAbilities {
        ContactAbilities(self.0.held)
    }

    /// When they first wrote or were first written to.
    #[requires(ContactRead)]
    fn created_at(&self) -> DateTime {
        self.0.row.created_at.into()
    }
}
