//! An order taken through its life: any state machine is persisted, chained and replayed like a graph.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

#[path = "order/aggregate.rs"]
mod aggregate;

use std::sync::Arc;

use aggregate::{Item, Order, OrderCommand};
use cidgraph::{
    AggregateId, CommandContext, EventStore, Ids, RandomIds, SystemClock, TransactionalCommandHandler, WriterConfig,
};
use cidgraph_store_memory::MemoryStore;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let orders =
        TransactionalCommandHandler::<Order>::new(Arc::clone(&store), WriterConfig::default(), Arc::new(SystemClock));
    let id = AggregateId::from_bytes(RandomIds.fresh());
    let commands = [
        OrderCommand::Submit { items: vec![Item { article: "lamp".into(), quantity: 2 }] },
        OrderCommand::ValidatePayment { payment: "payment-17".into() },
        OrderCommand::Fulfil { tracking: "parcel-4".into() },
        OrderCommand::Cancel { reason: "changed my mind".into() },
    ];
    for command in commands {
        match orders.handle(id, CommandContext::new(RandomIds.command(), "alice"), command).await {
            Ok(receipt) => println!("version {}: {}", receipt.head.version, receipt.head.cid),
            Err(error) => println!("refused: {error}"),
        }
    }
    println!("{:?}", orders.state(id).await?.state);
    Ok(())
}
