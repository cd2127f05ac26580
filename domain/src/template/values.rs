//! What a template is filled with when it is sent.

/// All that a template leaves open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// For the parameter in the title, if it has one.
    pub header: Vec<Given>,
    pub file: Option<HeaderFile>,
    pub location: Option<Location>,
    pub body: Vec<Given>,
    pub buttons: Vec<ButtonValue>,
}

/// What stands in the place of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// `1`, or its name.
    pub parameter: String,
    pub value: Parameter,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    Text(String),
    /// Written as the customer's phone writes it, or as said here where it cannot.
    Currency {
        code: String,
        amount_1000: i64,
        fallback: String,
    },
    DateTime {
        fallback: String,
    },
}

/// The picture, film or document above the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderFile {
    /// What it is known by where it is sent from.
    pub id: String,
    /// Of a document: the name that the customer sees.
    pub filename: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// In degrees, as written.
    pub latitude: String,
    pub longitude: String,
    pub name: String,
    pub address: String,
}

/// What a button leaves open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ButtonValue {
    /// Which button, from 0.
    pub index: usize,
    pub value: ButtonParameter,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ButtonParameter {
    /// What comes back when a quick reply is tapped.
    Payload(String),
    /// The end of an address.
    UrlSuffix(String),
    /// A coupon code.
    Code(String),
    Flow {
        token: Option<String>,
        data: Option<serde_json::Map<String, serde_json::Value>>,
    },
    /// Whose picture stands for the catalogue.
    Catalog {
        thumbnail: Option<String>,
    },
    Products {
        thumbnail: Option<String>,
        sections: Vec<Section>,
    },
}

/// Some products under a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub title: String,
    pub products: Vec<String>,
}

impl Parameter {
    /// As people read it.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Currency { fallback: text, .. } | Self::DateTime { fallback: text } => {
                text
            }
        }
    }
}

/// What was given for a parameter.
pub(super) fn given<'a>(values: &'a [Given], parameter: &str) -> Option<&'a Parameter> {
    values.iter().find(|given| given.parameter == parameter).map(|given| &given.value)
}
