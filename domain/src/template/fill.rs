//! A message from a template: each parameter given, none too many, nothing in them that Meta would refuse (132000, 132005,
//! 132012), written as Meta's API wants it.

use serde_json::{Map, Value, json};

use super::definition::{Body, Button, Definition, Header, HeaderMedia, ParameterFormat, Text};
use super::flaw::{Flaw, FlawCode, Flaws, LONGEST_BODY, LONGEST_CODE, LONGEST_HEADER};
use super::placeholder::{parameters, replaced};
use super::preview::{Rendered, render};
use super::values::{ButtonParameter, ButtonValue, Given, HeaderFile, Location, Parameter, Values, given};

const LONGEST_PARAMETER: usize = 1_024;
const LONGEST_PAYLOAD: usize = 256;
const LONGEST_SUFFIX: usize = 2_000;
const LONGEST_PLACE: usize = 1_000;
const LONGEST_FLOW_DATA: usize = 20_000;
const MOST_SECTIONS: usize = 10;
const MOST_PRODUCTS: usize = 30;
const LONGEST_SECTION: usize = 24;

/// A template that was filled.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    /// `template.components` of Meta's request; empty where nothing was left open.
    pub components: Value,
    /// As people read it; of a one-time password, without the password.
    pub rendered: Rendered,
    /// What must be with Meta before it is sent.
    pub file: Option<HeaderFile>,
}

impl Filled {
    /// The member `template` of the request.
    pub fn to_request(&self, definition: &Definition) -> Value {
        let mut template = json!({ "name": definition.name, "language": { "policy": "deterministic", "code": definition.language } });
        if self.components.as_array().is_some_and(|components| !components.is_empty()) {
            template["components"] = self.components.clone();
        }
        template
    }
}

/// Fills a template, or says what is wrong with the values.
pub fn fill(definition: &Definition, values: &Values) -> Result<Filled, Vec<Flaw>> {
    let mut flaws = Flaws::default();
    if !definition.is_understood() {
        flaws.add(&[], FlawCode::NotUnderstood, "The template has parts that are not known here.");
    }
    let mut components = Vec::new();
    let header = header(definition, values, &mut flaws);
    components.extend(header.map(|parameter| json!({ "type": "header", "parameters": [parameter] })));
    let code = match &definition.body {
        Some(Body::Text(text)) => {
            let parameters = texts("body", text, (&values.body, definition.parameter_format), &mut flaws);
            if !parameters.is_empty() {
                components.push(json!({ "type": "body", "parameters": parameters }));
            }
            None
        }
        Some(Body::Code { .. }) => {
            let code = password(&values.body, &mut flaws);
            components.extend(
                code.map(|code| json!({ "type": "body", "parameters": [{ "type": "text", "text": code }] })),
            );
            code
        }
        None => None,
    };
    buttons(definition, (values, code), &mut components, &mut flaws);
    let rendered = render(definition, values, false);
    if rendered.body.chars().count() > LONGEST_BODY {
        let told = format!("Filled, the text has more than {LONGEST_BODY} characters.");
        flaws.add(&["body"], FlawCode::TooLong, told);
    }
    if rendered.title.as_deref().is_some_and(|title| title.chars().count() > LONGEST_HEADER) {
        let told = format!("Filled, the title has more than {LONGEST_HEADER} characters.");
        flaws.add(&["header"], FlawCode::TooLong, told);
    }
    if !flaws.0.is_empty() {
        return Err(flaws.0);
    }
    Ok(Filled { components: Value::Array(components), rendered, file: values.file.clone() })
}

