"""Scores against other people's readers: what Antiphon writes is valid, and means to music21 and MuseScore what it means to us.

Arguments: the trainer's program, weights, a folder for files, number of takes, a folder of OpenScore's .mxl files or "-".
Times are in ticks of 1/48 beat."""

import collections, glob, os, shutil, subprocess, sys, warnings
from fractions import Fraction

import music21

warnings.filterwarnings("ignore")
MODEL, WEIGHTS, FOLDER, N_TAKES, OPENSCORE = sys.argv[1:6]
FIXTURES = os.path.join(os.path.dirname(__file__), "../../../tests/fixtures")
MUSESCORE = shutil.which("mscore3") or shutil.which("musescore3")
XMLLINT = shutil.which("xmllint")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})


def schema():
    """MusicXML 4.0's, with the two it imports beside it: they come with the packages musicxml and xmlschema."""
    import musicxml, xmlschema

    def of(package, name):
        found = glob.glob(os.path.join(os.path.dirname(package.__file__), "**", name), recursive=True)
        return found[0]

    main = os.path.join(FOLDER, "musicxml.xsd")
    with open(of(musicxml, "musicxml_4_0.xsd"), encoding="utf8") as file:
        text = file.read().replace("http://www.musicxml.org/xsd/", "")
    with open(main, "w", encoding="utf8") as file:
        file.write(text)
    for name in ("xlink.xsd", "xml.xsd"):
        shutil.copy(of(xmlschema, name), FOLDER)
    return main


def midi_notes(path):
    """Notes of the tracks of a MIDI file that Antiphon wrote: [(track name, [(onset, length, key)])]."""
    data = open(path, "rb").read()
    per_beat, at, tracks = int.from_bytes(data[12:14], "big"), 14, []
    while at < len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")
        at, now, status, name, down, notes = at + 8, 0, 0, "", {}, []

        def number():
            nonlocal at
            value = 0
            while True:
                byte = data[at]
                at, value = at + 1, value << 7 | byte & 127
                if byte < 128:
                    return value

        while at < end:
            now += number()
            if data[at] >= 128:
                status, at = data[at], at + 1
            if status == 255:
                kind, at = data[at], at + 1
                length = number()
                name = data[at : at + length].decode("utf8", "replace") if kind == 3 else name
                at += length
            elif status >> 4 in (8, 9):
                key, velocity, at = data[at], data[at + 1], at + 2
                time = round(Fraction(now * 48, per_beat))
                if status >> 4 == 9 and velocity:
                    down[key] = time
                elif key in down:
                    onset = down.pop(key)
                    notes.append((onset, time - onset, key))
            else:
                at += 1 if status >> 4 in (12, 13) else 2
        tracks.append((name, notes))
        at = end
    return tracks


def score_notes(path):
    """Notes of the parts of a score, as music21 reads it: ties joined, staves together."""
    parts = {}
    for part in music21.converter.parse(path, forceSource=True).parts:
        raw = []
        for note in part.flatten().notes:
            if note.duration.isGrace or isinstance(note, music21.harmony.Harmony):
                continue
            for head in note.notes if note.isChord else [note]:
                tie = head.tie.type if head.tie else ""
                raw.append((Fraction(note.offset), Fraction(note.quarterLength), head.pitch.midi, tie))
        raw.sort(key=lambda note: (note[0], note[3] not in ("stop", "continue")))
        notes, open_ties = [], collections.defaultdict(list)
        for onset, length, key, tie in raw:
            start = onset
            if tie in ("stop", "continue") and open_ties[key, onset]:
                start = open_ties[key, onset].pop()
            if tie in ("start", "continue"):
                open_ties[key, onset + length].append(start)
            else:
                notes.append((start, onset + length, key))
        notes += [(start, end, key) for (key, end), starts in open_ties.items() for start in starts]
        ticks = [(round(48 * start), round(48 * end), key) for start, end, key in notes]
        # Two staves of a part are called P1-Staff1 and P1-Staff2.
        own = parts.setdefault(str(part.id).split("-Staff")[0], [])
        own += [(start, end - start, key) for start, end, key in ticks]
    return list(parts.values())


