//! The contract of an [`ObjectStore`] as a test suite: whole or not at all, read from anywhere, compared with its digest.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::store::conformance::Verdict;
use crate::store::conformance::subject::ensure;
use crate::store::objects::FRAME_BYTES;
use crate::store::objects::{ObjectError, ObjectInfo, ObjectStore, Received};

/// A fresh, empty object store under test.
pub type Objects = Arc<dyn ObjectStore>;

/// Sizes around the borders of frames.
const SIZES: [usize; 7] = [0, 1, 1000, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 5 * FRAME_BYTES + 17];

/// Returns contents that compress a little and differ from frame to frame.
fn contents(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        b"0123456789abcdef"[usize::from(state.to_le_bytes()[7] >> 4)]
    };
    (0..len).map(next).collect()
}

async fn put(objects: &Objects, name: &str, contents: &[u8]) -> Result<ObjectInfo, ObjectError> {
    objects.put(name, &mut &*contents).await
}

async fn get(objects: &Objects, name: &str) -> Result<Vec<u8>, ObjectError> {
    let mut out = Vec::new();
    objects.get(name, &mut Received::default(), &mut out).await?;
    Ok(out)
}

/// What was put is given back, whatever its size, and the answers say its size and digest.
pub async fn an_object_is_given_back_as_it_was_put(objects: Objects) -> Verdict {
    for (seed, size) in (1..).zip(SIZES) {
        let contents = contents(seed, size);
        let name = format!("sizes/{size}");
        let info = put(&objects, &name, &contents).await?;
        let digest = crate::cid::HashKind::Sha2_256.digest(&contents);
        ensure!(info.name == name && info.size == size as u64 && info.digest == digest, "put answered {info:?}");
        ensure!(get(&objects, &name).await? == contents, "{name} is given back changed");
        let listed = objects.list(&name).await?;
        ensure!(listed == [info.clone()], "put answered {info:?}, listed is {listed:?}");
    }
    Ok(())
}

/// Contents that repeat take less room than they have bytes.
pub async fn contents_are_kept_compressed(objects: Objects) -> Verdict {
    let info = put(&objects, "zeros", &vec![0; 3 * FRAME_BYTES]).await?;
    ensure!(info.stored_bytes < info.size / 10, "{} bytes take {}", info.size, info.stored_bytes);
    Ok(())
}

/// A put replaces the object of that name.
pub async fn a_put_replaces(objects: Objects) -> Verdict {
    for (seed, size) in [(1, 3 * FRAME_BYTES), (2, 10), (3, FRAME_BYTES + 1), (3, FRAME_BYTES + 1)] {
        let contents = contents(seed, size);
        put(&objects, "a", &contents).await?;
        ensure!(get(&objects, "a").await? == contents, "the object of before is given back");
        let listed = objects.list("").await?;
        ensure!(listed.len() == 1 && listed[0].size == size as u64, "listed is {listed:?}");
    }
    Ok(())
}

/// What was received before is not received again, and counts in the digest.
pub async fn a_get_goes_on_where_it_ended(objects: Objects) -> Verdict {
    let contents = contents(1, 4 * FRAME_BYTES + 5);
    put(&objects, "other", &contents[7..]).await?;
    put(&objects, "a", &contents).await?;
    for at in [0, 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES - 1, contents.len() - 1, contents.len()] {
        let mut received = Received::of(&mut &contents[..at]).await?;
        let mut out = contents[..at].to_vec();
        objects.get("a", &mut received, &mut out).await?;
        ensure!(out == contents && received.size() == out.len() as u64, "from byte {at} on it is another");
    }
    Ok(())
}

/// A get whose sink failed goes on with what the sink took.
pub async fn a_get_goes_on_after_its_sink_failed(objects: Objects) -> Verdict {
    let contents = contents(1, 4 * FRAME_BYTES + 5);
    put(&objects, "a", &contents).await?;
    for room in [0, 1, FRAME_BYTES, 2 * FRAME_BYTES + 1] {
        let mut sink = Narrow { taken: Vec::new(), room };
        let failed = objects.get("a", &mut Received::default(), &mut sink).await;
        ensure!(matches!(failed, Err(ObjectError::Sink { .. })), "a sink that failed gave {failed:?}");
        let mut received = Received::of(&mut sink.taken.as_slice()).await?;
        objects.get("a", &mut received, &mut sink.taken).await?;
        ensure!(sink.taken == contents, "after {room} bytes it is another");
    }
    Ok(())
}

/// What was received before of something else is told, not completed.
pub async fn a_wrong_start_is_told(objects: Objects) -> Verdict {
    let contents = contents(1, FRAME_BYTES + 5);
    put(&objects, "a", &contents).await?;
    let mut changed = contents.clone();
    changed[3] ^= 1;
    let longer = [contents.as_slice(), b"x"].concat();
    for before in [&changed[..10], &changed, &longer] {
        let mut received = Received::of(&mut &*before).await?;
        let told = objects.get("a", &mut received, &mut Vec::new()).await;
        ensure!(matches!(told, Err(ObjectError::Damaged { .. })), "a wrong start of {} gave {told:?}", before.len());
    }
    Ok(())
}

