//! Ways on where a gateway cannot be made because another of ours holds all that it could start with.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use egress_model::identity::Key;

use super::Traffic;
use super::steps::excess;
use super::work::{Member, Phase, Role, Work};
use crate::nat_gateways::desired::{Kind, Secondary};
use crate::nat_gateways::observed::Mode;
use crate::nat_gateways::operation::{Operation, Target};

impl Work<'_> {
    /// Finds a way on where a gateway cannot be made because another of ours holds all that it could start with. `false` when
    /// there is nothing to be done.
    pub(super) fn unblock(&mut self) -> bool {
        if let Some((target, address)) = self.spare_seed() {
            self.disassociate(&target, BTreeSet::from([address]));
            self.push(Operation::AwaitSettled(target));
            return true;
        }
        let blockers = self.blockers();
        for blocker in &blockers {
            if let Some((through, key)) = self.detour_around(blocker) {
                self.detour(blocker, &through, &key);
                return true;
            }
        }
        if let Some(blocker) = blockers.into_iter().next() {
            self.interrupt(&blocker);
            self.delete(&blocker);
            self.await_deleted(blocker);
            return true;
        }
        let emptied = self.members.iter().find_map(|(target, member)| {
            let excess = excess(member, self.wanted(member)?);
            (!excess.is_empty()).then(|| (target.clone(), excess))
        });
        let Some((target, excess)) = emptied else { return false };
        self.interrupt(&target);
        self.disassociate(&target, excess);
        self.push(Operation::AwaitSettled(target));
        true
    }

    /// An address with which a missing gateway could start, and which one that has to go can give up before it goes.
    fn spare_seed(&self) -> Option<(Target, String)> {
        self.missing().into_iter().flat_map(|key| self.seeds(key)).find_map(|address| {
            let (target, member) = self.holder(&address)?;
            let spare = member.role == Role::Retiring
                && member.phase == Phase::Available
                && member.primary.as_ref() != Some(&address)
                && member.count() > 1;
            spare.then(|| (target.clone(), address))
        })
    }

    /// The addresses that the gateway of a key could start with.
    fn seeds(&self, key: &Key) -> Vec<String> {
        match self.desired.gateways.get(key).map(|gateway| &gateway.kind) {
            Some(Kind::Public { primary: Some(primary), .. }) => vec![primary.clone()],
            Some(kind) => kind.addresses().into_keys().map(str::to_owned).collect(),
            None => Vec::new(),
        }
    }

    /// The gateways that have to go before a missing one can be made.
    fn blockers(&self) -> Vec<Target> {
        let mut blockers = Vec::new();
        for key in self.missing() {
            let holders = self.seeds(key).into_iter().filter_map(|address| Some(self.holder(&address)?.0.clone()));
            let private = self.desired.gateways.get(key).and_then(|wanted| self.private_blocker(&wanted.kind));
            for target in holders.chain(private.cloned()) {
                let retiring = self.members.get(&target).is_some_and(|member| member.role == Role::Retiring);
                if retiring && !blockers.contains(&target) {
                    blockers.push(target);
                }
            }
        }
        blockers
    }

    pub(super) fn private_blocker(&self, wanted: &Kind) -> Option<&Target> {
        let (Kind::Public { subnet, private_ip, .. } | Kind::Private { subnet, private_ip, .. }) = wanted else {
            return None;
        };
        let secondary = match wanted {
            Kind::Private { secondary: Secondary::Addresses(ips), .. } => ips.clone(),
            _ => BTreeSet::new(),
        };
        let ips: BTreeSet<Ipv4Addr> = secondary.into_iter().chain(*private_ip).collect();
        self.private_holder(subnet, &ips)
    }

    /// A gateway of the same network and connectivity through which traffic can leave meanwhile; one that stays, if there is.
    fn detour_around(&self, blocker: &Target) -> Option<(Target, Key)> {
        let held_up = self.members.get(blocker)?;
        let private = held_up.mode == Mode::Private;
        let suits = |(target, member): &(&Target, &Member)| {
            *target != blocker
                && member.carries()
                && (member.mode == Mode::Private) == private
                && member.vpc.is_some()
                && member.vpc == held_up.vpc
        };
        let mut ways: Vec<_> = self.members.iter().filter(suits).collect();
        ways.sort_by_key(|(_, member)| member.role == Role::Retiring);
        ways.first().map(|(target, member)| ((*target).clone(), member.key.clone()))
    }

    fn detour(&mut self, around: &Target, through: &Target, key: &Key) {
        let Some(blocked) = self.members.get(around).map(|member| member.key.clone()) else { return };
        for route in self.routes_to(around) {
            self.set_traffic(&route, &blocked, &Traffic::Detour(key.clone()));
            self.detours.insert(route.clone(), blocked.clone());
            self.routes.insert(route.clone(), through.clone());
            self.push(Operation::ReplaceRoute { route, from: around.clone(), gateway: through.clone() });
        }
    }

    fn interrupt(&mut self, target: &Target) {
        let routes = self.routes_to(target);
        if let Some(key) = self.members.get(target).map(|member| member.key.clone()) {
            for route in &routes {
                self.set_traffic(route, &key, &Traffic::Interrupted);
            }
        }
        self.plan.interrupted.extend(routes);
    }
}
