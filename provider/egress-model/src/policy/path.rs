//! Where in a policy something is.

use std::fmt;

use crate::shown::shown;

/// One step into a policy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A field, by the name that users write.
    Field(&'static str),
    /// An element of a map, such as a rule, by its key.
    Key(String),
    /// An element of a list, by position.
    Index(usize),
}

/// The way from a policy to one of its parts. The field names are those that users write, so that a front end can turn it
/// into its own path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(Vec<Step>);

impl Path {
    /// The policy itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// This path, then a field.
    #[must_use]
    pub fn field(&self, name: &'static str) -> Self {
        self.then(Step::Field(name))
    }

    /// This path, then the element of the map there.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.then(Step::Key(key.into()))
    }

    /// This path, then the element of the list there.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    /// This path, then another one that begins where it ends.
    #[must_use]
    pub fn join(&self, rest: &Self) -> Self {
        Self(self.0.iter().chain(&rest.0).cloned().collect())
    }

    /// The steps, outermost first.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if position == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{}]", shown(key))?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_a_reference() {
        let path = Path::root().field("allow").key("db").field("ports").index(0).field("port");
        assert_eq!(path.to_string(), "allow[\"db\"].ports[0].port");
        assert_eq!(Path::root().to_string(), "");
        assert!(Path::root().field("allow").key("x".repeat(100_000)).to_string().len() < 200, "a long key is cut");
    }
}
