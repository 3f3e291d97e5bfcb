//! The first bytes of a snapshot file: what it is of, and where its tables stand.

use crate::cid::{CID_LEN, Cid};
use crate::id::GraphId;
use crate::pages::{PAGE_LEN, SnapshotDamage};
use crate::sections::ENTRY_LEN;

use super::error::SnapshotError;

/// The length of a header, bytes.
pub(super) const HEADER_LEN: usize = 256;

/// What every file begins with: a name, and line ends that a transfer as text would change.
const MAGIC: [u8; 8] = *b"CIDG\r\n\x1a\n";

/// The format that is written and read.
const FORMAT: u32 = 1;

/// The bytes before the two checksums.
const CHECKED_LEN: usize = HEADER_LEN - 4;

/// A header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) file_len: u64,
    pub(super) graph: GraphId,
    /// The version from which on the file answers.
    pub(super) from: u64,
    /// The version up to which it answers.
    pub(super) to: u64,
    pub(super) timestamp_ns: u64,
    /// The CID of the last event; none before the first.
    pub(super) head: Option<Cid>,
    pub(super) state_hash: [u8; 32],
    pub(super) nodes: u64,
    pub(super) edges: u64,
    pub(super) sections: u64,
    pub(super) pages: u64,
    /// Where the checksums of pages start, then those of their pages, then the section table, which ends the file.
    pub(super) page_table: u64,
    pub(super) roots: u64,
    pub(super) section_table: u64,
    /// The checksum of the roots and the section table.
    pub(super) tables_checksum: u32,
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut fields = Fields::default();
        fields.put(&MAGIC);
        fields.put(&FORMAT.to_le_bytes());
        fields.put(&u32::try_from(PAGE_LEN).expect("a page is short").to_le_bytes());
        fields.put(&self.file_len.to_le_bytes());
        fields.put(self.graph.as_bytes());
        for number in [self.from, self.to, self.timestamp_ns] {
            fields.put(&number.to_le_bytes());
        }
        fields.put(&self.head.map_or([0; CID_LEN], |cid| cid.to_bytes()));
        fields.put(&[0; 4]);
        fields.put(&self.state_hash);
        let counts = [self.nodes, self.edges, self.sections, self.pages];
        for number in counts.into_iter().chain([self.page_table, self.roots, self.section_table]) {
            fields.put(&number.to_le_bytes());
        }
        let Fields { mut bytes, at: _ } = fields;
        bytes[CHECKED_LEN - 4..CHECKED_LEN].copy_from_slice(&self.tables_checksum.to_le_bytes());
        let checksum = crc32fast::hash(&bytes[..CHECKED_LEN]);
        bytes[CHECKED_LEN..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads the header of a file and checks that its tables lie within.
    pub(super) fn read(file: &[u8]) -> Result<Self, SnapshotError> {
        let bytes: &[u8; HEADER_LEN] = file.first_chunk().ok_or(SnapshotError::Foreign)?;
        let mut fields = Reader { bytes, at: 0 };
        if fields.take::<8>() != MAGIC {
            return Err(SnapshotError::Foreign);
        }
        let found = fields.half();
        if found != FORMAT {
            return Err(SnapshotError::Format { found, known: FORMAT });
        }
        if crc32fast::hash(&bytes[..CHECKED_LEN]).to_le_bytes() != bytes[CHECKED_LEN..] {
            return Err(wrong("it has another checksum").into());
        }
        if fields.half() as usize != PAGE_LEN {
            return Err(wrong("it has pages of another length").into());
        }
        let (file_len, graph) = (fields.whole(), GraphId::from_bytes(fields.take()));
        let [from, to, timestamp_ns] = [fields.whole(), fields.whole(), fields.whole()];
        let head = fields.take::<CID_LEN>();
        let is_empty = head == [0; CID_LEN] && to == 0;
        let head = if is_empty { None } else { Some(Cid::from_bytes(&head).map_err(|_| wrong("its head is no CID"))?) };
        fields.take::<4>();
        let state_hash = fields.take();
        let [nodes, edges, sections, pages] = [fields.whole(), fields.whole(), fields.whole(), fields.whole()];
        let [page_table, roots, section_table] = [fields.whole(), fields.whole(), fields.whole()];
        let last = bytes[CHECKED_LEN - 4..].first_chunk().expect("four bytes stand before the last");
        let header = Self {
            file_len,
            graph,
            from,
            to,
            timestamp_ns,
            head,
            state_hash,
            nodes,
            edges,
            sections,
            pages,
            page_table,
            roots,
            section_table,
            tables_checksum: u32::from_le_bytes(*last),
        };
        if header.to_bytes() != *bytes {
            return Err(wrong("what is reserved is not 0").into());
        }
        header.check(file)?;
        Ok(header)
    }

    fn check(&self, file: &[u8]) -> Result<(), SnapshotDamage> {
        if self.file_len != file.len() as u64 {
            return Err(wrong("the file has another length"));
        }
        let part = |at: u64, count: u64, each: usize| at.checked_add(count.checked_mul(each as u64)?);
        let pages_of_table = self.pages.checked_mul(4).map_or(u64::MAX, |bytes| bytes.div_ceil(PAGE_LEN as u64));
        let follow = self.page_table >= HEADER_LEN as u64
            && part(self.page_table, self.pages, 4) == Some(self.roots)
            && part(self.roots, pages_of_table, 4) == Some(self.section_table)
            && part(self.section_table, self.sections, ENTRY_LEN) == Some(self.file_len);
        if !follow {
            return Err(wrong("the tables do not stand where the file ends"));
        }
        let start = usize::try_from(self.roots).map_err(|_| wrong("the file is too large for this machine"))?;
        if crc32fast::hash(&file[start..]) != self.tables_checksum {
            return Err(wrong("the tables have another checksum"));
        }
        if self.from > self.to || self.to >= 1 << 48 {
            return Err(wrong("no graph has such versions"));
        }
        Ok(())
    }
}

/// Makes the damage of a header.
pub(super) const fn wrong(what: &'static str) -> SnapshotDamage {
    SnapshotDamage { section: "header", what }
}

/// Bytes that are filled from the start on.
struct Fields {
    bytes: [u8; HEADER_LEN],
    at: usize,
}

impl Default for Fields {
    fn default() -> Self {
        Self { bytes: [0; HEADER_LEN], at: 0 }
    }
}

impl Fields {
    fn put(&mut self, field: &[u8]) {
        self.bytes[self.at..self.at + field.len()].copy_from_slice(field);
        self.at += field.len();
    }
}

/// Reads fields one after another.
struct Reader<'a> {
    bytes: &'a [u8; HEADER_LEN],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let field = self.bytes[self.at..].first_chunk().expect("the fields end before the header");
        self.at += N;
        *field
    }

    fn half(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn whole(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}