fn header(definition: &Definition, values: &Values, flaws: &mut Flaws) -> Option<Value> {
    let (wants_file, wants_location) = match &definition.header {
        Some(Header::Media { media, .. }) => (Some(*media), false),
        Some(Header::Location) => (None, true),
        Some(Header::Text(_)) | None => (None, false),
    };
    if wants_file.is_none() && values.file.is_some() {
        flaws.add(&["file"], FlawCode::NotInTemplate, "The template shows no file.");
    }
    if !wants_location && values.location.is_some() {
        flaws.add(&["location"], FlawCode::NotInTemplate, "The template shows no location.");
    }
    if let Some(Header::Text(text)) = &definition.header {
        let parameters = texts("header", text, (&values.header, definition.parameter_format), flaws);
        return parameters.into_iter().next();
    }
    if !values.header.is_empty() {
        flaws.add(&["header"], FlawCode::NotInTemplate, "The template has no title with a parameter.");
    }
    match (wants_file, &values.file, wants_location, &values.location) {
        (Some(_), None, ..) => {
            flaws.add(&["file"], FlawCode::Missing, "The template shows a file: say which.");
            None
        }
        (Some(media), Some(file), ..) => Some(file_parameter(media, file)),
        (None, _, true, None) => {
            flaws.add(&["location"], FlawCode::Missing, "The template shows a location: say which.");
            None
        }
        (None, _, true, Some(location)) => location_parameter(location, flaws),
        (None, _, false, _) => None,
    }
}

fn file_parameter(media: HeaderMedia, file: &HeaderFile) -> Value {
    let kind = match media {
        HeaderMedia::Image => "image",
        // Animations are sent as films.
        HeaderMedia::Video | HeaderMedia::Gif => "video",
        HeaderMedia::Document => "document",
    };
    let mut told = json!({ "id": file.id });
    if let (HeaderMedia::Document, Some(name)) = (media, &file.filename) {
        told["filename"] = json!(name);
    }
    json!({ "type": kind, kind: told })
}

fn location_parameter(location: &Location, flaws: &mut Flaws) -> Option<Value> {
    let degrees = |text: &str, most: f64| {
        text.parse::<f64>().is_ok_and(|value| value.is_finite() && value.abs() <= most)
    };
    if !degrees(&location.latitude, 90.0) {
        flaws.add(&["location", "latitude"], FlawCode::OutOfRange, "It is from -90 to 90.");
    }
    if !degrees(&location.longitude, 180.0) {
        flaws.add(&["location", "longitude"], FlawCode::OutOfRange, "It is from -180 to 180.");
    }
    for (member, text) in [("name", &location.name), ("address", &location.address)] {
        check_text(&["location", member], text, LONGEST_PLACE, flaws);
    }
    let Location { latitude, longitude, name, address } = location;
    let told = json!({ "latitude": latitude, "longitude": longitude, "name": name, "address": address });
    Some(json!({ "type": "location", "location": told }))
}

/// The parameters of a text, in Meta's order.
fn texts(
    place: &str,
    text: &Text,
    (values, format): (&[Given], ParameterFormat),
    flaws: &mut Flaws,
) -> Vec<Value> {
    let mut names = parameters(&text.text);
    for (index, one) in values.iter().enumerate() {
        let index = index.to_string();
        let repeated = values.iter().filter(|other| other.parameter == one.parameter).count() > 1;
        if !names.contains(&one.parameter.as_str()) {
            let told = format!("The template has no parameter {{{{{}}}}} here.", one.parameter);
            flaws.add(&[place, &index], FlawCode::NotInTemplate, told);
        } else if repeated {
            flaws.add(&[place, &index], FlawCode::Repeated, "It is given twice.");
        }
        check_text(&[place, &index], one.value.text(), LONGEST_PARAMETER, flaws);
        if let Parameter::Currency { code, .. } = &one.value
            && (code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()))
        {
            flaws.add(&[place, &index], FlawCode::InvalidName, "A currency is three capital letters: BRL.");
        }
    }
    if format == ParameterFormat::Positional {
        names.sort_by_key(|name| name.parse::<u32>().unwrap_or(u32::MAX));
    }
    let mut written = Vec::with_capacity(names.len());
    for name in names {
        match given(values, name) {
            Some(value) => written.push(parameter(name, value, format)),
            None => {
                flaws.add(&[place], FlawCode::Missing, format!("Nothing is given for {{{{{name}}}}}."));
            }
        }
    }
    written
}

fn parameter(name: &str, value: &Parameter, format: ParameterFormat) -> Value {
    let mut written = match value {
        Parameter::Text(text) => json!({ "type": "text", "text": text }),
        Parameter::Currency { code, amount_1000, fallback } => json!({
            "type": "currency",
            "currency": { "fallback_value": fallback, "code": code, "amount_1000": amount_1000 },
        }),
        Parameter::DateTime { fallback } => {
            json!({ "type": "date_time", "date_time": { "fallback_value": fallback } })
        }
    };
    if format == ParameterFormat::Named {
        written["parameter_name"] = json!(name);
    }
    written
}