def from_first(notes):
    """An answer between the beats is moved onto them as a whole."""
    first = min(onset for onset, _, _ in notes)
    return collections.Counter((onset - first, length, key) for onset, length, key in notes)


def signs(path):
    """Ties and rests per note that a page shows."""
    n_ties = n_rests = n_notes = 0
    for note in music21.converter.parse(path, forceSource=True).recurse().notesAndRests:
        if note.isRest:
            bar = note.getContextByClass("Measure")
            is_whole = bar is not None and note.quarterLength >= bar.duration.quarterLength
            n_rests += not note.style.hideObjectOnPrint and not is_whole
            continue
        for head in note.notes if note.isChord else [note]:
            goes_on = bool(head.tie) and head.tie.type in ("start", "continue")
            n_ties += goes_on
            n_notes += not goes_on
    return (n_ties + n_rests) / max(n_notes, 1)


def takes():
    failures, burdens = [], collections.defaultdict(list)
    xsd = schema() if XMLLINT else None
    for seed in range(1, int(N_TAKES) + 1):
        call = os.path.join(FIXTURES, ["call.mid", "call-waltz.mid"][seed % 2])
        midi, page = (os.path.join(FOLDER, f"take-{seed}{end}") for end in (".mid", ".musicxml"))
        run(MODEL, "generate", "--weights", WEIGHTS, "--call", call, "--seed", str(seed), "--bars", "8", "--out", midi)
        run(MODEL, "score", midi, "-o", page)
        if xsd and b"validates" not in run(XMLLINT, "--noout", "--nonet", "--schema", xsd, page).stderr:
            failures.append(f"{page} is not valid")
        truth = from_first(midi_notes(midi)[-1][1])
        readers = {"music21": page}
        if MUSESCORE:
            readers["MuseScore"] = os.path.join(FOLDER, "again.musicxml")
            run(MUSESCORE, "-o", readers["MuseScore"], page)
        for reader, path in readers.items():
            if from_first(score_notes(path)[-1]) != truth:
                failures.append(f"{reader} reads other notes in {page}")
        if seed <= 100:
            burdens["Antiphon"].append(signs(page))
            imported = os.path.join(FOLDER, "import.musicxml")
            music21.converter.parse(midi, forceSource=True).write("musicxml", imported)
            burdens["music21's import"].append(signs(imported))
            if MUSESCORE:
                run(MUSESCORE, "-o", imported, midi)
                burdens["MuseScore's import"].append(signs(imported))
    means = {name: sum(all) / len(all) for name, all in burdens.items()}
    print(f"{N_TAKES} takes; ties and rests per note:", ", ".join(f"{name} {mean:.2f}" for name, mean in means.items()))
    failures += [f"{name} is read more easily" for name, mean in means.items() if mean < means["Antiphon"]]
    return failures


def names(path):
    """The names of the notes of a score by part, onset and key."""
    import partitura

    found = {}
    for number, part in enumerate(partitura.load_musicxml(path).parts):
        first = float(part.quarter_map(part.first_point.t))
        for note in part.notes_tied:
            onset = round(48 * (float(part.quarter_map(note.start.t)) - first))
            found[number, onset, note.midi_pitch] = (note.step, note.alter or 0)
    return found


def spelling():
    n_same = n_all = 0
    for path in sorted(glob.glob(os.path.join(OPENSCORE, "**", "*.mxl"), recursive=True))[:: int(os.environ.get("EVERY", 20))]:
        page = os.path.join(FOLDER, "spelt.musicxml")
        run(MODEL, "score", path, "-o", page)
        want, have = names(path), names(page)
        both = [place for place in want if place in have]
        n_all, n_same = n_all + len(both), n_same + sum(want[place] == have[place] for place in both)
    print(f"OpenScore: {n_same} of {n_all} notes have their own names ({100 * n_same / max(n_all, 1):.2f} %)")
    return [] if n_same >= 0.985 * n_all else ["fewer than 98.5 % of notes are spelt as the originals"]


failures = takes() + (spelling() if OPENSCORE != "-" else [])
for name, found in (("MuseScore (mscore3)", MUSESCORE), ("xmllint", XMLLINT)):
    if not found:
        print(f"not compared with {name}, because it is not here")
sys.exit("\n".join(failures[:20]) or 0)
