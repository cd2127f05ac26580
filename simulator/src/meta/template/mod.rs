//! A business's templates: what they are made of, and what Meta thinks of them.

pub(crate) mod definition;
mod life;
pub(crate) mod places;

pub(crate) use life::Change as TemplateChange;

use serde_json::{Map, Value, json};

use self::places::Format;

/// What Meta's review says of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Review {
    /// Not decided yet.
    Pending,
    /// It may be used.
    Approved,
    /// It may not.
    Rejected,
    /// It may not for a while.
    Paused,
    /// It may never again.
    Disabled,
}

impl Review {
    /// Meta's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
            Self::Paused => "PAUSED",
            Self::Disabled => "DISABLED",
        }
    }
}

/// What customers think of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// Not known yet.
    Unknown,
    /// They like it.
    Green,
    /// Some do not.
    Yellow,
    /// Too many do not.
    Red,
}

impl Quality {
    /// Meta's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Green => "GREEN",
            Self::Yellow => "YELLOW",
            Self::Red => "RED",
        }
    }
}

/// A template of a business.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Meta's id.
    pub id: String,
    /// The account it belongs to; empty for the account of the first number.
    pub waba_id: String,
    /// The business's name for it.
    pub name: String,
    /// Its language.
    pub language: String,
    /// UTILITY, MARKETING or AUTHENTICATION.
    pub category: String,
    /// Its header, body, footer and buttons, as they were given.
    pub components: Vec<Value>,
    /// How its places are named.
    pub(crate) format: Format,
    /// What the review says.
    pub review: Review,
    /// What customers think.
    pub quality: Quality,
    /// Why it was rejected.
    pub(crate) rejected_reason: Option<String>,
    /// How often it was paused.
    pub(crate) pauses: u8,
    /// How many customers minded it since its quality last changed.
    pub(crate) minded: u32,
    /// When it was edited, in milliseconds.
    pub(crate) edits: Vec<u64>,
}

impl Template {
    /// An approved template that is a body alone, with places such as `{{1}}`.
    pub fn of_body(id: &str, name: &str, language: &str, category: &str, body: &str) -> Self {
        let components = vec![json!({ "type": "BODY", "text": body })];
        Self {
            format: places::format_of(&components),
            id: id.to_owned(),
            waba_id: String::new(),
            name: name.to_owned(),
            language: language.to_owned(),
            category: category.to_owned(),
            components,
            review: Review::Approved,
            quality: Quality::Unknown,
            rejected_reason: None,
            pauses: 0,
            minded: 0,
            edits: Vec::new(),
        }
    }

    /// Three that an account can begin with: one of Meta's kind, one about an order, one of marketing.
    pub fn examples() -> Vec<Self> {
        let sent = "Olá {{1}}, seu pedido {{2}} saiu para entrega.";
        let news = "Olá {{1}}, chegaram novidades que são a sua cara!";
        let of = Self::of_body;
        vec![
            of("1192339204654487", "hello_world", "en_US", "UTILITY", "Welcome! This message is a test."),
            of("1192339204654488", "pedido_enviado", "pt_BR", "UTILITY", sent),
            of("1192339204654489", "novidades", "pt_BR", "MARKETING", news).made_of(vec![
                json!({ "type": "BODY", "text": news, "example": { "body_text": [["Ana"]] } }),
                json!({ "type": "BUTTONS", "buttons": [
                    { "type": "QUICK_REPLY", "text": "Quero ver" },
                    { "type": "QUICK_REPLY", "text": "Parar promoções" },
                ] }),
            ]),
        ]
    }

    /// The same with other parts.
    #[must_use]
    pub fn made_of(mut self, components: Vec<Value>) -> Self {
        self.format = places::format_of(&components);
        self.components = components;
        self
    }

    /// The same as the review left it.
    #[must_use]
    pub fn reviewed(mut self, review: Review) -> Self {
        self.review = review;
        self
    }

    /// The part of that type.
    pub(crate) fn part(&self, kind: &str) -> Option<&Value> {
        let is_it = |part: &&Value| part["type"].as_str().is_some_and(|one| one.eq_ignore_ascii_case(kind));
        self.components.iter().find(is_it)
    }

    /// Its buttons, in order.
    pub(crate) fn buttons(&self) -> &[Value] {
        let buttons = self.part("BUTTONS").and_then(|part| part["buttons"].as_array());
        buttons.map(Vec::as_slice).unwrap_or_default()
    }

    /// True when it carries a code that proves who somebody is.
    pub(crate) fn is_authentication(&self) -> bool {
        self.category == "AUTHENTICATION"
    }

    /// The element of the templates' listing: what Meta gives without being asked, or those fields and the id.
    pub(crate) fn to_value(&self, fields: Option<&str>) -> Value {
        let whole = json!({
            "name": self.name,
            "parameter_format": self.format.as_str(),
            "components": self.components,
            "language": self.language,
            "status": self.review.as_str(),
            "category": self.category,
            "id": self.id,
            "quality_score": { "score": self.quality.as_str() },
            "rejected_reason": self.rejected_reason.as_deref().unwrap_or("NONE"),
        });
        let asked: Vec<&str> = fields.map_or_else(
            || vec!["name", "parameter_format", "components", "language", "status", "category", "id"],
            |fields| fields.split(',').map(str::trim).collect(),
        );
        let kept = |key: &str| key == "id" || asked.iter().any(|field| field.split('{').next() == Some(key));
        let Value::Object(whole) = whole else { return Value::Null };
        Value::Object(whole.into_iter().filter(|(key, _)| kept(key)).collect::<Map<_, _>>())
    }
}
