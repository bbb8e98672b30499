//! What the user reads of instances that stand for the same.

use tfplugin::Diagnostic;
use tfplugin::cty::Path;

use crate::session::{Clash, Spot};

/// Why a plan cannot stand.
pub(super) fn clash(clash: Clash, spot: &Spot) -> Diagnostic {
    match clash {
        Clash::Renamed => renamed(spot),
        Clash::Twice => twice(spot),
    }
}

fn type_of(spot: &Spot) -> String {
    format!("egress_{}", spot.resource_type.as_str().replace('-', "_"))
}

fn renamed(spot: &Spot) -> Diagnostic {
    let ty = type_of(spot);
    let detail = format!(
        "{spot} is in the state under an address that the configuration no longer has, and in the configuration \
         under an address that the state does not have: its block was renamed or moved into another module, or its \
         for_each key or count index changed. Terraform would destroy what is in use and make it again. Nothing has \
         to be destroyed: add a moved block, with the address in the state and the one in the configuration.\n\n  moved \
         {{\n    from = {ty}.OLD\n    to   = {ty}.NEW\n  }}\n\n`terraform state list` shows the address in the \
         state. An address can have a key and a module, such as module.network.{ty}.NEW[\"a\"]. If these are two \
         resources, and the old one is to go, give the new one another name, or destroy the old one in an apply \
         before."
    );
    Diagnostic::error(format!("{spot} would be destroyed and created in one plan"), detail).at(Path::attribute("name"))
}

/// Two resources stand for the same.
pub(super) fn twice(spot: &Spot) -> Diagnostic {
    let detail = format!(
        "Two resource blocks or instances of this configuration are {spot} in {}. A name stands for one set of \
         objects: two resources would take it from each other with every apply. Nothing was changed. Give one of \
         them another name; with for_each or count, or in a module that is used more than once, make each.key or a \
         variable a part of the name.",
        spot.place
    );
    Diagnostic::error(format!("Two resources are {spot}"), detail).at(Path::attribute("name"))
}

/// An instance goes, and what it had stays.
pub(super) fn handed_over(spot: &Spot) -> Diagnostic {
    Diagnostic::warning(
        format!("What {spot} has is kept"),
        "Terraform replaces the resource by itself, because it is tainted or -replace names it. Nothing was \
         removed: the new instance takes over what is there, and changes it to what the configuration says.",
    )
    .at(Path::attribute("name"))
}

#[cfg(test)]
mod tests {
    use egress_model::identity::ResourceType;

    use super::*;
    use crate::session::Where;

    fn policy() -> Spot {
        Spot {
            place: Where::Cluster,
            resource_type: ResourceType::Policy,
            namespace: Some("production".to_owned()),
            name: "backend".to_owned(),
        }
    }

    fn at_the_name(diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.at(Path::attribute("name"))
    }

    #[test]
    fn a_renamed_block_is_shown_what_to_write() {
        let expected = Diagnostic::error(
            "egress_policy \"backend\" in the namespace \"production\" would be destroyed and created in one plan",
            "egress_policy \"backend\" in the namespace \"production\" is in the state under an address that the \
             configuration no longer has, and in the configuration under an address that the state does not have: \
             its block was renamed or moved into another module, or its for_each key or count index changed. \
             Terraform would destroy what is in use and make it again. Nothing has to be destroyed: add a moved \
             block, with the address in the state and the one in the configuration.\n\n  moved {\n    from = \
             egress_policy.OLD\n    to   = egress_policy.NEW\n  }\n\n`terraform state list` shows the address in \
             the state. An address can have a key and a module, such as module.network.egress_policy.NEW[\"a\"]. If \
             these are two resources, and the old one is to go, give the new one another name, or destroy the old \
             one in an apply before.",
        );
        assert_eq!(clash(Clash::Renamed, &policy()), at_the_name(expected));
    }

    #[test]
    fn two_of_one_name_are_named() {
        let expected = Diagnostic::error(
            "Two resources are egress_policy \"backend\" in the namespace \"production\"",
            "Two resource blocks or instances of this configuration are egress_policy \"backend\" in the namespace \
             \"production\" in the cluster. A name stands for one set of objects: two resources would take it from \
             each other with every apply. Nothing was changed. Give one of them another name; with for_each or \
             count, or in a module that is used more than once, make each.key or a variable a part of the name.",
        );
        assert_eq!(clash(Clash::Twice, &policy()), at_the_name(expected));
    }

    #[test]
    fn what_a_replacement_keeps_is_said() {
        let expected = Diagnostic::warning(
            "What egress_policy \"backend\" in the namespace \"production\" has is kept",
            "Terraform replaces the resource by itself, because it is tainted or -replace names it. Nothing was \
             removed: the new instance takes over what is there, and changes it to what the configuration says.",
        );
        assert_eq!(handed_over(&policy()), at_the_name(expected));
    }
}
