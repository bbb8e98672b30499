//! Filters of the `Describe` actions, and their pages.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;

use crate::error::ApiError;
use crate::params::Params;

/// The filters of one call: an object must pass all of them, by any of each one's values.
#[derive(Debug)]
pub(crate) struct Filters(Vec<(String, Vec<String>)>);

impl Filters {
    /// Reads the filters of a call. Names that are neither in `known` nor about tags are refused.
    pub(crate) fn parse(params: &Params, known: &[&str]) -> Result<Self, ApiError> {
        let mut filters = Vec::new();
        for filter in params.structures("Filter") {
            let name = filter.required("Name")?.to_owned();
            if !known.contains(&name.as_str()) && name != "tag-key" && !name.starts_with("tag:") {
                return Err(ApiError::invalid(format!("The filter '{name}' is invalid")));
            }
            let values = filter.list("Value").into_iter().map(str::to_owned).collect();
            filters.push((name, values));
        }
        Ok(Self(filters))
    }

    /// Whether an object with those tags passes; `values` gives its values for a filter's name.
    pub(crate) fn accept(&self, tags: &BTreeMap<String, String>, values: impl Fn(&str) -> Vec<String>) -> bool {
        self.0.iter().all(|(name, patterns)| {
            let own = if name == "tag-key" {
                tags.keys().cloned().collect()
            } else if let Some(key) = name.strip_prefix("tag:") {
                tags.get(key).cloned().into_iter().collect()
            } else {
                values(name)
            };
            own.iter().any(|value| patterns.iter().any(|pattern| matches(pattern, value)))
        })
    }
}

/// Whether a filter's value matches: `*` stands for any characters and `?` for one, a backslash takes their meaning.
fn matches(pattern: &str, value: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => value.is_empty(),
        Some('*') => {
            value.char_indices().map(|(at, _)| at).chain([value.len()]).any(|at| matches(rest.as_str(), &value[at..]))
        }
        Some('?') => value.chars().next().is_some_and(|first| matches(rest.as_str(), &value[first.len_utf8()..])),
        Some(first) => {
            let literal = if first == '\\' { rest.next().unwrap_or('\\') } else { first };
            value.strip_prefix(literal).is_some_and(|value| matches(rest.as_str(), value))
        }
    }
}

/// One page of a list, with the token of the next.
pub(crate) struct Page<'a, T> {
    pub(crate) items: Vec<(&'a String, &'a T)>,
    pub(crate) next: Option<String>,
}

/// Cuts the page that a call asks for out of its results. `sizes` are the smallest and largest `MaxResults`.
pub(crate) fn page<'a, T>(
    params: &Params,
    sizes: (usize, usize),
    found: Vec<(&'a String, &'a T)>,
) -> Result<Page<'a, T>, ApiError> {
    let size = params.number::<usize>("MaxResults")?;
    if let Some(size) = size
        && !(sizes.0..=sizes.1).contains(&size)
    {
        let (least, most) = sizes;
        let message = format!(
            "Value ( {size} ) for parameter maxResults is invalid. Expecting a value between {least} and {most}."
        );
        return Err(ApiError::invalid(message));
    }
    let after = params.get("NextToken").filter(|token| !token.is_empty()).map(decode).transpose()?;
    let mut items: Vec<_> =
        found.into_iter().filter(|(id, _)| after.as_ref().is_none_or(|after| *id > after)).collect();
    let more = size.is_some_and(|size| items.len() > size);
    items.truncate(size.unwrap_or(usize::MAX));
    let next = items.last().filter(|_| more).map(|(id, _)| encode(id));
    Ok(Page { items, next })
}

fn encode(id: &str) -> String {
    HEXLOWER.encode(id.as_bytes())
}

fn decode(token: &str) -> Result<String, ApiError> {
    let id = HEXLOWER.decode(token.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    id.ok_or_else(|| ApiError::new("InvalidPaginationToken", "The specified pagination token is not valid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_characters() {
        for (pattern, value, expected) in [
            ("prod", "prod", true),
            ("prod", "production", false),
            ("prod*", "production", true),
            ("*", "", true),
            ("?", "", false),
            ("p?od", "prod", true),
            ("*a*c", "abcabc", true),
            (r"\*", "*", true),
            (r"\*", "x", false),
            ("Prod", "prod", false),
        ] {
            assert_eq!(matches(pattern, value), expected, "{pattern} on {value}");
        }
    }

    #[test]
    fn an_unknown_filter_is_refused() {
        let params = Params::from_iter([("Filter.1.Name", "colour"), ("Filter.1.Value.1", "red")]);
        assert_eq!(Filters::parse(&params, &["state"]).unwrap_err().code, "InvalidParameterValue");
    }
}
