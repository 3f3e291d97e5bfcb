//! What is done once and counted.

/// A hot path with everything that it needs, having been run before: what is made once a process is there.
///
/// The same call gives the same path, and running it takes the same steps.
pub trait HotPath: Sized {
    /// Makes it and runs it.
    fn warm() -> Self;

    /// Runs it.
    fn run(&mut self);
}
