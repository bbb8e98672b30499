//! A block for each alert, in which Terraform refuses every misspelt word: a threshold that is dropped without a message would be another
//! threshold.

use egress_observability::alert::{AlertName, Limit};
use egress_observability::runbook::runbook;
use egress_observability::table::columns;
use egress_observability::text::Language;
use tfplugin::cty::Type;
use tfplugin::schema::{Attribute, NestedBlock, declare};

use crate::resources::objects::attributes::text;
use crate::resources::objects::outcome::upper_first;

pub(super) fn block() -> NestedBlock {
    let blocks = AlertName::ALL.iter().map(|name| of_alert(*name)).collect();
    declare::block(
        "alerts",
        Vec::new(),
        "How alerts are tuned, each in a block of its own. Every alert exists that what is watched can fire; a \
         block asks for it by name, so that it is an error where nothing can, with the engines and clouds that can.",
    )
    .with_blocks(blocks)
}

fn of_alert(name: AlertName) -> NestedBlock {
    let defaults = name.defaults();
    let mut attributes = vec![
        Attribute::new("enabled", Type::Bool, "`false`: there is no such alert. Default: `true`."),
        text("for", &format!("How long it lasts before the alert fires. Default: `{}`.", defaults.hold)),
        text("severity", &format!("`info`, `warning` or `critical`. Default: `{}`.", defaults.severity.as_str())),
    ];
    attributes.extend(defaults.threshold.map(|limit| number("threshold", limit)));
    attributes.extend(defaults.floor.map(|limit| number("floor", limit)));
    if name == AlertName::CostHigh {
        let price = "What a gigabyte (1e9 bytes) through the NAT gateway costs, in a currency of your choice. \
                     Needed: without it there is no such alert.";
        attributes.push(Attribute::new("price_per_gb", Type::Number, price));
    }
    let sources: Vec<&str> =
        columns().filter(|column| column.alerts.contains(&name)).map(|column| column.source.as_str()).collect();
    let meaning = runbook(name).meaning.in_language(Language::English);
    declare::block(name.block(), attributes, format!("`{name}`: {meaning} Measured by {}.", sources.join(", ")))
}

fn number(attribute: &'static str, limit: Limit) -> Attribute {
    let Limit { default, range, what } = limit;
    let description = format!("{}; a number, {range}. Default: `{default}`.", upper_first(what));
    Attribute::new(attribute, Type::Number, description)
}
