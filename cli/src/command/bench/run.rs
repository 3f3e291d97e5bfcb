//! A run of the bench, from its arguments to its table.

use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cidgraph_harness::bench::{self, BenchError, MakeWorker, OpenInput, Surroundings};
use cidgraph_harness::compare::{compare, render_comparison};
use cidgraph_harness::report::{Report, render_table};
use cidgraph_harness::section::{StoreSource, SyncPolicy, serve_snapshot, write_until_killed};
use indicatif::{ProgressBar, ProgressStyle};

use super::arguments::{Arguments, Instead};
use super::folder::work_folder;
use super::input::{edge_list, repository, repository_around};
use super::served::{Guard, JetStreamStores, Remains};
use super::stores::EmbeddedStores;
use crate::failure::Failure;
use crate::session::{ProgressKind, Session};
use crate::store::StoreKind;

/// Columns of the table where the terminal does not say how many it has.
const WIDTH: usize = 120;

/// Runs the subcommand.
///
/// # Errors
/// [`Failure::Usage`] where a report cannot be read or the bench cannot go on, [`Failure::Unwritable`] where no report
/// can be written, [`Failure::Store`].
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.instead {
        None => measure(session, arguments),
        Some(Instead::Compare { before, after }) => print_comparison(session, before, after),
        Some(Instead::WriteUntilKilled { folder, run }) => {
            let stores = stores(session, run.as_deref().unwrap_or_default(), &Remains::default())?;
            let mut output = std::io::stdout();
            let written = session.wait(write_until_killed(stores.source(), folder, &mut output));
            written.map_err(|error| Failure::usage(format!("the writer stopped: {error}")))
        }
        Some(Instead::ServeSnapshot { file }) => serve_snapshot(file, &mut std::io::stdout())
            .map_err(|error| Failure::usage(format!("{} cannot be served: {error}", file.display()))),
    }
}

fn measure(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    let data_dir = session.options.store.data_dir.clone();
    let unwritable = |source| Failure::Unwritable { file: data_dir.display().to_string(), source };
    let remains = Remains::default();
    let _guard = Guard(remains.clone());
    let folder = work_folder(&session.options.store.data_dir, remains.clone()).map_err(unwritable)?;
    let stages = Stages::start(session.options.progress);
    let report = stores(session, &format!("bench-{}", now_unix_ms()), &remains).and_then(|stores| {
        let surroundings = Surroundings {
            stores: stores.source(),
            directory: folder.path().to_owned(),
            real_input: real_input(arguments),
            worker: worker(&stores),
            server: server(),
            progress: &|stage| stages.show(stage),
            started_unix_ms: now_unix_ms(),
        };
        session.wait(bench::run(&arguments.plan(stores.is_on_servers()), surroundings)).map_err(stopped)
    });
    stages.finish();
    session.wait(remains.remove());
    let report = report?;
    drop(folder);
    if let Some(out) = &arguments.out {
        report.write(out).map_err(|source| Failure::Unwritable { file: out.display().to_string(), source })?;
    }
    print(session, &report, arguments)
}

fn stopped(error: BenchError) -> Failure {
    match error {
        BenchError::Store(error) => Failure::Store(error),
        BenchError::Service(_) | BenchError::Baseline(_) | BenchError::Disk(_) => {
            Failure::usage(format!("the bench stopped: {error}"))
        }
    }
}

/// Where the bench keeps its stores.
enum Stores {
    Embedded,
    OnServers(Box<JetStreamStores>),
}

impl Stores {
    fn source(&self) -> &dyn StoreSource {
        match self {
            Self::Embedded => &EmbeddedStores,
            Self::OnServers(stores) => stores.as_ref(),
        }
    }

    const fn is_on_servers(&self) -> bool {
        matches!(self, Self::OnServers(_))
    }
}

fn stores(session: &Session, run: &str, remains: &Remains) -> Result<Stores, Failure> {
    let options = &session.options.store;
    match options.kind {
        StoreKind::Memory => Ok(Stores::Embedded),
        StoreKind::Jetstream => {
            let stores = session.wait(JetStreamStores::connect(options, run, remains))?;
            Ok(Stores::OnServers(Box::new(stores)))
        }
    }
}

