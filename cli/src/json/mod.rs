//! The JSON forms: how values, commands, nodes and edges are written and read.
//!
//! `docs/CLI.md` lists them. What is written can be read again without loss.

mod command;
mod diff;
mod integer;
mod reference;
mod value;
mod view;

pub use command::{
    CommandForm, EdgeForm, JsonLine, NodeForm, OperationForm, TransactionForm, UpdateForm, read_line, write_line,
};
pub use diff::{change_name, diff_object};
pub use integer::find_wide_integer;
pub use reference::{IdForm, KeyForm, NodeReference};
pub use value::{PropertiesForm, ValueForm, write_properties, write_value};
pub use view::{edge_object, node_object};