/// What Meta takes within a parameter: one line, without more than four spaces in a row.
fn check_text(path: &[&str], text: &str, longest: usize, flaws: &mut Flaws) {
    let length = text.chars().count();
    if text.trim().is_empty() {
        flaws.add(path, FlawCode::Missing, "It says nothing.");
    } else if length > longest {
        flaws.add(path, FlawCode::TooLong, format!("It has {length} characters; {longest} are allowed."));
    }
    if text.contains(['\n', '\r', '\t', '\0']) || text.contains("     ") {
        let told = "It is one line, without tabs and without more than 4 spaces in a row.";
        flaws.add(path, FlawCode::InvalidCharacter, told);
    }
}

/// A one-time password.
fn password<'a>(values: &'a [Given], flaws: &mut Flaws) -> Option<&'a str> {
    let [Given { value: Parameter::Text(code), .. }] = values else {
        flaws.add(&["body"], FlawCode::Missing, "Give the password as the only parameter, as a text.");
        return None;
    };
    check_text(&["body", "0"], code, LONGEST_CODE, flaws);
    Some(code)
}

fn buttons(
    definition: &Definition,
    (values, code): (&Values, Option<&str>),
    components: &mut Vec<Value>,
    flaws: &mut Flaws,
) {
    for (place, one) in values.buttons.iter().enumerate() {
        let place = place.to_string();
        if one.index >= definition.buttons.len() {
            let told = "The template has no such button.";
            flaws.add(&["buttons", &place, "index"], FlawCode::NotInTemplate, told);
        }
        if values.buttons.iter().filter(|other| other.index == one.index).count() > 1 {
            flaws.add(&["buttons", &place, "index"], FlawCode::Repeated, "It is given twice.");
        }
    }
    for (index, button) in definition.buttons.iter().enumerate() {
        let found = values.buttons.iter().enumerate().find(|(_, value)| value.index == index);
        let place = found.map(|(place, _)| place.to_string());
        let filling = Filling { index, place: place.as_deref(), value: found.map(|(_, value)| value) };
        if let Some((kind, parameter)) = filling.parameter(button, code, flaws) {
            components.push(json!({
                "type": "button", "sub_type": kind, "index": index.to_string(), "parameters": [parameter],
            }));
        }
    }
}

/// A button, and what is given for it.
struct Filling<'a> {
    index: usize,
    place: Option<&'a str>,
    value: Option<&'a ButtonValue>,
}

