//! Which messages are hashed side by side.

/// The messages that are hashed side by side.
pub(super) const LANES: usize = 16;

/// Hashes a message.
pub fn sha256(message: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, message);
    digest.as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

/// Hashes many messages and returns their digests in the same order; fastest where many have about the same length.
pub fn sha256_each(messages: &[&[u8]]) -> Vec<[u8; 32]> {
    #[cfg(target_arch = "x86_64")]
    if messages.len() > 1
        && let Some(lanes) = super::lanes::Lanes::detect()
    {
        return side_by_side(messages, |group, digests| lanes.hash(group, digests));
    }
    messages.iter().map(|message| sha256(message)).collect()
}

/// Returns the blocks of 64 bytes that a message has with its padding.
pub(super) const fn blocks(message: &[u8]) -> usize {
    (message.len() + 9).div_ceil(64)
}

/// Hashes messages of about the same length together, where that pays.
#[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "there are no lanes"))]
pub(super) fn side_by_side(
    messages: &[&[u8]],
    hash: impl Fn(&[&[u8]; LANES], &mut [[u8; 32]; LANES]),
) -> Vec<[u8; 32]> {
    let mut order: Vec<usize> = (0..messages.len()).collect();
    order.sort_unstable_by_key(|at| blocks(messages[*at]));
    let mut digests = vec![[0; 32]; messages.len()];
    for group in order.chunks(LANES) {
        if !pays(group.iter().map(|at| blocks(messages[*at]))) {
            group.iter().for_each(|at| digests[*at] = sha256(messages[*at]));
            continue;
        }
        let (mut together, mut hashed) = ([&[][..]; LANES], [[0; 32]; LANES]);
        together.iter_mut().zip(group).for_each(|(lane, at)| *lane = messages[*at]);
        hash(&together, &mut hashed);
        group.iter().zip(hashed).for_each(|(at, digest)| digests[*at] = digest);
    }
    digests
}

/// Returns whether messages of so many blocks are hashed faster together: 16 lanes take less than half of the time that
/// 16 messages take one after the other, and as long as the longest of them.
fn pays(blocks: impl Iterator<Item = usize>) -> bool {
    let (sum, max) = blocks.fold((0, 0), |(sum, max), blocks| (sum + blocks, blocks.max(max)));
    sum >= max * LANES / 2
}
