//! The binary itself: what it prints, what it keeps, and the code it ends with.

mod binary;

mod stored;

mod changes;

mod imports;

mod real_inputs;

mod interruption;

mod exports;

mod queries;

mod bad_input;

mod past;

mod past_of_git;
