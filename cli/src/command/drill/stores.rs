//! JetStream stores as a drill's source of stores.

use std::sync::Arc;

use cidgraph::{EventStore, StoreError};
use cidgraph_harness::drill::{CopyFound, ServerStores, Special, StoreTerms};
use cidgraph_store_jetstream::replica::{Repair, ReplicaSurvey, repair, survey_replicas};
use cidgraph_store_jetstream::{Credentials, JetStreamConfig, JetStreamStore, Secret, Tls};
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
        connect(config(terms)).boxed()
    }

    fn open_special(
        &self,
        terms: StoreTerms,
        special: Special,
    ) -> BoxFuture<'_, Result<Arc<dyn EventStore>, StoreError>> {
        connect(with(config(terms), special)).boxed()
    }

    fn survey(&self, terms: StoreTerms) -> BoxFuture<'_, Result<Vec<CopyFound>, StoreError>> {
        async { Ok(survey_replicas(&config(terms)).await?.replicas.into_iter().map(found).collect()) }.boxed()
    }

    fn repair(&self, terms: StoreTerms) -> BoxFuture<'_, Result<(), StoreError>> {
        async { repair(&config(terms), &Repair::default()).await.map(drop) }.boxed()
    }
}

fn config(terms: StoreTerms) -> JetStreamConfig {
    JetStreamConfig {
        urls: terms.urls,
        monitor_urls: terms.monitor_urls,
        stream: STREAM.to_owned(),
        replicas: terms.replicas,
        deadline: terms.deadline,
        ..JetStreamConfig::new("")
    }
}

fn with(config: JetStreamConfig, special: Special) -> JetStreamConfig {
    match special {
        Special::MaxBytes(bytes) => JetStreamConfig { max_bytes: Some(bytes), ..config },
        Special::Login { user, password } => {
            let credentials = Credentials::UserPassword { user, password: Secret::new(password) };
            JetStreamConfig { credentials, ..config }
        }
        Special::Authorities(file) => {
            JetStreamConfig { tls: Some(Tls { authorities: Some(file), ..Tls::default() }), ..config }
        }
    }
}

async fn connect(config: JetStreamConfig) -> Result<Arc<dyn EventStore>, StoreError> {
    Ok(Arc::new(JetStreamStore::connect(config).await?) as Arc<dyn EventStore>)
}

fn found(replica: ReplicaSurvey) -> CopyFound {
    let ReplicaSurvey { server, bad_events, first_damage, .. } = replica;
    CopyFound { server, bad_events, first_damage }
}
