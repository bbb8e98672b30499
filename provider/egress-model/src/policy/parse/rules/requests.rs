//! Which HTTP requests a rule is about.

use super::super::super::http::header_value;
use super::super::super::{HttpRule, HttpSpec, Path, PathMatch, Problem, RequestPath, RuleSpec};
use super::Mistakes;

/// The word for every method.
const ANY: &str = "any";

/// The prefix of every path.
const EVERY_PATH: &str = "/";

pub(super) fn http_requests(mistakes: &mut Mistakes, path: &Path, spec: &RuleSpec) -> Vec<HttpRule> {
    let Some(requests) = &spec.http_requests else { return Vec::new() };
    let at = path.field("http_requests");
    mistakes.not_empty(&at, requests);
    if spec.server_names.is_some() {
        mistakes.add(&at, Problem::RequestsAndServerNames);
    }
    let all = requests.iter().enumerate();
    all.filter_map(|(index, spec)| request(mistakes, &at.index(index), spec)).collect()
}

fn request(mistakes: &mut Mistakes, path: &Path, spec: &HttpSpec) -> Option<HttpRule> {
    let at = path.field("method");
    let method = mistakes.keep(&at, spec.method.as_deref().ok_or(Problem::NoMethod));
    let method = method.filter(|method| !is_any(Some(method))).and_then(|method| mistakes.text(&at, method));
    let wanted = match (spec.path.as_deref(), spec.path_prefix.as_deref()) {
        (None, None) => return mistakes.keep(path, Err(Problem::NoRequestPath)),
        (Some(_), Some(_)) => return mistakes.keep(&path.field("path_prefix"), Err(Problem::PathAndPrefix)),
        (Some(exact), None) => mistakes.text::<RequestPath>(&path.field("path"), exact).map(PathMatch::Exact),
        (None, Some(EVERY_PATH)) => None,
        (None, Some(prefix)) => mistakes.text(&path.field("path_prefix"), prefix).map(PathMatch::Prefix),
    };
    let at = path.field("headers");
    let Some(headers) = &spec.headers else { return mistakes.keep(&at, Err(Problem::NoHeaders)) };
    let every_path = spec.path_prefix.as_deref() == Some(EVERY_PATH);
    if is_any(spec.method.as_deref()) && every_path && headers.is_empty() {
        return mistakes.keep(path, Err(Problem::EveryRequest));
    }
    let headers = headers.iter().filter_map(|(name, value)| {
        let at = at.key(name);
        Some((mistakes.text(&at, name)?, mistakes.keep(&at, header_value(value))?))
    });
    let headers = headers.collect();
    Some(HttpRule { method, path: wanted, headers })
}

fn is_any(method: Option<&str>) -> bool {
    method.is_some_and(|method| method.eq_ignore_ascii_case(ANY))
}
