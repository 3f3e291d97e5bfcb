//! The binary itself: what it prints, what it keeps, and the code it ends with.

mod binary;

mod proofs;
mod stored;

mod changes;

mod imports;

mod real_inputs;

mod interruption;

mod exports;

mod queries;

mod snapshots;

mod bad_input;

mod shelved;

mod past;

mod past_of_git;
