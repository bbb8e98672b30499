//! Routes.

use cloud::{Class, Error};

use super::Step;
use crate::nat_gateways::desired::RouteKey;
use crate::nat_gateways::observed::Route;
use crate::nat_gateways::operation::Target;

impl Step<'_> {
    pub(super) async fn create_route(&mut self, route: &RouteKey, gateway: &Target) -> Result<(), Error> {
        let id = self.id(gateway)?;
        let (table, to) = route;
        let region = self.region;
        match region.read_route(table, to).await? {
            Some(now) if now.target == id => {}
            Some(now) => return Err(self.moved("CreateRoute", route, now)),
            None => {
                let answer = self.lead("CreateRoute", || region.client.create_route(table, to, &id)).await;
                // An answer that was lost may have been repeated.
                if let Err(error) = answer
                    && region.read_route(table, to).await?.is_none_or(|now| now.target != id)
                {
                    return Err(error);
                }
            }
        }
        self.observed.routes.insert(route.clone(), Route { target: id, blackhole: false });
        Ok(())
    }

    pub(super) async fn replace_route(
        &mut self,
        route: &RouteKey,
        from: &Target,
        gateway: &Target,
    ) -> Result<(), Error> {
        let (from, id) = (self.id(from)?, self.id(gateway)?);
        let (table, to) = route;
        let region = self.region;
        match region.read_route(table, to).await? {
            Some(now) if now.target == id => {}
            Some(now) if now.target == from => {
                self.lead("ReplaceRoute", || region.client.replace_route(table, to, &id)).await?;
            }
            Some(now) => return Err(self.moved("ReplaceRoute", route, now)),
            None => self.lead("CreateRoute", || region.client.create_route(table, to, &id)).await?,
        }
        self.observed.routes.insert(route.clone(), Route { target: id, blackhole: false });
        Ok(())
    }

    pub(super) async fn delete_route(&mut self, route: &RouteKey, from: &Target) -> Result<(), Error> {
        let from = self.id(from)?;
        let (table, to) = route;
        match self.region.read_route(table, to).await? {
            Some(now) if now.target == from => {
                let answer = self.write(self.region.client.delete_route(table, to)).await;
                if let Err(error) = answer
                    && error.class != Class::NotFound
                {
                    return Err(error);
                }
                self.observed.routes.remove(route);
            }
            // It leads elsewhere by now: not ours to delete any more.
            Some(now) => _ = self.observed.routes.insert(route.clone(), now),
            None => _ = self.observed.routes.remove(route),
        }
        Ok(())
    }

    /// Sends a call that leads a route to a gateway, again while EC2 does not know the gateway yet.
    async fn lead<F>(&self, operation: &'static str, call: impl Fn() -> F) -> Result<(), Error>
    where
        F: Future<Output = Result<(), Error>>,
    {
        self.refer(operation, &["InvalidNatGatewayID.NotFound"], call).await
    }

    /// Somebody has led the route elsewhere since the plan. Noted, so that the state has it.
    fn moved(&mut self, operation: &'static str, route: &RouteKey, now: Route) -> Error {
        let message = format!("the route of {} in {} leads to {} by now", route.1, route.0, now.target);
        self.observed.routes.insert(route.clone(), now);
        Error::new(Class::Conflict, operation, message)
    }
}