/// A put whose contents cannot be read to their end leaves what was there.
pub async fn a_failed_put_leaves_what_was_there(objects: Objects) -> Verdict {
    for size in [0, 10, FRAME_BYTES, 3 * FRAME_BYTES + 1] {
        let contents = contents(9, size);
        let failed = objects.put("new", &mut Torn { left: &contents }).await;
        ensure!(matches!(failed, Err(ObjectError::Source { .. })), "a torn source gave {failed:?}");
        ensure!(objects.list("").await?.iter().all(|info| info.name == "old"), "there is half an object");
        put(&objects, "old", &contents).await?;
        let failed = objects.put("old", &mut Torn { left: b"new" }).await;
        ensure!(matches!(failed, Err(ObjectError::Source { .. })), "a torn source gave {failed:?}");
        ensure!(get(&objects, "old").await? == contents, "the object of before is gone");
    }
    Ok(())
}

/// The list has the objects with the prefix, ordered by name.
pub async fn the_list_is_ordered_by_name(objects: Objects) -> Verdict {
    let mut names = ["b", "a/2", "a/10", "a/1", "a.b", "ab", "B", "a/1/x"];
    ensure!(objects.list("").await?.is_empty(), "objects in an empty store");
    for name in names {
        put(&objects, name, name.as_bytes()).await?;
    }
    names.sort_unstable();
    for prefix in ["", "a", "a/", "a/1", "B", "c"] {
        let listed: Vec<_> = objects.list(prefix).await?.into_iter().map(|info| info.name).collect();
        let expected: Vec<_> = names.into_iter().filter(|name| name.starts_with(prefix)).collect();
        ensure!(listed == expected, "with {prefix:?} there are {listed:?}, expected {expected:?}");
    }
    Ok(())
}

/// What was deleted is gone, and nothing else is.
pub async fn a_deleted_object_is_gone(objects: Objects) -> Verdict {
    for name in ["a", "b"] {
        put(&objects, name, &contents(1, FRAME_BYTES + 1)).await?;
    }
    ensure!(objects.delete("a").await?, "there was no object to delete");
    ensure!(!objects.delete("a").await?, "it was deleted twice");
    ensure!(!objects.delete("never").await?, "what was never there was deleted");
    for name in ["a", "never"] {
        let told = get(&objects, name).await;
        ensure!(matches!(&told, Err(ObjectError::NotFound { name: told }) if told == name), "it gave {told:?}");
    }
    let listed = objects.list("").await?;
    ensure!(listed.len() == 1 && listed[0].name == "b", "listed is {listed:?}");
    put(&objects, "a", b"again").await?;
    ensure!(get(&objects, "a").await? == b"again", "what was put again is another");
    Ok(())
}

/// A name that no object can have is refused by every method.
pub async fn a_name_that_cannot_be_is_refused(objects: Objects) -> Verdict {
    for name in ["", "../a", "a//b", "a b", "/a"] {
        let refused = put(&objects, name, b"a").await;
        ensure!(matches!(refused, Err(ObjectError::Invalid { .. })), "put {name:?} gave {refused:?}");
        let refused = get(&objects, name).await;
        ensure!(matches!(refused, Err(ObjectError::Invalid { .. })), "get {name:?} gave {refused:?}");
        let refused = objects.delete(name).await;
        ensure!(matches!(refused, Err(ObjectError::Invalid { .. })), "delete {name:?} gave {refused:?}");
    }
    Ok(())
}

/// Puts of one name at the same time leave one of them whole.
pub async fn racing_puts_leave_one_object_whole(objects: Objects) -> Verdict {
    let puts = (0..8).map(|seed| {
        let objects = Arc::clone(&objects);
        tokio::spawn(async move { put(&objects, "a", &contents(seed, 2 * FRAME_BYTES + 1)).await })
    });
    for put in puts.collect::<Vec<_>>() {
        put.await.expect("a put does not panic")?;
    }
    let left = get(&objects, "a").await?;
    ensure!((0..8).any(|seed| left == contents(seed, left.len())), "what is left was put by nobody");
    ensure!(objects.list("").await?.len() == 1, "one name has two objects");
    Ok(())
}

/// A sink with little room.
struct Narrow {
    taken: Vec<u8>,
    room: usize,
}

impl AsyncWrite for Narrow {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let len = bytes.len().min(self.room);
        self.room -= len;
        self.taken.extend_from_slice(&bytes[..len]);
        Poll::Ready(if len == 0 { Err(io::Error::other("the sink is full")) } else { Ok(len) })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A source that fails where it should end.
struct Torn<'a> {
    left: &'a [u8],
}

impl AsyncRead for Torn<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.left.is_empty() {
            return Poll::Ready(Err(io::Error::other("the source is torn")));
        }
        let (now, left) = self.left.split_at(self.left.len().min(out.remaining()).min(1000));
        out.put_slice(now);
        self.left = left;
        Poll::Ready(Ok(()))
    }
}

/// Makes a module of tests, one for each contract, of an object store.
///
/// Takes the module's name and an expression that gives a future of an `Option` of [`Objects`] and what must live as
/// long: `None` skips the test. It is evaluated for each test.
#[macro_export]
macro_rules! object_store_conformance {
    ($module:ident, $factory:expr) => {
        $crate::object_store_conformance! { $module, $factory,
            an_object_is_given_back_as_it_was_put
            contents_are_kept_compressed
            a_put_replaces
            a_get_goes_on_where_it_ended
            a_get_goes_on_after_its_sink_failed
            a_wrong_start_is_told
            a_failed_put_leaves_what_was_there
            the_list_is_ordered_by_name
            a_deleted_object_is_gone
            a_name_that_cannot_be_is_refused
            racing_puts_leave_one_object_whole
        }
    };
    ($module:ident, $factory:expr, $($name:ident)*) => {
        mod $module {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let Some((objects, _kept)) = $factory.await else { return };
                    if let Err(breach) = $crate::store::conformance::objects::$name(objects).await {
                        panic!("{breach}");
                    }
                }
            )*
        }
    };
}
