//! The cloud that a resource is in: the one whose block is written.

use tfplugin::Diagnostic;
use tfplugin::cty::{Path, Value};
use tfplugin::schema::{NestedBlock, PlanModifier};

use crate::clouds::Cloud;

/// The block that chooses a cloud. Objects do not move to another cloud: a resource whose block goes or comes is replaced.
pub(crate) fn block(block: NestedBlock) -> NestedBlock {
    block.modify(PlanModifier::RequiresReplaceOnPresence)
}

/// The one of these clouds that the value chooses. `things` are what is put into a cloud, for the message.
pub(crate) fn chosen<'a, B: ?Sized>(
    clouds: &'a [Box<B>],
    cloud: impl Fn(&B) -> &'static Cloud,
    value: &Value,
    things: &str,
) -> Result<&'a B, Diagnostic> {
    let names = clouds.iter().map(|of| cloud(of).name).collect::<Vec<_>>().join(", ");
    let mut chosen = clouds.iter().map(AsRef::as_ref).filter(|of: &&B| cloud(of).is_chosen(value));
    match (chosen.next(), chosen.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(Diagnostic::error(
            "No cloud is chosen",
            format!("Write the block of the cloud that the {things} are to be in, which may be empty: {names}."),
        )),
        (Some(_), Some(second)) => Err(Diagnostic::error(
            "More than one cloud is chosen",
            format!("A resource is in one cloud; write one of the blocks {names}, and another resource for each other cloud."),
        )
        .at(Path::attribute(cloud(second).name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static HERE: Cloud = Cloud { name: "here", title: "Here", parts: &[], locate: |_| None };
    static THERE: Cloud = Cloud { name: "there", title: "There", parts: &[], locate: |_| None };

    #[test]
    fn one_cloud_is_chosen() {
        let clouds: Vec<Box<str>> = vec!["here".into(), "there".into()];
        let name = |cloud: &str| if cloud == "here" { &HERE } else { &THERE };
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
