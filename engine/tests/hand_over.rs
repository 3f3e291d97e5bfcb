//! The bridge's hand-over, in every order in which its threads can run with up to two preemptions: loom takes the place of
//! its lock and threads.
//!
//! A wake-up that is lost shows as a thread that never goes on, which loom finds.

#[path = "../src/bridge/hand_over.rs"]
#[expect(dead_code, reason = "not every test asks for everything")]
mod hand_over;

/// The lock that the hand-over takes, as loom has it.
mod sync {
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().expect("nobody panics within it")
        }
    }
}

use std::collections::VecDeque;

use hand_over::{Closed, HandOver, Parcel};
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

/// Numbers that were pushed, one by one or put together.
#[derive(Debug, PartialEq, Eq)]
struct Numbers(Vec<u32>);

impl Parcel for Numbers {
    fn weight(&self) -> usize {
        self.0.len()
    }

    fn absorb(&mut self, next: Self) -> Result<(), Self> {
        self.0.extend(next.0);
        Ok(())
    }
}

fn explore(test: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(test);
}

async fn push_all(hand_over: &HandOver<Numbers>, lane: u64, numbers: std::ops::Range<u32>) -> Result<(), Closed> {
    for number in numbers {
        hand_over.push(lane, Numbers(vec![number])).await?;
    }
    Ok(())
}

/// Takes until so many numbers have come, and returns those of each lane.
fn take(hand_over: &HandOver<Numbers>, count: usize, batch: usize) -> [Vec<u32>; 3] {
    let mut of_lane: [Vec<u32>; 3] = Default::default();
    let mut taken = VecDeque::new();
    while of_lane.iter().map(Vec::len).sum::<usize>() < count {
        hand_over.take(batch, &mut taken);
        if taken.is_empty() {
            thread::yield_now();
        }
        for (lane, Numbers(numbers)) in taken.drain(..) {
            of_lane[usize::try_from(lane).expect("lanes are few")].extend(numbers);
        }
    }
    of_lane
}

#[test]
fn who_waits_for_room_is_woken_and_nothing_changes_its_place() {
    for (room, apart) in [(1, usize::MAX), (2, usize::MAX), (2, 1)] {
        explore(move || {
            let hand_over = Arc::new(HandOver::new(room, apart));
            let lane = hand_over.open();
            let pushing = Arc::clone(&hand_over);
            let pusher = thread::spawn(move || block_on(push_all(&pushing, lane, 0..3)));
            assert_eq!(take(&hand_over, 3, 1)[1], [0, 1, 2]);
            pusher.join().expect("it ends").expect("the lane is open");
            assert_eq!(hand_over.depth(lane), hand_over::Depth::default());
        });
    }
}

#[test]
fn lanes_do_not_wait_for_each_other() {
    explore(|| {
        let hand_over = Arc::new(HandOver::new(1, usize::MAX));
        let lanes = [hand_over.open(), hand_over.open()];
        let pushers = lanes.map(|lane| {
            let pushing = Arc::clone(&hand_over);
            thread::spawn(move || block_on(push_all(&pushing, lane, 0..2)))
        });
        assert_eq!(take(&hand_over, 4, 2), [vec![], vec![0, 1], vec![0, 1]]);
        for pusher in pushers {
            pusher.join().expect("it ends").expect("the lane is open");
        }
    });
}

#[test]
fn who_waits_hears_that_the_lane_is_closed() {
    for all in [false, true] {
        explore(move || {
            let hand_over = Arc::new(HandOver::new(1, usize::MAX));
            let lane = hand_over.open();
            let pushing = Arc::clone(&hand_over);
            let pusher = thread::spawn(move || block_on(push_all(&pushing, lane, 0..2)));
            if all {
                hand_over.close_all()
            } else {
                hand_over.close(lane)
            }
            // The second number finds no room, or no lane.
            assert_eq!(pusher.join().expect("it ends"), Err(Closed));
            assert_eq!(hand_over.take_one(lane), None);
        });
    }
}

#[test]
fn a_paused_lane_holds_what_it_has() {
    explore(|| {
        let hand_over = Arc::new(HandOver::new(1, usize::MAX));
        let (paused, other) = (hand_over.open(), hand_over.open());
        hand_over.pause(paused, true);
        let pushing = Arc::clone(&hand_over);
        let pusher = thread::spawn(move || block_on(push_all(&pushing, paused, 0..2)));
        block_on(push_all(&hand_over, other, 5..6)).expect("the lane is open");
        assert_eq!(take(&hand_over, 1, 8), [vec![], vec![], vec![5]]);
        hand_over.pause(paused, false);
        assert_eq!(take(&hand_over, 2, 8)[1], [0, 1]);
        pusher.join().expect("it ends").expect("the lane is open");
    });
}
