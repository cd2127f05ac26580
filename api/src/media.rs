//! Files over HTTP: `POST /media` takes one that is to be sent, `GET /media/{token}` gives one of a message. Both go through
//! piece by piece; neither is ever whole in memory.

mod problem;
mod range;
mod receiving;
mod serving;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use crate::ApiState;

pub use receiving::in_base64;

/// Where files are handed in.
pub const PATH: &str = "/media";
/// So many may be on their way in at once.
const AT_ONCE: usize = 8;

/// How many files are on their way in.
pub struct Gate(Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

pub fn router() -> Router<Arc<ApiState>> {
    Router::new().route(PATH, post(receiving::receive)).route("/media/{token}", get(serving::serve))
}
