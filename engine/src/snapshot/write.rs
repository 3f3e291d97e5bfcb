//! Writes a view into a file: under another name first, complete and synced before it gets its own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::graph::index_of;
use crate::index::Index;
use crate::pages::PAGE_LEN;
use crate::pool::{ComponentRegistry, NameId, Naming, Pool, PoolBase};
use crate::sections::{Section, SectionKind, SectionWriter, padding};
use crate::state::{
    Base, Categories, Folded, Generation, GraphView, fold_history_named, fold_named, naming_of, naming_of_history,
    rename,
};

use super::error::SnapshotError;
use super::header::{HEADER_LEN, Header};
use super::info::{SnapshotInfo, write_info, write_infos};
use super::open::registry_of;
use super::plain_file::demand_plain_file;

/// Bytes that are gathered before the system is asked to write.
const BUFFER: usize = 1 << 20;

/// Distinguishes the files that one process writes at a time.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// What a file answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The view's version.
    Version,
    /// Every version from the first of the view's generation on.
    History,
}

/// Writes a view into the file `path`, which is there whole or not at all.
pub(super) fn write(
    view: &GraphView,
    reach: Reach,
    registry: &ComponentRegistry,
    path: &Path,
) -> Result<SnapshotInfo, SnapshotError> {
    let wrong = |path: &Path, source| SnapshotError::Io { path: path.to_owned(), source };
    demand_plain_file(path).map_err(|source| wrong(path, source))?;
    let unfinished = unfinished_name(path);
    let created = OpenOptions::new().write(true).create_new(true).open(&unfinished);
    let mut file = created.map_err(|source| wrong(&unfinished, source))?;
    let written = write_file(view, reach, registry, &mut file).and_then(|info| file.sync_all().map(|()| info));
    let placed = written.and_then(|info| {
        fs::rename(&unfinished, path)?;
        sync_folder(path)?;
        Ok(info)
    });
    placed.map_err(|source| {
        drop(fs::remove_file(&unfinished));
        wrong(path, source)
    })
}

/// Returns a name beside `path` that no other writer has.
fn unfinished_name(path: &Path) -> PathBuf {
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{number}.unfinished", std::process::id()));
    path.with_file_name(name)
}

/// Makes a rename outlive the power.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn write_file(
    view: &GraphView,
    reach: Reach,
    registry: &ComponentRegistry,
    file: &mut File,
) -> io::Result<SnapshotInfo> {
    let (frozen, state_hash) = rayon::join(|| Frozen::of(view, reach, registry), || view.state_hash());
    let Frozen { base, pool, index, naming, categories } = frozen;
    let mut out = BufWriter::with_capacity(BUFFER, file);
    out.write_all(&[0; HEADER_LEN])?;
    let mut sections = SectionWriter::new(&mut out, HEADER_LEN as u64);
    naming.names().write(&mut sections)?;
    let info = write_info(view.info(), view.since_checkpoint());
    sections.elements(SectionKind::Info, 8, info.len(), &info)?;
    write_categories(&categories, &mut sections)?;
    base.write(&mut sections)?;
    pool.write(&mut sections)?;
    sections.stream(SectionKind::Index, |out| match &index {
        Some(index) => index.freeze(&|name| name, out),
        None => view.index().freeze(&|name| naming.of(NameId(name)).0, out),
    })?;
    base.write_history(&mut sections)?;
    if base.last_stamp() > 0 {
        let infos = write_infos(base.timeline().known());
        sections.elements(SectionKind::FormerInfos, 8, infos.len(), &infos)?;
    }
    let (table, checksums, end) = sections.finish();
    let mut header = Header {
        file_len: 0,
        graph: view.info().graph,
        from: base.version(),
        to: base.last_version(),
        timestamp_ns: view.timestamp_ns(),
        head: view.head().map(|head| head.cid),
        state_hash,
        nodes: base.node_count() as u64,
        edges: base.edge_count() as u64,
        sections: table.len() as u64,
        pages: checksums.len() as u64,
        page_table: 0,
        roots: 0,
        section_table: 0,
        tables_checksum: 0,
    };
    write_tables(&mut out, &table, &checksums, end, &mut header)?;
    out.seek(SeekFrom::Start(0))?;
    out.write_all(&header.to_bytes())?;
    out.flush()?;
    Ok(SnapshotInfo::new(&header, table.iter()))
}

