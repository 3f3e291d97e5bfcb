//! Object stores without a server: in memory, and in a folder.

mod folder;
mod memory;

pub use folder::FolderObjects;
pub use memory::MemoryObjects;
