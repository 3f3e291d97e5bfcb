//! Where parcels wait between those who push and the one who takes: a lane of bounded room for each who pushes.
//!
//! Who pushes into a full lane waits without a thread; who takes never waits for anybody. Nothing pushed is lost or comes
//! in another order; a parcel may be put together with the one before it while both wait. The lock is held for one
//! parcel at a time, or one batch.
//!
//! It knows nothing of graphs: `engine/tests/hand_over.rs` tries every order of its threads with up to two preemptions.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::ops::Bound;
use std::task::{Context, Poll, Waker};

use super::sync::Mutex;

/// What waits in a lane.
pub(crate) trait Parcel: Sized {
    /// Returns how much room it takes.
    fn weight(&self) -> usize;

    /// Takes in the parcel that was pushed after this one; gives it back where the two must stay apart.
    fn absorb(&mut self, next: Self) -> Result<(), Self>;
}

/// The lane was closed: nobody takes from it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody takes from the lane any more")]
pub(crate) struct Closed;

/// How full a lane is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Depth {
    /// What its parcels weigh together.
    pub(crate) weight: usize,
    /// Whether somebody waits for room.
    pub(crate) is_waited_for: bool,
}

/// Lanes of parcels.
pub(crate) struct HandOver<P> {
    /// What a lane holds before who pushes waits.
    room: usize,
    /// What a lane holds before parcels are put together.
    apart: usize,
    lanes: Mutex<Lanes<P>>,
}

struct Lanes<P> {
    by_number: BTreeMap<u64, Lane<P>>,
    /// The number of the lane that will be opened next.
    next: u64,
    /// The lane that was taken from last: the next one's turn has come.
    last: u64,
    closed: bool,
}

struct Lane<P> {
    parcels: VecDeque<P>,
    weight: usize,
    is_paused: bool,
    waiting: Option<Waker>,
}

impl<P: Parcel> HandOver<P> {
    /// Makes a hand-over without lanes, each of which will have `room` and put parcels together above `apart`.
    pub(crate) fn new(room: usize, apart: usize) -> Self {
        let lanes = Lanes { by_number: BTreeMap::new(), next: 1, last: 0, closed: false };
        Self { room: room.max(1), apart: apart.max(1), lanes: Mutex::new(lanes) }
    }

    /// Opens a lane and returns its number; it is closed from the start where all are.
    pub(crate) fn open(&self) -> u64 {
        let mut lanes = self.lanes.lock();
        let number = lanes.next;
        lanes.next += 1;
        if !lanes.closed {
            let lane = Lane { parcels: VecDeque::new(), weight: 0, is_paused: false, waiting: None };
            lanes.by_number.insert(number, lane);
        }
        number
    }

    /// Pushes a parcel once the lane has room. Dropping the future pushes nothing. One task at a time waits for a lane.
    ///
    /// # Errors
    /// [`Closed`].
    pub(crate) async fn push(&self, lane: u64, parcel: P) -> Result<(), Closed> {
        let mut parcel = Some(parcel);
        poll_fn(|context| self.poll_push(lane, &mut parcel, context)).await
    }

    fn poll_push(&self, lane: u64, parcel: &mut Option<P>, context: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let mut lanes = self.lanes.lock();
        let Some(lane) = lanes.by_number.get_mut(&lane) else { return Poll::Ready(Err(Closed)) };
        if lane.weight >= self.room {
            lane.waiting = Some(context.waker().clone());
            return Poll::Pending;
        }
        lane.put(parcel.take().expect("a parcel is pushed once"), self.apart);
        Poll::Ready(Ok(()))
    }

    /// Pushes a lane's last parcel, whether there is room or not.
    pub(crate) fn push_last(&self, lane: u64, parcel: P) {
        if let Some(lane) = self.lanes.lock().by_number.get_mut(&lane) {
            lane.put(parcel, usize::MAX);
        }
    }

