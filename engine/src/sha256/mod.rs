//! SHA-256 (FIPS 180-4): of one message, and of many at once.
//!
//! Many messages are hashed 16 side by side in the lanes of AVX-512 where the processor has it, which is found out when
//! the program runs; elsewhere, and where too few lanes would be used, one after the other. The digests are the same.

mod each;
#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(test)]
mod tests;

pub use each::{sha256, sha256_each};
