//! Merkle trees as RFC 6962, section 2.1, defines them: hashes of leaves and nodes, roots, and paths that lead from a
//! leaf to a root.
//!
//! All of them hash with SHA-256, whatever function the store's CIDs are made with.

use crate::cid::HashKind;
use crate::sha256::sha256_each;

/// The hash of a leaf, a node or a tree.
pub type Hash = [u8; 32];

/// Returns the hash of a leaf: SHA-256 of a zero byte and the content.
pub fn leaf_hash(content: &[u8]) -> Hash {
    let mut bytes = Vec::with_capacity(content.len() + 1);
    bytes.push(0);
    bytes.extend_from_slice(content);
    HashKind::Sha2_256.digest(&bytes)
}

/// Returns the hashes of many leaves; fastest where the contents have about the same length.
pub fn leaf_hashes(contents: &[&[u8]]) -> Vec<Hash> {
    let mut bytes = Vec::with_capacity(contents.iter().map(|content| content.len() + 1).sum());
    let mut ends = Vec::with_capacity(contents.len());
    for content in contents {
        bytes.push(0);
        bytes.extend_from_slice(content);
        ends.push(bytes.len());
    }
    let mut start = 0;
    let leaves = ends.into_iter().map(|end| &bytes[std::mem::replace(&mut start, end)..end]);
    sha256_each(&leaves.collect::<Vec<_>>())
}

/// Returns the hash of a node: SHA-256 of a one byte and both children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    HashKind::Sha2_256.digest(&bytes)
}

/// Returns the hash of the tree over leaf hashes; that of no leaves is the SHA-256 of nothing.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => HashKind::Sha2_256.digest(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(left_of(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// Returns the hashes that lead from leaf number `index` to the root, the nearest first.
///
/// # Panics
/// Where there is no such leaf.
pub fn path(leaves: &[Hash], index: usize) -> Vec<Hash> {
    assert!(index < leaves.len(), "the leaf is in the tree");
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(left_of(leaves.len()));
    let (mut inner, beside) = match index.checked_sub(left.len()) {
        None => (path(left, index), root(right)),
        Some(index) => (path(right, index), root(left)),
    };
    inner.push(beside);
    inner
}

/// Returns the root of the tree of `size` leaves in which a path leads up from leaf number `index` (RFC 9162, section
/// 2.1.3.2); `None` where a path of this length does not.
pub fn root_of_path(index: u64, size: u64, leaf: Hash, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for beside in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(beside, &hash);
            // A last node without a sibling is its own parent.
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// Returns how many of `len` leaves the left subtree holds: the largest power of two below `len`.
const fn left_of(len: usize) -> usize {
    len.next_power_of_two() / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|leaf| leaf_hash(&leaf.to_be_bytes())).collect()
    }

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let hex = |hash: Hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        // The test vectors of the reference implementation.
        let inputs: [&[u8]; 3] = [b"", &[0], &[0x10]];
        let leaves: Vec<Hash> = inputs.into_iter().map(leaf_hash).collect();
        assert_eq!(hex(root(&[])), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hex(root(&leaves[..1])), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(hex(root(&leaves[..2])), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
        assert_eq!(hex(root(&leaves)), "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77");
    }

    #[test]
    fn a_path_leads_from_its_leaf_to_the_root_and_from_nothing_else() {
        for size in 1..70 {
            let leaves = leaves(size);
            let expected = Some(root(&leaves));
            for index in 0..size {
                let mut path = path(&leaves, index);
                let root_of = |at: usize, path: &[Hash]| root_of_path(at as u64, size as u64, leaves[index], path);
                assert_eq!(root_of(index, &path), expected, "leaf {index} of {size}");
                assert!((0..size + 2).all(|other| other == index || root_of(other, &path) != expected));
                path.push([0; 32]);
                assert_eq!(root_of(index, &path), None);
                path.pop();
                assert!(path.pop().is_none_or(|_| root_of(index, &path) != expected));
            }
        }
    }
}
