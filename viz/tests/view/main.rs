//! The view as a whole: what it draws in software, and what it uploads and draws where nothing can be seen.

mod pictures;
mod session;
mod stage;
mod live;
mod work;
