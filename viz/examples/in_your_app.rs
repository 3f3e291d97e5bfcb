//! A graph in an application of your own: one plugin, one camera, and the graph's events as messages.

use bevy::prelude::*;
use cidgraph::GraphId;
use cidgraph_viz::generate::generate;
use cidgraph_viz::{EventSource, EventSourcedGraphPlugin, GraphCamera, GraphMutationEvent};

fn main() {
    App::new().add_plugins((DefaultPlugins, EventSourcedGraphPlugin)).add_systems(Startup, show).run();
}

fn show(mut commands: Commands, mut events: MessageWriter<GraphMutationEvent>) {
    commands.spawn(GraphCamera);
    let mutations = generate(GraphId::from_u64(1), 1000);
    events.write_batch(mutations.map(|mutation| GraphMutationEvent {
        source: EventSource::Local,
        mutation,
        transaction_id: None,
    }));
}
