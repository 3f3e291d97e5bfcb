//! The `cidgraph-viz` command.

use std::process::ExitCode;

use cidgraph_viz::command::{Arguments, run};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            drop(error.print());
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if failure.exit_code() > 0 {
                eprintln!("cidgraph-viz: {failure}");
            }
            ExitCode::from(failure.exit_code())
        }
    }
}
