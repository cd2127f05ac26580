//! Templates and values as they are handed in: turned into the domain's, which says what is wrong with them and where.

use async_graphql::{Enum, InputObject, Json};
use portaria_domain::template::definition::{
    App, Body, Button, Definition, FlowReference, Footer, Header, HeaderMedia, OneTimePassword, Sample, Text,
};
use portaria_domain::template::flaw::{Flaw, FlawCode};
use portaria_domain::template::values::{
    ButtonParameter, ButtonValue, Given, Location, Parameter, Section, Values,
};

use super::template_definition::{
    TemplateButtonKind, TemplateCategory, TemplateHeaderFormat, TemplateParameterFormat,
};
use crate::error::{Problem, Result};

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

/// What stands in the place of a parameter: one of its members beside the name.
#[derive(InputObject)]
pub struct TemplateParameterInput {
    /// `1`, or its name.
    name: String,
    /// A text of one line.
    text: Option<String>,
    /// An amount of money.
    currency: Option<TemplateCurrencyInput>,
    /// A date, as it is to be read.
    date_time: Option<String>,
}

/// An amount of money.
#[derive(InputObject)]
pub struct TemplateCurrencyInput {
    /// Three capital letters: `BRL`.
    code: String,
    /// A thousand times the amount.
    amount_thousandths: i64,
    /// As it is to be read where the phone cannot write it: `R$ 10,99`.
    fallback: String,
}

/// A place on a map.
#[derive(InputObject)]
pub struct TemplateLocationInput {
    /// In degrees, from -90 to 90.
    latitude: f64,
    /// In degrees, from -180 to 180.
    longitude: f64,
    /// What it is called.
    name: String,
    /// Where it is, in words.
    address: String,
}

/// Some products under a title.
#[derive(InputObject)]
pub struct TemplateSectionInput {
    /// The title, of 24 characters at most.
    title: String,
    /// The products, by the company's own ids of them in the catalogue.
    products: Vec<String>,
}

/// What a button leaves open: what its kind needs.
#[derive(InputObject)]
pub struct TemplateButtonValueInput {
    /// Which button, from 0.
    index: u32,
    /// For a quick reply: what comes back when it is tapped.
    payload: Option<String>,
    /// For an address: its end.
    url_suffix: Option<String>,
    /// For a coupon: the code.
    code: Option<String>,
    /// For a flow: the token by which its answers are known again.
    flow_token: Option<String>,
    /// For a flow: what its first screen is given, a JSON object.
    flow_data: Option<Json<serde_json::Value>>,
    /// For products: the product whose picture is shown; the first if not said.
    thumbnail: Option<String>,
    /// For products: which.
    sections: Option<Vec<TemplateSectionInput>>,
}

/// What a template is filled with.
#[derive(InputObject, Default)]
pub struct TemplateValuesInput {
    /// For the parameter in the title.
    #[graphql(default)]
    header: Vec<TemplateParameterInput>,
    /// For the parameters in the text; of a one-time password, the password.
    #[graphql(default)]
    body: Vec<TemplateParameterInput>,
    /// The place above the text.
    location: Option<TemplateLocationInput>,
    /// For the buttons that leave something open.
    #[graphql(default)]
    buttons: Vec<TemplateButtonValueInput>,
}

impl TemplateValuesInput {
    pub fn into_values(self) -> Result<Values> {
        let parameters = |given: Vec<TemplateParameterInput>| -> Result<Vec<Given>> {
            given.into_iter().map(TemplateParameterInput::into_given).collect()
        };
        let location = self.location.map(|place| Location {
            latitude: place.latitude.to_string(),
            longitude: place.longitude.to_string(),
            name: place.name,
            address: place.address,
        });
        let buttons = self.buttons.into_iter().map(TemplateButtonValueInput::into_value);
        Ok(Values {
            header: parameters(self.header)?,
            file: None,
            location,
            body: parameters(self.body)?,
            buttons: buttons.collect::<Result<_>>()?,
        })
    }
}

impl TemplateParameterInput {
    fn into_given(self) -> Result<Given> {
        let value = match (self.text, self.currency, self.date_time) {
            (Some(text), None, None) => Parameter::Text(text),
            (None, Some(money), None) => Parameter::Currency {
                code: money.code,
                amount_1000: money.amount_thousandths,
                fallback: money.fallback,
            },
            (None, None, Some(fallback)) => Parameter::DateTime { fallback },
            _ => {
                let told = "A parameter is a `text`, a `currency` or a `dateTime`: one of them.";
                return Err(Problem::BadUserInput(told.to_owned()));
            }
        };
        Ok(Given { parameter: self.name, value })
    }
}

impl TemplateButtonValueInput {
    fn into_value(self) -> Result<ButtonValue> {
        let section = |given: TemplateSectionInput| Section { title: given.title, products: given.products };
        let data = match self.flow_data.map(|data| data.0) {
            None => None,
            Some(serde_json::Value::Object(data)) => Some(data),
            Some(_) => return Err(Problem::BadUserInput("`flowData` is a JSON object.".to_owned())),
        };
        let value = match (self.payload, self.url_suffix, self.code, self.sections) {
            (Some(payload), None, None, None) => ButtonParameter::Payload(payload),
            (None, Some(suffix), None, None) => ButtonParameter::UrlSuffix(suffix),
            (None, None, Some(code), None) => ButtonParameter::Code(code),
            (None, None, None, Some(sections)) => {
                let sections = sections.into_iter().map(section).collect();
                ButtonParameter::Products { thumbnail: self.thumbnail, sections }
            }
            (None, None, None, None) if self.flow_token.is_some() || data.is_some() => {
                ButtonParameter::Flow { token: self.flow_token, data }
            }
            (None, None, None, None) => ButtonParameter::Catalog { thumbnail: self.thumbnail },
            _ => return Err(Problem::BadUserInput("A button is given one thing.".to_owned())),
        };
        Ok(ButtonValue { index: self.index.try_into().unwrap_or(usize::MAX), value })
    }
}

/// What is wrong with a template, or with what it is filled with.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "FlawCode")]
pub enum TemplateFlawCode {
    /// It is not there.
    Missing,
    /// It is too long.
    TooLong,
    /// There are too many.
    TooMany,
    /// It is not within its bounds.
    OutOfRange,
    /// It is not written as such a name is.
    InvalidName,
    /// WhatsApp has no templates in that language.
    UnknownLanguage,
    /// Parameters are not as they must be.
    InvalidParameter,
    /// A text begins or ends with a parameter.
    ParameterAtEdge,
    /// No parameter may be there.
    ParameterNotAllowed,
    /// There is no example.
    SampleMissing,
    /// It has a character that may not be there.
    InvalidCharacter,
    /// Quick replies are not together.
    ButtonOrder,
    /// It is there twice.
    Repeated,
    /// It is no address of the web.
    InvalidUrl,
    /// It is no telephone number.
    InvalidPhoneNumber,
    /// Templates of that category do not have it.
    NotForCategory,
    /// The template has no place for it.
    NotInTemplate,
    /// It has parts that this version does not know.
    NotUnderstood,
}

/// The path of a flaw below the input.
pub fn path_of(flaw: &Flaw) -> Vec<String> {
    let within = match flaw.path.first().map(String::as_str) {
        Some("name" | "language") => &[][..],
        _ => &["content"][..],
    };
    let start = std::iter::once("input").chain(within.iter().copied()).map(str::to_owned);
    start.chain(flaw.path.iter().cloned()).collect()
}
