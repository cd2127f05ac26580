//! Batches what the rows of an answer need into one read: all keys that are asked for before the request's task has
//! nothing else to do are read together. Without timers or tasks of its own, for a page asks it some 200 times.

use std::collections::HashMap;
use std::future::poll_fn;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::task::{ArcWake, waker};
use tokio::sync::watch;
use tokio::task::unconstrained;

use crate::error::{Problem, Result};

type Rows<K, V> = Result<Arc<HashMap<K, V>>>;
type Read<K, V> = dyn Fn(Vec<K>) -> BoxFuture<'static, Result<HashMap<K, V>>> + Send + Sync;

/// Reads rows by key, together.
pub struct Batch<K, V> {
    read: Box<Read<K, V>>,
    /// The batch that still takes keys.
    open: Mutex<Option<Open<K, V>>>,
}

struct Open<K, V> {
    keys: Vec<K>,
    rows: watch::Receiver<Option<Rows<K, V>>>,
}

/// Whoever asks first reads for all who ask until then.
enum Part<K, V> {
    First(watch::Sender<Option<Rows<K, V>>>),
    Further(watch::Receiver<Option<Rows<K, V>>>),
}

impl<K: Copy + Ord + Hash + Send + Sync + 'static, V: Clone + Send + Sync + 'static> Batch<K, V> {
    pub fn new<F>(read: impl Fn(Vec<K>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<HashMap<K, V>>> + Send + 'static,
    {
        Self { read: Box::new(move |keys| read(keys).boxed()), open: Mutex::default() }
    }

    /// The row of a key, read with those of all keys that are asked for at the same time.
    pub async fn load(&self, key: K) -> Result<Option<V>> {
        let rows = match self.join(key) {
            Part::First(sender) => self.read_for_all(sender).await?,
            Part::Further(receiver) => taken(receiver).await?,
        };
        Ok(rows.get(&key).cloned())
    }

    fn join(&self, key: K) -> Part<K, V> {
        let mut slot = self.open();
        if let Some(open) = &mut *slot {
            open.keys.push(key);
            return Part::Further(open.rows.clone());
        }
        let (sender, rows) = watch::channel(None);
        *slot = Some(Open { keys: vec![key], rows });
        Part::First(sender)
    }

    async fn read_for_all(&self, sender: watch::Sender<Option<Rows<K, V>>>) -> Rows<K, V> {
        // Everything else in the task comes first, and may join.
        after_the_others().await;
        let mut keys = self.open().take().map(|open| open.keys).unwrap_or_default();
        keys.sort_unstable();
        keys.dedup();
        let rows = (self.read)(keys).await.map(Arc::new);
        sender.send_replace(Some(rows.clone()));
        rows
    }

    fn open(&self) -> MutexGuard<'_, Option<Open<K, V>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Comes back once the rest of the task has had its turn. Unlike a bare `yield_now`, it is not taken in by polls that
/// are meant for another future of the same row.
async fn after_the_others() {
    struct Turn {
        over: AtomicBool,
        task: Waker,
    }
    impl ArcWake for Turn {
        fn wake_by_ref(turn: &Arc<Self>) {
            turn.over.store(true, Ordering::Release);
            turn.task.wake_by_ref();
        }
    }
    let task = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
    let turn = Arc::new(Turn { over: AtomicBool::new(false), task });
    let mut turned = std::pin::pin!(tokio::task::yield_now());
    if turned.as_mut().poll(&mut Context::from_waker(&waker(turn.clone()))).is_pending() {
        poll_fn(|_| if turn.over.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

/// What another read. Not counted against the task's budget: rows that are put off would miss the next batch.
async fn taken<K, V>(mut receiver: watch::Receiver<Option<Rows<K, V>>>) -> Rows<K, V> {
    match unconstrained(receiver.wait_for(Option::is_some)).await.as_deref() {
        Ok(Some(rows)) => rows.clone(),
        // Whoever was to read has been given up, and with them the whole request.
        Ok(None) | Err(_) => Err(Problem::Unavailable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Problem;
    use futures_util::future::join_all;

    #[tokio::test]
    async fn what_is_asked_for_together_is_read_together() {
        let reads = Arc::new(Mutex::new(Vec::new()));
        let log = reads.clone();
        let batch = Batch::new(move |keys: Vec<u32>| {
            log.lock().unwrap().push(keys.clone());
            async move {
                if keys.contains(&99) {
                    return Err(Problem::Unavailable);
                }
                Ok(keys.into_iter().filter(|key| key % 2 == 0).map(|key| (key, key * 10)).collect())
            }
        });
        let asked = (0..50).chain([4, 4]).map(|key| batch.load(key));
        let answers: Vec<_> = join_all(asked).await.into_iter().map(|answer| answer.ok().flatten()).collect();
        assert_eq!((answers[4], answers[5], answers[51]), (Some(40), None, Some(40)));
        assert!(batch.load(99).await.is_err());
        assert_eq!(batch.load(2).await.ok().flatten(), Some(20), "a failed read spoils no later one");
        let reads = reads.lock().unwrap();
        assert_eq!(*reads, [(0..50).collect::<Vec<_>>(), vec![99], vec![2]]);
    }
}
