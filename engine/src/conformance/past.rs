//! Contracts of time travel: on every store the past of a graph is what it was.

use std::sync::Arc;

use crate::clock::{Clock, ManualClock};
use crate::command::GraphCommand;
use crate::conformance::desk::context;
use crate::engine::Engine;
use crate::entity::{EdgeEntity, GraphMetadata, NodeEntity};
use crate::history::{HistoryError, Moment};
use crate::id::{GraphId, NodeId};
use crate::store::conformance::subject::ensure;
use crate::store::conformance::{Breach, Subject, Verdict};
use crate::store::{EventStore, Head};
use crate::writer::Submission;

/// What a graph was behind a transaction.
struct Then {
    head: Head,
    timestamp_ns: u64,
    state_hash: [u8; 32],
    added: NodeId,
}

/// Writes transactions of two graphs in turn and notes what the first one was.
async fn write(store: &Arc<dyn EventStore>, graphs: [GraphId; 2]) -> Result<Vec<Then>, Breach> {
    let clock = Arc::new(ManualClock::default());
    let shared: Arc<dyn Clock> = clock.clone();
    let engine = Engine::builder(Arc::clone(store)).clock(shared).build();
    let mut states = Vec::new();
    for number in 0..24_u64 {
        clock.set(1_000 * (number + 1));
        let (node, before) = (NodeId::from_u64(number), NodeId::from_u64(number.saturating_sub(1)));
        let mut commands =
            vec![GraphCommand::AddNode { node: NodeEntity::new(node, "Person").with("At", [("n", number as i64)]) }];
        match number {
            0 => commands.insert(0, GraphCommand::CreateGraph { metadata: GraphMetadata::named("past") }),
            _ if number.is_multiple_of(3) => commands.push(GraphCommand::RemoveNode { node: before }),
            _ => commands.push(GraphCommand::ConnectEdge { edge: EdgeEntity::new(before, "knows", node) }),
        }
        for (index, graph) in graphs.into_iter().enumerate() {
            let submission =
                Submission { context: context(2 * number + index as u64), commands: commands.clone(), expected: None };
            engine.submit(graph, submission).await?;
        }
        let state = engine.get_graph(graphs[0]).await?;
        let head = state.head().ok_or_else(|| Breach("a graph that was written to has no head".to_owned()))?;
        states.push(Then { head, timestamp_ns: state.timestamp_ns(), state_hash: state.state_hash(), added: node });
    }
    Ok(states)
}

/// Every version of a graph is what it was, however it is named, and others' events are told apart.
pub async fn every_version_of_a_graph_is_what_it_was(subject: Subject) -> Verdict {
    let (store, graphs) = (Arc::clone(&subject.store), [GraphId::from_u64(1), GraphId::from_u64(2)]);
    let states = write(&store, graphs).await?;
    let history = Engine::new(Arc::clone(&store)).history(graphs[0]);
    for then in states.iter().rev().chain(&states) {
        let Then { head, timestamp_ns, state_hash, added } = then;
        let place = history.place(Moment::Version(head.version)).await?;
        ensure!(place.head == *head, "version {} is {:?}, it was {head:?}", head.version, place.head);
        let sequence = Moment::Sequence(place.sequence);
        for moment in [sequence, Moment::Time(*timestamp_ns), Moment::Cid(head.cid), Moment::Node(*added)] {
            let found = history.place(moment).await?;
            ensure!(found == place, "{moment} is {found:?}, expected {place:?}");
        }
        let state = history.state(&place).await?;
        ensure!(state.state_hash() == *state_hash, "the state at version {} is not what it was", head.version);
    }
    let (Some(first), Some(last)) = (states.first(), states.last()) else { return Ok(()) };
    let diff = history.diff(Moment::Cid(first.head.cid), Moment::Cid(last.head.cid)).await?;
    ensure!(diff.nodes_added.len() == 16, "{} nodes were added", diff.nodes_added.len());
    let foreign = store.head(graphs[1].into()).await?.map(|head| Moment::Cid(head.cid));
    let told = history.at(foreign.unwrap_or(Moment::Version(0))).await.map(|state| state.version());
    ensure!(
        matches!(told, Err(HistoryError::ForeignCid { other, .. }) if other == graphs[1]),
        "another's event: {told:?}"
    );
    Ok(())
}