    /// Takes parcels from the lanes in turn until they weigh as much as a batch or none is left; those who wait for room
    /// go on once half of their lane is free.
    pub(crate) fn take(&self, batch: usize, taken: &mut VecDeque<(u64, P)>) {
        let mut woken = Vec::new();
        let mut lanes = self.lanes.lock();
        let mut weight = 0;
        while weight < batch {
            let Some(number) = lanes.turn() else { break };
            lanes.last = number;
            let lane = lanes.by_number.get_mut(&number).expect("it was found just now");
            let parcel = lane.parcels.pop_front().expect("a lane whose turn it is holds a parcel");
            weight += parcel.weight().max(1);
            woken.extend(lane.lighten(parcel.weight(), self.room));
            taken.push_back((number, parcel));
        }
        drop(lanes);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Takes the first parcel of one lane, also of a paused one.
    pub(crate) fn take_one(&self, lane: u64) -> Option<P> {
        let mut lanes = self.lanes.lock();
        let lane = lanes.by_number.get_mut(&lane)?;
        let parcel = lane.parcels.pop_front()?;
        let woken = lane.lighten(parcel.weight(), self.room);
        drop(lanes);
        woken.into_iter().for_each(Waker::wake);
        Some(parcel)
    }

    /// Leaves a lane out of turn, or lets it in again.
    pub(crate) fn pause(&self, lane: u64, is_paused: bool) {
        if let Some(lane) = self.lanes.lock().by_number.get_mut(&lane) {
            lane.is_paused = is_paused;
        }
    }

    /// Closes a lane, with all that waits in it.
    pub(crate) fn close(&self, lane: u64) {
        let lane = self.lanes.lock().by_number.remove(&lane);
        if let Some(waker) = lane.and_then(|lane| lane.waiting) {
            waker.wake();
        }
    }

    /// Closes all lanes, with all that waits in them, and those that will be opened.
    pub(crate) fn close_all(&self) {
        let mut lanes = self.lanes.lock();
        lanes.closed = true;
        let closed = std::mem::take(&mut lanes.by_number);
        drop(lanes);
        closed.into_values().filter_map(|lane| lane.waiting).for_each(Waker::wake);
    }

    /// Returns how full a lane is; nothing is in one that was closed.
    pub(crate) fn depth(&self, lane: u64) -> Depth {
        let lanes = self.lanes.lock();
        let depth = |lane: &Lane<P>| Depth { weight: lane.weight, is_waited_for: lane.waiting.is_some() };
        lanes.by_number.get(&lane).map(depth).unwrap_or_default()
    }
}

impl<P> Lanes<P> {
    /// Returns the lane whose turn it is: the first that holds something, behind the last one.
    fn turn(&self) -> Option<u64> {
        let behind = self.by_number.range((Bound::Excluded(self.last), Bound::Unbounded));
        let mut around = behind.chain(self.by_number.range(..=self.last));
        around.find(|(_, lane)| !lane.is_paused && !lane.parcels.is_empty()).map(|(number, _)| *number)
    }
}

impl<P: Parcel> Lane<P> {
    /// Puts a parcel behind the others, or together with the last one where the lane holds more than `apart`.
    fn put(&mut self, mut parcel: P, apart: usize) {
        if self.weight >= apart
            && let Some(last) = self.parcels.back_mut()
        {
            let before = last.weight();
            match last.absorb(parcel) {
                Ok(()) => {
                    self.weight = self.weight - before + last.weight();
                    return;
                }
                Err(back) => parcel = back,
            }
        }
        self.weight += parcel.weight();
        self.parcels.push_back(parcel);
    }

    /// Counts a parcel that was taken; returns who is to be woken.
    fn lighten(&mut self, weight: usize, room: usize) -> Option<Waker> {
        self.weight -= weight;
        if self.weight <= room / 2 { self.waiting.take() } else { None }
    }
}

impl<P> fmt::Debug for HandOver<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandOver").field("room", &self.room).field("apart", &self.apart).finish_non_exhaustive()
    }
}
