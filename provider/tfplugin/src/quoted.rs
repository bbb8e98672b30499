//! What messages quote. A user can pass a file where a name is meant, and no message repeats that: this is the last step of every message
//! on its way to the host, whoever wrote it.

/// The most characters of a quoted text that a message shows whole.
const WHOLE: usize = 200;
/// How many a message shows of a longer one: enough to find it by.
const SHOWN: usize = 80;
/// The most characters without a blank that a message shows whole, with what is quoted in between: no word is as long.
const WORD: usize = 2 * WHOLE;

/// The message with each long text cut, and its length in characters in place of the rest: what is between double quotes, and what has no
/// blank. Texts are quoted as `{:?}` writes them, with a backslash before a quote that belongs to them.
pub(crate) fn shortened(message: String) -> String {
    if message.len() <= WHOLE {
        return message;
    }
    let quoted = shorten_quoted(&message);
    quoted.split_inclusive(char::is_whitespace).map(shorten_word).collect()
}

fn shorten_word(word: &str) -> String {
    let count = word.trim_end().chars().count();
    if count <= WORD {
        return word.to_owned();
    }
    let end = &word[word.trim_end().len()..];
    format!("{}... ({count} characters){end}", word.chars().take(SHOWN).collect::<String>())
}

fn shorten_quoted(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find('"') {
        let (before, quoted) = rest.split_at(start);
        out.push_str(before);
        // A quote after a letter ends something, as in 5".
        let opens = !out.ends_with(char::is_alphanumeric);
        let length = if opens { length_of(&quoted[1..]) } else { None };
        let Some(length) = length else {
            out.push('"');
            rest = &quoted[1..];
            continue;
        };
        let (text, after) = (&quoted[1..=length], &quoted[length + 2..]);
        out.push('"');
        match text.chars().count() {
            count if count > WHOLE => {
                out.extend(text.chars().take(SHOWN));
                out.extend(["\"... (", &count.to_string(), " characters)"]);
            }
            _ => {
                out.push_str(text);
                out.push('"');
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The bytes up to the quote that ends a text.
fn length_of(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_texts_are_cut_wherever_they_are_quoted() {
        let long = "x".repeat(100_000);
        let shown = format!("\"{}\"... (100000 characters)", "x".repeat(SHOWN));
        for (message, expected) in [
            (format!("The owner {long:?} cannot be used"), format!("The owner {shown} cannot be used")),
            (format!("allow[{long:?}].ports of {long:?}"), format!("allow[{shown}].ports of {shown}")),
            (format!("{long} is not\nquoted"), format!("{}... (100000 characters) is not\nquoted", "x".repeat(SHOWN))),
            ("An engine is called \"cilium\"".repeat(50), "An engine is called \"cilium\"".repeat(50)),
        ] {
            assert_eq!(shortened(message), expected);
        }
    }

    #[test]
    fn a_file_with_lines_and_quotes_is_one_text() {
        let file = "name = \"a\"\n".repeat(1_000);
        let message = shortened(format!("{file:?} is no name; write one such as \"prod\""));
        assert!(message.ends_with("... (14000 characters) is no name; write one such as \"prod\""), "{message}");
    }

    proptest! {
        #[test]
        fn what_is_short_stays(texts in prop::collection::vec("[a-z \"\\\\\n]{0,80}", 0..20)) {
            let quoted: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
            let message = format!("None of {} is there", quoted.join(", "));
            prop_assert_eq!(shortened(message.clone()), message);
        }

        #[test]
        fn no_message_is_longer_than_what_it_says_itself(texts in prop::collection::vec("\\PC{0,400}", 1..10)) {
            let quoted: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
            let message = shortened(format!("None of {} is there", quoted.join(", ")));
            prop_assert!(message.chars().count() <= 30 + texts.len() * (WORD + 40));
        }
    }
}
