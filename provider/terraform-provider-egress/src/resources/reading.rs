//! Reads a configuration part by part. Unknown values stop here: a part that is not known yet is left out, and so is one that
//! cannot be used, which is reported on its path.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::num::NonZeroU32;
use std::str::FromStr;

use egress_model::identity::Name;
use egress_model::labels::Selector;
use egress_model::policy::{Form, Invalid, Path};
use egress_model::shown;
use tfplugin::cty::{Number, Value};
use tfplugin::similar::hint;
use tfplugin::{Diagnostic, Diagnostics};

use crate::duration;
use crate::resources::objects::outcome::{attribute_path, mistake};
use crate::resources::objects::values::{namespace_selector, selector, string_map};

/// A part of a configuration that is not null, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Place<'v> {
    pub(crate) path: Path,
    pub(crate) value: &'v Value,
}

impl<'v> Place<'v> {
    pub(crate) fn root(value: &'v Value) -> Self {
        Self { path: Path::root(), value }
    }

    /// An attribute; none where it is null.
    pub(crate) fn field(&self, name: &'static str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(Self { path: self.path.field(name), value })
    }

    /// The elements of a map, by key.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'v str, Self)> {
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
pub(crate) struct Reading {
    what: &'static str,
    /// What is wrong, or deserves a warning.
    pub(crate) diagnostics: Diagnostics,
    /// Whether every part that was read is known.
    pub(crate) complete: bool,
}

impl Reading {
    /// Of a thing, such as `pod network`.
    pub(crate) fn of(what: &'static str) -> Self {
        Self { what, diagnostics: Diagnostics::new(), complete: true }
    }

    /// Reports what is wrong with a part.
    pub(crate) fn mistake(&mut self, path: &Path, problem: impl Display) {
        self.diagnostics.push(mistake(self.what, path, &problem.to_string()));
    }

    pub(crate) fn warn(&mut self, path: &Path, summary: impl Into<String>, detail: impl Into<String>) {
        self.diagnostics.push(Diagnostic::warning(summary, detail).at(attribute_path(path)));
    }

    /// The value, or a note of why there is none.
    pub(crate) fn keep<T, E: Display>(&mut self, path: &Path, result: Result<T, E>) -> Option<T> {
        result.map_err(|problem| self.mistake(path, problem)).ok()
    }

    /// Whether a part is known as a whole; one that is not makes the reading incomplete.
    pub(crate) fn is_known(&mut self, place: &Place<'_>) -> bool {
        let known = place.value.is_wholly_known();
        self.complete &= known;
        known
    }

    /// The entries of a map that are there: not those that are not known yet, of which nothing can be said.
    pub(crate) fn entries<'v>(&mut self, place: Option<&Place<'v>>) -> Vec<(&'v str, Place<'v>)> {
        let Some(place) = place else { return Vec::new() };
        let mut entries: Vec<_> = place.entries().collect();
        self.complete &= !place.value.is_unknown() && !entries.iter().any(|(_, entry)| entry.value.is_unknown());
        entries.retain(|(_, entry)| !entry.value.is_unknown());
        entries
    }

    /// A text that a type can be parsed from.
    pub(crate) fn text<T: FromStr<Err: Display>>(&mut self, place: &Place<'_>) -> Option<T> {
        if !self.is_known(place) {
            return None;
        }
        self.keep(&place.path, place.value.as_str().unwrap_or_default().parse())
    }

    /// The resource's name.
    pub(crate) fn name(&mut self, place: &Place<'_>) -> Option<Name> {
        self.ending(place)
    }

    /// The key of a map, as a type.
    pub(crate) fn key<T: FromStr<Err: Display>>(&mut self, key: &str, place: &Place<'_>) -> Option<T> {
        self.keep(&place.path, key.parse())
    }

