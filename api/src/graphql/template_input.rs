//! Templates as they are handed in: turned into the domain's, which says what is wrong with them and where.

use async_graphql::InputObject;
use portaria_domain::template::definition::{
    App, Body, Button, Definition, FlowReference, Footer, Header, HeaderMedia, OneTimePassword, Sample, Text,
};

use super::template_definition::{
    TemplateButtonKind, TemplateCategory, TemplateHeaderFormat, TemplateParameterFormat,
};

/// What a template is to say.
#[derive(InputObject)]
pub struct TemplateContentInput {
    /// What it is for. Meta may put it into another category.
    category: TemplateCategory,
    /// How its parameters are called.
    #[graphql(default_with = "TemplateParameterFormat::Positional")]
    parameter_format: TemplateParameterFormat,
    /// What stands above its text.
    header: Option<TemplateHeaderInput>,
    /// Its text.
    body: TemplateBodyInput,
    /// What stands below its text.
    footer: Option<TemplateFooterInput>,
    /// At most 10; quick replies together.
    #[graphql(default)]
    buttons: Vec<TemplateButtonInput>,
}

/// An example of what a parameter may be.
#[derive(InputObject)]
pub struct TemplateSampleInput {
    /// `1`, or its name.
    parameter: String,
    /// What it may be.
    value: String,
}

/// What stands above a template's text.
#[derive(InputObject)]
pub struct TemplateHeaderInput {
    /// Of what kind it is.
    format: TemplateHeaderFormat,
    /// The title, with one parameter at most; for TEXT.
    text: Option<String>,
    /// An example of its parameter.
    #[graphql(default)]
    samples: Vec<TemplateSampleInput>,
    /// The handle of an example that was uploaded to Meta; for files.
    sample_handle: Option<String>,
}

/// A template's text.
#[derive(InputObject)]
pub struct TemplateBodyInput {
    /// The text, with `{{1}}` or `{{name}}` for each parameter, of 1,024 characters at most. Not said for AUTHENTICATION, of which
    /// WhatsApp writes it.
    text: Option<String>,
    /// An example of each parameter.
    #[graphql(default)]
    samples: Vec<TemplateSampleInput>,
    /// For AUTHENTICATION: whether WhatsApp adds not to share the password.
    #[graphql(default)]
    security_recommendation: bool,
}

/// What stands below a template's text: one of both.
#[derive(InputObject)]
pub struct TemplateFooterInput {
    /// A text of 60 characters at most.
    text: Option<String>,
    /// For AUTHENTICATION: for how many minutes the password is good, from 1 to 90.
    code_expiration_minutes: Option<u32>,
}

/// An Android app that may take a one-time password.
#[derive(InputObject)]
pub struct TemplateAppInput {
    /// Its package: `com.example.app`.
    package_name: String,
    /// The hash of its signing key, of 11 characters.
    signature_hash: String,
}

/// A button below a template. What its kind does not need is not said.
#[derive(InputObject)]
pub struct TemplateButtonInput {
    /// What it does.
    kind: TemplateButtonKind,
    /// What is written on it, of 25 characters at most.
    text: Option<String>,
    /// For URL: the address; with `{{1}}` at its end that is said when it is sent.
    url: Option<String>,
    /// For PHONE_NUMBER: the number.
    phone_number: Option<String>,
    /// For COPY_CODE, and for an address that ends with `{{1}}`: an example.
    sample: Option<String>,
    /// For FLOW: Meta's id of the flow; or its name.
    flow_id: Option<String>,
    /// For FLOW: the flow's name.
    flow_name: Option<String>,
    /// For FLOW: `navigate` or `data_exchange`.
    flow_action: Option<String>,
    /// For FLOW: the screen that it begins with.
    flow_screen: Option<String>,
    /// For one-time passwords: what is written on the button that fills it in.
    autofill_text: Option<String>,
    /// For one-time passwords that are filled in: the apps, 5 at most.
    #[graphql(default)]
    apps: Vec<TemplateAppInput>,
    /// For those that are filled in without a tap: that Meta's terms for that are accepted.
    #[graphql(default)]
    terms_accepted: bool,
}

