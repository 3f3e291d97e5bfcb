//! The binary with its store on real NATS servers: everything that works in memory works there.

#[path = "../binary/binary.rs"]
mod binary;

mod served;

mod answers;

mod archives;

mod consumers;

mod imports;

mod refusals;

mod messages;

mod cluster;
