//! Puts the layers of the configuration together, and says of a wrong key which layer it stands in.

use std::path::Path;

use anyhow::{Context, Result, bail};
use figment::Figment;
use figment::error::Kind;
use figment::providers::{Format, Toml};
use figment::value::Value;

use super::{Config, DEFAULTS};

const PREFIX: &str = "PORTARIA_";
/// Variables of the test suite, which are no configuration.
const TEST_PREFIX: &str = "PORTARIA_TEST_";

/// Reads the defaults, the file if there is one, and the `PORTARIA_*` variables of the environment.
pub fn load(file: Option<&Path>, environment: impl IntoIterator<Item = (String, String)>) -> Result<Config> {
    let mut layers = Figment::from(Toml::string(DEFAULTS));
    let mut config = extract(&layers, str::to_owned).context("the built-in defaults")?;
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the configuration file {} cannot be read", path.display()))?;
        layers = layers.merge(Toml::string(&text));
        config = extract(&layers, str::to_owned).with_context(|| path.display().to_string())?;
    }
    let mut variables: Vec<(String, String)> = environment
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX) && !name.starts_with(TEST_PREFIX))
        .collect();
    variables.sort();
    for (name, text) in variables {
        let key = name[PREFIX.len()..].to_lowercase().replace("__", ".");
        (layers, config) = with_variable(&layers, &key, &text)
            .map_err(|error| error.context(format!("the environment variable {name}")))?;
    }
    let problems = config.problems();
    if !problems.is_empty() {
        bail!("the configuration cannot work:\n  {}", problems.join("\n  "));
    }
    Ok(config)
}

fn variable_name(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// One more layer, of one variable. Its text is read as what its default is: a password of digits stays text, a port
/// becomes a number. Without a default it may be either, text first.
fn with_variable(layers: &Figment, key: &str, text: &str) -> Result<(Figment, Config)> {
    let as_text = Value::from(text);
    let as_value: Value = match text.parse() {
        Ok(value) => value,
        Err(never) => match never {},
    };
    let read = |value: Value| {
        let layers = layers.clone().merge((key, value));
        extract(&layers, variable_name).map(|config| (layers, config))
    };
    match layers.find_value(key) {
        Ok(Value::Num(..) | Value::Bool(..) | Value::Array(..)) => read(as_value),
        Ok(Value::String(..) | Value::Char(..) | Value::Empty(..) | Value::Dict(..)) => read(as_text),
        Err(_) => read(as_text).or_else(|error| read(as_value).map_err(|_| error)),
    }
}

/// The layers so far as a configuration. All but the last one have passed: what is wrong stands in that.
fn extract(layers: &Figment, name: impl Fn(&str) -> String) -> Result<Config> {
    let error = match layers.extract::<Config>() {
        Ok(config) => return Ok(config),
        Err(error) => error,
    };
    let Some(error) = error.into_iter().next() else { bail!("cannot be read") };
    let key = name(&error.path.join("."));
    match &error.kind {
        Kind::UnknownField(_, known) => {
            let mut known: Vec<&str> = known.to_vec();
            known.sort_unstable();
            bail!("unknown key `{key}`; the keys there are: {}", known.join(", "))
        }
        kind if error.path.is_empty() => bail!("{kind}"),
        kind => bail!("`{key}`: {kind}"),
    }
}
