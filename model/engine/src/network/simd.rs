//! The 8-bit kernel in the instructions of each processor, chosen at run time: the only unsafe code.
//!
//! There are two kernels: for inputs of 8 bits (weights and keys) and of 16 (values). They sum as integers, so that order does not matter; floats are only ever added in one order (`math.rs`), however wide the
//! vectors. So every choice gives the same bits.

#[cfg(target_arch = "aarch64")]
#[path = "simd/arm.rs"]
mod arch;
#[cfg(target_arch = "x86_64")]
#[path = "simd/x86.rs"]
mod arch;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[path = "simd/wasm.rs"]
mod arch;

use std::sync::LazyLock;

use crate::network::tiles::{GROUP_COLUMNS, Group, TILE_ROWS};

/// Rows of x that go through the kernel together, so that each weight is loaded once for all of them.
const TOGETHER: usize = 4;

/// Tiles from as many places that [`Isa::sums_of_streams`] reads side by side.
pub(crate) const STREAMS: usize = 4;

/// Sums of one tile.
pub(crate) type Sums = [i32; TILE_ROWS];

/// Where the columns of a group lie when inputs have 16 bits: the even bytes, which a shift widens, take the first two
/// inputs, the odd bytes the others.
pub(crate) const PAIRED: [usize; GROUP_COLUMNS] = [0, 2, 1, 3];

/// Instructions that this processor has: there is no other way to come by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Isa(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
    #[cfg(target_arch = "aarch64")]
    Neon,
    #[cfg(target_arch = "aarch64")]
    NeonDot,
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128,
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128", feature = "relaxed-simd"))]
    RelaxedSimd,
}

impl Isa {
    /// The fastest that this processor can run and that proves right on it: no machine at hand has AVX-512 VNNI, so those
    /// kernels are compiled but never tested before they come to a user's machine.
    pub(crate) fn best() -> Self {
        static BEST: LazyLock<Isa> =
            LazyLock::new(|| Isa::all().into_iter().rev().find(|isa| isa.proves_right()).unwrap_or(Isa(Kind::Plain)));
        *BEST
    }

