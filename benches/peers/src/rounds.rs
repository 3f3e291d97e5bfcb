//! All engines, all rounds: one process after another, and what they say.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::de::DeserializeOwned;

use crate::figures::{Opened, Worked};
use crate::peer::PEERS;
use crate::table::{Row, print};
use crate::{Arguments, Outcome, data};

/// The engines that Python brings, and the program of each.
const PYTHON_PEERS: [&str; 5] = ["ladybug", "raphtory", "igraph", "rustworkx", "falkordb"];

/// The row of the snapshot file that the live engine leaves.
const MAPPED: &str = "cidgraph mapped";

/// How an engine's processes are started.
struct Starter {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
}

/// Makes the data, lets every engine work in every round, and prints the table.
pub(crate) fn run(arguments: &Arguments) -> Outcome<()> {
    let temporary;
    let folder = match &arguments.folder {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            folder.as_path()
        }
        None => {
            temporary = tempfile::tempdir()?;
            temporary.path()
        }
    };
    eprintln!("making {} nodes and {} edges", arguments.nodes, arguments.edges);
    data::write(folder, arguments.nodes, arguments.edges)?;
    let starters = starters(arguments)?;
    let mut rows: Vec<Row> = starters.iter().map(|starter| Row::new(&starter.name)).collect();
    let mut mapped = Row::new(MAPPED);
    for round in 0..arguments.rounds {
        for (starter, row) in starters.iter().zip(&mut rows) {
            eprintln!("round {}: {}", round + 1, starter.name);
            if let Err(error) = one_round(starter, folder, row, &mut mapped) {
                row.failed(error.to_string());
            }
        }
    }
    if mapped.digests().next().is_some() {
        rows.insert(1, mapped);
    }
    print(&rows, arguments);
    let digests: Vec<&str> = rows.iter().flat_map(Row::digests).collect();
    if let Some(failed) = rows.iter().find(|row| row.has_failed()) {
        return Err(format!("{} did not do all of it", failed.name()).into());
    }
    let points: Vec<u64> = rows.iter().flat_map(Row::points).collect();
    if digests.windows(2).any(|pair| pair[0] != pair[1]) || points.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err("not all engines gave the same answers".into());
    }
    Ok(())
}

fn starters(arguments: &Arguments) -> Outcome<Vec<Starter>> {
    let program = std::env::current_exe()?;
    let own = |name: &str| Starter { name: name.to_owned(), program: program.clone(), arguments: Vec::new() };
    let mut starters: Vec<Starter> = PEERS.iter().map(|name| own(name)).collect();
    if let Some(python) = &arguments.python {
        let worker = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/worker.py");
        starters.extend(PYTHON_PEERS.iter().map(|name| Starter {
            name: (*name).to_owned(),
            program: python.clone(),
            arguments: vec![worker.display().to_string()],
        }));
    }
    let asked = |starter: &Starter| arguments.only.is_empty() || arguments.only.contains(&starter.name);
    if let Some(unknown) = arguments.only.iter().find(|name| !starters.iter().any(|starter| starter.name == **name)) {
        return Err(format!("no engine is called {unknown}, or it needs --python").into());
    }
    starters.retain(asked);
    Ok(starters)
}

fn one_round(starter: &Starter, folder: &Path, row: &mut Row, mapped: &mut Row) -> Outcome<()> {
    let home = tempfile::tempdir_in(folder)?;
    let worked: Worked = starter.ask("work", &starter.name, folder, home.path())?;
    row.worked(worked);
    let opened: Option<Opened> = starter.ask("open", &starter.name, folder, home.path())?;
    if let Some(opened) = opened {
        row.opened(&opened);
    }
    if starter.name == "cidgraph" {
        mapped.worked(starter.ask("serve", MAPPED, folder, home.path())?);
        if let Some(opened) = starter.ask::<Option<Opened>>("open", MAPPED, folder, home.path())? {
            mapped.opened(&opened);
        }
    }
    Ok(())
}

impl Starter {
    fn ask<T: DeserializeOwned>(&self, step: &str, peer: &str, folder: &Path, home: &Path) -> Outcome<T> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).args([step, peer]).arg(folder).arg(home);
        let output = command.output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
            return Err(format!("{step} ended with {}: {last}", output.status).into());
        }
        let printed = String::from_utf8(output.stdout)?;
        Ok(serde_json::from_str(printed.lines().last().ok_or("a worker prints its figures")?)?)
    }
}
