//! An event of an open subscription, answered as a request of its own: with the viewer as they are then.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, Data, OutputType, Positioned, ServerResult, Value};

use crate::request::Request;

pub struct Live<T> {
    value: T,
    request: Arc<Request>,
    data: Data,
}

impl<T> Live<T> {
    pub fn new(value: T, request: Request) -> Self {
        let request = Arc::new(request);
        let mut data = Data::default();
        data.insert(request.clone());
        Self { value, request, data }
    }
}

impl<T: OutputType> OutputType for Live<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let mut ctx = ctx.clone();
        ctx.execute_data = Some(&self.data);
        let value = self.value.resolve(&ctx, field).await;
        for error in self.request.refusals.take_errors(&self.request) {
            ctx.add_error(error);
        }
        value
    }
}
