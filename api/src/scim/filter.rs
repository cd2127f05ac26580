//! The filter language of RFC 7644, read by descent. Attribute paths of changes are the same language.

use serde_json::Value;

use super::error::{Result, ScimError};

/// Brackets and negations within one another.
const MAX_DEPTH: usize = 16;
const MAX_BYTES: usize = 4_096;

/// An attribute, and maybe a part of it, as a client names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub name: String,
    pub part: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    Present(Path),
    Compare(Path, Comparison, Value),
    /// Some value of the attribute fits the filter.
    Within(String, Box<Filter>),
    Not(Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
}

/// Where a change applies: `name`, `name.part`, `name[filter]`, `name[filter].part`.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub name: String,
    pub filter: Option<Filter>,
    pub part: Option<String>,
}

impl Filter {
    pub fn parse(text: &str) -> Result<Self> {
        let mut reader = Reader::new(text, "invalidFilter")?;
        let filter = reader.either(0)?;
        reader.end()?;
        Ok(filter)
    }

    /// The values that a resource must have to fit at all: each with what it must be equal to.
    pub fn demands(&self) -> Vec<(Path, &Value)> {
        match self {
            Self::Compare(path, Comparison::Equal, value) => vec![(path.clone(), value)],
            Self::And(one, other) => [one.demands(), other.demands()].concat(),
            Self::Within(name, inner) => {
                let below = |(path, value): (Path, _)| {
                    (path.part.is_none()).then(|| (Path { name: name.clone(), part: Some(path.name) }, value))
                };
                inner.demands().into_iter().filter_map(below).collect()
            }
            Self::Present(_) | Self::Compare(..) | Self::Not(_) | Self::Or(..) => Vec::new(),
        }
    }

    /// Whether it looks at an attribute of that name.
    pub fn mentions(&self, wanted: &str) -> bool {
        let is = |name: &str| name.rsplit(':').next().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
        match self {
            Self::Present(path) | Self::Compare(path, ..) => is(&path.name),
            Self::Within(name, _) => is(name),
            Self::Not(inner) => inner.mentions(wanted),
            Self::And(one, other) | Self::Or(one, other) => one.mentions(wanted) || other.mentions(wanted),
        }
    }
}

impl Target {
    pub fn parse(text: &str) -> Result<Self> {
        let mut reader = Reader::new(text, "invalidPath")?;
        let path = reader.path()?;
        let target = if reader.takes('[') {
            if path.part.is_some() {
                return Err(reader.wrong());
            }
            let filter = reader.either(0)?;
            reader.expects(']')?;
            let part = if reader.takes('.') { Some(reader.word()?) } else { None };
            Self { name: path.name, filter: Some(filter), part }
        } else {
            Self { name: path.name, filter: None, part: path.part }
        };
        reader.end()?;
        Ok(target)
    }
}

