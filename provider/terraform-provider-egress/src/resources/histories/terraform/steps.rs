//! The steps of an apply.

use tfplugin::conformance;
use tfplugin::cty::Value;
use tfplugin::resource::{
    ApplyResponse, CreateRequest, DeleteRequest, Deletion, PlanResponse, Private, Resource, UpdateRequest,
};

use super::{Process, State, Step, Stored, errors};
use crate::resources::histories::Subject;
use crate::resources::whole_diagnostics::messages;

impl<S: Subject> Process<'_, S> {
    /// Does a step; the errors.
    pub(super) async fn apply(&self, state: &mut State, step: Step) -> Vec<String> {
        match step {
            Step::Depose(address) => {
                let stored = state.current.remove(&address).expect("an instance");
                state.deposed.push((address, stored));
                Vec::new()
            }
            Step::Create(address) => {
                let response = self.plan(&address, &Value::Null, Private::new()).await;
                let mut found = errors(&response.diagnostics);
                if found.is_empty() {
                    let PlanResponse { planned, private, .. } = response;
                    let request = CreateRequest { config: self.config(&address), planned: planned.clone(), private };
                    let response = self.resource.create(&self.cx, request).await;
                    found = self.record(state, &address, &planned, response, true);
                }
                if !found.is_empty() && !state.current.contains_key(&address) {
                    // The deposed instance becomes the current one again.
                    if let Some(at) = state.deposed.iter().rposition(|(other, _)| *other == address) {
                        let (_, stored) = state.deposed.remove(at);
                        state.current.insert(address, stored);
                    }
                }
                found
            }
            Step::Update(address, planned) => {
                let stored = state.current[&address].clone();
                let response = self.plan(&address, &stored.value, stored.private).await;
                let found = errors(&response.diagnostics);
                if !found.is_empty() {
                    return found;
                }
                let agreed = conformance::check_apply(&self.resource.schema(), &planned, &response.planned);
                assert_eq!(messages(&agreed), [""; 0], "an inconsistent final plan");
                let request = UpdateRequest {
                    config: self.config(&address),
                    prior: stored.value,
                    planned: response.planned.clone(),
                    private: response.private,
                    identity: None,
                };
                let planned = response.planned;
                let response = self.resource.update(&self.cx, request).await;
                self.record(state, &address, &planned, response, false)
            }
            Step::Delete(address, private, reason) => {
                let Some(stored) = state.current.remove(&address) else { return Vec::new() };
                let request = DeleteRequest { reason, prior: stored.value, private, identity: None };
                let response = self.resource.delete(&self.cx, request).await;
                self.record(state, &address, &Value::Null, response, false)
            }
            Step::DeleteDeposed(address) => {
                let at = state.deposed.iter().position(|(other, _)| *other == address);
                let Some((_, stored)) = at.map(|at| state.deposed.remove(at)) else { return Vec::new() };
                let response = self.plan_removal(&stored).await;
                let mut found = errors(&response.diagnostics);
                if found.is_empty() {
                    let reason = Deletion::Destroyed;
                    let (prior, private) = (stored.value.clone(), response.private);
                    let request = DeleteRequest { reason, prior, private, identity: None };
                    found = errors(&self.resource.delete(&self.cx, request).await.diagnostics);
                }
                if !found.is_empty() {
                    state.deposed.push((address, stored));
                }
                found
            }
        }
    }

    fn record(
        &self,
        state: &mut State,
        address: &str,
        planned: &Value,
        response: ApplyResponse,
        creates: bool,
    ) -> Vec<String> {
        let found = errors(&response.diagnostics);
        if found.is_empty() && !planned.is_null() {
            let wrong = conformance::check_apply(&self.resource.schema(), planned, &response.state);
            assert_eq!(messages(&wrong), [""; 0], "an inconsistent result");
        }
        if !response.state.is_null() {
            let tainted = creates && !found.is_empty();
            let stored = Stored { value: response.state, private: response.private, tainted };
            state.current.insert(address.to_owned(), stored);
        }
        found
    }
}