    /// All that this processor can run, from the plain one to the fastest.
    pub(crate) fn all() -> Vec<Self> {
        #[cfg_attr(
            not(any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "simd128")),
            expect(unused_mut, reason = "nothing to add")
        )]
        let mut all = vec![Self(Kind::Plain)];
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            all.push(Self(Kind::Avx2));
            let has_vnni = std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("avx512bw")
                && std::arch::is_x86_feature_detected!("avx512vnni");
            all.extend(has_vnni.then_some(Self(Kind::Avx512Vnni)));
        }
        #[cfg(target_arch = "aarch64")]
        {
            // NEON is part of aarch64.
            all.push(Self(Kind::Neon));
            all.extend(std::arch::is_aarch64_feature_detected!("dotprod").then_some(Self(Kind::NeonDot)));
        }
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        all.push(Self(Kind::Simd128));
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128", feature = "relaxed-simd"))]
        all.push(Self(Kind::RelaxedSimd));
        all
    }

    /// Whether the kernels give what the plain ones give, for one row to five, of all values and the largest.
    fn proves_right(self) -> bool {
        const N_GROUPS: usize = 24;
        let value = |i: usize| if i.is_multiple_of(5) { 127 } else { i8::try_from(i * 97 % 255).unwrap_or(-127) };
        let values = |n: usize| (0..n).map(value);
        let weights: Vec<i8> = values(STREAMS * N_GROUPS * TILE_ROWS * GROUP_COLUMNS).collect();
        let groups: Vec<Group> = weights.as_chunks().0.iter().copied().map(Group).collect();
        let tiles: [&[Group]; STREAMS] = std::array::from_fn(|k| &groups[k * N_GROUPS..(k + 1) * N_GROUPS]);
        let x: Vec<i8> = values((TOGETHER + 1) * N_GROUPS * GROUP_COLUMNS).collect();
        let of_16: Vec<i16> = x.iter().map(|&x| i16::from(x) * 258).collect();
        (1..=TOGETHER + 1).all(|n| {
            let x_len = n * N_GROUPS * GROUP_COLUMNS;
            let all = |isa: Self| {
                let mut sums = vec![[0; TILE_ROWS]; 6 * n];
                let (alone, streams) = sums.split_at_mut(2 * n);
                isa.sums(tiles[0], &x[..x_len], &mut alone[..n]);
                isa.sums(tiles[0], &of_16[..x_len], &mut alone[n..]);
                let mut streams = streams.chunks_exact_mut(n);
                let streams = std::array::from_fn(|_| streams.next().unwrap_or_default());
                isa.sums_of_streams(tiles, &x[..x_len], streams);
                sums
            };
            all(self) == all(Self(Kind::Plain))
        })
    }

    /// Name to show.
    pub(crate) fn name(self) -> &'static str {
        match self.0 {
            Kind::Plain => "plain",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512Vnni => "AVX-512 VNNI",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => "NEON",
            #[cfg(target_arch = "aarch64")]
            Kind::NeonDot => "NEON with dot products",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Kind::Simd128 => "SIMD128",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128", feature = "relaxed-simd"))]
            Kind::RelaxedSimd => "relaxed SIMD",
        }
    }

    /// Sums of a tile's 16 rows with each of some inputs. The tile must not hold -128; of inputs see [`Input`]. tile:
    /// (columns / 4) groups, x: (n, columns), sums: (n, 16)
    #[inline(always)]
    pub(crate) fn sums<X: Input>(self, tile: &[Group], x: &[X], sums: &mut [Sums]) {
        let columns = tile.len() * GROUP_COLUMNS;
        for (x, sums) in x.chunks(TOGETHER * columns).zip(sums.chunks_mut(TOGETHER)) {
            match sums.len() {
                1 => self.few::<1, 1, X>([tile], x, [sums]),
                2 => self.few::<1, 2, X>([tile], x, [sums]),
                3 => self.few::<1, 3, X>([tile], x, [sums]),
                _ => self.few::<1, TOGETHER, X>([tile], x, [sums]),
            }
        }
    }

    /// As [`Isa::sums`], of tiles that lie far apart. Processors fetch ahead in each of several places at the same time,
    /// which was 1.9 times as fast as weights one after another (25 MB, Zen 3). x: (n, columns), sums: (4, n, 16)
    #[inline(always)]
    pub(crate) fn sums_of_streams(self, tiles: [&[Group]; STREAMS], x: &[i8], mut sums: [&mut [Sums]; STREAMS]) {
        let columns = tiles[0].len() * GROUP_COLUMNS;
        for (index, x) in x.chunks(TOGETHER * columns).enumerate() {
            let rows = TOGETHER * index..TOGETHER * index + x.len() / columns;
            let ([a, b, c, d], [a_sums, b_sums, c_sums, d_sums]) =
                (tiles, sums.each_mut().map(|sums| &mut sums[rows.clone()]));
            // As many at once as there are registers.
            match rows.len() {
                1 => self.few::<STREAMS, 1, i8>(tiles, x, [a_sums, b_sums, c_sums, d_sums]),
                2 => {
                    self.few::<2, 2, i8>([a, b], x, [a_sums, b_sums]);
                    self.few::<2, 2, i8>([c, d], x, [c_sums, d_sums]);
                }
                _ => {
                    for (tile, sums) in [(a, a_sums), (b, b_sums), (c, c_sums), (d, d_sums)] {
                        self.sums(tile, x, sums);
                    }
                }
            }
        }
    }

    /// x: (N, columns), sums: (K, N, 16)
    #[inline(always)]
    fn few<const K: usize, const N: usize, X: Input>(self, tiles: [&[Group]; K], x: &[X], sums: [&mut [Sums]; K]) {
        // What the kernels rely on.
        assert!(tiles.iter().all(|tile| tile.len() * GROUP_COLUMNS * N == x.len()));
        X::few::<K, N>(self, tiles, x, sums);
    }

    /// Runs plain code that the compiler builds with this processor's widest vectors, as far as it is inlined. The
    /// results are the same: Rust never reorders float operations nor fuses them.
    #[inline(always)]
    pub(crate) fn wide<W: Work>(self, work: W) -> W::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code)]
            // SAFETY: `best` has found AVX2 in the processor.
            Kind::Avx2 | Kind::Avx512Vnni => unsafe { arch::with_avx2(work) },
            _ => work.run(),
        }
    }
}

