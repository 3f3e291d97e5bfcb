//! The report of a run: its data, the table for a terminal, and one HTML page that needs nothing else.

mod model;

mod plot;

mod html;
mod table;

mod file;

pub use html::render_html;
pub use model::{Breakdown, Direction, Figure, Histogram, Part, Report, SectionReport, Series, SeriesPoint};
pub use table::render_table;
