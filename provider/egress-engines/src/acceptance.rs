//! How engines say whether they took an object, out of the object as a cluster has it.

use std::fmt;

use serde_json::Value;

/// Where in an object's `status` its engine says that it took the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// A condition in `status.conditions`.
    Condition {
        /// The condition's type, such as `Valid`: `True` once the engine took the object.
        name: &'static str,
        /// What `False` means.
        refusal: Refusal,
    },
    /// The text `status.status`; `status.messages` or `status.message` says why.
    Text {
        /// What it is once the engine took the object.
        taken: &'static str,
        /// How it begins if the engine could not.
        refused: &'static str,
    },
    /// `status.items` names a node for each address of `spec.egressIPs`, as OVN-Kubernetes does for an `EgressIP`.
    NodePerIp,
    /// A field of the status is filled in, such as the node that an address is on.
    Filled {
        /// The field, such as `node`.
        field: &'static str,
    },
}

/// What a condition's `False` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The object is wrong, and stays so until it is changed.
    Final,
    /// The engine goes on trying: a node may come up, or a pod.
    MayPass {
        /// The reasons that say that it is only not done yet.
        at_work: &'static [&'static str],
    },
}

/// An engine's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The reason, in a word; empty where the engine gives none.
    pub reason: String,
    /// The explanation; empty where the engine gives none.
    pub message: String,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.reason.is_empty(), self.message.is_empty()) {
            (false, false) => write!(f, "{}: {}", self.reason, self.message),
            (true, true) => f.write_str("nothing but that"),
            _ => write!(f, "{}{}", self.reason, self.message),
        }
    }
}

/// What an engine makes of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opinion {
    /// It took it.
    Taken,
    /// It refuses it, or could not.
    Refused(Said),
    /// It has not said either, or not of the object as it is now.
    Undecided(Option<Said>),
}

/// What an engine makes of an object, and how sure it is that its status is about the object as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The engine's opinion.
    pub opinion: Opinion,
    /// Whether the opinion is surely of the present object. Engines that report no generation leave an opinion standing when it
    /// stays the same for a changed object.
    pub is_current: bool,
}

/// Whether a controller has written anything about an object. Where none has, it may be that none is there.
///
/// `status` may hold defaults that the object's definition gives, which no controller wrote: conditions of status `Unknown`.
pub fn has_reported(object: &Value) -> bool {
    let fields = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let mut statuses = fields.filter(|entry| entry["subresource"] == "status");
    let has_word = |(name, value): (&String, &Value)| match value {
        Value::Null => false,
        Value::Array(conditions) if name == "conditions" => {
            conditions.iter().any(|condition| condition["status"] != "Unknown")
        }
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    };
    statuses.next().is_some() || object["status"].as_object().into_iter().flatten().any(has_word)
}

impl Accepted {
    /// Whether a refusal holds until the object is changed.
    pub fn refusal_is_permanent(&self) -> bool {
        matches!(self, Self::Condition { refusal: Refusal::Final, .. })
    }

    /// Reads an object as the cluster has it. `before` is the same object as it was when it was last changed: what the engine
    /// had said by then was about the object before the change.
    pub fn judge(&self, object: &Value, before: Option<&Value>) -> Verdict {
        let part = self.part(object);
        let observed =
            [&part["observedGeneration"], &object["status"]["observedGeneration"]].into_iter().find_map(Value::as_i64);
        if observed.is_some_and(|observed| Some(observed) < object["metadata"]["generation"].as_i64()) {
            return Verdict { opinion: Opinion::Undecided(None), is_current: true };
        }
        let has_changed = before.is_none_or(|before| self.part(before) != part);
        Verdict { opinion: self.opinion(object, part), is_current: observed.is_some() || has_changed }
    }

