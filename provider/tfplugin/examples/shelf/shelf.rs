//! The API that the provider manages: files in a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::{fs, io};

use serde::{Deserialize, Serialize};

/// A folder of books.
#[derive(Clone)]
pub(crate) struct Shelf(PathBuf);

/// A book as the shelf stores it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct Stored {
    pub(crate) title: String,
    pub(crate) pages: i64,
    /// Decimal text: a price of `0.1` must come back as just that.
    pub(crate) price: Option<String>,
    pub(crate) tags: Option<BTreeSet<String>>,
    pub(crate) authors: Option<BTreeMap<String, StoredAuthor>>,
    pub(crate) chapters: Option<Vec<StoredChapter>>,
    pub(crate) revision: i64,
    /// The length of the secret: the shelf keeps no more of it.
    pub(crate) secret_length: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct StoredAuthor {
    pub(crate) given: Option<String>,
    pub(crate) family: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct StoredChapter {
    pub(crate) heading: String,
    pub(crate) pages: i64,
}

impl Shelf {
    pub(crate) fn new(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    /// The numbers of all books, in order.
    pub(crate) fn numbers(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(&self.0)?.collect::<io::Result<Vec<_>>>()?;
        let names = entries.iter().filter_map(|entry| entry.file_name().into_string().ok());
        let mut numbers: Vec<_> = names.filter_map(|name| Some(name.strip_suffix(".json")?.to_owned())).collect();
        numbers.sort();
        Ok(numbers)
    }

    pub(crate) fn get(&self, number: &str) -> io::Result<Option<Stored>> {
        match fs::read(self.path(number)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    pub(crate) fn put(&self, number: &str, book: &Stored) -> io::Result<()> {
        fs::write(self.path(number), serde_json::to_vec(book)?)
    }

    pub(crate) fn remove(&self, number: &str) -> io::Result<()> {
        match fs::remove_file(self.path(number)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    fn path(&self, number: &str) -> PathBuf {
        self.0.join(format!("{number}.json"))
    }
}
