//! Commands and their answers: in order, each answered once, refused where they cannot be taken.

use std::collections::HashMap;

use cidgraph::bridge::BridgeCounters;
use cidgraph::{
    AsyncSyncBridge, BatchConfig, BridgeCommand, BridgeError, BridgeEvent, CommandId, Error, ErrorKind, FeedStart,
    GraphCommand, GraphId, Receipt, Rejected, Submission, WriteError,
};

use crate::world::{Frames, World, add, until};

/// Returns the answers in the order in which they came.
fn answers(bridge: &mut AsyncSyncBridge, count: usize) -> Vec<(CommandId, Result<Receipt, Error>)> {
    let mut frames = Frames::default();
    until("the answers", || {
        frames.frame(bridge);
        (frames.answers.len() >= count).then_some(())
    });
    let answer = |event| match event {
        BridgeEvent::Answered { command, outcome, .. } => (command, outcome),
        BridgeEvent::Opened { .. } | BridgeEvent::Changed { .. } | BridgeEvent::Ended { .. } => unreachable!(),
    };
    frames.answers.into_iter().map(answer).collect()
}

/// Sends a command, receiving nothing meanwhile.
fn send(bridge: &AsyncSyncBridge, graph: GraphId, command: GraphCommand) -> CommandId {
    bridge.send_command(BridgeCommand::Graph(graph, command)).expect("there is room")
}

#[test]
fn a_refusal_comes_back_to_who_asked() {
    let world = World::new();
    let mut bridge = world.bridge(BatchConfig::default());
    let accepted = send(&bridge, world.graph, add(1));
    let refused = send(&bridge, world.graph, add(1));
    let unknown = send(&bridge, GraphId::named("none"), add(1));
    let answers = answers(&mut bridge, 3);
    let of = |id| &answers.iter().find(|(command, _)| *command == id).expect("it was answered").1;
    assert_eq!(of(accepted).as_ref().expect("no rule forbids it").head.version, 2);
    let error = of(refused).as_ref().expect_err("the node is there");
    assert!(matches!(error, Error::Write(WriteError::Rejected { rejection: Rejected::DuplicateNode { .. }, .. })));
    assert_eq!(of(unknown).as_ref().expect_err("there is no such graph").kind(), ErrorKind::Rejected);
    assert_eq!(bridge.commands_under_way(), 0);
    assert_eq!(bridge.counters(), BridgeCounters::default(), "nothing was followed");
}

/// Also where graphs have to be created and opened first, and while others open them too.
#[test]
fn commands_are_decided_in_the_order_in_which_they_are_sent() {
    const GRAPHS: u64 = 60;
    const NAMES: u64 = 10;
    let world = World::new();
    let mut bridge = world.bridge(BatchConfig::default());
    let graphs: Vec<GraphId> = (0..GRAPHS).map(|number| GraphId::named(&format!("ordered {number}"))).collect();
    let feeds: Vec<_> = graphs.iter().map(|graph| bridge.follow(*graph, FeedStart::Now)).collect();
    let mut versions = HashMap::new();
    for graph in graphs {
        let metadata = cidgraph::GraphMetadata::named("ordered");
        versions.insert(send(&bridge, graph, GraphCommand::CreateGraph { metadata }), 1);
        for name in 0..NAMES {
            let command = GraphCommand::RenameGraph { name: format!("name {name}").into() };
            versions.insert(send(&bridge, graph, command), name + 2);
        }
    }
    for (command, outcome) in answers(&mut bridge, versions.len()) {
        let version = versions.remove(&command).expect("it was sent, and not answered before");
        assert_eq!(outcome.expect("no rule forbids it").head.version, version);
    }
    assert!(versions.is_empty());
    assert!(feeds.into_iter().all(|feed| bridge.stop(feed)));
}

#[test]
fn a_transaction_sent_twice_gets_its_first_answer_again() {
    let world = World::new();
    let mut bridge = world.bridge(BatchConfig::default());
    let context = bridge.context();
    let submission = Submission { context, commands: vec![add(1), add(2)], expected: Some(1) };
    let transaction = || BridgeCommand::Transaction(world.graph, submission.clone());
    let ids = [transaction(), transaction()].map(|command| bridge.send_command(command).expect("there is room"));
    assert_eq!(ids[0], ids[1]);
    let receipts: Vec<Receipt> =
        answers(&mut bridge, 2).into_iter().map(|(_, outcome)| outcome.expect("it was taken")).collect();
    assert_eq!((receipts[0].head, receipts[0].events), (receipts[1].head, 2));
    assert_eq!(receipts.iter().filter(|receipt| receipt.repeated).count(), 1);
}

#[test]
fn more_commands_than_may_be_under_way_are_refused_until_answers_are_received() {
    let world = World::new();
    let mut bridge = world.bridge(BatchConfig { max_pending_commands: 4, ..BatchConfig::default() });
    for number in 0..4 {
        send(&bridge, world.graph, add(number));
    }
    // Answers that wait count as well: a frame loop that never receives cannot fill the memory with them.
    until("all are carried out", || {
        let done = world.runtime.block_on(world.engine.get_graph(world.graph)).expect("it is there");
        (done.version() == 5).then_some(())
    });
    let refused = bridge.send_command(BridgeCommand::Graph(world.graph, add(9)));
    assert_eq!(refused, Err(BridgeError::Full { under_way: 4 }));
    assert_eq!(bridge.commands_under_way(), 4);
    assert_eq!(answers(&mut bridge, 4).len(), 4);
    send(&bridge, world.graph, add(9));
    assert_eq!(answers(&mut bridge, 1).len(), 1);
}
