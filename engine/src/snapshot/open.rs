//! A snapshot file that is open: its view, and what can be asked of it.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::graph::index_of;
use crate::index::{FrozenIndex, Index};
use crate::pages::{Pages, SnapshotDamage, guarded};
use crate::pool::{ComponentRegistry, ComponentType, NameId, Names, Pool, PoolBase};
use crate::read_model::GraphReadModel;
use crate::sections::{ENTRY_LEN, Section, SectionKind, Sections, wrong};
use crate::state::{At, Base, Categories, Generation, GraphView, Published, Shape, TransactionEnd, ViewIndex};
use crate::store::Head;
use crate::topology::Stamp;

use super::error::SnapshotError;
use super::header::{self, HEADER_LEN, Header};
use super::info::{SnapshotInfo, read_info, read_infos};
use super::map::map;
use super::plain_file::demand_plain_file;
use super::write::{self, Reach};

/// A snapshot file: one version of a graph, read in place.
///
/// Views and read models of it may outlive it; the file stays mapped as long as one of them is there.
///
/// What is read of a file that was not verified may turn out to be damaged at any depth of a query. Then
/// [`GraphReadModel::query`] says so; whatever else is called on its views is to be called within
/// [`guarded`](super::guarded).
#[derive(Debug)]
pub struct Snapshot {
    pub(super) info: SnapshotInfo,
    pub(super) sections: Sections,
    view: GraphView,
    categories: ComponentRegistry,
}

impl Snapshot {
    /// Writes a view into the file `path`, which then is there complete and synced, in place of one that was there; or not
    /// at all. The registry tells the categories of component types, which the indices of the file know.
    ///
    /// # Errors
    /// Where the system does not write it, or the view is of a file that is damaged.
    pub fn write(
        view: &GraphView,
        registry: &ComponentRegistry,
        path: impl AsRef<Path>,
    ) -> Result<SnapshotInfo, SnapshotError> {
        guarded(|| write::write(view, Reach::Version, registry, path.as_ref()))?
    }

    /// Writes a file as [`write`](Self::write) does that answers for all of the view's generation: for every version from
    /// [`GraphView::first_version`] on.
    ///
    /// # Errors
    /// As of [`write`](Self::write).
    ///
    /// # Panics
    /// Where the end of the view's last transaction was not noted in its generation.
    pub fn write_history(
        view: &GraphView,
        registry: &ComponentRegistry,
        path: impl AsRef<Path>,
    ) -> Result<SnapshotInfo, SnapshotError> {
        guarded(|| write::write(view, Reach::History, registry, path.as_ref()))?
    }

    /// Opens a file in time that does not depend on its size: what it holds is checked when it is first touched.
    ///
    /// # Errors
    /// Where the system does not map it, or its header or tables do not hold.
    pub fn map(path: impl AsRef<Path>) -> Result<Self, SnapshotError> {
        Self::open(map_file(path.as_ref())?, true)
    }

    /// Opens a file, checks all of it first, and reads it without checks then.
    ///
    /// # Errors
    /// Where the system does not map it, or any part of it does not hold.
    pub fn open_verified(path: impl AsRef<Path>) -> Result<Self, SnapshotError> {
        let file = map_file(path.as_ref())?;
        Self::open(file.clone(), true)?.check_structure()?;
        Self::open(file, false)
    }

    /// Opens a copy of a file's bytes, as [`map`](Self::map) does a file.
    ///
    /// # Errors
    /// Where header or tables do not hold.
    pub fn copied(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut words = vec![0_u64; bytes.len().div_ceil(8)];
        bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Self::open(Bytes::from_owner(Words(words)).slice(..bytes.len()), true)
    }

    fn open(file: Bytes, is_guarded: bool) -> Result<Self, SnapshotError> {
        if cfg!(target_endian = "big") {
            return Err(SnapshotError::BigEndian);
        }
        let header = Header::read(&file)?;
        let sections = sections_of(file, &header, is_guarded)?;
        let info = SnapshotInfo::new(&header, sections.table());
        let names = Names::read(&sections)?;
        let categories = read_categories(&sections, &names)?;
        let view = view_of(&header, &sections, names, categories.clone())?;
        Ok(Self { info, sections, view, categories })
    }

    /// Returns what the file says of itself.
    pub const fn info(&self) -> &SnapshotInfo {
        &self.info
    }

    /// Returns the graph as the file has it, at its last version.
    pub fn view(&self) -> GraphView {
        self.view.clone()
    }

    /// Returns the graph as the file has it, to be asked.
    pub fn read(&self, registry: ComponentRegistry) -> GraphReadModel {
        GraphReadModel::new(self.view(), registry)
    }

    /// Returns the component types in use that have a category, as they were known when the file was written.
    pub const fn categories(&self) -> &ComponentRegistry {
        &self.categories
    }
}

/// Bytes that start at a whole word.
struct Words(Vec<u64>);

