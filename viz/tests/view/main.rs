//! The view as a whole: what it draws in software, and what it uploads and draws where nothing can be seen.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod apart;
mod bench;
mod card;
mod hands;
mod overlay;
mod pictures;
mod session;
mod stage;
mod live;
mod machines;
mod work;
