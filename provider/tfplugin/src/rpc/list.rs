//! Finding the objects that exist, one event per object.

use std::sync::Arc;

use tfplugin_proto::tfplugin6 as proto;
use tokio::sync::mpsc;
use tonic::Status;

use super::call::{Lifetime, crash};
use super::check::{self, BUG, unreadable};
use super::parts::{Parts, Shape};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::list::{ListRequest, Listed};
use crate::{from_proto, to_proto};

/// How many objects may wait for Terraform to take them.
const AHEAD: usize = 16;

pub(crate) type Event = Result<proto::list_resource::Event, Status>;

/// Lists into `events`, until everything is sent or Terraform has hung up.
pub(crate) async fn list(
    parts: Arc<Parts>,
    lifetime: Lifetime,
    request: proto::list_resource::Request,
    events: mpsc::Sender<Event>,
) {
    let (found, mut objects) = mpsc::channel(AHEAD);
    let include = request.include_resource_object;
    let type_name = request.type_name.clone();
    let managed = match parts.resource(&type_name) {
        Ok((_, shape)) => shape,
        // Terraform itself checks that there is a managed resource of this name.
        Err(diagnostics) => return send_messages(&events, diagnostics).await,
    };
    // A task of its own, so that a panic is an event like every other failure.
    let finder = {
        let (parts, cx) = (Arc::clone(&parts), lifetime.context());
        lifetime.start("ListResource", &type_name.clone(), parts.address, async move {
            let (list, shape) = parts.list(&type_name)?;
            let config = from_proto::value(request.config.as_ref(), &shape.ty).map_err(unreadable("configuration"))?;
            let request = ListRequest { config, include_resource: include, limit: request.limit };
            Ok::<_, Diagnostics>(list.list(&cx, request, found).await)
        })
    };
    while let Some(object) = objects.recv().await {
        if events.send(Ok(event(&managed, object, include))).await.is_err() {
            // Terraform has what it wanted. The dropped receiver tells the finder.
            return;
        }
    }
    match finder.await {
        Ok(Ok(diagnostics) | Err(diagnostics)) => send_messages(&events, diagnostics).await,
        Err(error) => send_messages(&events, crash("ListResource", error).into()).await,
    }
}

async fn send_messages(events: &mpsc::Sender<Event>, diagnostics: Diagnostics) {
    if !diagnostics.is_empty() {
        // If Terraform has hung up it does not want to know.
        let _ = events.send(Ok(messages(diagnostics))).await;
    }
}

fn messages(diagnostics: Diagnostics) -> proto::list_resource::Event {
    proto::list_resource::Event {
        diagnostic: to_proto::diagnostics(diagnostics),
        ..proto::list_resource::Event::default()
    }
}

fn event(shape: &Shape, object: Listed, include: bool) -> proto::list_resource::Event {
    let mut diagnostics = object.diagnostics;
    let state = object.resource.filter(|_| include).map(|state| check::settled(shape, state, &mut diagnostics));
    let identity = check::identity(shape, None, Some(object.identity), &mut diagnostics);
    let state = state.map(|state| to_proto::value(&state, &shape.ty)).transpose();
    let identity = to_proto::identity(identity.as_ref(), shape.identity_type());
    match (state, identity) {
        (Ok(resource_object), Ok(identity)) => proto::list_resource::Event {
            identity,
            display_name: object.display_name,
            resource_object,
            diagnostic: to_proto::diagnostics(diagnostics),
        },
        (Err(error), _) | (_, Err(error)) => messages(
            Diagnostic::error(
                format!("The provider listed {} in a form that does not fit its schema", object.display_name),
                format!("{error}. {BUG}"),
            )
            .into(),
        ),
    }
}
