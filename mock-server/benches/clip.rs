//! How fast a clip is read, and that reading allocates nothing (the table shows allocations where there are any):
//! `cargo bench -p smsload-mock --bench clip`.

use std::hint::black_box;

use divan::{AllocProfiler, Bencher, counter::BytesCount};
use smsload_mock::Clip;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const BLOCK: usize = 64 << 10;
const SIZE: u64 = 10 << 30;

fn main() {
    divan::main();
}

/// Blocks at places spread over all of a file of 10 GiB, each at any byte.
#[divan::bench]
fn padding(bencher: Bencher<'_, '_>) {
    let clip = Clip::new(3_600, SIZE, 7).unwrap_or_else(|error| unreachable!("{error}"));
    let mut block = vec![0; BLOCK];
    let mut offset = 0;
    bencher.counter(BytesCount::new(BLOCK)).bench_local(|| {
        offset = (offset + 0x9e37_79b9_7f4a_7c15) % (SIZE - (1 << 20)) + (1 << 19);
        black_box(clip.read_at(offset, black_box(&mut block)))
    });
}

/// The first block: head, table, gate, frames and some padding.
#[divan::bench]
fn beginning(bencher: Bencher<'_, '_>) {
    let clip = Clip::new(3_600, SIZE, 7).unwrap_or_else(|error| unreachable!("{error}"));
    let mut block = vec![0; BLOCK];
    bencher
        .counter(BytesCount::new(BLOCK))
        .bench_local(|| black_box(clip.read_at(0, black_box(&mut block))));
}

/// One byte of the head, the worst that a client can ask for.
#[divan::bench]
fn one_byte_of_the_head(bencher: Bencher<'_, '_>) {
    let clip = Clip::new(3_600, SIZE, 7).unwrap_or_else(|error| unreachable!("{error}"));
    bencher.bench_local(|| black_box(clip.read_at(black_box(100), black_box(&mut [0]))));
}
