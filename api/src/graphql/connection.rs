//! Pages of rows, as the Relay connection specification has them.

use std::borrow::Cow;

use async_graphql::{OutputType, TypeName};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria_guard::guarded;

use crate::error::{Problem, Result};

pub const MAX_PAGE: i32 = 100;
pub const DEFAULT_PAGE: i32 = 50;

/// How much of a list is wanted: checked, and with room for one more row that tells whether there are more.
#[derive(Clone, Copy)]
pub struct PageSize(usize);

impl PageSize {
    pub fn new(first: Option<i32>) -> Result<Self> {
        match usize::try_from(first.unwrap_or(DEFAULT_PAGE)) {
            Ok(size) if size <= MAX_PAGE as usize => Ok(Self(size)),
            _ => Err(Problem::BadUserInput(format!("`first` is from 0 to {MAX_PAGE}."))),
        }
    }

    /// How many rows to read.
    pub fn limit(self) -> u64 {
        self.0 as u64 + 1
    }
}

/// A cursor: opaque to clients, 24 bytes or fewer inside.
pub fn encode_cursor(parts: &[&[u8]]) -> String {
    URL_SAFE_NO_PAD.encode(parts.concat())
}

pub fn decode_cursor<const N: usize>(cursor: &str) -> Result<[u8; N]> {
    let malformed = || Problem::BadUserInput("`after` is not a cursor of this list.".to_owned());
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| malformed())?;
    bytes.try_into().map_err(|_| malformed())
}

/// A page of a list.
pub struct Connection<T> {
    edges: Vec<Edge<T>>,
    has_next_page: bool,
}

/// A row of a page, with its place in the list.
pub struct Edge<T> {
    node: T,
    cursor: String,
}

/// Where a page ends, and whether more follows.
pub struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl<T> Connection<T> {
    /// A page of rows that were read with [`PageSize::limit`].
    pub fn new(size: PageSize, rows: Vec<T>, cursor: impl Fn(&T) -> String) -> Self {
        let has_next_page = rows.len() > size.0;
        let edge = |node| Edge { cursor: cursor(&node), node };
        Self { edges: rows.into_iter().take(size.0).map(edge).collect(), has_next_page }
    }
}

impl<T: OutputType> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::type_name()).into()
    }
}

impl<T: OutputType> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", T::type_name()).into()
    }
}

/// A page of a list.
#[guarded(name_type)]
impl<T: OutputType + Sync + 'static> Connection<T> {
    /// The rows with their cursors.
    #[authenticated]
    fn edges(&self) -> &[Edge<T>] {
        &self.edges
    }

    /// The rows alone.
    #[authenticated]
    fn nodes(&self) -> Vec<&T> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }

    /// Whether more follows, and from where.
    #[authenticated]
    fn page_info(&self) -> PageInfo {
        let end_cursor = self.edges.last().map(|edge| edge.cursor.clone());
        PageInfo { has_next_page: self.has_next_page, end_cursor }
    }
}

/// A row of a page, with its place in the list.
#[guarded(name_type)]
impl<T: OutputType + Sync + 'static> Edge<T> {
    /// The row.
    #[authenticated]
    fn node(&self) -> &T {
        &self.node
    }

    /// Its place: give it as `after` to go on behind it.
    #[authenticated]
    fn cursor(&self) -> &str {
        &self.cursor
    }
}

/// Where a page ends, and whether more follows.
#[guarded]
impl PageInfo {
    /// Whether there are rows behind this page.
    #[authenticated]
    fn has_next_page(&self) -> bool {
        self.has_next_page
    }

    /// Cursor of the last row: give it as `after` for the next page. Null on an empty page.
    #[authenticated]
    fn end_cursor(&self) -> Option<&str> {
        self.end_cursor.as_deref()
    }
}
