//! The places of named readers: one small file, a DAG-CBOR map from name to sequence, replaced whole.

use cidgraph::dag_cbor::{Decoder, Encoder};
use cidgraph::{Damage, Properties, StoreError, Value};
use parking_lot::Mutex;

use crate::journal::files::{Files, corrupt};

/// The file's name.
pub(crate) const FILE: &str = "positions.cbor";

/// The places of named readers.
#[derive(Debug)]
pub(crate) struct Positions {
    saved: Mutex<Properties>,
}

impl Positions {
    pub(crate) fn open(files: &Files) -> Result<Self, StoreError> {
        Ok(Self { saved: Mutex::new(read(files)?) })
    }

    pub(crate) fn save(&self, files: &Files, reader: &str, sequence: u64) -> Result<(), StoreError> {
        let sequence = i64::try_from(sequence).map_err(|_| StoreError::Invalid {
            reason: format!("{sequence} is no sequence of this store: they stay below 2^63"),
        })?;
        let mut saved = self.saved.lock();
        let mut next = saved.clone();
        next.insert(reader, Value::Int(sequence));
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes).properties(&next);
        files.replace(FILE, &bytes)?;
        *saved = next;
        Ok(())
    }

    pub(crate) fn load(&self, files: &Files, reader: &str) -> Result<Option<u64>, StoreError> {
        let mut saved = self.saved.lock();
        if !files.writable {
            *saved = read(files)?;
        }
        let Some(Value::Int(sequence)) = saved.get(reader) else { return Ok(None) };
        Ok(u64::try_from(*sequence).ok())
    }
}

fn read(files: &Files) -> Result<Properties, StoreError> {
    let Some(bytes) = files.read(FILE)? else { return Ok(Properties::new()) };
    let mut input = Decoder::new(&bytes);
    let saved = input.properties().and_then(|saved| input.finish().map(|()| saved));
    saved.map_err(|error| {
        corrupt(Damage {
            place: files.folder.join(FILE).display().to_string(),
            offset: Some(error.offset as u64),
            reason: "it is no map from reader to sequence; delete it and the readers start anew".to_owned(),
            ..Damage::default()
        })
    })
}
