//! Reads a configuration part by part. Unknown values stop here: a part that is not known yet is left out, and so is one that
//! cannot be used, which is reported on its path.

use std::fmt::Display;
use std::num::NonZeroU32;
use std::str::FromStr;

use egress_model::identity::{IdentityError, Name};
use egress_model::labels::Selector;
use egress_model::policy::{Form, Invalid, Path};
use egress_model::shown;
use tfplugin::cty::Value;
use tfplugin::{Diagnostic, Diagnostics};

use crate::duration;
use crate::resources::objects::outcome::{attribute_path, mistake};
use crate::resources::objects::values::{namespace_selector, selector};

/// A part of a configuration that is not null, and where it is.
#[derive(Clone, Debug)]
pub(super) struct Place<'v> {
    pub(super) path: Path,
    pub(super) value: &'v Value,
}

impl<'v> Place<'v> {
    pub(super) fn root(value: &'v Value) -> Self {
        Self { path: Path::root(), value }
    }

    /// An attribute; none where it is null.
    pub(super) fn field(&self, name: &'static str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(Self { path: self.path.field(name), value })
    }

    /// The elements of a map, by key.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'v str, Self)> {
        let path = self.path.clone();
        let entries = self.value.as_map().into_iter().flatten().filter(|(_, value)| !value.is_null());
        entries.map(move |(key, value)| (key.as_str(), Self { path: path.key(key.as_str()), value }))
    }

    fn elements(&self) -> impl Iterator<Item = Self> {
        let elements = self.value.elements().into_iter().flatten().enumerate();
        elements.map(|(index, value)| Self { path: self.path.index(index), value })
    }
}

/// What reading has found so far.
#[derive(Debug)]
pub(super) struct Reading {
    what: &'static str,
    /// What is wrong, or deserves a warning.
    pub(super) diagnostics: Diagnostics,
    /// Whether every part that was read is known.
    pub(super) complete: bool,
}

impl Reading {
    /// Of a thing, such as `pod network`.
    pub(super) fn of(what: &'static str) -> Self {
        Self { what, diagnostics: Diagnostics::new(), complete: true }
    }

    /// Reports what is wrong with a part.
    pub(super) fn mistake(&mut self, path: &Path, problem: impl Display) {
        self.diagnostics.push(mistake(self.what, path, &problem.to_string()));
    }

    pub(super) fn warn(&mut self, path: &Path, summary: impl Into<String>, detail: impl Into<String>) {
        self.diagnostics.push(Diagnostic::warning(summary, detail).at(attribute_path(path)));
    }

    /// The value, or a note of why there is none.
    pub(super) fn keep<T, E: Display>(&mut self, path: &Path, result: Result<T, E>) -> Option<T> {
        result.map_err(|problem| self.mistake(path, problem)).ok()
    }

    /// Whether a part is known as a whole; one that is not makes the reading incomplete.
    pub(super) fn is_known(&mut self, place: &Place<'_>) -> bool {
        let known = place.value.is_wholly_known();
        self.complete &= known;
        known
    }

    /// The entries of a map that are there: not those that are not known yet, of which nothing can be said.
    pub(super) fn entries<'v>(&mut self, place: Option<&Place<'v>>) -> Vec<(&'v str, Place<'v>)> {
        let Some(place) = place else { return Vec::new() };
        let mut entries: Vec<_> = place.entries().collect();
        self.complete &= !place.value.is_unknown() && !entries.iter().any(|(_, entry)| entry.value.is_unknown());
        entries.retain(|(_, entry)| !entry.value.is_unknown());
        entries
    }

    /// A text that a type can be parsed from.
    pub(super) fn text<T: FromStr<Err: Display>>(&mut self, place: &Place<'_>) -> Option<T> {
        if !self.is_known(place) {
            return None;
        }
        self.keep(&place.path, place.value.as_str().unwrap_or_default().parse())
    }

    /// The resource's name.
    pub(super) fn name(&mut self, place: &Place<'_>) -> Option<Name> {
        if !self.is_known(place) {
            return None;
        }
        let name = place.value.as_str().unwrap_or_default().parse();
        self.keep(&place.path, name.map_err(|error: IdentityError| format!("It {error}")))
    }

    /// The key of a map, as a type.
    pub(super) fn key<T: FromStr<Err: Display>>(&mut self, key: &str, place: &Place<'_>) -> Option<T> {
        self.keep(&place.path, key.parse())
    }

    /// The texts of a list: all of them, or none while one is not known or cannot be used.
    pub(super) fn texts<T: FromStr<Err: Display>>(&mut self, place: &Place<'_>) -> Option<Vec<T>> {
        if place.value.is_unknown() {
            self.complete = false;
            return None;
        }
        let all: Vec<_> = place.elements().map(|element| self.text(&element)).collect();
        all.into_iter().collect()
    }

    /// A whole number above nothing; the schema's check reports others.
    pub(super) fn positive(&mut self, place: &Place<'_>) -> Option<NonZeroU32> {
        let number = if self.is_known(place) { place.value.as_i64() } else { None };
        number.and_then(|number| u32::try_from(number).ok()).and_then(NonZeroU32::new)
    }

    /// A length of time in whole seconds.
    pub(super) fn seconds(&mut self, place: &Place<'_>) -> Option<NonZeroU32> {
        if !self.is_known(place) {
            return None;
        }
        let text = place.value.as_str().unwrap_or_default();
        let read = duration::parse(text).and_then(|time| {
            let whole = u32::try_from(time.as_secs()).ok().and_then(NonZeroU32::new);
            whole
                .filter(|_| time.subsec_nanos() == 0)
                .ok_or_else(|| format!("{} is no whole number of seconds", shown(text)))
        });
        self.keep(&place.path, read)
    }

    /// A selector of pods or service accounts.
    pub(super) fn selector(&mut self, place: &Place<'_>) -> Option<Selector> {
        self.is_known(place)
            .then(|| selector(place.value, Form::Value).parse())
            .and_then(|read| self.parsed(place, read))
    }

    /// A selector of namespaces.
    pub(super) fn namespace_selector(&mut self, place: &Place<'_>) -> Option<Selector> {
        self.is_known(place)
            .then(|| namespace_selector(place.value, Form::Value).parse())
            .and_then(|read| self.parsed(place, read))
    }

    /// What the model has read, or its mistakes, whose paths begin at the place.
    pub(super) fn parsed<T>(&mut self, place: &Place<'_>, read: Result<T, Vec<Invalid>>) -> Option<T> {
        match read {
            Ok(read) => Some(read),
            Err(invalid) => {
                for Invalid { path, problem } in invalid {
                    self.mistake(&place.path.join(&path), problem);
                }
                None
            }
        }
    }

    /// An attribute that must be there.
    pub(super) fn required<'v, T>(
        &mut self,
        place: &Place<'v>,
        name: &'static str,
        read: impl FnOnce(&mut Self, &Place<'v>) -> Option<T>,
    ) -> Option<T> {
        place.field(name).and_then(|field| read(self, &field))
    }

    /// An attribute that may be left out: nothing in the outer option is one that cannot be used or is not known yet.
    #[expect(clippy::option_option, reason = "left out is not the same as not usable")]
    pub(super) fn optional<'v, T>(
        &mut self,
        place: &Place<'v>,
        name: &'static str,
        read: impl FnOnce(&mut Self, &Place<'v>) -> Option<T>,
    ) -> Option<Option<T>> {
        place.field(name).map_or(Some(None), |field| read(self, &field).map(Some))
    }
}
