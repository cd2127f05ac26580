//! What the latest events are about, read once in a process however many follow them at a time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portaria_entity::conversation;
use sea_orm::EntityTrait;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::Published;
use crate::database::Database;
use crate::error::Result;
use crate::message::{MessageRow, by_ids};

/// So many events are remembered.
const KEPT: usize = 2_048;

/// For so long. Whose a conversation is may have changed since: who looks later, going on from a cursor or being slow, is to
/// be judged by what is so then.
const GOOD_FOR: Duration = Duration::from_millis(500);

/// The rows that an event tells of, as they were when somebody looked at it a moment ago.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    pub conversation: Option<Arc<conversation::Model>>,
    pub message: Option<Arc<MessageRow>>,
}

#[derive(Default)]
pub(super) struct Sights(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    cells: HashMap<i64, (Instant, Arc<OnceCell<Sight>>)>,
    order: VecDeque<i64>,
}

impl Sights {
    pub(super) async fn of(&self, database: &Database, published: &Published) -> Result<Sight> {
        let cell = self.cell(published.seq);
        Ok(cell.get_or_try_init(|| read(database, published)).await?.clone())
    }

    fn cell(&self, seq: i64) -> Arc<OnceCell<Sight>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some((begun, cell)) = kept.cells.get_mut(&seq) {
            if now.duration_since(*begun) >= GOOD_FOR {
                (*begun, *cell) = (now, Arc::default());
            }
            return cell.clone();
        }
        if kept.order.len() >= KEPT
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.cells.remove(&oldest);
        }
        kept.order.push_back(seq);
        kept.cells.entry(seq).or_insert_with(|| (now, Arc::default())).1.clone()
    }
}

async fn read(database: &Database, published: &Published) -> Result<Sight> {
    let reader = database.reader();
    let message = match published.message_id {
        Some(id) => by_ids(reader, published.workspace_id, &[id]).await?.remove(&id),
        None => None,
    };
    // Its conversation may have been merged with another since.
    let place = message.as_ref().map(|message| message.conversation_id);
    let conversation = match place.or(published.conversation_id) {
        Some(id) => conversation::Entity::find_by_id((published.workspace_id, id)).one(reader).await?,
        None => None,
    };
    Ok(Sight { conversation: conversation.map(Arc::new), message: message.map(Arc::new) })
}
