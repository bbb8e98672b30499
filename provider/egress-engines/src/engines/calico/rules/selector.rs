//! Whether a text is one of Calico's selector expressions.
//!
//! Source: Calico v3.32.1, libcalico-go/lib/selector (tokenizer and parser): `||` binds less than `&&`, `!` binds most; a label has
//! at most 512 characters; a text stands between quotes of either kind and has no escapes.

/// What a selector may use that only few places take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Uses {
    /// `global()` stands in it.
    pub(super) global: bool,
    /// Something else stands in it.
    pub(super) other: bool,
}

/// Reads an expression, or says what is wrong. The empty text selects everything.
pub(super) fn parse(text: &str) -> Result<Uses, String> {
    let mut rest = Rest { text, uses: Uses::default() };
    rest.skip_blanks();
    if rest.text.is_empty() {
        return Ok(rest.uses);
    }
    rest.any()?;
    if rest.text.is_empty() { Ok(rest.uses) } else { Err(format!("nothing is expected before {:?}", rest.text)) }
}

struct Rest<'a> {
    text: &'a str,
    uses: Uses,
}

impl Rest<'_> {
    fn skip_blanks(&mut self) {
        self.text = self.text.trim_start_matches([' ', '\t']);
    }

    fn take(&mut self, token: &str) -> bool {
        let Some(after) = self.text.strip_prefix(token) else { return false };
        self.text = after;
        self.skip_blanks();
        true
    }

    /// The same for a word, which ends where its letters do.
    fn take_word(&mut self, word: &str) -> bool {
        let ends = |after: &str| !after.starts_with(is_label);
        self.text.strip_prefix(word).is_some_and(ends) && self.take(word)
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) { Ok(()) } else { Err(format!("{token} is expected before {:?}", self.text)) }
    }

    fn any(&mut self) -> Result<(), String> {
        self.all()?;
        while self.take("||") {
            self.all()?;
        }
        Ok(())
    }

    fn all(&mut self) -> Result<(), String> {
        self.one()?;
        while self.take("&&") {
            self.one()?;
        }
        Ok(())
    }

    fn one(&mut self) -> Result<(), String> {
        while self.take("!") {}
        if self.take("(") {
            self.any()?;
            return self.expect(")");
        }
        if self.take("global(") {
            self.uses.global = true;
            return self.expect(")");
        }
        self.uses.other = true;
        if self.take("all(") {
            return self.expect(")");
        }
        if self.take("has(") {
            self.label()?;
            return self.expect(")");
        }
        self.label()?;
        if self.take("==") || self.take("!=") || self.take_word("contains") {
            return self.value();
        }
        if self.take("starts") || self.take("ends") {
            self.expect("with")?;
            return self.value();
        }
        // "not in" and "notin" are the same.
        self.take("not");
        if self.take_word("in") { self.set() } else { Err(format!("an operator is expected before {:?}", self.text)) }
    }

    fn label(&mut self) -> Result<(), String> {
        let (label, after) = self.text.split_at(self.text.find(|c| !is_label(c)).unwrap_or(self.text.len()));
        match label.len() {
            0 => Err(format!("a label is expected before {:?}", self.text)),
            1..=512 => {
                self.text = after;
                self.skip_blanks();
                Ok(())
            }
            length => Err(format!("a label has {length} characters, at most 512 are possible")),
        }
    }

    fn value(&mut self) -> Result<(), String> {
        let quote = self.text.chars().next().filter(|c| ['\'', '"'].contains(c));
        let quote = quote.ok_or_else(|| format!("a text in quotes is expected before {:?}", self.text))?;
        let (_, after) = self.text[1..].split_once(quote).ok_or("a text has no closing quote")?;
        self.text = after;
        self.skip_blanks();
        Ok(())
    }

    fn set(&mut self) -> Result<(), String> {
        self.expect("{")?;
        while !self.take("}") {
            self.value()?;
            if !self.take(",") {
                return self.expect("}");
            }
        }
        Ok(())
    }
}

fn is_label(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_./-".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_those_of_calicos_parser() {
        for good in [
            "",
            "all()",
            "global()",
            "a == 'b'",
            "a.b/c-d_e != \"it's\"",
            "a in {'x', 'y',} && b not in {}",
            "a notin {'x'} || !has(b) && !!(c contains 'd')",
            "a starts with 'b' && c ends with 'd'",
            "in == 'x'",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for (bad, problem) in [
            ("a = 'b'", "an operator is expected before \"= 'b'\""),
            ("a == b", "a text in quotes is expected before \"b\""),
            ("a == 'b", "a text has no closing quote"),
            ("a in ('b')", "{ is expected before \"('b')\""),
            ("a == 'b' &&", "a label is expected before \"\""),
            ("a == 'b' c", "nothing is expected before \"c\""),
            ("(a == 'b'", ") is expected before \"\""),
            ("a inx {'b'}", "an operator is expected before \"inx {'b'}\""),
        ] {
            assert_eq!(parse(bad), Err(problem.to_owned()), "{bad}");
        }
        assert_eq!(parse("global()"), Ok(Uses { global: true, other: false }));
        assert_eq!(parse("global() || a == 'b'"), Ok(Uses { global: true, other: true }));
    }
}
