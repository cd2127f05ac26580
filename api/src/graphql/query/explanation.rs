//! Why, and what if.

use async_graphql::{Context, ID};
use portaria_domain::access::Region;
use portaria_domain::decision::Decision as DomainDecision;
use portaria_domain::explanation::{Object, Question};
use portaria_domain::grant::access_of_members;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::role_preview::preview;
use portaria_domain::viewer::Viewer;
use portaria_domain::{conversation, role};
use portaria_entity::id::{ChannelId, ContactId, ConversationId, MemberId, RoleId};
use portaria_guard::guarded;

use crate::error::{Problem, Result};
use crate::graphql::explanation::{AccessExplanation, Decision};
use crate::graphql::id::{parse, parse_optional};
use crate::graphql::permission::PermissionKey;
use crate::graphql::preview::{RoleChangePreview, ViewAs};
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct ExplanationQuery;

impl Subject for ExplanationQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// What an id in a question stands for, if the asker may know of it.
async fn object(request: &Request, id: Option<&ID>, member: MemberId) -> Result<Object> {
    let Some(id) = id else { return Ok(Object::Anything) };
    let viewer = request.viewer()?;
    let reader = request.installation.database.reader();
    if let Ok(id) = id.parse::<ConversationId>() {
        let row = conversation::find(reader, viewer, id).await?.row;
        return Ok(Object::Conversation(conversation::placement(&row)));
    }
    if let Ok(id) = id.parse::<ChannelId>() {
        let known = request.loaders()?.channel(id).await?.is_some();
        return if known { Ok(Object::Channel(id)) } else { Err(Problem::NotFound) };
    }
    if let Ok(id) = id.parse::<ContactId>() {
        // A colleague's answer depends on conversations that the asker would have to know of.
        let sees_all = viewer.access.region(Permission::ConversationReadAll) == Region::Everywhere;
        let known = request.loaders()?.contact(id).await?.filter(|_| sees_all || viewer.is_member(member));
        return known.map(|contact| Object::Contact(contact.row.id)).ok_or(Problem::NotFound);
    }
    Err(Problem::BadUserInput("Ask about a conversation, a contact or a channel.".to_owned()))
}

#[guarded]
impl ExplanationQuery {
    /// Why a member may do something, or may not. Of oneself everybody may ask, of others who may see roles.
    #[authenticated]
    async fn explain_access(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who (`mem_...`).")] member_id: ID,
        #[graphql(desc = "What.")] permission: PermissionKey,
        #[graphql(
            desc = "Towards which conversation, contact or channel that the asker may see; if not said, whether it is held anywhere."
        )]
        object_id: Option<ID>,
    ) -> Result<Option<AccessExplanation>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let member_id = parse(&member_id)?;
        if !viewer.is_member(member_id) {
            viewer
                .require_everywhere(Permission::RoleRead, request.now)
                .map_err(|error| Problem::from(error).at("Query.explainAccess"))?;
        }
        request.loaders()?.member(member_id).await?.ok_or(Problem::NotFound)?;
        let question = Question {
            workspace_id: viewer.workspace_id,
            member_id,
            permission: permission.into(),
            object: object(request, object_id.as_ref(), member_id).await?,
            now: request.now,
        };
        Ok(Some(AccessExplanation::of(request, &question).await?))
    }

    /// A refusal, by the id that was told with it: for who was refused, and who may see roles. NOT_FOUND for others.
    #[authenticated]
    async fn decision(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "`extensions.decisionId` of the error (`dec_...`).")] id: ID,
    ) -> Result<Option<Decision>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let decision = DomainDecision::from_id(&id, &request.installation.keys)?;
        let may_know = decision.is_of(viewer) || viewer.access.everywhere().contains(Permission::RoleRead);
        if decision.workspace_id != viewer.workspace_id || !may_know {
            return Err(Problem::NotFound);
        }
        Ok(Some(Decision(decision)))
    }

    /// What would come of giving a role these permissions. Changes nothing.
    #[requires(RoleRead)]
    async fn preview_role_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The role (`role_...`).")] role_id: ID,
        #[graphql(desc = "All that it would allow then.")] permissions: Vec<PermissionKey>,
    ) -> Result<RoleChangePreview> {
        let request = Request::of(ctx);
        let database = &request.installation.database;
        let key = (request.viewer()?.workspace_id, parse::<RoleId>(&role_id)?);
        let permissions = permissions.into_iter().map(Permission::from).collect();
        Ok(RoleChangePreview(preview(database.reader(), database, key, permissions, request.now).await?))
    }

    /// The API as a role or a member has it: its schema, and what becomes of a query. Nobody is acted as.
    #[requires(RoleRead)]
    async fn view_as(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who holds this role in the whole workspace (`role_...`).")] role_id: Option<ID>,
        #[graphql(desc = "Or this member, as they are (`mem_...`).")] member_id: Option<ID>,
    ) -> Result<Option<ViewAs>> {
        let request = Request::of(ctx);
        let workspace = request.viewer()?.workspace_id;
        let database = &request.installation.database;
        let permissions =
            match (parse_optional::<RoleId>(role_id.as_ref())?, parse_optional(member_id.as_ref())?) {
                (Some(role), None) => {
                    let roles = role::all(database.reader(), workspace).await?;
                    let role = roles.into_iter().find(|row| row.role.id == role).ok_or(Problem::NotFound)?;
                    role.permissions.union(PermissionSet::basic())
                }
                (None, Some(member)) => {
                    let mut everybody =
                        access_of_members(database.reader(), database, workspace, request.now).await?;
                    everybody.remove(&member).ok_or(Problem::NotFound)?.anywhere()
                }
                (None, None) | (Some(_), Some(_)) => {
                    return Err(Problem::BadUserInput("Name either `roleId` or `memberId`.".to_owned()));
                }
            };
        Ok(Some(ViewAs(permissions)))
    }
}