/// What a view shows, with the names of a file.
struct Frozen {
    base: Base,
    pool: Arc<PoolBase>,
    /// The indices, where those of the view are of other ordinals or of an earlier state.
    index: Option<Index>,
    naming: Naming,
    categories: Categories,
}

impl Frozen {
    fn of(view: &GraphView, reach: Reach, registry: &ComponentRegistry) -> Self {
        match reach {
            Reach::Version => Self::of_version(view, registry),
            Reach::History => Self::of_history(view, registry),
        }
    }

    fn of_version(view: &GraphView, registry: &ComponentRegistry) -> Self {
        let (naming, categories) = naming_of(view.at(), registry);
        let generation = view.generation();
        let base = generation.base();
        let is_folded = generation.row_count() == 0 && base.version() > 0 && base.last_stamp() == 0;
        let (base, pool, keeps_nodes) = if is_folded && view.version() == base.version() {
            let (base, pool) = rename(generation, &naming);
            (base, Arc::new(pool), true)
        } else {
            let Folded { base, pool, renumbering } = fold_named(view.at(), view.extent(), &naming);
            ((*base).clone(), pool, renumbering.keeps_nodes())
        };
        Self { base, pool, index: None, naming, categories }.indexed(view, keeps_nodes)
    }

    fn of_history(view: &GraphView, registry: &ComponentRegistry) -> Self {
        let (naming, categories) = naming_of_history(view.at(), view.extent(), registry);
        let Folded { base, pool, renumbering } = fold_history_named(view.at(), view.extent(), &naming);
        Self { base: (*base).clone(), pool, index: None, naming, categories }.indexed(view, renumbering.keeps_nodes())
    }

    /// Makes the indices where those of the view do not do.
    fn indexed(self, view: &GraphView, keeps_nodes: bool) -> Self {
        let index = (!keeps_nodes || !view.is_index_current()).then(|| {
            let pooled = Pool::new(Arc::clone(self.naming.names()), Arc::clone(&self.pool));
            let generation = Generation::new(Arc::new(self.base.clone()), Arc::new(pooled));
            index_of(generation.frozen(), &registry_of(&self.categories, self.naming.names()))
        });
        Self { index, ..self }
    }
}

/// Writes the checksums of pages, those of their own pages, and the section table.
fn write_tables(
    out: &mut impl Write,
    sections: &[Section],
    checksums: &[u32],
    end: u64,
    header: &mut Header,
) -> io::Result<()> {
    let gap = padding(end);
    out.write_all(&[0; 64][..gap])?;
    let page_table: Vec<u8> = checksums.iter().flat_map(|checksum| checksum.to_le_bytes()).collect();
    let mut tables: Vec<u8> =
        page_table.chunks(PAGE_LEN).flat_map(|page| crc32fast::hash(page).to_le_bytes()).collect();
    header.page_table = end + gap as u64;
    header.roots = header.page_table + page_table.len() as u64;
    header.section_table = header.roots + tables.len() as u64;
    tables.extend(sections.iter().flat_map(Section::to_bytes));
    header.file_len = header.roots + tables.len() as u64;
    header.tables_checksum = crc32fast::hash(&tables);
    out.write_all(&page_table)?;
    out.write_all(&tables)
}

/// Writes component types and their categories: two numbers of names each.
fn write_categories(categories: &Categories, out: &mut SectionWriter<'_>) -> io::Result<()> {
    let numbers = categories.iter().flat_map(|(component_type, category)| [component_type.0, category.0]);
    let bytes: Vec<u8> = numbers.flat_map(u32::to_le_bytes).collect();
    out.elements(SectionKind::Categories, 32, bytes.len() / 4, &bytes)
}
