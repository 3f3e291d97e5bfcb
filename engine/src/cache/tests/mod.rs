//! The cache against recomputation.

mod world;
mod laws;
mod stress;
mod changes;
mod bounds;
