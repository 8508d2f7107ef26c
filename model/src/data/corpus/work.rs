//! Which work a title names, so that its movements stay in one split.

/// Catalogues whose name is word enough to be followed by any number.
const CATALOGUES: [&str; 9] = ["op", "opus", "bwv", "kv", "woo", "hwv", "rv", "twv", "hob"];
/// Catalogues of one letter, which a key or a word may be too; they count when at least two digits follow.
const LETTERS: [&str; 6] = ["k", "d", "s", "l", "b", "h"];
const ORDINALS: [&str; 9] = ["st", "nd", "rd", "th", "first", "second", "third", "fourth", "last"];
const NUMERALS: [&str; 10] = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"];

/// Composer and catalogue number, or else composer and title without what names the movement. A whole opus counts as one
/// work: its pieces share their making, and collections number them in too many ways. `None` when the composer or title
/// is unknown, since "Sonata" alone names no work.
pub(crate) fn work(composer: &str, title: &str) -> Option<String> {
    let composer = words(composer).join(" ");
    let title = title.to_lowercase();
    let all = words(&title);
    if composer.is_empty() || all.is_empty() {
        return None;
    }
    let name = catalogue_number(&all).unwrap_or_else(|| without_movement(&title));
    Some(format!("{composer}: {name}"))
}

/// Runs of letters, and runs of digits, in lower case.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in text.to_lowercase().chars() {
        if c.is_alphanumeric() {
            let goes_on = before.is_alphanumeric() && before.is_numeric() == c.is_numeric();
            match words.last_mut().filter(|_| goes_on) {
                Some(word) => word.push(c),
                None => words.push(c.to_string()),
            }
        }
        before = c;
    }
    words
}

fn catalogue_number(words: &[String]) -> Option<String> {
    let is_number = |word: &str| word.chars().all(|c| c.is_ascii_digit());
    for (i, name) in words.iter().enumerate() {
        let next = words.get(i + 1).map_or("", String::as_str);
        let is_key = i > 0 && words[i - 1] == "in";
        if name == "hob" && !next.is_empty() {
            // Hob. XVI:52
            return Some(format!("hob {next} {}", words.get(i + 2).map_or("", String::as_str)));
        }
        let is_catalogue = CATALOGUES.contains(&name.as_str()) && !next.is_empty()
            || LETTERS.contains(&name.as_str()) && next.len() > 1 && !is_key;
        if is_catalogue && is_number(next) {
            let name = match name.as_str() {
                "opus" => "op",
                "kv" => "k",
                other => other,
            };
            return Some(format!("{name} {}", next.trim_start_matches('0')));
        }
    }
    None
}

/// "Sonata in F: II. Adagio", "Sonata in F, 2nd movement" and "Sonata in F (Adagio)" are all "sonata in f".
fn without_movement(title: &str) -> String {
    let head = [":", " - ", " – ", "("].iter().filter_map(|mark| title.find(mark)).filter(|&at| at > 0).min();
    let mut words = words(&title[..head.unwrap_or(title.len())]);
    if let Some(at) = words.iter().position(|word| ["movement", "mov", "mvt", "satz"].contains(&word.as_str())) {
        words.truncate(at);
        while words.pop_if(|word| is_ordinal(word) || word.chars().all(|c| c.is_ascii_digit())).is_some() {}
    }
    while words.len() > 1 && words.last().is_some_and(|word| NUMERALS.contains(&word.as_str())) {
        words.pop();
    }
    words.join(" ")
}

fn is_ordinal(word: &str) -> bool {
    ORDINALS.contains(&word) || NUMERALS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn movements_share_their_work_and_works_differ() {
        let same = [
            ["Sonata No. 14, Op. 27 No. 2, 1st movement", "Piano Sonata op.27/2: III. Presto agitato"],
            ["Sonata in A major KV 331 (Alla turca)", "K331, 2nd mvt"],
            ["Sonata Hob. XVI:52 - I", "Sonata in E flat, Hob.XVI/52, Finale"],
            ["Sonata in F: II. Adagio", "Sonata in F, 3rd movement"],
            ["Sonata facile I", "Sonata facile III"],
            ["Prelude and Fugue, BWV 846", "BWV846 Fugue"],
        ];
        for [a, b] in same {
            assert_eq!(work("X", a), work("X", b), "{a} and {b}");
            assert_ne!(work("X", a), work("Y", b), "another composer");
        }
        let other = [
            ["Sonata Op. 27 No. 2", "Sonata Op. 28"],
            ["Prelude in D, 3rd movement", "Prelude in E, 3rd movement"],
            ["Nocturne No. 1", "Nocturne No. 2"],
            ["I", "II"],
        ];
        for [a, b] in other {
            assert_ne!(work("X", a), work("X", b), "{a} and {b}");
        }
        assert_eq!((work("", "Sonata"), work("Bach", "?")), (None, None));
    }
}