    /// One of some words.
    pub(crate) fn word<T: Copy>(&mut self, place: &Place<'_>, words: &[(&'static str, T)]) -> Option<T> {
        if !self.is_known(place) {
            return None;
        }
        let written = place.value.as_str().unwrap_or_default();
        let found = words.iter().find(|(word, _)| *word == written).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let names: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            let problem = format!("{} is none of {}", shown(written), names.join(", "));
            let mut mistake = mistake(self.what, &place.path, &problem);
            mistake.detail.push_str(&hint(written, words.iter().map(|(word, _)| *word)));
            self.diagnostics.push(mistake);
        }
        found
    }

    /// The words of a list: all of them, or none while one is not known or cannot be used.
    pub(crate) fn words<T: Copy>(&mut self, place: &Place<'_>, words: &[(&'static str, T)]) -> Option<Vec<T>> {
        if place.value.is_unknown() {
            self.complete = false;
            return None;
        }
        let all: Vec<_> = place.elements().map(|element| self.word(&element, words)).collect();
        all.into_iter().collect()
    }

    /// Whether something is switched on.
    pub(crate) fn flag(&mut self, place: &Place<'_>) -> Option<bool> {
        if self.is_known(place) { place.value.as_bool() } else { None }
    }

    /// A number, whole or not.
    pub(crate) fn fraction(&mut self, place: &Place<'_>) -> Option<f64> {
        if self.is_known(place) { place.value.as_number().map(Number::as_f64) } else { None }
    }

    /// Any text.
    pub(crate) fn any_text(&mut self, place: &Place<'_>) -> Option<String> {
        if self.is_known(place) { place.value.as_str().map(str::to_owned) } else { None }
    }

    /// The texts of a map.
    pub(crate) fn text_map(&mut self, place: &Place<'_>) -> Option<BTreeMap<String, String>> {
        self.is_known(place).then(|| string_map(place.value))
    }

    /// A text that a type can be parsed from whose error is the end of a sentence about it.
    pub(crate) fn ending<T: FromStr<Err: Display>>(&mut self, place: &Place<'_>) -> Option<T> {
        if !self.is_known(place) {
            return None;
        }
        let parsed = place.value.as_str().unwrap_or_default().parse::<T>();
        self.keep(&place.path, parsed.map_err(|error| format!("It {error}")))
    }

    /// The texts of a list: all of them, or none while one is not known or cannot be used.
    pub(crate) fn texts<T: FromStr<Err: Display>>(&mut self, place: &Place<'_>) -> Option<Vec<T>> {
        if place.value.is_unknown() {
            self.complete = false;
            return None;
        }
        let all: Vec<_> = place.elements().map(|element| self.text(&element)).collect();
        all.into_iter().collect()
    }

    /// The same of a list: all of them, or none while one is not known or cannot be used.
    pub(crate) fn endings<T: FromStr<Err: Display>>(&mut self, place: &Place<'_>) -> Option<Vec<T>> {
        if place.value.is_unknown() {
            self.complete = false;
            return None;
        }
        let all: Vec<_> = place.elements().map(|element| self.ending(&element)).collect();
        all.into_iter().collect()
    }

    /// A whole number above nothing; the schema's check reports others.
    pub(crate) fn positive(&mut self, place: &Place<'_>) -> Option<NonZeroU32> {
        let number = if self.is_known(place) { place.value.as_i64() } else { None };
        number.and_then(|number| u32::try_from(number).ok()).and_then(NonZeroU32::new)
    }

    /// A length of time in whole seconds.
    pub(crate) fn seconds(&mut self, place: &Place<'_>) -> Option<NonZeroU32> {
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
    pub(crate) fn selector(&mut self, place: &Place<'_>) -> Option<Selector> {
        self.is_known(place)
            .then(|| selector(place.value, Form::Value).parse())
            .and_then(|read| self.parsed(place, read))
    }

    /// A selector of namespaces.
    pub(crate) fn namespace_selector(&mut self, place: &Place<'_>) -> Option<Selector> {
        self.is_known(place)
            .then(|| namespace_selector(place.value, Form::Value).parse())
            .and_then(|read| self.parsed(place, read))
    }

    /// What the model has read, or its mistakes, whose paths begin at the place.
    pub(crate) fn parsed<T>(&mut self, place: &Place<'_>, read: Result<T, Vec<Invalid>>) -> Option<T> {
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
    pub(crate) fn required<'v, T>(
        &mut self,
        place: &Place<'v>,
        name: &'static str,
        read: impl FnOnce(&mut Self, &Place<'v>) -> Option<T>,
    ) -> Option<T> {
        place.field(name).and_then(|field| read(self, &field))
    }

    /// An attribute that may be left out: nothing in the outer option is one that cannot be used or is not known yet.
    #[expect(clippy::option_option, reason = "left out is not the same as not usable")]
    pub(crate) fn optional<'v, T>(
        &mut self,
        place: &Place<'v>,
        name: &'static str,
        read: impl FnOnce(&mut Self, &Place<'v>) -> Option<T>,
    ) -> Option<Option<T>> {
        place.field(name).map_or(Some(None), |field| read(self, &field).map(Some))
    }
}