    /// The part of an object in which the engine reports.
    fn part<'o>(&self, object: &'o Value) -> &'o Value {
        let status = &object["status"];
        match self {
            Self::Condition { name, .. } => {
                let conditions = status["conditions"].as_array();
                conditions.into_iter().flatten().find(|condition| condition["type"] == *name).unwrap_or(&Value::Null)
            }
            Self::Text { .. } | Self::NodePerIp | Self::Filled { .. } => status,
        }
    }

    fn opinion(&self, object: &Value, part: &Value) -> Opinion {
        let said = || Said { reason: text(&part["reason"]), message: text(&part["message"]) };
        match self {
            Self::Condition { refusal, .. } => match part["status"].as_str() {
                Some("True") => Opinion::Taken,
                Some("False") => match refusal {
                    Refusal::MayPass { at_work } if at_work.iter().any(|reason| part["reason"] == *reason) => {
                        Opinion::Undecided(Some(said()))
                    }
                    Refusal::Final | Refusal::MayPass { .. } => Opinion::Refused(said()),
                },
                Some(_) => Opinion::Undecided(Some(said())),
                None => Opinion::Undecided(None),
            },
            Self::Text { taken, refused } => {
                let status = text(&part["status"]);
                if status.starts_with(taken) {
                    Opinion::Taken
                } else if status.starts_with(refused) {
                    let messages = part["messages"].as_array().into_iter().flatten();
                    let messages: Vec<String> = messages.map(text).chain([text(&part["message"])]).collect();
                    let reasons =
                        messages.into_iter().filter(|message| !message.is_empty() && !message.contains(taken));
                    Opinion::Refused(Said { reason: status, message: reasons.collect::<Vec<_>>().join("; ") })
                } else {
                    Opinion::Undecided((!status.is_empty()).then_some(Said { reason: status, message: String::new() }))
                }
            }
            Self::NodePerIp => {
                let items = part["items"].as_array().map(Vec::as_slice).unwrap_or_default();
                let wanted = object["spec"]["egressIPs"].as_array().into_iter().flatten();
                let without: Vec<String> =
                    wanted.filter(|ip| !items.iter().any(|item| item["egressIP"] == **ip)).map(text).collect();
                if without.is_empty() {
                    Opinion::Taken
                } else {
                    let message = format!("no node carries {}", without.join(", "));
                    Opinion::Undecided(Some(Said { reason: String::new(), message }))
                }
            }
            Self::Filled { field } => {
                if text(&part[*field]).is_empty() {
                    Opinion::Undecided(None)
                } else {
                    Opinion::Taken
                }
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VALID: Accepted = Accepted::Condition { name: "Valid", refusal: Refusal::Final };
    const READY: Accepted =
        Accepted::Condition { name: "Ready", refusal: Refusal::MayPass { at_work: &["Processing"] } };
    const TEXT: Accepted = Accepted::Text { taken: "Rules applied", refused: "Rules not" };

    fn conditions(conditions: &Value) -> Value {
        json!({"metadata": {"generation": 2}, "status": {"conditions": conditions}})
    }

    fn refused(reason: &str, message: &str) -> Opinion {
        Opinion::Refused(Said { reason: reason.to_owned(), message: message.to_owned() })
    }

    #[test]
    fn a_condition_says_what_the_engine_makes_of_the_object() {
        let other = json!({"type": "Other", "status": "False"});
        let cases = [
            (VALID, json!([]), Opinion::Undecided(None)),
            (VALID, json!([other]), Opinion::Undecided(None)),
            (VALID, json!([other, {"type": "Valid", "status": "True", "message": "fine"}]), Opinion::Taken),
            (VALID, json!([{"type": "Valid", "status": "False", "message": "no rule"}]), refused("", "no rule")),
            (
                VALID,
                json!([{"type": "Valid", "status": "Unknown", "reason": "Pending"}]),
                Opinion::Undecided(Some(Said { reason: "Pending".to_owned(), message: String::new() })),
            ),
            (
                READY,
                json!([{"type": "Ready", "status": "False", "reason": "Processing", "message": "waiting"}]),
                Opinion::Undecided(Some(Said { reason: "Processing".to_owned(), message: "waiting".to_owned() })),
            ),
            (READY, json!([{"type": "Ready", "status": "False", "reason": "NoSubnet"}]), refused("NoSubnet", "")),
        ];
        for (accepted, list, expected) in cases {
            assert_eq!(accepted.judge(&conditions(&list), None).opinion, expected, "{list}");
        }
    }

    #[test]
    fn an_opinion_of_an_earlier_generation_does_not_count() {
        let condition = |observed: i64| json!([{"type": "Valid", "status": "True", "observedGeneration": observed}]);
        let opinion = |observed| VALID.judge(&conditions(&condition(observed)), None).opinion;
        assert_eq!((opinion(1), opinion(2)), (Opinion::Undecided(None), Opinion::Taken));
        // Antrea says it for the whole status.
        let mut object = conditions(&json!([{"type": "Valid", "status": "False"}]));
        object["status"]["observedGeneration"] = json!(1);
        assert_eq!(VALID.judge(&object, None).opinion, Opinion::Undecided(None));
    }

    #[test]
    fn an_opinion_that_stood_before_the_change_is_not_surely_of_the_present_object() {
        let object = conditions(&json!([{"type": "Valid", "status": "True"}]));
        assert!(VALID.judge(&object, None).is_current);
        assert!(!VALID.judge(&object, Some(&object)).is_current);
        let before = conditions(&json!([{"type": "Valid", "status": "False"}]));
        assert!(VALID.judge(&object, Some(&before)).is_current);
        let with_generation = conditions(&json!([{"type": "Valid", "status": "True", "observedGeneration": 2}]));
        assert!(VALID.judge(&with_generation, Some(&with_generation)).is_current);
    }

    #[test]
    fn a_text_says_it_on_engines_without_conditions() {
        let of = |status: Value| TEXT.judge(&json!({"status": status}), None).opinion;
        assert_eq!(of(json!({})), Opinion::Undecided(None));
        assert_eq!(of(json!({"status": "Rules applied"})), Opinion::Taken);
        let messages = ["zone a: Rules applied", "zone b: Rules not correctly applied, bad CIDR"];
        assert_eq!(
            of(json!({"status": "Rules not correctly applied", "messages": messages})),
            refused("Rules not correctly applied", messages[1])
        );
        assert_eq!(of(json!({"status": "Rules not", "message": "why"})), refused("Rules not", "why"));
    }

    #[test]
    fn every_address_needs_a_node() {
        let object =
            |items: Value| json!({"spec": {"egressIPs": ["192.0.2.1", "192.0.2.2"]}, "status": {"items": items}});
        let item = |ip: &str| json!({"egressIP": ip, "node": "a"});
        let of = |items| Accepted::NodePerIp.judge(&object(items), None).opinion;
        assert_eq!(of(json!([item("192.0.2.1"), item("192.0.2.2")])), Opinion::Taken);
        let said = Said { reason: String::new(), message: "no node carries 192.0.2.2".to_owned() };
        assert_eq!(of(json!([item("192.0.2.1")])), Opinion::Undecided(Some(said)));
    }

    #[test]
    fn defaults_of_a_status_are_nobodys_words() {
        for silent in [
            json!({}),
            json!({"status": null}),
            json!({"status": {"conditions": [{"type": "Accepted", "status": "Unknown", "reason": "Pending"}], "items": []}}),
            json!({"metadata": {"managedFields": [{"manager": "terraform-provider-egress", "operation": "Apply"}]}}),
        ] {
            assert!(!has_reported(&silent), "{silent}");
        }
        for spoken in [
            json!({"status": {"conditions": [{"type": "Valid", "status": "False"}]}}),
            json!({"status": {"node": "a"}}),
            json!({"status": {"observedGeneration": 1}}),
            json!({"status": {}, "metadata": {"managedFields": [{"manager": "operator", "subresource": "status"}]}}),
        ] {
            assert!(has_reported(&spoken), "{spoken}");
        }
    }

    #[test]
    fn a_filled_field_is_a_yes() {
        let accepted = Accepted::Filled { field: "node" };
        assert_eq!(accepted.judge(&json!({"status": {"node": "a"}}), None).opinion, Opinion::Taken);
        assert_eq!(accepted.judge(&json!({"status": {"node": ""}}), None).opinion, Opinion::Undecided(None));
        assert!(!accepted.refusal_is_permanent() && VALID.refusal_is_permanent() && !READY.refusal_is_permanent());
    }
}