impl AsRef<[u8]> for Words {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

fn map_file(path: &Path) -> Result<Bytes, SnapshotError> {
    let mapped = demand_plain_file(path).and_then(|()| File::open(path)).and_then(|file| map(&file));
    mapped.map_err(|source| SnapshotError::Io { path: path.to_owned(), source })
}

/// Finds the sections of a file and has their pages guarded.
fn sections_of(file: Bytes, header: &Header, is_guarded: bool) -> Result<Sections, SnapshotDamage> {
    let place = |at: u64| usize::try_from(at).map_err(|_| header::wrong("the file is too large for this machine"));
    let (table, roots, entries) = (place(header.page_table)?, place(header.roots)?, place(header.section_table)?);
    let entries: Vec<Section> = file[entries..].as_chunks::<ENTRY_LEN>().0.iter().map(Section::from_bytes).collect();
    let bounds = HEADER_LEN as u64..header.page_table;
    let mut sections = Sections::new(file.clone(), entries.into_iter(), bounds, place(header.pages)?)?;
    if is_guarded {
        let roots_end = place(header.section_table)?;
        let sums = file[roots..roots_end].as_chunks().0.iter().map(|sum| u32::from_le_bytes(*sum)).collect();
        sections.guard(Pages::new(file, table..roots, sums));
    }
    Ok(sections)
}

fn read_categories(sections: &Sections, names: &Names) -> Result<ComponentRegistry, SnapshotDamage> {
    let kind = SectionKind::Categories;
    let numbers = sections.slab::<u32>(kind, Box::new(|_, _| true))?;
    let numbers = guarded(|| numbers.all().to_vec())?;
    if numbers.len() % 2 != 0 || numbers.iter().any(|name| *name as usize >= names.len()) {
        return Err(wrong(kind, "it names what is not there"));
    }
    let pairs = numbers.as_chunks::<2>().0.iter();
    Ok(registry_of(&pairs.map(|pair| (NameId(pair[0]), NameId(pair[1]))).collect(), names))
}

/// Makes the registry that knows the categories of component types and nothing else.
pub(super) fn registry_of(categories: &Categories, names: &Names) -> ComponentRegistry {
    categories.iter().fold(ComponentRegistry::new(), |registry, (component_type, category)| {
        let named = ComponentType::new(names.get(*component_type).clone());
        registry.with(named.in_category(names.get(*category).clone()))
    })
}

/// Returns what makes the indices when they are asked for first: of the file's, and where it has none of its state.
fn index_maker(
    sections: &Sections,
    shape: &Shape,
    categories: ComponentRegistry,
) -> Result<IndexMaker, SnapshotDamage> {
    let kind = SectionKind::Index;
    if sections.get(kind).is_none() {
        return Ok(Box::new(move |at| index_of(at, &categories)));
    }
    let slab = sections.slab::<u8>(kind, Box::new(|_, _| true))?;
    let above = |count: usize| u32::try_from(count).map_err(|_| wrong(kind, "it is of more than it can be"));
    let (nodes, names, bytes) = (above(shape.nodes)?, above(shape.names)?, slab.as_bytes().clone());
    let touch = move |range| {
        slab.run(range);
    };
    let frozen = FrozenIndex { bytes, nodes, names, touch: Some(Arc::new(touch)) };
    Ok(Box::new(move |_| Index::thaw(frozen.clone()).unwrap_or_else(|damaged| damaged.unwind())))
}

type IndexMaker = Box<dyn Fn(At<'_>) -> Index + Send + Sync>;

fn view_of(
    header: &Header,
    sections: &Sections,
    names: Names,
    categories: ComponentRegistry,
) -> Result<GraphView, SnapshotDamage> {
    let last = Stamp::try_from(header.to - header.from).map_err(|_| header::wrong("it is of too many versions"))?;
    let info = read_info(header.graph, &sections.bytes(SectionKind::Info)?);
    let (info, checkpoint) = info.map_err(|_| wrong(SectionKind::Info, "it is not what is known of a graph"))?;
    if checkpoint.version > checkpoint.event || checkpoint.event > header.to {
        return Err(wrong(SectionKind::Info, "its checkpoint lies beyond its version"));
    }
    let pool = PoolBase::read(sections, names.len())?;
    let count = |count: u64| {
        let count = usize::try_from(count).ok().filter(|count| *count < u32::MAX as usize);
        count.ok_or(header::wrong("it tells of more than ordinals can"))
    };
    let shape = Shape {
        version: header.from,
        last,
        timestamp_ns: header.timestamp_ns,
        nodes: count(header.nodes)?,
        edges: count(header.edges)?,
        names: names.len(),
        sets: pool.set_count(),
        components: pool.component_count(),
    };
    let known =
        if last > 0 { read_infos(header.graph, &sections.bytes(SectionKind::FormerInfos)?) } else { Ok(Vec::new()) };
    let known = known.map_err(|_| wrong(SectionKind::FormerInfos, "it is not what was known of a graph"))?;
    let base = Base::read(sections, &shape, known)?;
    let counts = match base.timeline().len().checked_sub(1) {
        Some(place) => guarded(|| base.timeline().get(place)).map(|end| Some((end.node_count, end.edge_count)))?,
        None => (last == 0).then_some((shape.nodes, shape.edges)),
    };
    let (node_count, edge_count) = counts.ok_or(header::wrong("it does not say when transactions ended"))?;
    let generation = Generation::new(Arc::new(base), Arc::new(Pool::new(Arc::new(names), Arc::new(pool))));
    let (generation, info) = (Arc::new(generation), Arc::new(info));
    let index = ViewIndex::Late { made: OnceLock::new(), make: index_maker(sections, &shape, categories)? };
    let Some(cid) = header.head else {
        let published = Published { index, ..Published::new(&generation, &info, Index::default()) };
        return Ok(GraphView::new(Arc::new(published)));
    };
    let (head, timestamp_ns) = (Head { version: header.to, cid }, header.timestamp_ns);
    let end = TransactionEnd { head, timestamp_ns, node_count, edge_count, checkpoint, info };
    Ok(GraphView::new(Arc::new(Published::of_base(generation, end, index))))
}
