//! How long calls take, each alone or in batches.

use std::hint::black_box;
use std::time::Instant;

/// Returns the mean time of a call in each of `batches` batches of `size` calls, in microseconds, shortest first.
pub fn batches<I>(batches: usize, size: u32, mut input: impl FnMut() -> I, call: impl Fn(&I) -> usize) -> Vec<f64> {
    let mut times: Vec<f64> = Vec::with_capacity(batches);
    for _ in 0..batches {
        let inputs: Vec<I> = (0..size).map(|_| input()).collect();
        let start = Instant::now();
        for input in &inputs {
            black_box(call(input));
        }
        times.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(size));
    }
    times.sort_by(f64::total_cmp);
    times
}

/// Does something once and returns how long it took, in milliseconds.
pub fn milliseconds<R>(work: impl FnOnce() -> R) -> (R, f64) {
    let start = Instant::now();
    let result = black_box(work());
    (result, start.elapsed().as_secs_f64() * 1e3)
}
