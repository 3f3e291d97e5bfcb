//! The past of a graph: every version against the state of then, and every answer about the past against a naive one.

#[path = "../graph_ops/commands.rs"]
#[expect(dead_code, unreachable_pub, reason = "the model's test uses the rest")]
mod commands;
#[path = "../graph_ops/model.rs"]
#[expect(unreachable_pub, reason = "the model's test uses the rest")]
mod model;

mod naive;
mod story;

mod animations;
mod causes;
mod differences;
mod moments;
mod parting;
mod stretches;
mod traces;
mod travel;
