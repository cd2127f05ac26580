//! Hands files to Meta before messages that carry them go out. Meta's name for a file is kept for as long as it is good, and
//! asked for once though many messages wait for it.

use std::time::Duration;

use portaria_domain::media::{self, Handle};
use portaria_domain::{Error, Installation};
use portaria_entity::id::MessageId;
use portaria_entity::{channel, media_file};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use serde_json::{Map, Value, json};

use crate::cloud_api::{AccessToken, CallError, CloudApi, GraphError};

/// How long handing over a file of 100 MB may take.
const TIMEOUT: Duration = Duration::from_secs(4 * 60);
const LEASE: Duration = Duration::from_secs(5 * 60);
/// How often who waits for another looks, and how many times.
const LOOK: Duration = Duration::from_millis(250);
const LOOKS: u32 = 1_200;

/// Hands over files. Cheap to clone.
#[derive(Clone)]
pub struct Uploads {
    installation: Installation,
    cloud_api: CloudApi,
}

impl Uploads {
    pub fn new(installation: Installation, cloud_api: CloudApi) -> Self {
        Self { installation, cloud_api }
    }

    /// Puts Meta's name for the message's file into what is about to be sent. A message without a file stays as it is.
    ///
    /// Handing a file over twice does no harm, so that no failure of it leaves anything unclear.
    pub async fn fill(
        &self,
        channel: &channel::Model,
        message: MessageId,
        payload: &mut Value,
    ) -> Result<(), CallError> {
        let reader = self.installation.database.reader();
        let found = media::of_messages(reader, channel.workspace_id, &[message]).await;
        let Some(file) = found.map_err(|error| unsent(&error))?.remove(&message) else { return Ok(()) };
        let id = self.meta_id(channel, &file).await?;
        match place(payload) {
            Some(part) => {
                part.insert("id".to_owned(), json!(id));
                Ok(())
            }
            None => Err(CallError::unsent("the message has a file and no place for it")),
        }
    }

    /// Meta's name for a file, for messages from this number.
    pub async fn meta_id(
        &self,
        channel: &channel::Model,
        file: &media_file::Model,
    ) -> Result<String, CallError> {
        let handle = Handle { workspace_id: file.workspace_id, file_id: file.id, channel_id: channel.id };
        for _ in 0..LOOKS {
            let known =
                media::known_handle(&self.installation, handle).await.map_err(|error| unsent(&error))?;
            if let Some(known) = known {
                return Ok(known);
            }
            if media::take_handle(&self.installation, handle, LEASE).await.map_err(|error| unsent(&error))? {
                return self.obtain(channel, file, handle).await;
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(CallError::unsent("another process has been handing the file over for too long"))
    }

    async fn obtain(
        &self,
        channel: &channel::Model,
        file: &media_file::Model,
        handle: Handle,
    ) -> Result<String, CallError> {
        match self.hand_over(channel, file).await {
            Ok(id) => {
                media::remember_handle(&self.installation, handle, &id)
                    .await
                    .map_err(|error| unsent(&error))?;
                Ok(id)
            }
            Err(failure) => {
                if let Err(error) = media::release_handle(&self.installation, handle).await {
                    tracing::warn!(%error, "a file waits for a lease to end before it is handed to Meta again");
                }
                Err(match failure {
                    CallError::Uncertain(what) => CallError::Unsent(what),
                    other => other,
                })
            }
        }
    }

    async fn hand_over(
        &self,
        channel: &channel::Model,
        file: &media_file::Model,
    ) -> Result<String, CallError> {
        let token = AccessToken::of(&self.installation, channel).map_err(|error| unsent(&error))?;
        let token = token.ok_or_else(|| CallError::unsent("the number has no access token"))?;
        let key = file.storage_key.as_deref().unwrap_or_default();
        let stream = self.installation.media.store.read(key, None).await.map_err(|error| unsent(&error))?;
        let stream = stream.ok_or_else(|| no_file("the file is not in the store"))?;
        let mime = file.detected_type.clone().unwrap_or_default();
        let bytes = file.bytes.unwrap_or(0).unsigned_abs();
        // What the customer sees as its name goes with the message.
        let part = Part::stream_with_length(Body::wrap_stream(stream), bytes)
            .file_name("file")
            .mime_str(&mime)
            .map_err(|_| no_file("the file has no type"))?;
        let form = Form::new().text("messaging_product", "whatsapp").text("type", mime).part("file", part);
        let path = format!("{}/media", channel.phone_number_id);
        let request = self.cloud_api.request(&token, Method::POST, &path)?;
        let response =
            request.timeout(TIMEOUT).multipart(form).send().await.map_err(CallError::of_transport)?;
        let answer = CloudApi::read(response).await?;
        let id = answer.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
        id.map(str::to_owned).ok_or_else(|| CallError::unsent("Meta took the file and gave it no name"))
    }
}

/// Where a message names its file: in the part of its type; of a template, in what it shows above its text.
fn place(payload: &mut Value) -> Option<&mut Map<String, Value>> {
    let kind = payload.get("type")?.as_str()?.to_owned();
    let part = payload.get_mut(&kind)?;
    if kind != "template" {
        return part.as_object_mut();
    }
    let components = part.get_mut("components")?.as_array_mut()?;
    let header =
        components.iter_mut().find(|one| one.get("type").and_then(Value::as_str) == Some("header"))?;
    let parameter = header.pointer_mut("/parameters/0")?;
    let shown = parameter.get("type")?.as_str()?.to_owned();
    parameter.get_mut(&shown)?.as_object_mut()
}

/// A file that will not come back: the message is given up, as if Meta had not taken it.
fn no_file(what: &str) -> CallError {
    CallError::Refused(GraphError {
        status: 400,
        code: 131_053,
        subcode: None,
        message: what.to_owned(),
        details: None,
        retry_after: None,
        trace_id: None,
    })
}

fn unsent(error: &Error) -> CallError {
    CallError::unsent(error.to_string())
}
