//! The index against sorted maps and sets that are obviously right.

mod bitmaps;
mod boundaries;
mod frozen;
mod hostile;
mod properties;
mod versions;