struct Reader<'a> {
    rest: &'a str,
    /// What the standard calls the mistake.
    kind: &'static str,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, kind: &'static str) -> Result<Self> {
        let reader = Self { rest: text, kind };
        if text.len() > MAX_BYTES { Err(reader.wrong()) } else { Ok(reader) }
    }

    fn wrong(&self) -> ScimError {
        let what = if self.kind == "invalidPath" { "path" } else { "filter" };
        let near: String = self.rest.chars().take(20).collect();
        ScimError::bad(self.kind, format!("The {what} cannot be read from here on: \"{near}\"."))
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    fn takes(&mut self, sign: char) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expects(&mut self, sign: char) -> Result<()> {
        if self.takes(sign) { Ok(()) } else { Err(self.wrong()) }
    }

    fn end(&mut self) -> Result<()> {
        self.skip_space();
        if self.rest.is_empty() { Ok(()) } else { Err(self.wrong()) }
    }

    fn is_word(c: char) -> bool {
        c.is_ascii_alphanumeric() || "_-$:.".contains(c)
    }

    fn word(&mut self) -> Result<String> {
        self.skip_space();
        let end = self.rest.find(|c| !Self::is_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() || word.len() > 256 {
            return Err(self.wrong());
        }
        self.rest = rest;
        Ok(word.to_owned())
    }

    /// Takes a word if it is this one, in any case.
    fn takes_word(&mut self, wanted: &str) -> bool {
        self.skip_space();
        let Some((word, rest)) = self.rest.split_at_checked(wanted.len()) else { return false };
        let ends = !rest.starts_with(Self::is_word);
        if ends && word.eq_ignore_ascii_case(wanted) {
            self.rest = rest;
            return true;
        }
        false
    }

    /// The name of a schema has dots too: only what stands behind its last colon is parted.
    fn path(&mut self) -> Result<Path> {
        let word = self.word()?;
        let local = word.rfind(':').map_or(0, |at| at + 1);
        let (name, part) = match word[local..].split_once('.') {
            Some((name, part)) => (word[..local + name.len()].to_owned(), Some(part.to_owned())),
            None => (word, None),
        };
        if name.ends_with(':') || name.is_empty() || part.as_ref().is_some_and(String::is_empty) {
            return Err(self.wrong());
        }
        Ok(Path { name, part })
    }

    fn either(&mut self, depth: usize) -> Result<Filter> {
        let mut filter = self.both(depth)?;
        while self.takes_word("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.both(depth)?));
        }
        Ok(filter)
    }

    fn both(&mut self, depth: usize) -> Result<Filter> {
        let mut filter = self.single(depth)?;
        while self.takes_word("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.single(depth)?));
        }
        Ok(filter)
    }

    fn single(&mut self, depth: usize) -> Result<Filter> {
        if depth >= MAX_DEPTH {
            return Err(self.wrong());
        }
        if self.takes('(') {
            let filter = self.either(depth + 1)?;
            self.expects(')')?;
            return Ok(filter);
        }
        let before = self.rest;
        if self.takes_word("not") {
            if self.takes('(') {
                let filter = self.either(depth + 1)?;
                self.expects(')')?;
                return Ok(Filter::Not(Box::new(filter)));
            }
            self.rest = before;
        }
        let path = self.path()?;
        if path.part.is_none() && self.takes('[') {
            let filter = self.either(depth + 1)?;
            self.expects(']')?;
            return Ok(Filter::Within(path.name, Box::new(filter)));
        }
        self.comparison(path)
    }

    fn comparison(&mut self, path: Path) -> Result<Filter> {
        if self.takes_word("pr") {
            return Ok(Filter::Present(path));
        }
        let known = [
            ("eq", Comparison::Equal),
            ("ne", Comparison::NotEqual),
            ("co", Comparison::Contains),
            ("sw", Comparison::StartsWith),
            ("ew", Comparison::EndsWith),
            ("gt", Comparison::Greater),
            ("ge", Comparison::GreaterOrEqual),
            ("lt", Comparison::Less),
            ("le", Comparison::LessOrEqual),
        ];
        let found = known.into_iter().find(|(name, _)| self.takes_word(name));
        let (_, comparison) = found.ok_or_else(|| self.wrong())?;
        Ok(Filter::Compare(path, comparison, self.value()?))
    }

    /// A text, a number, or true, false, null, as in JSON.
    fn value(&mut self) -> Result<Value> {
        self.skip_space();
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<Value>();
        let value = match values.next() {
            Some(Ok(value)) if !value.is_array() && !value.is_object() => value,
            _ => return Err(self.wrong()),
        };
        self.rest = &self.rest[values.byte_offset()..];
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn path(name: &str, part: Option<&str>) -> Path {
        Path { name: name.to_owned(), part: part.map(str::to_owned) }
    }

    fn equal(name: &str, value: &str) -> Filter {
        Filter::Compare(path(name, None), Comparison::Equal, json!(value))
    }

    #[test]
    fn and_binds_closer_than_or_and_brackets_closest() {
        let (a, b, c) =
            (|| Box::new(equal("a", "1")), || Box::new(equal("b", "2")), || Box::new(equal("c", "3")));
        let parsed = Filter::parse(r#"a eq "1" OR b EQ "2" and c eq "3""#).unwrap();
        assert_eq!(parsed, Filter::Or(a(), Box::new(Filter::And(b(), c()))));
        let parsed = Filter::parse(r#"(a eq "1" or b eq "2") and not (c eq "3")"#).unwrap();
        assert_eq!(parsed, Filter::And(Box::new(Filter::Or(a(), b())), Box::new(Filter::Not(c()))));
    }

    #[test]
    fn paths_and_values_are_read_as_clients_write_them() {
        let parsed =
            Filter::parse(r#"urn:ietf:params:scim:schemas:core:2.0:User:name.familyName pr"#).unwrap();
        assert_eq!(
            parsed,
            Filter::Present(path("urn:ietf:params:scim:schemas:core:2.0:User:name", Some("familyName")))
        );
        let parsed = Filter::parse(r#"userName eq "a\"b) and (é""#).unwrap();
        assert_eq!(parsed, equal("userName", "a\"b) and (é"));
        let parsed = Filter::parse(r#"emails[type eq "work" and value co "@x"]"#).unwrap();
        let Filter::Within(name, inner) = &parsed else { panic!("{parsed:?}") };
        assert_eq!((name.as_str(), inner.demands().len()), ("emails", 1));
        assert_eq!(parsed.demands()[0].0, path("emails", Some("type")));
        for (text, value) in
            [("active eq true", json!(true)), ("n gt 1.5", json!(1.5)), ("n ne null", json!(null))]
        {
            let Filter::Compare(_, _, read) = Filter::parse(text).unwrap() else { panic!("{text}") };
            assert_eq!(read, value);
        }
        // An attribute may be called like an operator.
        assert!(Filter::parse("not pr and or pr").is_ok());
    }

    #[test]
    fn what_is_no_filter_is_refused_by_its_name() {
        let deep = "(".repeat(100) + "a pr" + &")".repeat(100);
        let long = format!("a eq \"{}\"", "x".repeat(5_000));
        for text in [
            "",
            "a",
            "a eq",
            "a eq x",
            "a xx \"1\"",
            "a pr b",
            "(a pr",
            "a[b pr",
            "a eq [1]",
            ".a pr",
            "a. pr",
            "x: pr",
            "é pr",
            &deep,
            &long,
        ] {
            assert_eq!(Filter::parse(text).unwrap_err().kind, Some("invalidFilter"), "{text}");
        }
        for text in ["", "a[", "a[b pr].", "a b", "a.b[c pr]", "[a pr]"] {
            assert_eq!(Target::parse(text).unwrap_err().kind, Some("invalidPath"), "{text}");
        }
    }

    #[test]
    fn a_change_names_its_place() {
        let target = Target::parse(r#"emails[type eq "work"].value"#).unwrap();
        let expected = Target {
            name: "emails".to_owned(),
            filter: Some(equal("type", "work")),
            part: Some("value".to_owned()),
        };
        assert_eq!(target, expected);
        let target = Target::parse("name.familyName").unwrap();
        assert_eq!((target.name.as_str(), target.part.as_deref()), ("name", Some("familyName")));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[ a-z\"\\\\\\[\\]().:0-9é]{0,60}") {
            let _ = Filter::parse(&text);
            let _ = Target::parse(&text);
        }
    }
}
