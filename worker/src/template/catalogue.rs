//! Reads all templates of an account, page by page. Only the whole tells what is gone.

use std::collections::BTreeSet;

use portaria_domain::error::Result;
use portaria_domain::template::sync::Reading;
use reqwest::Method;
use serde_json::Value;

use super::{NO_TOKEN, TemplateWork, path};
use crate::cloud_api::{AccessToken, CallError};

pub(super) const FIELDS: &str =
    "id,name,language,status,category,quality_score,rejected_reason,parameter_format,components";
const PAGE: &str = "100";
/// An account has some thousands of templates at most.
const MOST_PAGES: usize = 200;

pub(super) async fn read(work: &TemplateWork, reading: &Reading) -> Result<()> {
    let Some(token) = work.token(&reading.channels)? else {
        return reading.failed(&work.installation, NO_TOKEN).await;
    };
    match whole(work, &token, &reading.waba_id).await {
        Ok(told) => reading.apply(&work.installation, &told).await,
        Err(error) => {
            tracing::warn!(workspace = %reading.workspace_id, %error, "templates could not be read");
            reading.failed(&work.installation, &words(&error)).await
        }
    }
}

/// Why, as people are told.
pub(super) fn words(error: &CallError) -> String {
    match error.refusal() {
        Some(refusal) => refusal.details.clone().unwrap_or_else(|| refusal.message.clone()),
        None => "WhatsApp did not answer.".to_owned(),
    }
}

async fn whole(
    work: &TemplateWork,
    token: &AccessToken,
    waba: &str,
) -> std::result::Result<Vec<Value>, CallError> {
    let mut told = Vec::new();
    let mut seen = BTreeSet::new();
    let mut after: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let mut query = vec![("fields", FIELDS), ("limit", PAGE)];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let path = path(waba, &query).ok_or_else(|| CallError::unsent("that is no account's id"))?;
        let mut page = work.api.call(token, Method::GET, &path, None).await?;
        let Some(Value::Array(rows)) = page.get_mut("data").map(Value::take) else {
            return Err(CallError::uncertain("the answer has no templates in it"));
        };
        told.extend(rows);
        let next = page.pointer("/paging/next").is_some_and(Value::is_string);
        let cursor = page.pointer("/paging/cursors/after").and_then(Value::as_str);
        match cursor.filter(|_| next) {
            None => return Ok(told),
            Some(cursor) if seen.insert(cursor.to_owned()) => after = Some(cursor.to_owned()),
            Some(_) => return Err(CallError::uncertain("the pages go round in a circle")),
        }
    }
    Err(CallError::uncertain("the pages do not end"))
}

/// The templates of that name, in all languages.
pub(super) async fn named(
    work: &TemplateWork,
    token: &AccessToken,
    (waba, name): (&str, &str),
) -> std::result::Result<Vec<Value>, CallError> {
    let query = [("name", name), ("fields", FIELDS), ("limit", PAGE)];
    let path = path(waba, &query).ok_or_else(|| CallError::unsent("that is no account's id"))?;
    let mut page = work.api.call(token, Method::GET, &path, None).await?;
    let Some(Value::Array(rows)) = page.get_mut("data").map(Value::take) else {
        return Err(CallError::uncertain("the answer has no templates in it"));
    };
    // Meta also answers names that only contain it.
    Ok(rows.into_iter().filter(|row| row.get("name").and_then(Value::as_str) == Some(name)).collect())
}
