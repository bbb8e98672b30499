# Partners see addresses of their own: the cluster's traffic leaves by the gateways `prod`, and what the policy `backend` may send
# to the partners by the gateways `partners`, whose addresses they have on their allow-lists.

terraform {
  required_providers {
    egress = { source = "egress/egress" }
  }
}

variable "zones" {
  description = "The public subnet for the gateways and the private route table that sends to them, by availability zone."
  type = map(object({
    public_subnet_id = string
    route_table_id   = string
  }))
}

provider "egress" {
  owner      = "acme-prod"

  aws {
    region = "eu-west-1"
  }

  kubernetes {
    config_path = "~/.kube/config"
  }
}

resource "egress_ip_pool" "prod" {
  name           = "prod"
  addresses      = { for zone in keys(var.zones) : zone => { new = true } }
  on_ip_change   = "warn"
  release_policy = "release"

  aws {}
}

resource "egress_ip_pool" "partners" {
  name      = "partners"
  addresses = { for zone in keys(var.zones) : zone => { new = true } }

  aws {}
}

# The default route of every subnet.
resource "egress_nat_gateway" "prod" {
  name = "prod"

  aws {
    destination_cidrs = ["0.0.0.0/0"]

    zones = {
      for zone, network in var.zones : zone => {
        subnet_id       = network.public_subnet_id
        addresses       = [egress_ip_pool.prod.ids[zone]]
        route_table_ids = [network.route_table_id]
      }
    }
  }
}

# No route of its own: policies route to it what is theirs.
resource "egress_nat_gateway" "partners" {
  name = "partners"

  aws {
    destination_cidrs = []

    zones = {
      for zone, network in var.zones : zone => {
        subnet_id       = network.public_subnet_id
        addresses       = [egress_ip_pool.partners.ids[zone]]
        route_table_ids = [network.route_table_id]
      }
    }
  }
}

resource "egress_policy" "backend" {
  name      = "backend"
  namespace = "production"

  pods {
    match_labels = { app = "backend" }
  }

  allow = {
    database = { to_pods = { match_labels = { app = "database" } }, ports = [5432] }
    acquirer = { to_cidrs = ["203.0.113.0/25"], ports = [443] }
    bank     = { to_cidrs = ["198.51.100.16/28"], ports = [443, 8443] }
  }

  via {
    nat_gateway = egress_nat_gateway.partners
  }
}

output "tell_partners" {
  description = "The public IPs that the partners see."
  value       = egress_policy.backend.egress_cidrs
}
