//! Where in a beat marked onsets stand in scores: counted over every sixth score of the training split, played by simulated hands.

use super::chords::N_MARKS;

/// For each mark, the cost on a beat, half-way between two and elsewhere, in 1/256 nat, above that of any onset there.
pub(super) static MARKS: [[i16; 3]; N_MARKS] = [
    [218, -57, -151],
    [183, 57, -195],
    [124, 46, -161],
    [-47, 12, 101],
    [-42, 56, 35],
    [-78, 124, 78],
    [8, -53, 51],
    [24, 15, -51],
    [-75, 65, 130],
    [-136, 149, 464],
    [-129, 175, 314],
    [-150, 224, 522],
    [-39, -56, 207],
    [-8, -53, 90],
    [-87, 2, 339],
    [-114, 48, 497],
    [-109, 69, 344],
    [-127, 84, 583],
];
