//! What is wrong with what was written, each with its path.

use std::str::FromStr;

use super::super::{Invalid, Path, Problem};

/// What was found wrong so far.
#[derive(Default)]
pub(crate) struct Mistakes(Vec<Invalid>);

impl Mistakes {
    pub(crate) fn add(&mut self, path: &Path, problem: impl Into<Problem>) {
        self.0.push(Invalid { path: path.clone(), problem: problem.into() });
    }

    /// The value, or a note of why there is none.
    pub(crate) fn keep<T, E: Into<Problem>>(&mut self, path: &Path, result: Result<T, E>) -> Option<T> {
        result.map_err(|problem| self.add(path, problem)).ok()
    }

    pub(crate) fn text<T: FromStr<Err: Into<Problem>>>(&mut self, path: &Path, text: &str) -> Option<T> {
        self.keep(path, text.parse())
    }

    /// Every element that can be read.
    pub(crate) fn texts<T, C>(&mut self, path: &Path, texts: &[String]) -> C
    where
        T: FromStr<Err: Into<Problem>>,
        C: FromIterator<T>,
    {
        texts.iter().enumerate().filter_map(|(index, text)| self.text(&path.index(index), text)).collect()
    }

    pub(crate) fn not_empty<T>(&mut self, path: &Path, list: &[T]) {
        if list.is_empty() {
            self.add(path, Problem::EmptyList);
        }
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong.
    pub(crate) fn into_vec(self) -> Vec<Invalid> {
        self.0
    }
}
