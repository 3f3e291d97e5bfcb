//! Objects in a folder, one a file.
//!
//! A file is the object's frames, then one of Zstandard's skippable frames with the length of each frame, the size and
//! the digest: `zstd -d` reads it. It is written beside its place under a lock, brought to the disk and renamed, so it
//! is there whole or not at all. `/` in a name is `%` in the file's.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use cidgraph::store::objects::{FRAME_BYTES, Packer, Received, Unpacker, check_name};
use cidgraph::{ObjectError, ObjectInfo, ObjectStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncSeekExt, AsyncWrite, AsyncWriteExt};

/// What a file's name ends with.
const SUFFIX: &str = ".zst";

/// The file that is being written, and the lock on it.
const DRAFT: &str = "%draft";
const LOCK: &str = "%lock";

/// The pause between two attempts to be the one that writes.
const LOCK_PAUSE: Duration = Duration::from_millis(2);

/// What a skippable frame starts with, before its length.
const SKIPPABLE: u32 = 0x184d_2a5c;

/// What a file ends with.
const MAGIC: [u8; 8] = *b"CIDGOBJ1";

/// The last part of the skippable frame: size, digest, number of frames, magic.
const END_BYTES: usize = 8 + 32 + 8 + 8;

/// Keeps objects in a folder.
#[derive(Debug)]
pub struct FolderObjects {
    folder: PathBuf,
}

/// An object's file, open, and where its frames lie.
struct Opened {
    file: tokio::fs::File,
    info: ObjectInfo,
    frames: u64,
}

impl FolderObjects {
    /// Opens a folder, making it where there is none.
    ///
    /// # Errors
    /// [`ObjectError::Unavailable`].
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, ObjectError> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(|error| unavailable(&folder, &error))?;
        Ok(Self { folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{}{SUFFIX}", name.replace('/', "%")))
    }

    /// Waits until no other writes, in this process or another.
    async fn lock(&self) -> Result<File, ObjectError> {
        let path = self.folder.join(LOCK);
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(|error| unavailable(&path, &error))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_PAUSE).await,
                Err(TryLockError::Error(error)) => return Err(unavailable(&path, &error)),
            }
        }
    }

    /// Writes an object's file beside its place, and brings it to the disk.
    async fn write(&self, draft: &Path, contents: &mut (dyn AsyncRead + Send + Unpin)) -> Result<(), ObjectError> {
        let failed = |error: io::Error| unavailable(draft, &error);
        let mut file = tokio::fs::File::create(draft).await.map_err(failed)?;
        let mut packer = Packer::new(contents);
        let mut lengths = Vec::new();
        while let Some(frame) = packer.frame().await? {
            file.write_all(&frame).await.map_err(failed)?;
            let len = u32::try_from(frame.len()).expect("a frame is hardly larger than its contents");
            lengths.extend_from_slice(&len.to_le_bytes());
        }
        let (size, digest) = packer.finish();
        let len = lengths.len() + END_BYTES;
        let len = u32::try_from(len).map_err(|_| ObjectError::Invalid { reason: "too large an object".to_owned() })?;
        let mut end = [SKIPPABLE.to_le_bytes(), len.to_le_bytes()].concat();
        let count = (lengths.len() / 4) as u64;
        end.extend_from_slice(&lengths);
        end.extend_from_slice(&size.to_le_bytes());
        end.extend_from_slice(&digest);
        end.extend_from_slice(&count.to_le_bytes());
        end.extend_from_slice(&MAGIC);
        file.write_all(&end).await.map_err(failed)?;
        file.sync_all().await.map_err(failed)
    }

    async fn open_object(&self, name: &str) -> Result<Opened, ObjectError> {
        let path = self.path(name);
        let mut file = match tokio::fs::File::open(&path).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ObjectError::NotFound { name: name.to_owned() });
            }
            Err(error) => return Err(unavailable(&path, &error)),
        };
        let (len, modified_ns, end) = end_of(&mut file).await.map_err(|error| unavailable(&path, &error))?;
        let damaged = || ObjectError::Damaged {
            name: name.to_owned(),
            offset: 0,
            reason: "the file does not end as an object's".to_owned(),
        };
        let end = end.ok_or_else(damaged)?;
        let (size, digest, frames) = fields(&end).ok_or_else(damaged)?;
        let table = frames.checked_mul(4).and_then(|table| table.checked_add(8 + END_BYTES as u64));
        let stored_bytes = table.and_then(|table| len.checked_sub(table)).ok_or_else(damaged)?;
        if frames != size.div_ceil(FRAME_BYTES as u64) {
            return Err(damaged());
        }
        let info = ObjectInfo { name: name.to_owned(), size, stored_bytes, digest, modified_ns };
        Ok(Opened { file, info, frames })
    }
}

