//! What the frame loop asks for, and the task that carries it out.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;

use crate::command::GraphCommand;
use crate::engine::Engine;
use crate::id::GraphId;
use crate::writer::Submission;

use super::answers::Promise;

/// How many commands the engine has at a time; the others wait in order.
const AT_A_TIME: usize = 256;

/// What the frame loop asks for.
#[derive(Debug, Clone)]
pub enum BridgeCommand {
    /// One command for a graph, under a fresh id of the engine's own actor.
    Graph(GraphId, GraphCommand),
    /// Commands for a graph that become one transaction, or none.
    Transaction(GraphId, Submission<GraphCommand>),
}

/// A command on its way.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) graph: GraphId,
    pub(super) submission: Submission<GraphCommand>,
    pub(super) promise: Promise,
}

/// Carries commands out until nobody sends any more and all are answered. They reach their graph's writer in the order
/// in which they were sent, and share its group commits.
pub(super) async fn carry_out(engine: Engine, mut orders: mpsc::Receiver<Order>) {
    let mut under_way = FuturesUnordered::new();
    let mut is_open = true;
    while is_open || !under_way.is_empty() {
        tokio::select! {
            biased;
            Some(()) = under_way.next() => {}
            order = orders.recv(), if is_open && under_way.len() < AT_A_TIME => match order {
                Some(order) => under_way.push(submit(&engine, order)),
                None => is_open = false,
            },
        }
    }
}

async fn submit(engine: &Engine, Order { graph, submission, mut promise }: Order) {
    promise.begin();
    promise.keep(engine.submit(graph, submission).await);
}
