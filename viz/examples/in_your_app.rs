//! A graph in an application of your own: one plugin, one camera, and the graph's changes as messages.

use bevy::prelude::*;
use cidgraph::GraphId;
use cidgraph_viz::generate::generate;
use cidgraph_viz::{EventSource, EventSourcedGraphPlugin, GraphCamera, GraphMutationEvent};

fn main() {
    App::new().add_plugins((DefaultPlugins, EventSourcedGraphPlugin)).add_systems(Startup, show).run();
}

fn show(mut commands: Commands, mut changes: MessageWriter<GraphMutationEvent>) {
    commands.spawn(GraphCamera);
    let (graph, source, transaction_id) = (GraphId::from_u64(1), EventSource::Local, None);
    for (version, mutations) in generate(1000) {
        let change = |mutation| GraphMutationEvent { source, graph, version, mutation, transaction_id };
        changes.write_batch(mutations.into_iter().map(change));
    }
}