/// What [`Isa::wide`] runs. A closure would not do: compilers may keep it apart, and then it is not widened.
pub(crate) trait Work {
    type Output;
    /// To be marked `#[inline(always)]`.
    fn run(self) -> Self::Output;
}

/// What a tile is multiplied with.
pub(crate) trait Input: Copy {
    /// The byte of a group that each of four inputs goes with.
    const ORDER: [usize; GROUP_COLUMNS];

    /// Each tile must have a group for four columns. x: (N, columns), sums: (K, N, 16)
    fn few<const K: usize, const N: usize>(isa: Isa, tiles: [&[Group]; K], x: &[Self], sums: [&mut [Sums]; K]);
}

/// Never -128.
impl Input for i8 {
    const ORDER: [usize; GROUP_COLUMNS] = [0, 1, 2, 3];

    #[inline(always)]
    fn few<const K: usize, const N: usize>(isa: Isa, tiles: [&[Group]; K], x: &[Self], sums: [&mut [Sums]; K]) {
        match isa.0 {
            Kind::Plain => plain(tiles, x, sums),
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code)]
            // SAFETY: `best` has found these instructions in the processor; `Isa::few` has checked the lengths.
            Kind::Avx2 => unsafe { arch::avx2::<K, N>(tiles, x, sums) },
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code)]
            // SAFETY: as above.
            Kind::Avx512Vnni => unsafe { arch::avx512_vnni::<K, N>(tiles, x, sums) },
            #[cfg(target_arch = "aarch64")]
            #[expect(unsafe_code)]
            // SAFETY: as above.
            Kind::Neon => unsafe { arch::neon::<K, N>(tiles, x, sums) },
            #[cfg(target_arch = "aarch64")]
            #[expect(unsafe_code)]
            // SAFETY: as above.
            Kind::NeonDot => unsafe { arch::neon_dot::<K, N>(tiles, x, sums) },
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Kind::Simd128 => arch::simd128::<K, N>(tiles, x, sums),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128", feature = "relaxed-simd"))]
            Kind::RelaxedSimd => arch::relaxed::<K, N>(tiles, x, sums),
        }
    }
}

/// The columns of a group lie as [`PAIRED`] says, and no sum may pass 2^31.
impl Input for i16 {
    const ORDER: [usize; GROUP_COLUMNS] = PAIRED;

    #[inline(always)]
    fn few<const K: usize, const N: usize>(isa: Isa, tiles: [&[Group]; K], x: &[Self], sums: [&mut [Sums]; K]) {
        for (tile, sums) in tiles.into_iter().zip(sums) {
            match isa.0 {
                Kind::Plain => plain([tile], x, [sums]),
                #[cfg(target_arch = "x86_64")]
                #[expect(unsafe_code)]
                // SAFETY: `best` has found these instructions in the processor; `Isa::few` has checked the lengths.
                Kind::Avx2 => unsafe { arch::avx2_of_16::<N>(tile, x, sums) },
                #[cfg(target_arch = "x86_64")]
                #[expect(unsafe_code)]
                // SAFETY: as above.
                Kind::Avx512Vnni => unsafe { arch::avx512_vnni_of_16::<N>(tile, x, sums) },
                #[cfg(target_arch = "aarch64")]
                #[expect(unsafe_code)]
                // SAFETY: as above.
                Kind::Neon | Kind::NeonDot => unsafe { arch::neon_of_16::<N>(tile, x, sums) },
                #[cfg(all(target_arch = "wasm32", target_feature = "simd128", feature = "relaxed-simd"))]
                Kind::RelaxedSimd => arch::simd128_of_16::<N>(tile, x, sums),
                #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
                Kind::Simd128 => arch::simd128_of_16::<N>(tile, x, sums),
            }
        }
    }
}

