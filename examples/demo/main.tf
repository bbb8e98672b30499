# What `cargo xtask demo` applies: two public IPs, a NAT gateway in each zone that uses them, and what one workload may
# reach. The ids of subnets and route tables are variables, because they come from the network that you have already.

terraform {
  required_providers {
    egress = { source = "egress/egress" }
  }
}

variable "zones" {
  description = "The public subnet for the gateway and the private route table that points to it, by availability zone."
  type = map(object({
    public_subnet_id = string
    route_table_id   = string
  }))
}

variable "addresses_per_zone" {
  description = "How many public IPs each gateway has. More of them carry more connections to one destination."
  type        = number
  default     = 1
}

variable "on_ip_change" {
  description = "What a plan says that would let an address go: error or warn."
  type        = string
  default     = "error"
}

locals {
  # Stable keys such as eu-west-1a-0: another address changes none of those before it.
  keys = { for zone in keys(var.zones) : zone => [for n in range(var.addresses_per_zone) : "${zone}-${n}"] }
}

provider "egress" {
  owner = "demo"

  aws {
    region = "eu-west-1"
  }

  kubernetes {}
}

resource "egress_ip_pool" "partners" {
  name           = "partners"
  addresses      = { for key in flatten(values(local.keys)) : key => { new = true } }
  on_ip_change   = var.on_ip_change
  release_policy = "release"

  aws {}
}

resource "egress_nat_gateway" "prod" {
  name = "prod"

  aws {
    destination_cidrs = ["0.0.0.0/0"]

    zones = {
      for zone, network in var.zones : zone => {
        subnet_id       = network.public_subnet_id
        addresses       = [for key in local.keys[zone] : egress_ip_pool.partners.ids[key]]
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
    partner  = { to_cidrs = ["203.0.113.0/24", "!203.0.113.128/25"], ports = [443] }
  }
}

output "tell_partners" {
  description = "The public IPs that traffic leaves from."
  value       = egress_nat_gateway.prod.egress_cidrs
}
