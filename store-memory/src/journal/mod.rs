//! The durable log: segments of events on a disk, one writer, any number of readers.
//!
//! [`format`] and [`table`] are the bytes, [`scan`] reads and checks them, [`index`] says where events stand,
//! [`durable`] what of them is safe, [`segments`] reads them, [`log`] ties these together, [`open`], [`queue`], [`writer`], [`verify`] and [`survey`] are what is done with it.

pub(crate) mod format;
pub(crate) mod table;

pub(crate) mod scan;

pub(crate) mod index;

pub(crate) mod files;

pub(crate) mod durable;

pub(crate) mod segments;

pub(crate) mod positions;

pub(crate) mod log;

pub(crate) mod queue;

pub(crate) mod writer;

pub(crate) mod open;

pub(crate) mod verify;

pub(crate) mod survey;
