//! Words that look like another one, for messages about misspelt ones.

/// How many letters of three may differ for a word to look like another.
const TOLERANCE: usize = 3;

/// `Did you mean NAME?` with the name that looks most like the word; `None` where none looks like it.
pub fn did_you_mean<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(word, names).map(|name| format!("Did you mean {name}?"))
}

/// ` Did you mean "NAME"?` with the value that looks most like the one that was written, for the end of a message; empty where none
/// looks like it.
pub fn hint<'a>(written: &str, values: impl IntoIterator<Item = &'a str>) -> String {
    closest(written, values).map_or_else(String::new, |value| format!(" Did you mean {value:?}?"))
}

/// The name that looks most like the word; `None` where none looks like it. Of several it is the first.
pub fn closest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let distances = names.into_iter().map(|name| (distance(&lower, &name.to_lowercase()), name));
    let (distance, name) = distances.min_by_key(|(distance, _)| *distance)?;
    let letters = lower.chars().count().max(name.chars().count());
    (distance < letters && distance <= letters.div_ceil(TOLERANCE).min(3)).then_some(name)
}

/// How many letters have to be added, removed, replaced or exchanged with the next one (Damerau and Levenshtein, with each letter
/// moved once).
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, &a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &b) in to.iter().enumerate() {
            let replaced = last[j] + usize::from(a != b);
            let mut fewest = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a == to[j - 1] && from[i - 1] == b {
                fewest = fewest.min(before[j - 1] + 1);
            }
            row.push(fewest);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_is_found() {
        let names = ["cilium", "calico", "calico-enterprise", "istio", "ports", "to_cidrs", "existing_id"];
        for (word, name) in [
            ("celium", Some("cilium")),
            ("Cilium", Some("cilium")),
            ("calcio", Some("calico")),
            ("port", Some("ports")),
            ("to_cidr", Some("to_cidrs")),
            ("existingid", Some("existing_id")),
            ("weave", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(closest(word, names), name, "{word}");
        }
        assert_eq!(closest("a", []), None);
    }

    #[test]
    fn a_distance_counts_the_letters() {
        for (from, to, expected) in
            [("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("kitten", "sitting", 3), ("abc", "abc", 0)]
        {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }
}
