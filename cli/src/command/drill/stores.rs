//! JetStream stores as a drill's source of stores.

use std::sync::Arc;

use cidgraph::{EventStore, StoreError};
use cidgraph_harness::drill::{ServerStores, StoreTerms};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use futures::FutureExt;
use futures::future::BoxFuture;

/// The stream of [`JetStreamConfig::new`].
const STREAM: &str = "event-store";

/// Opens JetStream stores.
#[derive(Debug, Clone, Copy)]
pub(super) struct JetStreamStores;

impl ServerStores for JetStreamStores {
    fn stream(&self) -> &str {
        STREAM
    }

    fn open(&self, terms: StoreTerms) -> BoxFuture<'_, Result<Arc<dyn EventStore>, StoreError>> {
        let config = JetStreamConfig {
            urls: terms.urls,
            monitor_urls: terms.monitor_urls,
            stream: STREAM.to_owned(),
            replicas: terms.replicas,
            deadline: terms.deadline,
            ..JetStreamConfig::new("")
        };
        async { Ok(Arc::new(JetStreamStore::connect(config).await?) as Arc<dyn EventStore>) }.boxed()
    }
}
