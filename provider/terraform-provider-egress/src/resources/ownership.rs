//! What is said of objects that are not, or not only, a resource's own: of another instance, of another resource of the same name, or with
//! the tags of others.

use egress_model::identity::{Identity, Name};
use tfplugin::Diagnostic;
use tfplugin::cty::Path;

/// The objects of a resource, in words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Objects {
    /// What they are, to begin a sentence, such as `Addresses`.
    pub(crate) things: &'static str,
    /// What has them, such as `pool`.
    pub(crate) of: &'static str,
    /// What is not done to those that stay, as a sentence begins: `They are not released`.
    pub(crate) stay: &'static str,
}

/// Objects of the state, a line each, that are kept because another instance has adopted them.
pub(crate) fn kept(objects: Objects, lines: &[String], identity: &Identity, at: Path) -> Option<Diagnostic> {
    let Objects { things, stay, .. } = objects;
    let list = lines.iter().fold(String::new(), |list, line| list + "- " + line + "\n");
    let detail = format!(
        "{list}\nAnother instance of {identity} has adopted them: the one that takes the place of this one, as \
         create_before_destroy has it, or one in another state. {stay}; only this state forgets them."
    );
    let summary = format!("{things} that another instance has adopted are kept");
    (!lines.is_empty()).then(|| Diagnostic::warning(summary, detail).at(at))
}

/// The name that a resource is to have is another's, which has these objects.
pub(crate) fn name_taken(objects: Objects, name: &Name, has: &[String]) -> Diagnostic {
    let detail = format!(
        "Another {} of the same owner has this name, with {}. Choose another name, or rename that one first, in an apply of its own.",
        objects.of,
        has.join(", ")
    );
    Diagnostic::error(format!("The name {name} is taken"), detail).at(Path::attribute("name"))
}

/// A renaming with other changes. `how` says in a clause what it is and what else there is.
pub(crate) fn renamed_with_more(objects: Objects, summary: &str, before: &Name, how: &str) -> Diagnostic {
    let detail = format!(
        "{how}. That is done in an apply of its own, so that a run that is interrupted leaves nothing that cannot \
         be told apart from another {}'s. Apply the other changes first with the name {before}, or the name first.",
        objects.of
    );
    Diagnostic::error(summary, detail).at(Path::attribute("name"))
}

/// An object of the state, such as `203.0.113.7 (eipalloc-1)`, that carries the tags of others, which this plan overwrites.
pub(crate) fn changes_owner(summary: String, what: &str, it: &str, others: &Identity, own: &Identity) -> Diagnostic {
    let detail = format!(
        "{what} carries the tags of {others}, and the state of {own} has it. This plan writes the tags of {own}. \
         That is right after the provider's owner was changed. If another state manages {it} under those tags, take \
         it out of this one instead."
    );
    Diagnostic::warning(summary, detail)
}
