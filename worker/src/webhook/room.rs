//! The memory that bodies may take while they arrive and wait to be written. It is charged as the bytes come, and the first
//! of each body from a share of its own: who sends large or slow ones, signed or not, cannot shut the door to usual ones.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// Memory is given out in pieces of this many bytes.
const PIECE: usize = 1_024;
/// Nearly every delivery of WhatsApp is shorter than this.
const USUAL: usize = 64 * 1_024;
/// Of four parts, this many are for what is longer.
const LONG_PARTS: usize = 3;

/// What all bodies share.
#[derive(Clone)]
pub(super) struct Room {
    usual: Arc<Semaphore>,
    long: Arc<Semaphore>,
}

/// What one body has taken.
#[derive(Default)]
pub(super) struct Taken {
    usual: Option<OwnedSemaphorePermit>,
    long: Option<OwnedSemaphorePermit>,
    bytes: usize,
}

/// There is no room for more now.
#[derive(Debug)]
pub(super) struct Crowded;

impl Room {
    pub(super) fn new(bytes: usize) -> Self {
        let pieces = bytes.div_ceil(PIECE).min(Semaphore::MAX_PERMITS);
        let long = pieces / 4 * LONG_PARTS;
        Self { usual: Arc::new(Semaphore::new(pieces - long)), long: Arc::new(Semaphore::new(long)) }
    }

    /// Makes room for more bytes of a body.
    pub(super) fn grow(&self, taken: &mut Taken, bytes: usize) -> Result<(), Crowded> {
        let before = (pieces(taken.bytes.min(USUAL)), pieces(taken.bytes.saturating_sub(USUAL)));
        taken.bytes += bytes;
        let after = (pieces(taken.bytes.min(USUAL)), pieces(taken.bytes.saturating_sub(USUAL)));
        take(&self.usual, &mut taken.usual, after.0 - before.0)?;
        take(&self.long, &mut taken.long, after.1 - before.1)
    }
}

fn pieces(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX)
}

fn take(from: &Arc<Semaphore>, taken: &mut Option<OwnedSemaphorePermit>, pieces: u32) -> Result<(), Crowded> {
    if pieces == 0 {
        return Ok(());
    }
    let more = from.clone().try_acquire_many_owned(pieces).map_err(|_: TryAcquireError| Crowded)?;
    match taken {
        Some(held) => held.merge(more),
        None => *taken = Some(more),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_bodies_leave_room_for_usual_ones_and_give_it_back() {
        let room = Room::new(1024 * 1024);
        let mut held = Vec::new();
        // 768 kB are for what is longer than 64 kB.
        for _ in 0..3 {
            let mut taken = Taken::default();
            room.grow(&mut taken, 300 * 1024).unwrap();
            held.push(taken);
        }
        let mut long = Taken::default();
        assert!(room.grow(&mut long, 300 * 1024).is_err());
        drop(long);
        let mut usual = Taken::default();
        for _ in 0..64 {
            room.grow(&mut usual, 1024).unwrap();
        }
        drop((usual, held));
        assert_eq!((room.usual.available_permits(), room.long.available_permits()), (256, 768));
    }

    #[test]
    fn bytes_that_come_one_by_one_are_charged_once() {
        let room = Room::new(8 * 1024);
        let mut taken = Taken::default();
        for _ in 0..2048 {
            room.grow(&mut taken, 1).unwrap();
        }
        assert!(room.grow(&mut taken, 1).is_err(), "a quarter of it is for usual bodies");
    }
}