/// The plain kernel, which every other must equal bit for bit.
fn plain<const K: usize, X: Input + Into<i32>>(tiles: [&[Group]; K], x: &[X], sums: [&mut [Sums]; K]) {
    for (tile, sums) in tiles.into_iter().zip(sums) {
        sums.fill([0; TILE_ROWS]);
        for (sums, x) in sums.iter_mut().zip(x.chunks_exact(tile.len() * GROUP_COLUMNS)) {
            for (group, x) in tile.iter().zip(x.as_chunks::<GROUP_COLUMNS>().0) {
                for (sum, w) in sums.iter_mut().zip(group.0.as_chunks::<GROUP_COLUMNS>().0) {
                    *sum += x.iter().zip(X::ORDER).map(|(&x, byte)| i32::from(w[byte]) * x.into()).sum::<i32>();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use oorandom::Rand32;
    use proptest::prelude::*;

    use super::*;

    /// -127 to 127, and often the ends, where 16-bit sums are at their limit.
    fn value(random: &mut Rand32) -> i8 {
        match random.rand_range(0..4) {
            0 => [-127, 127][random.rand_range(0..2) as usize],
            _ => (random.rand_u32() >> 24).to_le_bytes()[0].cast_signed().max(-127),
        }
    }

    fn check<X: Input + Into<i32>>(tile: &[Group], x: &[X]) -> Result<(), TestCaseError> {
        let columns = GROUP_COLUMNS * tile.len();
        let product = |row: usize, c: usize, x: &[X]| {
            i32::from(tile[c / 4].0[row * 4 + X::ORDER[c % 4]]) * Into::<i32>::into(x[c])
        };
        let by_hand = |x: &[X]| std::array::from_fn(|row| (0..columns).map(|c| product(row, c, x)).sum());
        let by_hand: Vec<Sums> = x.chunks(columns).map(by_hand).collect();
        for isa in Isa::all() {
            let mut sums = vec![[7; TILE_ROWS]; by_hand.len()];
            isa.sums(tile, x, &mut sums);
            prop_assert_eq!(&sums, &by_hand, "{}", isa.name());
        }
        Ok(())
    }

    /// The tile four times, turned differently: streams must not be mixed up.
    fn check_streams(tile: &[Group], x: &[i8]) -> Result<(), TestCaseError> {
        let tiles: Vec<Vec<Group>> =
            (0..STREAMS).map(|n| [&tile[n % tile.len()..], &tile[..n % tile.len()]].concat()).collect();
        let n = x.len() / tile.len() / GROUP_COLUMNS;
        for isa in Isa::all() {
            let mut sums = [const { Vec::new() }; STREAMS].map(|_: Vec<Sums>| vec![[7; TILE_ROWS]; n]);
            isa.sums_of_streams(std::array::from_fn(|k| &*tiles[k]), x, sums.each_mut().map(|sums| &mut **sums));
            for (tile, sums) in tiles.iter().zip(&sums) {
                let mut alone = vec![[7; TILE_ROWS]; n];
                Isa(Kind::Plain).sums(tile, x, &mut alone);
                prop_assert_eq!(sums, &alone, "{}", isa.name());
            }
        }
        Ok(())
    }

    #[test]
    fn every_kernel_proves_right() {
        assert!(Isa::all().into_iter().all(Isa::proves_right));
    }

    proptest! {
        #[test]
        fn every_kernel_equals_sums_done_by_hand(n_groups in 1..70usize, n in 1..10usize, seed: u64) {
            let mut random = Rand32::new(seed);
            let tile: Vec<Group> = (0..n_groups).map(|_| Group(std::array::from_fn(|_| value(&mut random)))).collect();
            let x: Vec<i8> = (0..n * GROUP_COLUMNS * n_groups).map(|_| value(&mut random)).collect();
            check(&tile, &x)?;
            check_streams(&tile, &x)?;
            // 127 times 258 and 127 times 280 columns are still below 2^31.
            let x: Vec<i16> = x.iter().map(|&x| i16::from(x) * 258).collect();
            check(&tile, &x)?;
        }
    }
}
