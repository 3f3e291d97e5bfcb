//! The report of a run: its data, the table for a terminal, and one HTML page that needs nothing else.

mod html;
mod model;
mod plot;
mod table;

pub use html::render_html;
pub use model::{Breakdown, Direction, Figure, Histogram, Part, Report, SectionReport, Series, SeriesPoint};
pub use table::render_table;
