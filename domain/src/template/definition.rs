//! What a template says: our own model of it, whoever wrote it. [`super::meta_form`] writes and reads it as Meta does,
//! [`super::flaw`] says what is wrong with it, [`super::fill`] makes a message of it.

use serde::{Deserialize, Serialize};

/// A template in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    pub name: String,
    /// As WhatsApp writes it: `pt_BR`.
    pub language: String,
    /// None: one that this version does not know.
    pub category: Option<Category>,
    pub parameter_format: ParameterFormat,
    pub header: Option<Header>,
    pub body: Option<Body>,
    pub footer: Option<Footer>,
    pub buttons: Vec<Button>,
    /// Components that this version does not know, whole, as Meta gave them.
    #[serde(default)]
    pub unknown: Vec<serde_json::Value>,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Category {
    Marketing,
    Utility,
    Authentication,
}

/// How its parameters are called: `{{1}}` or `{{first_name}}`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", ascii_case_insensitive)]
pub enum ParameterFormat {
    Positional,
    Named,
}

/// A text with parameters, and an example of what each may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub text: String,
    pub samples: Vec<Sample>,
}

/// What a parameter may be, so that who judges the template understands it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// `1`, or its name.
    pub parameter: String,
    pub value: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Header {
    Text(Text),
    /// The sample is Meta's handle of a file that was uploaded to it.
    Media {
        media: HeaderMedia,
        sample: Option<String>,
    },
    Location,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum HeaderMedia {
    Image,
    Video,
    Document,
    Gif,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Body {
    Text(Text),
    /// Of an authentication template: WhatsApp writes it, around the code.
    Code {
        security_recommendation: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Footer {
    Text {
        text: String,
    },
    /// Of an authentication template: for how long the code is good.
    CodeExpiration {
        minutes: u32,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Button {
    QuickReply {
        text: String,
    },
    /// With `{{1}}` at the end of its address that end is said when it is sent.
    Url {
        text: String,
        url: String,
        sample: Option<String>,
    },
    PhoneNumber {
        text: String,
        phone_number: String,
    },
    /// Copies a coupon code.
    CopyCode {
        sample: String,
    },
    Flow {
        text: String,
        flow: FlowReference,
        /// `navigate` or `data_exchange`.
        action: Option<String>,
        screen: Option<String>,
    },
    /// Copies or fills in a one-time password.
    OneTimePassword {
        text: Option<String>,
        otp: OneTimePassword,
    },
    Catalog {
        text: String,
    },
    /// Shows some products.
    MultiProduct {
        text: String,
    },
    /// One that this version does not know, whole.
    Unknown {
        json: serde_json::Value,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowReference {
    Id(String),
    Name(String),
    Json(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum OneTimePassword {
    CopyCode,
    OneTap { autofill_text: Option<String>, apps: Vec<App> },
    ZeroTap { autofill_text: Option<String>, apps: Vec<App>, terms_accepted: bool },
}

/// An Android app that may take a one-time password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    pub package_name: String,
    pub signature_hash: String,
}

impl Definition {
    pub fn is_authentication(&self) -> bool {
        self.category == Some(Category::Authentication) || matches!(self.body, Some(Body::Code { .. }))
    }

    /// Whether all of it is of kinds that this version knows: else it can be neither filled nor edited here.
    pub fn is_understood(&self) -> bool {
        self.unknown.is_empty() && !self.buttons.iter().any(|button| matches!(button, Button::Unknown { .. }))
    }

    /// Whether customers read the same, whatever the examples and the category are, which Meta changes.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.without_examples() == other.without_examples()
    }

    fn without_examples(&self) -> Self {
        let mut said = self.clone();
        said.category = None;
        said.parameter_format = ParameterFormat::Positional;
        match &mut said.header {
            Some(Header::Text(text)) => text.samples.clear(),
            Some(Header::Media { sample, .. }) => *sample = None,
            Some(Header::Location) | None => {}
        }
        if let Some(Body::Text(text)) = &mut said.body {
            text.samples.clear();
        } else if let Some(Body::Code { .. }) = &said.body {
            // Meta tells the text that it wrote.
            said.body = None;
        }
        for button in &mut said.buttons {
            match button {
                Button::Url { sample, .. } => *sample = None,
                Button::CopyCode { sample } => sample.clear(),
                Button::PhoneNumber { phone_number, .. } => {
                    *phone_number = phone_number.trim_start_matches('+').to_owned();
                }
                Button::OneTimePassword { text, otp } => {
                    *text = None;
                    let (apps, autofill_text) = (Vec::new(), None);
                    *otp = match otp {
                        OneTimePassword::CopyCode => OneTimePassword::CopyCode,
                        OneTimePassword::OneTap { .. } => OneTimePassword::OneTap { autofill_text, apps },
                        OneTimePassword::ZeroTap { .. } => {
                            OneTimePassword::ZeroTap { autofill_text, apps, terms_accepted: true }
                        }
                    };
                }
                Button::QuickReply { .. }
                | Button::Flow { .. }
                | Button::Catalog { .. }
                | Button::MultiProduct { .. }
                | Button::Unknown { .. } => {}
            }
        }
        said
    }

    pub fn to_json(&self) -> crate::error::Result<String> {
        serde_json::to_string(self).map_err(crate::error::Error::internal)
    }

    pub fn from_json(text: &str) -> crate::error::Result<Self> {
        serde_json::from_str(text).map_err(crate::error::Error::internal)
    }
}

impl Text {
    /// Its parameters, each once, in the order in which they first come.
    pub fn parameters(&self) -> Vec<&str> {
        super::placeholder::parameters(&self.text)
    }
}

impl Button {
    /// What is written on it; none where WhatsApp writes it.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::QuickReply { text }
            | Self::Url { text, .. }
            | Self::PhoneNumber { text, .. }
            | Self::Flow { text, .. }
            | Self::Catalog { text }
            | Self::MultiProduct { text } => Some(text),
            Self::OneTimePassword { text, .. } => text.as_deref(),
            Self::CopyCode { .. } => None,
            Self::Unknown { json } => json.get("text").and_then(serde_json::Value::as_str),
        }
    }
}
