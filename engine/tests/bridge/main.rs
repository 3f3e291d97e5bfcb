//! The bridge between an engine and a frame loop that is fast, slow, standing still, or gone.

#[path = "../graph_ops/commands.rs"]
#[expect(dead_code, unreachable_pub, reason = "the model's test uses the rest")]
mod commands;
#[path = "../graph_ops/model.rs"]
#[expect(unreachable_pub, reason = "the model's test uses the rest")]
mod model;
#[path = "../history/story.rs"]
#[expect(dead_code, reason = "the test of the past uses the rest")]
mod story;

#[path = "../events/faulty.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "it is the writer's test's, which uses all of it")]
mod faulty;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod support;

mod picture;
mod world;

mod answers;
mod behind;
mod ends;
mod feeds;
mod pictures;
mod replays;
