//! Layouts of small graphs and large ones: always the same, unfolded, gentle with what was there, and safe.

mod graphs;
mod measures;

mod changes;
mod determinism;
mod hostile;
mod quality;
