//! What was written, as messages show it.

/// How many characters of what was written a message shows: enough to find it by.
const SHOWN: usize = 100;

/// What was written between quotes, cut where it is long: a message must not repeat a file that was passed by mistake.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}... ({} characters)", &text[..end], text.chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(shown("a \"b\""), r#""a \"b\"""#);
        assert_eq!(shown(&"é".repeat(SHOWN)).chars().count(), SHOWN + 2);
        assert_eq!(shown(&"é".repeat(100_000)), format!("\"{}\"... (100000 characters)", "é".repeat(SHOWN)));
    }
}
