"""Features of jSymbolic as music21 extracts them: passages in, a row of numbers for each out (both JSON).

A passage is a list of notes: onset and duration in ticks of 1/48 beat, key, velocity.
"""

import json
import os
import sys
import warnings
from multiprocessing import Pool

warnings.filterwarnings("ignore")

from music21 import chord, features, meter, note, stream, tempo  # noqa: E402
from music21.features import jSymbolic  # noqa: E402

TICKS_PER_BEAT = 48
# Of instruments, tempo marks and metre signs, all passages have the same; MIDI has no voices; 128 bins are too many for 120 passages.
LEFT_OUT = ("Instrument", "Tempo", "TimeSignature", "Meter", "IndependentVoices", "ForEachVoice", "Percussion")
MOST_BINS = 12

EXTRACTORS = [one for one in jSymbolic.featureExtractors if not any(word in one.__name__ for word in LEFT_OUT)]


def score_of(notes):
    part = stream.Part()
    part.append(meter.TimeSignature("4/4"))
    part.insert(0, tempo.MetronomeMark(number=120))
    chords = {}
    for onset, duration, key, velocity in notes:
        chords.setdefault((onset, duration), []).append((key, velocity))
    for (onset, duration), keys in sorted(chords.items()):
        element = note.Note(keys[0][0]) if len(keys) == 1 else chord.Chord([key for key, _ in keys])
        element.quarterLength = duration / TICKS_PER_BEAT
        element.volume.velocity = keys[0][1]
        part.insert(onset / TICKS_PER_BEAT, element)
    whole = stream.Score()
    whole.insert(0, part)
    return whole


def row_of(notes):
    data = features.DataInstance(score_of(notes))
    row = []
    for extractor in EXTRACTORS:
        found = extractor(data)
        try:
            values = found.extract().vector
        except Exception:  # Of too few notes, some things cannot be said.
            values = [0.0] * found.dimensions
        if len(values) <= MOST_BINS:
            row.extend(float(value) for value in values)
    return row


if __name__ == "__main__":
    passages = json.load(sys.stdin)
    with Pool(os.cpu_count()) as pool:
        json.dump(pool.map(row_of, passages, chunksize=8), sys.stdout)