fn real_input(arguments: &Arguments) -> Result<OpenInput, String> {
    if let Some(file) = arguments.input.clone() {
        return Ok(Box::new(move || edge_list(&file)));
    }
    let path = repository_around().ok_or("no git repository around the working folder, and no --input")?;
    let opened = repository(&path).map_err(|error| error.to_string())?;
    Ok(Box::new(move || Ok(opened)))
}

/// Makes the command of a process that writes to a store until it is killed: this program again.
fn worker(stores: &Stores) -> Option<MakeWorker> {
    let program = std::env::current_exe().ok()?;
    let arguments = match stores {
        Stores::Embedded => Vec::new(),
        Stores::OnServers(stores) => stores.arguments(SyncPolicy::Always),
    };
    Some(Box::new(move |folder| {
        let mut command = Command::new(&program);
        command.args(["bench", "write-until-killed"]).args(&arguments).arg(folder);
        command
    }))
}

/// Makes the command of a process that answers queries on a snapshot file: this program again.
fn server() -> Option<MakeWorker> {
    let program = std::env::current_exe().ok()?;
    Some(Box::new(move |file| {
        let mut command = Command::new(&program);
        command.args(["bench", "serve-snapshot"]).arg(file);
        command
    }))
}

fn now_unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).expect("milliseconds since 1970 fit in 64 bits")
}

fn print(session: &mut Session, report: &Report, arguments: &Arguments) -> Result<(), Failure> {
    if session.output.json {
        let object = serde_json::to_value(report).expect("a report's maps have names");
        return Ok(session.output.object(&object)?);
    }
    for section in &report.sections {
        for note in &section.notes {
            session.output.line(format_args!("{}: {note}", section.name))?;
        }
    }
    if let Some(out) = &arguments.out {
        session.output.line(format_args!("report: {}", out.join("report.html").display()))?;
    }
    session.output.line("")?;
    let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(WIDTH);
    session.output.line(render_table(&report.targets, width).trim_end())?;
    Ok(())
}

fn print_comparison(session: &mut Session, before: &Path, after: &Path) -> Result<(), Failure> {
    let read = |path: &Path| {
        let file = if path.is_dir() { path.join("report.json") } else { path.to_owned() };
        Report::read(&file)
            .map_err(|error| Failure::usage(format!("{}: expected a report of the bench, {error}", file.display())))
    };
    let (before, after) = (read(before)?, read(after)?);
    if session.output.json {
        for comparison in compare(&before, &after) {
            session.output.object(&serde_json::to_value(comparison).expect("a comparison's fields have names"))?;
        }
        return Ok(());
    }
    Ok(session.output.line(render_comparison(&before, &after).trim_end())?)
}

/// Shows what the bench is doing.
pub(in crate::command) enum Stages {
    /// A line on standard error that changes.
    Line(ProgressBar),
    /// A line of text for each stage.
    Plain,
    /// Nothing.
    None,
}

impl Stages {
    pub(in crate::command) fn start(kind: ProgressKind) -> Self {
        match kind {
            ProgressKind::Auto if std::io::stderr().is_terminal() => {
                let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}").expect("the template is one");
                let line = ProgressBar::new_spinner().with_style(style);
                line.enable_steady_tick(Duration::from_millis(250));
                Self::Line(line)
            }
            ProgressKind::Plain => Self::Plain,
            ProgressKind::Auto | ProgressKind::Json | ProgressKind::None => Self::None,
        }
    }

    pub(in crate::command) fn show(&self, stage: &str) {
        match self {
            Self::Line(line) => line.set_message(stage.to_owned()),
            Self::Plain => eprintln!("{stage}"),
            Self::None => {}
        }
    }

    pub(in crate::command) fn finish(&self) {
        if let Self::Line(line) = self {
            line.finish_and_clear();
        }
    }
}
