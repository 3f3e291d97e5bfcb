//! Graphs that are opened from a shelf are those that the store's events say, whatever happens to the shelf.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod copies;
mod desk;
mod histories;
mod laws;
mod opening;
