//! What a customer orders from the catalogue.

use portaria_domain::message::content::{self, OrderItem as Item};
use portaria_guard::guarded;

pub struct OrderContent {
    order: content::Order,
    note: Option<String>,
}

impl OrderContent {
    pub(super) fn new(order: content::Order, note: Option<String>) -> Self {
        Self { order, note }
    }
}

/// An order from the catalogue.
#[guarded]
impl OrderContent {
    /// Meta's id of the catalogue.
    #[authenticated]
    fn catalog_id(&self) -> Option<&str> {
        self.order.catalog_id.as_deref()
    }

    /// What the customer wrote with it.
    #[authenticated]
    fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// What is ordered.
    #[authenticated]
    fn items(&self) -> Vec<OrderItem> {
        self.order.items.iter().cloned().map(OrderItem).collect()
    }
}

pub struct OrderItem(Item);

/// A line of an order.
#[guarded]
impl OrderItem {
    /// The company's own id of the product.
    #[authenticated]
    fn product_id(&self) -> Option<&str> {
        self.0.product_id.as_deref()
    }

    /// How many.
    #[authenticated]
    fn quantity(&self) -> Option<i32> {
        self.0.quantity
    }

    /// Price of one, in decimals: `23.90`.
    #[authenticated]
    fn price(&self) -> Option<&str> {
        self.0.price.as_deref()
    }

    /// ISO 4217 code of the price's currency: `BRL`.
    #[authenticated]
    fn currency(&self) -> Option<&str> {
        self.0.currency.as_deref()
    }
}