impl Filling<'_> {
    fn add(&self, flaws: &mut Flaws, code: FlawCode, message: String) {
        match self.place {
            Some(place) => flaws.add(&["buttons", place], code, message),
            None => flaws.add(&["buttons"], code, message),
        }
    }

    fn parameter(
        &self,
        button: &Button,
        code: Option<&str>,
        flaws: &mut Flaws,
    ) -> Option<(&'static str, Value)> {
        let given = self.value.map(|value| &value.value);
        let path = ["buttons", self.place.unwrap_or_default()];
        match (button, given) {
            (Button::OneTimePassword { .. }, None) => {
                // Meta takes the password here under the name of an address.
                code.map(|code| ("url", json!({ "type": "text", "text": code })))
            }
            (Button::QuickReply { .. }, Some(ButtonParameter::Payload(payload))) => {
                check_text(&path, payload, LONGEST_PAYLOAD, flaws);
                Some(("quick_reply", json!({ "type": "payload", "payload": payload })))
            }
            (Button::Url { url, .. }, Some(ButtonParameter::UrlSuffix(suffix))) if url.ends_with("{{1}}") => {
                check_text(&path, suffix, LONGEST_SUFFIX, flaws);
                if suffix.contains(' ') {
                    self.add(flaws, FlawCode::InvalidUrl, "There are no spaces in an address.".to_owned());
                }
                Some(("url", json!({ "type": "text", "text": suffix })))
            }
            (Button::Url { url, .. }, None) if url.ends_with("{{1}}") => {
                self.missing(flaws, "the end of its address")
            }
            (Button::CopyCode { .. }, Some(ButtonParameter::Code(code))) => {
                check_text(&path, code, LONGEST_CODE, flaws);
                Some(("copy_code", json!({ "type": "coupon_code", "coupon_code": code })))
            }
            (Button::CopyCode { .. }, None) => self.missing(flaws, "the code"),
            (Button::Flow { .. }, Some(ButtonParameter::Flow { token, data })) => {
                Some(("flow", self.flow(token.as_deref(), data.as_ref(), flaws)))
            }
            // Without a token of its own it has none that means something.
            (Button::Flow { .. }, None) => Some(("flow", self.flow(None, None, flaws))),
            (Button::Catalog { .. }, Some(ButtonParameter::Catalog { thumbnail: Some(product) })) => {
                check_text(&path, product, LONGEST_PAYLOAD, flaws);
                Some(("catalog", action(json!({ "thumbnail_product_retailer_id": product }))))
            }
            (Button::MultiProduct { .. }, Some(ButtonParameter::Products { .. })) => {
                self.products(given?, flaws).map(|told| ("mpm", action(told)))
            }
            (Button::MultiProduct { .. }, None) => self.missing(flaws, "the products"),
            (Button::Catalog { .. }, Some(ButtonParameter::Catalog { thumbnail: None }))
            | (
                Button::QuickReply { .. }
                | Button::Url { .. }
                | Button::PhoneNumber { .. }
                | Button::Catalog { .. }
                | Button::Unknown { .. },
                None,
            ) => None,
            (_, Some(_)) => {
                self.add(
                    flaws,
                    FlawCode::NotInTemplate,
                    "That button takes nothing of this kind.".to_owned(),
                );
                None
            }
        }
    }

    fn missing(&self, flaws: &mut Flaws, what: &str) -> Option<(&'static str, Value)> {
        self.add(flaws, FlawCode::Missing, format!("Button {} needs {what}.", self.index));
        None
    }

    fn flow(&self, token: Option<&str>, data: Option<&Map<String, Value>>, flaws: &mut Flaws) -> Value {
        if data.is_some_and(|data| Value::Object(data.clone()).to_string().len() > LONGEST_FLOW_DATA) {
            self.add(flaws, FlawCode::TooLong, "The data of the flow is too long.".to_owned());
        }
        let mut told = json!({ "flow_token": token.unwrap_or("unused") });
        if let Some(data) = data {
            told["flow_action_data"] = Value::Object(data.clone());
        }
        action(told)
    }

    fn products(&self, given: &ButtonParameter, flaws: &mut Flaws) -> Option<Value> {
        let ButtonParameter::Products { thumbnail, sections } = given else { return None };
        let products: usize = sections.iter().map(|section| section.products.len()).sum();
        let good = (1..=MOST_SECTIONS).contains(&sections.len())
            && (1..=MOST_PRODUCTS).contains(&products)
            && sections.iter().all(|section| !section.products.is_empty());
        if !good {
            self.add(
                flaws,
                FlawCode::OutOfRange,
                "There are 1 to 10 sections, of 30 products in all.".to_owned(),
            );
        }
        let path = ["buttons", self.place.unwrap_or_default()];
        for section in sections {
            check_text(&path, &section.title, LONGEST_SECTION, flaws);
            for product in &section.products {
                check_text(&path, product, LONGEST_PAYLOAD, flaws);
            }
        }
        let first = sections.iter().flat_map(|section| section.products.first()).next();
        let item = |product: &String| json!({ "product_retailer_id": product });
        let section = |section: &super::values::Section| {
            let items: Vec<Value> = section.products.iter().map(item).collect();
            json!({ "title": section.title, "product_items": items })
        };
        let told: Vec<Value> = sections.iter().map(section).collect();
        Some(json!({ "thumbnail_product_retailer_id": thumbnail.as_ref().or(first), "sections": told }))
    }
}

fn action(told: Value) -> Value {
    let mut parameter = json!({ "type": "action" });
    parameter["action"] = told;
    parameter
}

/// A text with what was given in it; with the examples where nothing was, if asked for.
pub(super) fn filled_text(text: &Text, values: &[Given], with_samples: bool) -> String {
    replaced(&text.text, |name| {
        let sample = || text.samples.iter().find(|sample| sample.parameter == name);
        let sample = with_samples.then(sample).flatten().map(|sample| sample.value.as_str());
        given(values, name).map(Parameter::text).or(sample)
    })
}
