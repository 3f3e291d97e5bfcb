//! What the frame loop asks for, and the task that carries it out.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;

use crate::command::GraphCommand;
use crate::engine::{Engine, Error, Sent};
use crate::id::GraphId;
use crate::writer::Submission;

use super::answers::Promise;

/// How many commands were begun with and are not answered, at most; the others wait in order, and are surely not written
/// where the runtime ends.
const BEGUN_MAX: usize = 256;

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
/// in which they were sent, and share its group commits; a graph that has to be loaded first holds up no other
/// one, unless as many commands wait for it as may be begun with.
pub(super) async fn carry_out(engine: Engine, mut orders: mpsc::Receiver<Order>) {
    // Of each graph one command is on its way to the writer, and behind it those that were sent since.
    let mut behind: HashMap<GraphId, VecDeque<Order>> = HashMap::new();
    let mut on_the_way = FuturesUnordered::new();
    let mut with_writers = FuturesUnordered::new();
    let (mut is_open, mut unanswered) = (true, 0);
    while is_open || !on_the_way.is_empty() || !with_writers.is_empty() {
        tokio::select! {
            biased;
            Some((graph, sent, promise)) = on_the_way.next() => {
                match behind.get_mut(&graph).and_then(VecDeque::pop_front) {
                    Some(next) => on_the_way.push(send(&engine, next)),
                    None => drop(behind.remove(&graph)),
                }
                with_writers.push(answer(sent, promise));
            }
            Some(()) = with_writers.next() => unanswered -= 1,
            order = orders.recv(), if is_open && unanswered < BEGUN_MAX => match order {
                None => is_open = false,
                Some(order) => {
                    unanswered += 1;
                    match behind.entry(order.graph) {
                        Entry::Occupied(mut behind) => behind.get_mut().push_back(order),
                        Entry::Vacant(none) => {
                            none.insert(VecDeque::new());
                            on_the_way.push(send(&engine, order));
                        }
                    }
                }
            },
        }
    }
}

async fn send(engine: &Engine, order: Order) -> (GraphId, Result<Sent<'_>, Error>, Promise) {
    let Order { graph, submission, mut promise } = order;
    promise.begin();
    (graph, engine.enqueue(graph, submission).await, promise)
}

async fn answer(sent: Result<Sent<'_>, Error>, promise: Promise) {
    promise.keep(match sent {
        Ok(sent) => sent.answer().await,
        Err(error) => Err(error),
    });
}
