//! What a template is filled with, as it is handed in.

use async_graphql::{ID, InputObject, Json};
use portaria_domain::media::harmless;
use portaria_domain::template::values::{
    ButtonParameter, ButtonValue, Given, HeaderFile, Location, Parameter, Section, Values,
};
use portaria_entity::id::MediaFileId;

use super::id::parse;
use crate::error::{Problem, Result};

/// No template leaves more open.
const MOST_VALUES: usize = 50;

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

/// What a template shows above its text.
#[derive(InputObject)]
pub struct TemplateFileInput {
    /// What was handed in by `POST /media` (`media_...`), by whoever sends it now.
    file_id: ID,
    /// Of a document: what the customer sees it called.
    filename: Option<String>,
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
    /// The picture, film or document above the text.
    file: Option<TemplateFileInput>,
    /// The place above the text.
    location: Option<TemplateLocationInput>,
    /// For the buttons that leave something open.
    #[graphql(default)]
    buttons: Vec<TemplateButtonValueInput>,
}

impl TemplateValuesInput {
    pub fn into_values(self) -> Result<Values> {
        if [self.header.len(), self.body.len(), self.buttons.len()]
            .into_iter()
            .any(|count| count > MOST_VALUES)
        {
            return Err(Problem::BadUserInput(format!(
                "A template has at most {MOST_VALUES} values of a kind."
            )));
        }
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
            file: self.file.map(TemplateFileInput::into_file).transpose()?,
            location,
            body: parameters(self.body)?,
            buttons: buttons.collect::<Result<_>>()?,
        })
    }
}

impl TemplateFileInput {
    fn into_file(self) -> Result<HeaderFile> {
        let id: MediaFileId = parse(&self.file_id)?;
        Ok(HeaderFile { id: id.to_string(), filename: self.filename.as_deref().and_then(harmless) })
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
