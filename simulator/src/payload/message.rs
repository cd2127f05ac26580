//! One incoming message: who, when, what, and what it refers to.

use serde_json::{Map, Value, json};

use super::content::Content;
use crate::customer::{Customer, put};

/// What a message refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Context {
    /// An answer to an earlier message, whose author's number and id these are.
    Reply { from: String, id: String },
    /// Passed on from another chat.
    Forwarded,
    /// Passed on many times over.
    FrequentlyForwarded,
    /// A question about a product of the catalogue.
    Product { from: String, id: String, catalog_id: String, product_retailer_id: String },
}

impl Context {
    fn to_value(&self) -> Value {
        match self {
            Self::Reply { from, id } => json!({ "from": from, "id": id }),
            Self::Forwarded => json!({ "forwarded": true }),
            Self::FrequentlyForwarded => json!({ "frequently_forwarded": true }),
            Self::Product { from, id, catalog_id, product_retailer_id } => json!({
                "from": from,
                "id": id,
                "referred_product": { "catalog_id": catalog_id, "product_retailer_id": product_retailer_id },
            }),
        }
    }
}

/// The advertisement through which a customer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    /// The advertisement's id.
    pub source_id: String,
    /// Its headline.
    pub headline: String,
    /// Its text.
    pub body: String,
    /// The click's id; absent for advertisements in a status.
    pub ctwa_clid: Option<String>,
}

impl Referral {
    fn to_value(&self) -> Value {
        let mut referral = json!({
            "source_url": format!("https://fb.me/{}", self.source_id),
            "source_id": self.source_id,
            "source_type": "ad",
            "body": self.body,
            "headline": self.headline,
            "media_type": "image",
            "image_url": format!("https://scontent.xx.fbcdn.net/v/{}", self.source_id),
        });
        if let Some(object) = referral.as_object_mut() {
            put(object, "ctwa_clid", self.ctwa_clid.as_ref());
        }
        referral
    }
}

/// A message from a customer to a business.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// Who wrote it.
    pub sender: Customer,
    /// Its wamid.
    pub id: String,
    /// When, in Unix seconds.
    pub timestamp: u64,
    /// What.
    pub content: Content,
    /// What it refers to.
    pub context: Option<Context>,
    /// The advertisement behind it.
    pub referral: Option<Referral>,
}

impl Incoming {
    /// A message that refers to nothing.
    pub fn new(sender: Customer, id: String, timestamp: u64, content: Content) -> Self {
        Self { sender, id, timestamp, content, context: None, referral: None }
    }

    /// The same, referring to something.
    #[must_use]
    pub fn within(mut self, context: Context) -> Self {
        self.context = Some(context);
        self
    }

    /// The same, from an advertisement.
    #[must_use]
    pub fn referred_by(mut self, referral: Referral) -> Self {
        self.referral = Some(referral);
        self
    }

    /// The element of `messages[]`.
    pub fn to_value(&self) -> Value {
        let mut message = Map::new();
        if let Some(context) = &self.context {
            message.insert("context".to_owned(), context.to_value());
        }
        if let Some(referral) = &self.referral {
            message.insert("referral".to_owned(), referral.to_value());
        }
        put(&mut message, "from", self.sender.wa_id.as_ref());
        put(&mut message, "from_user_id", self.sender.user_id.as_ref());
        put(&mut message, "from_parent_user_id", self.sender.parent_user_id.as_ref());
        message.insert("id".to_owned(), json!(self.id));
        message.insert("timestamp".to_owned(), json!(self.timestamp.to_string()));
        message.insert("type".to_owned(), json!(self.content.kind()));
        self.content.write(&mut message);
        Value::Object(message)
    }
}