impl TemplateContentInput {
    /// The definition, under this name and language.
    pub fn into_definition(self, name: String, language: String) -> Definition {
        let category = self.category.into();
        let body = match self.body.text {
            Some(text) => Body::Text(Text { text, samples: samples(self.body.samples) }),
            None if self.category == TemplateCategory::Authentication => {
                Body::Code { security_recommendation: self.body.security_recommendation }
            }
            None => Body::Text(Text::default()),
        };
        Definition {
            name,
            language,
            category: Some(category),
            parameter_format: self.parameter_format.into(),
            header: self.header.map(TemplateHeaderInput::into_header),
            body: Some(body),
            footer: self.footer.map(|footer| match footer.code_expiration_minutes {
                Some(minutes) => Footer::CodeExpiration { minutes },
                None => Footer::Text { text: footer.text.unwrap_or_default() },
            }),
            buttons: self.buttons.into_iter().map(TemplateButtonInput::into_button).collect(),
            unknown: Vec::new(),
        }
    }
}

fn samples(given: Vec<TemplateSampleInput>) -> Vec<Sample> {
    given.into_iter().map(|TemplateSampleInput { parameter, value }| Sample { parameter, value }).collect()
}

impl TemplateHeaderInput {
    fn into_header(self) -> Header {
        let media = |media| Header::Media { media, sample: self.sample_handle.clone() };
        match self.format {
            TemplateHeaderFormat::Text => {
                Header::Text(Text { text: self.text.unwrap_or_default(), samples: samples(self.samples) })
            }
            TemplateHeaderFormat::Image => media(HeaderMedia::Image),
            TemplateHeaderFormat::Video => media(HeaderMedia::Video),
            TemplateHeaderFormat::Document => media(HeaderMedia::Document),
            TemplateHeaderFormat::Gif => media(HeaderMedia::Gif),
            TemplateHeaderFormat::Location => Header::Location,
        }
    }
}

impl TemplateButtonInput {
    /// What is missing is empty: the rules say so then.
    fn into_button(self) -> Button {
        let app = |TemplateAppInput { package_name, signature_hash }| App { package_name, signature_hash };
        let apps = self.apps.into_iter().map(app).collect();
        let (autofill_text, terms_accepted) = (self.autofill_text, self.terms_accepted);
        let otp = match self.kind {
            TemplateButtonKind::OneTimePasswordCopy => Some(OneTimePassword::CopyCode),
            TemplateButtonKind::OneTimePasswordOneTap => {
                Some(OneTimePassword::OneTap { autofill_text, apps })
            }
            TemplateButtonKind::OneTimePasswordZeroTap => {
                Some(OneTimePassword::ZeroTap { autofill_text, apps, terms_accepted })
            }
            _ => None,
        };
        if let Some(otp) = otp {
            return Button::OneTimePassword { text: self.text, otp };
        }
        let text = self.text.unwrap_or_default();
        match self.kind {
            TemplateButtonKind::Url => {
                Button::Url { text, url: self.url.unwrap_or_default(), sample: self.sample }
            }
            TemplateButtonKind::PhoneNumber => {
                Button::PhoneNumber { text, phone_number: self.phone_number.unwrap_or_default() }
            }
            TemplateButtonKind::CopyCode => Button::CopyCode { sample: self.sample.unwrap_or_default() },
            TemplateButtonKind::Flow => {
                let flow = match (self.flow_id, self.flow_name) {
                    (None, Some(name)) => FlowReference::Name(name),
                    (id, _) => FlowReference::Id(id.unwrap_or_default()),
                };
                Button::Flow { text, flow, action: self.flow_action, screen: self.flow_screen }
            }
            TemplateButtonKind::Catalog => Button::Catalog { text },
            TemplateButtonKind::MultiProduct => Button::MultiProduct { text },
            TemplateButtonKind::Unknown => Button::Unknown { json: serde_json::Value::Null },
            TemplateButtonKind::QuickReply
            | TemplateButtonKind::OneTimePasswordCopy
            | TemplateButtonKind::OneTimePasswordOneTap
            | TemplateButtonKind::OneTimePasswordZeroTap => Button::QuickReply { text },
        }
    }
}
