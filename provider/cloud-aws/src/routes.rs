//! Route tables, and changes of single routes. Each change looks at the route first, so that it can be done again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cloud::{Class, Error, Freshness, Limits};

use crate::nat_gateways::desired::{Destination, RouteKey};
use crate::nat_gateways::observed::Route;
use crate::route_table::Table;
use crate::write::Changed;
use crate::{Region, convert};

/// Routes by table and destination.
pub type Routes = BTreeMap<RouteKey, Route>;

impl Region {
    /// All route tables, whoever's, as one reading for all resources.
    pub(crate) async fn all_tables(&self) -> Result<Arc<Vec<Table>>, Error> {
        self.route_tables.get(&(), || async { self.find_tables(&self.look(), &[]).await }).await
    }

    /// The route table of each subnet that has one of its own; the others follow the main one of their network.
    pub async fn tables_of_subnets(&self) -> Result<BTreeMap<String, String>, Error> {
        let tables = self.all_tables().await?;
        let own =
            tables.iter().flat_map(|table| table.facts.subnets.iter().map(|subnet| (subnet.clone(), table.id.clone())));
        Ok(own.collect())
    }

    /// The route tables that match filters now.
    pub(crate) async fn find_tables(
        &self,
        limits: &Limits,
        filters: &[(&str, Vec<String>)],
    ) -> Result<Vec<Table>, Error> {
        let found = self.client.describe_route_tables(&self.calls(limits), filters).await?;
        Ok(found.iter().filter_map(convert::routes::table).collect())
    }

    /// The route tables with these ids that exist.
    pub(crate) async fn tables(&self, ids: &BTreeSet<String>, freshness: Freshness) -> Result<Vec<Table>, Error> {
        let mut tables: Vec<Table> = match freshness {
            Freshness::Snapshot => {
                let snapshot = self.all_tables().await?;
                snapshot.iter().filter(|table| ids.contains(&table.id)).cloned().collect()
            }
            Freshness::Now => Vec::new(),
        };
        let missing = ids.iter().filter(|id| !tables.iter().any(|table| table.id == **id)).cloned().collect();
        tables.extend(self.missing_tables(&self.look(), missing).await?);
        Ok(tables)
    }

    /// The route tables with these ids that exist, as they are now. A table is gone only when it is asked for by its id.
    pub(crate) async fn missing_tables(&self, limits: &Limits, ids: Vec<String>) -> Result<Vec<Table>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.find_tables(limits, &[("route-table-id", ids.clone())]).await?;
        Ok(found.into_iter().filter(|table| ids.contains(&table.id)).collect())
    }

    /// A route as it is now.
    async fn read_route(&self, limits: &Limits, table: &str, to: &Destination) -> Result<Option<Route>, Error> {
        let found = self.find_tables(limits, &[("route-table-id", vec![table.to_owned()])]).await?;
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
        match self.read_route(limits, table, to).await? {
            Some(now) if now.target == gateway => {}
            Some(now) => return Err(moved("CreateRoute", route, now, routes)),
            None => {
                let answer =
                    self.route_to("CreateRoute", limits, || self.client.create_route(table, to, gateway)).await;
                // An answer that was lost may have been repeated.
                if let Err(error) = answer {
                    match self.read_route(limits, table, to).await {
                        Ok(Some(now)) if now.target == gateway => {}
                        Ok(_) => return Err(error),
                        Err(look) => return Err(Error { unverified: Some(Box::new(look)), ..error }),
                    }
                }
            }
        }
        routes.insert(route.clone(), Route { target: gateway.to_owned(), blackhole: false });
        Ok(())
    }

    /// Swaps a route from where it points to a gateway, atomically, and notes it.
    pub(crate) async fn replace_route(
        &self,
        route: &RouteKey,
        from: &str,
        gateway: &str,
        routes: &mut Routes,
        limits: &Limits,
    ) -> Result<(), Error> {
        let (table, to) = route;
        match self.read_route(limits, table, to).await? {
            Some(now) if now.target == gateway => {}
            Some(now) if now.target == from => {
                self.route_to("ReplaceRoute", limits, || self.client.replace_route(table, to, gateway)).await?;
            }
            Some(now) => return Err(moved("ReplaceRoute", route, now, routes)),
            None => self.route_to("CreateRoute", limits, || self.client.create_route(table, to, gateway)).await?,
        }
        routes.insert(route.clone(), Route { target: gateway.to_owned(), blackhole: false });
        Ok(())
    }

    /// Deletes a route that points to a target, and notes it. A route that points elsewhere by now is left alone.
    pub(crate) async fn delete_route(
        &self,
        route: &RouteKey,
        from: &str,
        routes: &mut Routes,
        limits: &Limits,
    ) -> Result<(), Error> {
        let (table, to) = route;
        match self.read_route(limits, table, to).await? {
            Some(now) if now.target == from => {
                let call = || self.client.delete_route(table, to);
                let answer = self.write("DeleteRoute", Changed::Routes, limits, call).await;
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

    /// Sends a call that routes to a gateway, again while EC2 does not know the gateway yet.
    async fn route_to<F>(&self, operation: &'static str, limits: &Limits, call: impl Fn() -> F) -> Result<(), Error>
    where
        F: Future<Output = Result<(), Error>>,
    {
        self.refer(operation, Changed::Routes, &["InvalidNatGatewayID.NotFound"], limits, call).await
    }
}

/// Somebody has pointed the route elsewhere since the plan. Noted, so that the state has it.
fn moved(operation: &'static str, route: &RouteKey, now: Route, routes: &mut Routes) -> Error {
    let message = format!("the route of {} in {} points to {} by now", route.1, route.0, now.target);
    routes.insert(route.clone(), now);
    Error::new(Class::Conflict, operation, message)
}
