//! Stored events as the command shows them: read page by page, verified.

use cidgraph::chain::{ChainVerifier, OpenedBlock};
use cidgraph::dag_cbor::Decoder;
use cidgraph::{AggregateId, EventStore, StoredEvent, Value};

use crate::failure::Failure;
use crate::session::Session;

/// Events read from the store at a time.
const PAGE_EVENTS: usize = 4096;

/// Hands every event of an aggregate up to `last_version` to `visit`, in order and verified, until it says `false`.
///
/// # Errors
/// Where the store cannot be read, the chain does not hold, or `visit` fails.
pub fn visit_events(
    session: &Session,
    store: &dyn EventStore,
    aggregate: AggregateId,
    last_version: u64,
    mut visit: impl FnMut(&StoredEvent, &OpenedBlock<'_>) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let mut verifier = ChainVerifier::new(aggregate);
    let mut next = 1;
    while next <= last_version {
        let page = session.wait(store.read(aggregate, next, PAGE_EVENTS))?;
        if page.is_empty() {
            break;
        }
        for stored in page.iter().take_while(|stored| stored.event.version <= last_version) {
            let opened = verifier.push(stored)?;
            if !visit(stored, &opened)? {
                return Ok(());
            }
        }
        next += page.len() as u64;
    }
    Ok(())
}

/// Returns the payload of a block as a value.
pub fn payload_value(opened: &OpenedBlock<'_>) -> Value {
    Decoder::new(opened.payload).value().expect("an opened block's payload is one value")
}
