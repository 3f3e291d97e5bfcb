//! `cidgraph verify`: every CID and link again.

mod arguments;
mod found;
mod stream;
mod replicas;
mod run;

pub use arguments::Arguments;
pub(in crate::command) use replicas::{print_survey, survey_object};
pub use run::run;
