//! Route tables, and changes of single routes. Each change looks at the route first, so that it can be done again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cloud::{Class, Error, Limits};
use egress_model::identity::Owner;

use crate::nat_gateways::desired::{Destination, RouteKey};
use crate::nat_gateways::observe::Freshness;
use crate::nat_gateways::observed::Route;
use crate::{Region, convert};

/// A route table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) routes: Vec<(Destination, Route)>,
}

/// Routes by table and destination.
pub type Routes = BTreeMap<RouteKey, Route>;

impl Region {
    /// All route tables, whoever's, as one reading for all of an owner's resources.
    pub(crate) async fn all_tables(&self, owner: &Owner) -> Result<Arc<Vec<Table>>, Error> {
        self.route_tables.get(owner, || self.find_tables(&[])).await
    }

    /// The route tables that match filters now.
    pub(crate) async fn find_tables(&self, filters: &[(&str, Vec<String>)]) -> Result<Vec<Table>, Error> {
        let found = self.client.describe_route_tables(filters).await?;
        Ok(found.iter().filter_map(convert::routes::table).collect())
    }

    /// The route tables with these ids that exist.
    pub(crate) async fn tables(
        &self,
        owner: &Owner,
        ids: &BTreeSet<String>,
        freshness: Freshness,
    ) -> Result<Vec<Table>, Error> {
        let mut tables: Vec<Table> = match freshness {
            Freshness::Snapshot => {
                let snapshot = self.all_tables(owner).await?;
                snapshot.iter().filter(|table| ids.contains(&table.id)).cloned().collect()
            }
            Freshness::Now => Vec::new(),
        };
        let missing = ids.iter().filter(|id| !tables.iter().any(|table| table.id == **id)).cloned().collect();
        tables.extend(self.missing_tables(missing).await?);
        Ok(tables)
    }

    /// The route tables with these ids that exist, as they are now. A table is gone only when it is asked for alone.
    pub(crate) async fn missing_tables(&self, ids: Vec<String>) -> Result<Vec<Table>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.find_tables(&[("route-table-id", ids.clone())]).await?;
        Ok(found.into_iter().filter(|table| ids.contains(&table.id)).collect())
    }

    /// A route as it is now.
    async fn read_route(&self, table: &str, to: &Destination) -> Result<Option<Route>, Error> {
        let found = self.find_tables(&[("route-table-id", vec![table.to_owned()])]).await?;
        let mut routes = found.into_iter().filter(|found| found.id == table).flat_map(|found| found.routes);
        Ok(routes.find(|(destination, _)| destination == to).map(|(_, route)| route))
    }

    /// Makes a route to a gateway, and notes it.
    pub(crate) async fn create_route(
        &self,
        route: &RouteKey,
        gateway: &str,
        routes: &mut Routes,
        limits: &Limits,
    ) -> Result<(), Error> {
        let (table, to) = route;
        match self.read_route(table, to).await? {
            Some(now) if now.target == gateway => {}
            Some(now) => return Err(moved("CreateRoute", route, now, routes)),
            None => {
                let answer = self.lead("CreateRoute", limits, || self.client.create_route(table, to, gateway)).await;
                // An answer that was lost may have been repeated.
                if let Err(error) = answer
                    && self.read_route(table, to).await?.is_none_or(|now| now.target != gateway)
                {
                    return Err(error);
                }
            }
        }
        routes.insert(route.clone(), Route { target: gateway.to_owned(), blackhole: false });
        Ok(())
    }

    /// Swaps a route from where it leads to a gateway, atomically, and notes it.
    pub(crate) async fn replace_route(
        &self,
        route: &RouteKey,
        from: &str,
        gateway: &str,
        routes: &mut Routes,
        limits: &Limits,
    ) -> Result<(), Error> {
        let (table, to) = route;
        match self.read_route(table, to).await? {
            Some(now) if now.target == gateway => {}
            Some(now) if now.target == from => {
                self.lead("ReplaceRoute", limits, || self.client.replace_route(table, to, gateway)).await?;
            }
            Some(now) => return Err(moved("ReplaceRoute", route, now, routes)),
            None => self.lead("CreateRoute", limits, || self.client.create_route(table, to, gateway)).await?,
        }
        routes.insert(route.clone(), Route { target: gateway.to_owned(), blackhole: false });
        Ok(())
    }

    /// Deletes a route that leads to a target, and notes it. A route that leads elsewhere by now is left alone.
    pub(crate) async fn delete_route(&self, route: &RouteKey, from: &str, routes: &mut Routes) -> Result<(), Error> {
        let (table, to) = route;
        match self.read_route(table, to).await? {
            Some(now) if now.target == from => {
                let answer = self.write(self.client.delete_route(table, to)).await;
                if let Err(error) = answer
                    && error.class != Class::NotFound
                {
                    return Err(error);
                }
                routes.remove(route);
            }
            Some(now) => _ = routes.insert(route.clone(), now),
            None => _ = routes.remove(route),
        }
        Ok(())
    }

    /// Sends a call that leads a route to a gateway, again while EC2 does not know the gateway yet.
    async fn lead<F>(&self, operation: &'static str, limits: &Limits, call: impl Fn() -> F) -> Result<(), Error>
    where
        F: Future<Output = Result<(), Error>>,
    {
        self.refer(operation, &["InvalidNatGatewayID.NotFound"], limits, call).await
    }
}

/// Somebody has led the route elsewhere since the plan. Noted, so that the state has it.
fn moved(operation: &'static str, route: &RouteKey, now: Route, routes: &mut Routes) -> Error {
    let message = format!("the route of {} in {} leads to {} by now", route.1, route.0, now.target);
    routes.insert(route.clone(), now);
    Error::new(Class::Conflict, operation, message)
}
