//! 16 messages side by side: each 32-bit lane of a register of 512 bits belongs to one message.
//!
//! A step takes one block of 64 bytes of every message. A message that has ended keeps its state: its lane is masked.

#![expect(unsafe_code, reason = "a function that needs AVX-512 is called after the processor said that it has it")]

use std::arch::x86_64::{
    __m512i, _mm_setr_epi8, _mm512_add_epi32, _mm512_broadcast_i32x4, _mm512_mask_add_epi32, _mm512_ror_epi32,
    _mm512_set1_epi32, _mm512_shuffle_epi8, _mm512_shuffle_i32x4, _mm512_srli_epi32, _mm512_ternarylogic_epi32,
    _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use super::each::{LANES, blocks};

type Block = [u8; 64];

/// The round constants.
const K: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// The state before the first block.
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The proof that the processor has AVX-512F and AVX-512BW.
#[derive(Clone, Copy)]
pub(super) struct Lanes(());

impl Lanes {
    /// Asks the processor.
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")).then_some(Self(()))
    }

    /// Hashes 16 messages.
    pub(super) fn hash(self, messages: &[&[u8]; LANES], digests: &mut [[u8; 32]; LANES]) {
        // SAFETY: `hash` needs AVX-512F and AVX-512BW, nothing else; `self` was only made after both were found.
        unsafe { hash(messages, digests) }
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn hash(messages: &[&[u8]; LANES], digests: &mut [[u8; 32]; LANES]) {
    let mut tails = [[[0; 64]; 2]; LANES];
    let lengths = messages.map(blocks);
    tails.iter_mut().zip(messages).for_each(|(tail, message)| pad(message, tail));
    let mut state = START.map(|word| _mm512_set1_epi32(word.cast_signed()));
    for step in 0..lengths.into_iter().max().unwrap_or(0) {
        let mut live = 0;
        let mut words = [_mm512_set1_epi32(0); LANES];
        for lane in 0..LANES {
            let block = block(messages[lane], &tails[lane], step);
            live |= u16::from(step < lengths[lane]) << lane;
            words[lane] = bytemuck::must_cast(*block);
        }
        compress(&mut state, words, live);
    }
    for (at, words) in state.into_iter().enumerate() {
        let words: [u32; LANES] = bytemuck::must_cast(words);
        for (digest, word) in digests.iter_mut().zip(words) {
            digest[at * 4..at * 4 + 4].copy_from_slice(&word.to_be_bytes());
        }
    }
}

/// Writes the last one or two blocks of a message: what does not fill a block, a one bit, zeros, and its bits counted.
fn pad(message: &[u8], tail: &mut [Block; 2]) {
    let (whole, bits) = (message.len() / 64 * 64, message.len() as u64 * 8);
    let tail = bytemuck::must_cast_mut::<_, [u8; 128]>(tail);
    let end = blocks(message) * 64 - whole;
    tail[..message.len() - whole].copy_from_slice(&message[whole..]);
    tail[message.len() - whole] = 0x80;
    tail[end - 8..end].copy_from_slice(&bits.to_be_bytes());
}

/// Returns a block of a message; any block where the message has ended.
fn block<'a>(message: &'a [u8], tail: &'a [Block; 2], step: usize) -> &'a Block {
    let whole = message.len() / 64;
    match message.get(step * 64..).and_then(|rest| rest.first_chunk()) {
        Some(block) => block,
        None => &tail[(step - whole).min(1)],
    }
}

/// Takes one block of each message, its words still in the order of the message; lanes that are not `live` stay.
#[target_feature(enable = "avx512f,avx512bw")]
fn compress(state: &mut [__m512i; 8], mut words: [__m512i; LANES], live: u16) {
    let swap = _mm512_broadcast_i32x4(_mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
    words.iter_mut().for_each(|lane| *lane = _mm512_shuffle_epi8(*lane, swap));
    transpose(&mut words);
    let mut work = *state;
    for round in (0..K.len()).step_by(LANES) {
        for at in 0..LANES {
            if round > 0 {
                words[at] = schedule(&words, at);
            }
            let keyed = _mm512_add_epi32(words[at], _mm512_set1_epi32(K[round + at].cast_signed()));
            work = turn(work, keyed);
        }
    }
    for (state, work) in state.iter_mut().zip(work) {
        *state = _mm512_mask_add_epi32(*state, live, *state, work);
    }
}

/// Returns word `at` of the next 16 of the message schedule.
#[inline]
#[target_feature(enable = "avx512f")]
fn schedule(words: &[__m512i; LANES], at: usize) -> __m512i {
    let (early, late) = (words[(at + 1) % LANES], words[(at + 14) % LANES]);
    let early = xor(_mm512_ror_epi32::<7>(early), _mm512_ror_epi32::<18>(early), _mm512_srli_epi32::<3>(early));
    let late = xor(_mm512_ror_epi32::<17>(late), _mm512_ror_epi32::<19>(late), _mm512_srli_epi32::<10>(late));
    _mm512_add_epi32(_mm512_add_epi32(words[at], words[(at + 9) % LANES]), _mm512_add_epi32(early, late))
}

/// One round, of the word with its constant.
#[inline]
#[target_feature(enable = "avx512f")]
fn turn([a, b, c, d, e, f, g, h]: [__m512i; 8], keyed: __m512i) -> [__m512i; 8] {
    /// e ? f : g, bit by bit.
    const CHOICE: i32 = 0xca;
    const MAJORITY: i32 = 0xe8;
    let sum = xor(_mm512_ror_epi32::<6>(e), _mm512_ror_epi32::<11>(e), _mm512_ror_epi32::<25>(e));
    let choice = _mm512_ternarylogic_epi32::<CHOICE>(e, f, g);
    let first = _mm512_add_epi32(_mm512_add_epi32(h, keyed), _mm512_add_epi32(sum, choice));
    let sum = xor(_mm512_ror_epi32::<2>(a), _mm512_ror_epi32::<13>(a), _mm512_ror_epi32::<22>(a));
    let second = _mm512_add_epi32(sum, _mm512_ternarylogic_epi32::<MAJORITY>(a, b, c));
    [_mm512_add_epi32(first, second), a, b, c, _mm512_add_epi32(d, first), e, f, g]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0x96>(a, b, c)
}

/// Turns 16 messages' 16 words each into 16 words' 16 lanes each.
#[target_feature(enable = "avx512f")]
fn transpose(rows: &mut [__m512i; LANES]) {
    let mut turned = *rows;
    for at in 0..8 {
        turned[2 * at] = _mm512_unpacklo_epi32(rows[2 * at], rows[2 * at + 1]);
        turned[2 * at + 1] = _mm512_unpackhi_epi32(rows[2 * at], rows[2 * at + 1]);
    }
    for at in (0..LANES).step_by(4) {
        rows[at] = _mm512_unpacklo_epi64(turned[at], turned[at + 2]);
        rows[at + 1] = _mm512_unpackhi_epi64(turned[at], turned[at + 2]);
        rows[at + 2] = _mm512_unpacklo_epi64(turned[at + 1], turned[at + 3]);
        rows[at + 3] = _mm512_unpackhi_epi64(turned[at + 1], turned[at + 3]);
    }
    for at in [0, 1, 2, 3, 8, 9, 10, 11] {
        turned[at] = _mm512_shuffle_i32x4::<0x88>(rows[at], rows[at + 4]);
        turned[at + 4] = _mm512_shuffle_i32x4::<0xdd>(rows[at], rows[at + 4]);
    }
    for at in 0..8 {
        rows[at] = _mm512_shuffle_i32x4::<0x88>(turned[at], turned[at + 8]);
        rows[at + 8] = _mm512_shuffle_i32x4::<0xdd>(turned[at], turned[at + 8]);
    }
}
