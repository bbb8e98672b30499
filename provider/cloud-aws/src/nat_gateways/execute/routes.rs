//! Routes.

use cloud::Error;

use super::Step;
use crate::nat_gateways::desired::RouteKey;
use crate::nat_gateways::operation::Target;

impl Step<'_> {
    pub(super) async fn create_route(&mut self, route: &RouteKey, gateway: &Target) -> Result<(), Error> {
        let id = self.id(gateway)?;
        self.region.create_route(route, &id, &mut self.observed.routes, self.limits).await
    }

    pub(super) async fn replace_route(
        &mut self,
        route: &RouteKey,
        from: &Target,
        gateway: &Target,
    ) -> Result<(), Error> {
        let (from, id) = (self.id(from)?, self.id(gateway)?);
        self.region.replace_route(route, &from, &id, &mut self.observed.routes, self.limits).await
    }

    pub(super) async fn delete_route(&mut self, route: &RouteKey, from: &Target) -> Result<(), Error> {
        let from = self.id(from)?;
        self.region.delete_route(route, &from, &mut self.observed.routes, self.limits).await
    }
}