/// Returns a file's length, when it was changed, and its last bytes where it has so many.
async fn end_of(file: &mut tokio::fs::File) -> io::Result<(u64, u64, Option<[u8; END_BYTES]>)> {
    let metadata = file.metadata().await?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let modified_ns = u64::try_from(modified.as_nanos()).unwrap_or(u64::MAX);
    let len = metadata.len();
    if len < END_BYTES as u64 {
        return Ok((len, modified_ns, None));
    }
    let mut end = [0; END_BYTES];
    file.seek(SeekFrom::Start(len - END_BYTES as u64)).await?;
    file.read_exact(&mut end).await?;
    Ok((len, modified_ns, Some(end)))
}

/// Reads size, digest and number of frames.
fn fields(end: &[u8; END_BYTES]) -> Option<(u64, [u8; 32], u64)> {
    let (size, rest) = end.split_first_chunk::<8>()?;
    let (digest, rest) = rest.split_first_chunk::<32>()?;
    let (frames, magic) = rest.split_first_chunk::<8>()?;
    (magic == MAGIC).then_some((u64::from_le_bytes(*size), *digest, u64::from_le_bytes(*frames)))
}

impl Opened {
    /// Returns the lengths of the frames, and where the frame numbered `first` starts; `None` where the lengths are not
    /// those of the frames that are there.
    async fn frames_from(&mut self, first: u64) -> io::Result<Option<(Vec<u32>, u64)>> {
        self.file.seek(SeekFrom::Start(self.info.stored_bytes + 8)).await?;
        let mut table = Vec::new();
        (&mut self.file).take(4 * self.frames).read_to_end(&mut table).await?;
        let lengths: Vec<u32> =
            table.chunks_exact(4).map(|len| u32::from_le_bytes([len[0], len[1], len[2], len[3]])).collect();
        let sum = |lengths: &[u32]| lengths.iter().map(|len| u64::from(*len)).sum::<u64>();
        let first = usize::try_from(first).unwrap_or(usize::MAX).min(lengths.len());
        let whole = sum(&lengths) == self.info.stored_bytes;
        Ok(whole.then(|| (lengths[first..].to_vec(), sum(&lengths[..first]))))
    }

    async fn unpack(
        mut self,
        received: &mut Received,
        out: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<ObjectInfo, ObjectError> {
        let info = self.info.clone();
        let failed = |error: io::Error| ObjectError::Unavailable { reason: format!("{}: {error}", info.name) };
        let mut unpacker = Unpacker::new(&info, received, out)?;
        if let Some(first) = unpacker.next_frame() {
            let Some((lengths, start)) = self.frames_from(first).await.map_err(failed)? else {
                return Err(unpacker.damaged("the lengths of its frames are not those of the file"));
            };
            self.file.seek(SeekFrom::Start(start)).await.map_err(failed)?;
            let mut frame = Vec::new();
            for len in lengths {
                if usize::try_from(len).is_ok_and(|len| len > 2 * FRAME_BYTES) {
                    return Err(unpacker.damaged("a frame that is larger than a frame can be"));
                }
                frame.clear();
                (&mut self.file).take(u64::from(len)).read_to_end(&mut frame).await.map_err(failed)?;
                unpacker.push(&frame).await?;
            }
        }
        unpacker.finish().await?;
        Ok(info)
    }
}

#[async_trait]
impl ObjectStore for FolderObjects {
    async fn put(&self, name: &str, contents: &mut (dyn AsyncRead + Send + Unpin)) -> Result<ObjectInfo, ObjectError> {
        check_name(name)?;
        let lock = self.lock().await?;
        let (draft, path) = (self.folder.join(DRAFT), self.path(name));
        if let Err(error) = self.write(&draft, contents).await {
            // Where it cannot be removed the next put writes over it.
            drop(fs::remove_file(&draft));
            return Err(error);
        }
        let rename = || {
            fs::rename(&draft, &path)?;
            File::open(&self.folder)?.sync_all()
        };
        rename().map_err(|error| unavailable(&path, &error))?;
        let info = self.open_object(name).await?.info;
        drop(lock);
        Ok(info)
    }

    async fn get(
        &self,
        name: &str,
        received: &mut Received,
        out: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<ObjectInfo, ObjectError> {
        check_name(name)?;
        self.open_object(name).await?.unpack(received, out).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, ObjectError> {
        let failed = |error: io::Error| unavailable(&self.folder, &error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let file = entry.map_err(failed)?.file_name();
            let name = file.to_str().and_then(|file| file.strip_suffix(SUFFIX)).map(|file| file.replace('%', "/"));
            names.extend(name.filter(|name| name.starts_with(prefix) && check_name(name).is_ok()));
        }
        names.sort_unstable();
        let mut listed = Vec::with_capacity(names.len());
        for name in names {
            match self.open_object(&name).await {
                Ok(opened) => listed.push(opened.info),
                // It was deleted meanwhile.
                Err(ObjectError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(listed)
    }

    async fn delete(&self, name: &str) -> Result<bool, ObjectError> {
        check_name(name)?;
        let path = self.path(name);
        match fs::remove_file(&path).and_then(|()| File::open(&self.folder)?.sync_all()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(unavailable(&path, &error)),
        }
    }
}

fn unavailable(path: &Path, error: &io::Error) -> ObjectError {
    ObjectError::Unavailable { reason: format!("{}: {error}", path.display()) }
}
