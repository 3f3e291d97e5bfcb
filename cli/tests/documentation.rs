//! `docs/CLI.md` is what the definitions of the command line say.

use std::path::Path;

use cidgraph_cli::arguments::CommandLine;
use cidgraph_cli::documentation::markdown;
use clap::CommandFactory;

/// Compares the document; with `UPDATE_DOCS` set, writes it.
#[test]
fn the_document_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/CLI.md");
    let expected = markdown(CommandLine::command());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        std::fs::write(&file, &expected).expect("written");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == expected, "docs/CLI.md is out of date: run the tests once with UPDATE_DOCS=1");
}

#[test]
fn the_definitions_hold_together() {
    CommandLine::command().debug_assert();
}
