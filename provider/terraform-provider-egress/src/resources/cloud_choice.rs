//! The cloud that a resource is in: the one whose block is written.

use tfplugin::Diagnostic;
use tfplugin::cty::{Path, Value};
use tfplugin::schema::{NestedBlock, PlanModifier};

/// The block that chooses a cloud. Objects do not move to another cloud: a resource whose block goes or comes is replaced.
pub(crate) fn block(block: NestedBlock) -> NestedBlock {
    block.modify(PlanModifier::RequiresReplaceOnPresence)
}

/// The one of these clouds that the value chooses. `things` are what is put into a cloud, for the message.
pub(crate) fn chosen<'a, B: ?Sized>(
    clouds: &'a [Box<B>],
    name: impl Fn(&B) -> &'static str,
    value: &Value,
    things: &str,
) -> Result<&'a B, Diagnostic> {
    let names = clouds.iter().map(|cloud| name(cloud)).collect::<Vec<_>>().join(", ");
    let is_chosen = |cloud: &&B| value.get(name(cloud)).is_some_and(|attribute| !attribute.is_null());
    let mut chosen = clouds.iter().map(AsRef::as_ref).filter(is_chosen);
    match (chosen.next(), chosen.next()) {
        (Some(cloud), None) => Ok(cloud),
        (None, _) => Err(Diagnostic::error(
            "No cloud is chosen",
            format!("Write the block of the cloud that the {things} are to be in, which may be empty: {names}."),
        )),
        (Some(_), Some(second)) => Err(Diagnostic::error(
            "More than one cloud is chosen",
            format!("A resource is in one cloud; write one of the blocks {names}, and another resource for each other cloud."),
        )
        .at(Path::attribute(name(second)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cloud_is_chosen() {
        let clouds: Vec<Box<str>> = vec!["here".into(), "there".into()];
        let name = |cloud: &str| if cloud == "here" { "here" } else { "there" };
        let choose = |here: Value, there: Value| {
            let value = Value::object([("here", here), ("there", there)]);
            let chosen = chosen(&clouds, name, &value, "things").map(ToOwned::to_owned);
            chosen.map_err(|error| (error.summary, error.path.map(|path| path.to_string())))
        };
        let empty = || Value::object::<&str, Value>([]);
        assert_eq!(choose(Value::Null, empty()), Ok("there".to_owned()));
        assert_eq!(choose(Value::UNKNOWN, Value::Null), Ok("here".to_owned()), "it is not null");
        assert_eq!(choose(Value::Null, Value::Null), Err(("No cloud is chosen".to_owned(), None)));
        let both = ("More than one cloud is chosen".to_owned(), Some("there".to_owned()));
        assert_eq!(choose(empty(), empty()), Err(both));
    }
}
